//! What the wasm shell does in a browser: hands the engine what happened, and carries out what it wants.

use std::time::Duration;

use slipstream_core::{
    body::Verified,
    fact::{Fact, Tab},
    port::{Input, Output, Serve},
};

use crate::{
    browser::{BrowserId, Life},
    database::Operation,
    ether::End,
    world::{Event, World},
};

/// From one context of the browser to another.
const MESSAGE: Duration = Duration::from_millis(1);
/// An update of rules, after the message that asks for it.
const RULES: Duration = Duration::from_millis(5);
/// One way to the introduction server.
const TO_SERVER: Duration = Duration::from_millis(20);
/// More outputs after one input mean that it spins.
const MOST_OUTPUTS: usize = 100_000;
/// More wakes at one moment mean the same.
const MOST_SPINS: u32 = 1_000;

impl World {
    /// The service worker tells the engine something, if there is one.
    pub(crate) fn fact(&mut self, browser: BrowserId, fact: Fact) {
        if let Some(life) = self.life(browser) {
            let word = self.browsers[browser.0].word;
            if word.is_zero() {
                self.tell(life, Input::Fact(fact));
            } else {
                self.plan_in(word, Event::Tell(life, Input::Fact(fact)));
            }
        }
    }

    /// Something happened to an engine: it says what follows, and that is carried out.
    pub(crate) fn tell(&mut self, life: Life, input: Input) {
        let now = self.clock();
        let browser = &mut self.browsers[life.browser.0];
        if browser.asleep_until > self.now {
            let awake = browser.asleep_until;
            return self.plan(awake, Event::Tell(life, input));
        }
        let Some(engine) = browser.engine.as_mut().filter(|_| browser.life == life.life) else { return };
        engine.handle(input, now);
        self.carry_out(life);
    }

    pub(crate) fn carry_out(&mut self, life: Life) {
        let mut count = 0;
        loop {
            let now = self.clock();
            let browser = &mut self.browsers[life.browser.0];
            let Some(engine) = &mut browser.engine else { return };
            match engine.poll() {
                Some(output) => {
                    count += 1;
                    if count > MOST_OUTPUTS {
                        self.violated("one input led to more outputs than anybody could carry out");
                    }
                    self.output(life, output);
                }
                // As the shell does: a queue that was never full does not run low by itself.
                None => match browser.low.pop_first() {
                    Some(conn) => engine.handle(Input::Drained { conn }, now),
                    None => break,
                },
            }
        }
        let tally = &mut self.browsers[life.browser.0].tally;
        tally.most_outputs = tally.most_outputs.max(count);
        self.set_timer(life);
    }

    fn set_timer(&mut self, life: Life) {
        let now = self.now;
        let browser = &mut self.browsers[life.browser.0];
        let next = browser.engine.as_ref().and_then(slipstream_core::Engine::next_wake);
        let next = next.map(|ms| Duration::from_millis(ms).max(now));
        if browser.wake != next {
            browser.wake = next;
            if let Some(at) = next {
                self.plan(at, Event::Wake(life));
            }
        }
    }

    /// A timer rings, if it was not set anew since.
    pub(crate) fn ring(&mut self, life: Life, late: bool) {
        let now = self.now;
        let browser = &mut self.browsers[life.browser.0];
        if browser.life != life.life || browser.wake.is_none_or(|at| at > now) {
            return;
        }
        if browser.asleep_until > now {
            let awake = browser.asleep_until;
            return self.plan(awake, Event::Wake(life));
        }
        browser.wake = None;
        browser.spins = if late { browser.spins + 1 } else { 0 };
        if browser.spins > MOST_SPINS {
            self.violated("an engine wants to be woken again and again, and no time passes");
        }
        self.tell(life, Input::Wake);
    }

    fn output(&mut self, life: Life, output: Output) {
        match output {
            Output::Worker(message) => self.plan_in(MESSAGE + RULES, Event::Obey(life, message)),
            Output::Page { page, message } => self.plan_in(MESSAGE, Event::Page(life, page, message)),
            Output::Read { id } => {
                self.browsers[life.browser.0].tally.reads += 1;
                self.queue_in_database(life, Operation::Read { id });
            }
            Output::Store { body, rows, drop } => {
                self.queue_in_database(life, Operation::Store { body, rows, drop });
            }
            Output::Wipe => self.queue_in_database(life, Operation::Wipe),
            Output::SocketOpen { .. } => {
                let now = self.now;
                self.browsers[life.browser.0].tally.socket_opens.push(now);
                self.plan_in(TO_SERVER, Event::Dial(life));
            }
            Output::SocketSend(bytes) => {
                let browser = &mut self.browsers[life.browser.0];
                browser.tally.socket_sends += 1;
                if let Some(socket) = browser.socket {
                    self.plan_in(TO_SERVER, Event::ServerHears(socket, bytes));
                }
            }
            Output::SocketClose => {
                if let Some(socket) = self.browsers[life.browser.0].socket.take() {
                    self.plan_in(TO_SERVER, Event::HangUp(socket));
                }
            }
            Output::Connect { conn, remote, servers, relay_only } => {
                let tally = &mut self.browsers[life.browser.0].tally;
                tally.connects += 1;
                tally.relayed += u64::from(relay_only);
                self.connect(End { life, conn }, remote.as_deref(), &servers, relay_only);
            }
            Output::Answered { conn, remote } => self.answered(End { life, conn }, &remote),
            Output::AddCandidate { conn, line } => self.add_candidate(End { life, conn }, &line),
            Output::Send { conn, frame } => self.send(End { life, conn }, frame),
            Output::Close { conn } => self.close(End { life, conn }),
        }
    }

