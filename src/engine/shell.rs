//! What `offscreen.js` holds: it hands in what happened, and gets told what to pass on.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use js_sys::{Date, Function, Object, Reflect, Uint8Array};
use serde::{Serialize as _, Serializer as _, de::DeserializeOwned};
use slipstream_core::{
    Engine,
    fact::Tab,
    port::{ConnId, Input, Output, PageId, Serve, ToPage, ToWorker},
    time::Now,
};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Performance, Window};

use crate::{channel::Channel, database::Database, socket::Socket, timer::Timer};

/// The engine, running.
#[wasm_bindgen]
pub struct Shell(Rc<Inner>);

struct Inner {
    core: RefCell<Engine>,
    clock: Performance,
    database: Database,
    socket: RefCell<Option<Socket>>,
    channels: RefCell<BTreeMap<ConnId, Channel>>,
    timer: RefCell<Option<Timer>>,
    to_worker: Function,
    to_page: Function,
}

#[wasm_bindgen]
impl Shell {
    /// Opens the shelf and starts. `to_worker(message)` and `to_page(page, message)` pass things on.
    pub async fn start(to_worker: Function, to_page: Function) -> Result<Self, JsError> {
        console_error_panic_hook::set_once();
        let window: Window = js_sys::global().dyn_into().map_err(|_| JsError::new("no window"))?;
        let clock = window.performance().ok_or_else(|| JsError::new("no clock"))?;
        let crypto = window.crypto().map_err(|_| JsError::new("no crypto"))?;
        let mut seed = [0; 32];
        crypto.get_random_values_with_u8_array(&mut seed).map_err(|_| JsError::new("no randomness"))?;
        let database = Database::open().await.map_err(|fault| JsError::new(&fault.to_string()))?;
        let snapshot = database.snapshot().await.map_err(|fault| JsError::new(&fault.to_string()))?;
        let core = RefCell::new(Engine::new(seed, snapshot, now(&clock)));
        let inner = Rc::new(Inner {
            core,
            clock,
            database,
            socket: RefCell::default(),
            channels: RefCell::default(),
            timer: RefCell::default(),
            to_worker,
            to_page,
        });
        let ringing = Rc::downgrade(&inner);
        *inner.timer.borrow_mut() = Some(Timer::new(window, move || {
            if let Some(inner) = ringing.upgrade() {
                inner.handle(Input::Wake);
            }
        }));
        inner.carry_out();
        Ok(Self(inner))
    }

    /// A fact from the service worker.
    pub fn fact(&self, fact: JsValue) -> Result<(), JsError> {
        self.0.handle(Input::Fact(told(&fact)?));
        Ok(())
    }

    /// A content script opened its port.
    #[wasm_bindgen(js_name = pageOpened)]
    pub fn page_opened(&self, page: u32, tab: i32, url: String) {
        self.0.handle(Input::PageOpened { page: PageId(page), tab: Tab(tab), url });
    }

    /// A fact from a content script.
    #[wasm_bindgen(js_name = pageFact)]
    pub fn page_fact(&self, page: u32, fact: JsValue) -> Result<(), JsError> {
        self.0.handle(Input::Page { page: PageId(page), fact: told(&fact)? });
        Ok(())
    }

    /// A content script read a body, or could not.
    pub fn harvested(&self, page: u32, url: String, bytes: Option<Vec<u8>>) {
        self.0.handle(Input::Harvested { page: PageId(page), url, bytes });
    }

    /// A content script's port is closed.
    #[wasm_bindgen(js_name = pageClosed)]
    pub fn page_closed(&self, page: u32) {
        self.0.handle(Input::PageClosed { page: PageId(page) });
    }

    /// The numbers, of one tab and in all.
    pub fn stats(&self, tab: Option<i32>) -> Result<JsValue, JsError> {
        Ok(self.0.core.borrow().stats(tab.map(Tab)).serialize(&plain())?)
    }

    /// The loads that are followed, closely.
    pub fn loads(&self) -> Result<JsValue, JsError> {
        Ok(self.0.core.borrow().loads().serialize(&plain())?)
    }

    /// The peers, each.
    pub fn peers(&self) -> Result<JsValue, JsError> {
        Ok(self.0.core.borrow().peers().serialize(&plain())?)
    }

    /// What is kept for each site.
    pub fn sites(&self) -> Result<JsValue, JsError> {
        Ok(self.0.core.borrow().sites().serialize(&plain())?)
    }

    /// Where each resource of a tab's load came from, by URL.
    pub fn outcomes(&self, tab: i32) -> Result<JsValue, JsError> {
        let core = self.0.core.borrow();
        Ok(plain().collect_map(core.outcomes(Tab(tab)))?)
    }
}

impl Inner {
    fn handle(self: &Rc<Self>, input: Input) {
        let now = now(&self.clock);
        self.core.borrow_mut().handle(input, now);
        self.carry_out();
    }

    /// Does what the core wants, until it wants nothing more, and sets the timer.
    fn carry_out(self: &Rc<Self>) {
        loop {
            let mut low = BTreeSet::new();
            loop {
                // The core must not be borrowed while an output is carried out.
                let Some(output) = self.core.borrow_mut().poll() else { break };
                self.output(output, &mut low);
            }
            if low.is_empty() {
                break;
            }
            for conn in low {
                let now = now(&self.clock);
                self.core.borrow_mut().handle(Input::Drained { conn }, now);
            }
        }
        let wake = self.core.borrow().next_wake();
        let pause = wake.map(|at| at.saturating_sub(now(&self.clock).ms));
        if let Some(timer) = &mut *self.timer.borrow_mut() {
            timer.set(pause);
        }
    }

    fn output(self: &Rc<Self>, output: Output, low: &mut BTreeSet<ConnId>) {
        match output {
            Output::Worker(message) => self.tell_worker(&message),
            Output::Page { page, message } => self.tell_page(page, &message),
            Output::Read { id } => {
                let inner = Rc::clone(self);
                spawn_local(async move {
                    let bytes = inner.database.read(id).await;
                    inner.handle(Input::Read { id, bytes });
                });
            }
            Output::Store { body, rows, drop } => {
                let inner = Rc::clone(self);
                spawn_local(async move {
                    let id = body.as_ref().map(slipstream_core::body::Verified::id);
                    let stored = inner.database.store(body, rows, drop).await;
                    if let (Err(_), Some(id)) = (stored, id) {
                        inner.handle(Input::StoreFailed { id });
                    }
                });
            }
            Output::Wipe => {
                let inner = Rc::clone(self);
                spawn_local(async move {
                    // What could not be wiped is without an index, and goes as an orphan at the next start.
                    let _ = inner.database.wipe().await;
                });
            }
            Output::SocketOpen { url } => {
                let opened = Socket::open(&url, self.teller());
                let failed = opened.is_err();
                *self.socket.borrow_mut() = opened.ok();
                if failed {
                    self.teller()(Input::SocketClosed);
                }
            }
            Output::SocketSend(bytes) => {
                if let Some(socket) = &*self.socket.borrow() {
                    socket.send(&bytes);
                }
            }
            Output::SocketClose => *self.socket.borrow_mut() = None,
            Output::Connect { conn, remote, servers, relay_only } => {
                match Channel::connect(conn, remote, &servers, relay_only, self.teller()) {
                    Ok(channel) => {
                        self.channels.borrow_mut().insert(conn, channel);
                    }
                    Err(_) => self.teller()(Input::ChannelClosed { conn }),
                }
            }
            Output::Answered { conn, remote } => self.with_channel(conn, |channel| channel.answered(&remote)),
            Output::AddCandidate { conn, line } => {
                self.with_channel(conn, |channel| channel.add_candidate(&line));
            }
            Output::Send { conn, frame } => self.with_channel(conn, |channel| {
                if channel.send(&frame) {
                    low.insert(conn);
                }
            }),
            Output::Close { conn } => {
                self.channels.borrow_mut().remove(&conn);
            }
        }
    }

    fn with_channel(&self, conn: ConnId, then: impl FnOnce(&Channel)) {
        if let Some(channel) = self.channels.borrow().get(&conn) {
            then(channel);
        }
    }

    /// What adapters call. It holds the shell weakly and comes back in a task of its own, so that nothing happens
    /// inside of a borrow, and nothing keeps a shell alive that was given up.
    fn teller(self: &Rc<Self>) -> impl Fn(Input) + Clone + 'static {
        let inner = Rc::downgrade(self);
        move |input| {
            let Some(inner) = inner.upgrade() else { return };
            spawn_local(async move { inner.happened(input) });
        }
    }

    fn happened(self: &Rc<Self>, input: Input) {
        if let Input::ChannelClosed { conn } = input {
            self.channels.borrow_mut().remove(&conn);
        }
        self.handle(input);
    }

    fn tell_worker(&self, message: &ToWorker) {
        let Ok(value) = message.serialize(&plain()) else { return };
        if let ToWorker::Rules { serve, .. } = message {
            attach_bodies(&value, serve);
        }
        // `to_worker` only posts; what goes wrong there is told there.
        let _ = self.to_worker.call1(&JsValue::NULL, &value);
    }

    fn tell_page(&self, page: PageId, message: &ToPage) {
        let Ok(value) = message.serialize(&plain()) else { return };
        if let ToPage::Body { body, .. } = message {
            set(&value, "bytes", &Uint8Array::from(body.bytes()));
        }
        let _ = self.to_page.call2(&JsValue::NULL, &page.0.into(), &value);
    }
}

/// A message `{type, …}` as a variant of an enum. serde could read such tags itself, but it keeps a copy of all fields
/// until it has seen the tag, and that weighs as much as all other adapters together.
fn told<T: DeserializeOwned>(message: &JsValue) -> Result<T, serde_wasm_bindgen::Error> {
    let kind = Reflect::get(message, &"type".into())?;
    // What has no `type` because it is no object has failed by now. A variant without fields is its name alone.
    if Object::keys(message.unchecked_ref::<Object>()).length() == 1 {
        return serde_wasm_bindgen::from_value(kind);
    }
    let variant = Object::new();
    Reflect::set(&variant, &kind, message)?;
    serde_wasm_bindgen::from_value(variant.into())
}

/// Bytes do not pass through serde.
fn attach_bodies(message: &JsValue, serve: &[Serve]) {
    let Ok(list) = Reflect::get(message, &"serve".into()) else { return };
    for (index, item) in (0_u32..).zip(serve) {
        if let (Ok(entry), Some(body)) = (Reflect::get_u32(&list, index), &item.body) {
            set(&entry, "bytes", &Uint8Array::from(body.bytes()));
        }
    }
}

fn set(object: &JsValue, key: &str, value: &JsValue) {
    // Fails only on what is no object; these were made by serde just now.
    let _ = Reflect::set(object, &key.into(), value);
}

/// Objects instead of maps, and numbers instead of BigInts: sizes and times stay far below 2⁵³.
const fn plain() -> serde_wasm_bindgen::Serializer {
    serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clocks are positive and far from 2⁵³"
)]
fn now(clock: &Performance) -> Now {
    Now { ms: clock.now() as u64, unix: (Date::now() / 1_000.0) as u64 }
}