    pub(crate) fn queue_in_database(&mut self, life: Life, operation: Operation) {
        let now = self.now;
        let done = self.browsers[life.browser.0].database.queue(operation, now);
        self.plan(done, Event::Database(life));
    }

    /// The database has carried out its next operation.
    pub(crate) fn database_did(&mut self, life: Life) {
        let browser = &mut self.browsers[life.browser.0];
        if browser.life != life.life {
            return;
        }
        match browser.database.next() {
            Some(Operation::Read { id }) => {
                let bytes = browser.database.read(id);
                self.tell(life, Input::Read { id, bytes });
            }
            Some(Operation::Store { body, rows, drop }) => {
                let id = body.as_ref().map(Verified::id);
                let stored = browser.database.store(body, rows, drop, &mut self.same);
                if let (false, Some(id)) = (stored, id) {
                    self.tell(life, Input::StoreFailed { id });
                }
            }
            Some(Operation::Wipe) => browser.database.wipe(),
            Some(Operation::ReadyPlan { tab, page, turn }) => self.install_ready(life, tab, &page, turn),
            None => {}
        }
    }

    /// The service worker puts the ready plan into force: what is fresh, and what still has its hash.
    fn install_ready(&mut self, life: Life, tab: Tab, page: &str, turn: u64) {
        let unix = self.clock().unix;
        let browser = &mut self.browsers[life.browser.0];
        if browser.worker.turns.get(&tab) != Some(&turn) || browser.worker.rests(page) {
            return;
        }
        let Some(ready) = browser.database.ready(page) else { return };
        let with_body = |serve: &Serve| {
            let id = slipstream_core::body::ContentId::from_hex(&serve.id)?;
            let body = Verified::check(id, browser.database.read(id)?).ok()?;
            (serve.until > unix).then(|| Serve { body: Some(body), ..serve.clone() })
        };
        let serve: Vec<_> = ready.serve.iter().filter_map(with_body).collect();
        browser.worker.serve(tab, serve);
    }

    /// The service worker carries out what the engine wants.
    pub(crate) fn obey(&mut self, life: Life, message: slipstream_core::port::ToWorker) {
        let browser = &mut self.browsers[life.browser.0];
        if browser.life != life.life {
            return;
        }
        for fact in browser.worker.obey(message) {
            self.tell(life, Input::Fact(fact));
        }
    }

    // ---- the socket

    pub(crate) fn dial(&mut self, life: Life) {
        if self.browsers[life.browser.0].life != life.life {
            return;
        }
        match self.introducer.dial(life, self.now) {
            Some(socket) => {
                self.browsers[life.browser.0].socket = Some(socket);
                self.plan_in(TO_SERVER, Event::Tell(life, Input::SocketOpen));
            }
            None => self.plan_in(TO_SERVER, Event::Tell(life, Input::SocketClosed)),
        }
    }

    pub(crate) fn server_hears(&mut self, socket: crate::introducer::SocketId, bytes: &[u8]) {
        for said in self.introducer.hear(socket, bytes, self.now) {
            match said {
                crate::introducer::Said::To(socket, bytes) => {
                    if let Some(life) = self.introducer.life_of(socket) {
                        self.plan_in(TO_SERVER, Event::SocketMessage(life, socket, bytes));
                    }
                }
                crate::introducer::Said::Closed(socket) => self.socket_ends(socket),
            }
        }
    }

    pub(crate) fn socket_message(&mut self, life: Life, socket: crate::introducer::SocketId, bytes: Vec<u8>) {
        if self.browsers[life.browser.0].socket == Some(socket) {
            self.tell(life, Input::SocketMessage(bytes));
        }
    }

    /// The server's side is gone: the browser hears of it.
    pub(crate) fn socket_ends(&mut self, socket: crate::introducer::SocketId) {
        let mine = |browser: &&crate::browser::Browser| browser.socket == Some(socket);
        let Some(at) = self.browsers.iter().position(|browser| mine(&browser)) else { return };
        self.browsers[at].socket = None;
        if let Some(life) = self.life(BrowserId(at)) {
            self.plan_in(TO_SERVER, Event::Tell(life, Input::SocketClosed));
        }
    }
}
