//! The world: everything that there is, and the one loop that lets time pass.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use slipstream_core::{
    Engine,
    fact::{Fact, Tab},
    port::{Input, PageId, ToPage, ToWorker},
    settings::Settings,
    stats::Stats,
    time::Now,
};

use crate::{
    browser::{Browser, BrowserId, Life, Tally},
    database::{Operation, Same},
    ether::{End, Ether},
    introducer::{Introducer, SocketId},
    link::{Lan, Uplink},
    origin::{Answer, Origin, Wanted},
    page::{Moment, PATIENCE},
    queue::Queue,
    report::{Shareable, Totals},
    shareable,
    site::Page,
    visit::{Visit, VisitId},
};

/// What the machines' clocks show when a world begins, in seconds since the epoch: some morning in 2027.
pub(crate) const EPOCH: u64 = 1_800_000_000;
/// The tab that is used where none is named.
const TAB: Tab = Tab(1);
/// A world in which more happens than this does not come to an end.
const MOST_EVENTS: u64 = 200_000_000;
/// A world in which more than this is still to happen does not, either.
const MOST_PLANNED: usize = 2_000_000;
/// How long introductions may take at most, before a test that waits for them fails.
const MEETING: Duration = Duration::from_secs(60);

/// Something that a scenario does at its time.
type Deed = Box<dyn FnOnce(&mut World)>;

pub(crate) enum Event {
    Database(Life),
    Dial(Life),
    Do(Deed),
    Frame(End, Vec<u8>),
    Handshake(End, End),
    HangUp(SocketId),
    Hung(End),
    Obey(Life, ToWorker),
    OriginAnswers(Answer),
    OriginTurned,
    Page(Life, PageId, ToPage),
    Sent(End, u64),
    ServerHears(SocketId, Vec<u8>),
    SocketMessage(Life, SocketId, Vec<u8>),
    Tell(Life, Input),
    Visit(VisitId, Moment),
    Wake(Life),
}

/// Browsers, their network, the introduction server and the origins. See the crate's documentation.
pub struct World {
    seed: u64,
    pub(crate) rng: StdRng,
    pub(crate) now: Duration,
    queue: Queue<Event>,
    happened: u64,
    pub(crate) lan: Lan,
    pub(crate) origin: Origin,
    pub(crate) introducer: Introducer,
    pub(crate) ether: Ether,
    pub(crate) browsers: Vec<Browser>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) totals: Totals,
    pub(crate) same: Same,
    /// By a page's address: what of it a peer may serve.
    shareable: BTreeMap<String, (Rc<Page>, Rc<[bool]>)>,
}

impl World {
    /// An empty world with the usual network.
    pub fn new(seed: u64) -> Self {
        Self::with_network(seed, Lan::default(), Uplink::default())
    }

    /// An empty world with this network.
    pub fn with_network(seed: u64, lan: Lan, uplink: Uplink) -> Self {
        Self {
            seed,
            rng: StdRng::seed_from_u64(seed),
            now: Duration::ZERO,
            queue: Queue::new(),
            happened: 0,
            lan,
            origin: Origin::new(uplink),
            introducer: Introducer::new(seed ^ 0x5eed),
            ether: Ether::default(),
            browsers: Vec::new(),
            visits: Vec::new(),
            totals: Totals::default(),
            same: Same::default(),
            shareable: BTreeMap::new(),
        }
    }

    // ---- what there is

    /// A browser is started.
    pub fn browser(&mut self, settings: Settings) -> BrowserId {
        let id = BrowserId(self.browsers.len());
        self.browsers.push(Browser::new(settings, self.lan.rate));
        self.start(id);
        id
    }

    /// Time since the beginning.
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// A visit.
    pub fn visited(&self, id: VisitId) -> &Visit {
        &self.visits[id.0]
    }

    /// A browser's visits, in the order they began.
    pub fn visits_of(&self, browser: BrowserId) -> Vec<VisitId> {
        let of = |(_, visit): &(usize, &Visit)| visit.browser == browser;
        self.visits.iter().enumerate().filter(of).map(|(at, _)| VisitId(at)).collect()
    }

    /// Whether there is an open channel between two browsers.
    pub fn are_connected(&self, one: BrowserId, other: BrowserId) -> bool {
        !self.channels(one, other).is_empty()
    }

    /// All visits, in the order they began.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// The engine's own numbers, with those of the browser's first tab.
    pub fn stats(&self, browser: BrowserId) -> Stats {
        match &self.browsers[browser.0].engine {
            Some(engine) => engine.stats(Some(TAB)),
            None => self.violated("a browser that is not running was asked for its numbers"),
        }
    }

    /// Bodies under way, to a browser and from it.
    pub fn under_way(&self, browser: BrowserId) -> (usize, usize) {
        self.browsers[browser.0].engine.as_ref().map_or((0, 0), Engine::under_way)
    }

    /// What a browser did, as seen from outside.
    pub fn tally(&self, browser: BrowserId) -> &Tally {
        &self.browsers[browser.0].tally
    }

    /// Bytes that came from the origins, by where the others came from.
    pub fn totals(&self) -> Totals {
        let received: u64 = self.browsers.iter().map(|browser| browser.tally.received).sum();
        Totals {
            origin_bytes: self.origin.bytes,
            wasted_bytes: received.saturating_sub(self.totals.peer_bytes),
            ..self.totals
        }
    }

    /// Of the bytes that a peer may serve: those that the origins sent, and those that one browser alone would have drawn
    /// for all pages that were visited.
    pub fn shareable(&self) -> Shareable {
        let pages = self.shareable.values().map(|(page, _)| &**page);
        let wanted = self.visits.iter().flat_map(|visit| {
            let resources = visit.page.resources.iter().zip(visit.shareable.iter());
            resources.filter(|(_, shareable)| **shareable).map(|(resource, _)| resource.length())
        });
        Shareable {
            origin_bytes: self.origin.shareable,
            alone_bytes: shareable::alone(pages),
            wanted_bytes: wanted.sum(),
        }
    }

    /// Requests that reached the origins.
    pub const fn origin_requests(&self) -> u64 {
        self.origin.requests
    }

    /// Rules that carry bytes, in all tabs of a browser.
    pub fn rules_with_bytes(&self, browser: BrowserId) -> usize {
        self.browsers[browser.0].worker.serving()
    }

    /// Addresses that the service worker would serve at the next visit of a page without the engine's help.
    pub fn ready_for(&self, browser: BrowserId, page: &Page) -> Vec<String> {
        let ready = self.browsers[browser.0].database.ready(&page.url);
        ready.into_iter().flat_map(|ready| &ready.serve).map(|serve| serve.url.as_str().to_owned()).collect()
    }

    // ---- what is done

    /// Goes to a page in the browser's first tab.
    pub fn visit(&mut self, browser: BrowserId, page: &Rc<Page>) -> VisitId {
        self.visit_in(browser, TAB, page)
    }

    /// Goes to a page in a tab. Whatever the tab showed before is over.
    pub fn visit_in(&mut self, browser: BrowserId, tab: Tab, page: &Rc<Page>) -> VisitId {
        let id = VisitId(self.visits.len());
        let shareable = match self.shareable.get(&page.url) {
            Some((of, shareable)) if Rc::ptr_eq(of, page) => Rc::clone(shareable),
            _ => {
                let shareable = shareable::of(page);
                self.shareable.insert(page.url.clone(), (Rc::clone(page), Rc::clone(&shareable)));
                shareable
            }
        };
        self.visits.push(Visit::new(browser, tab, Rc::clone(page), shareable, self.now));
        self.leave(browser, tab);
        let enabled = self.browsers[browser.0].settings.enabled;
        self.browsers[browser.0].tabs.insert(tab, id);
        let url = page.url.clone();
        let worker = &mut self.browsers[browser.0].worker;
        let reload = worker.shown.get(&tab) == Some(&url);
        worker.forget(tab);
        let turn = id.0 as u64;
        worker.turns.insert(tab, turn);
        if let Some(life) = self.life(browser).filter(|_| enabled) {
            self.visits[id.0].watched = true;
            let attended = self.browsers[browser.0].worker.attends(page.host());
            self.browsers[browser.0].worker.turn_over(tab);
            self.fact(browser, Fact::Navigate { tab, url: url.clone(), reload, attended });
            if !reload {
                self.queue_in_database(life, Operation::ReadyPlan { tab, page: url, turn });
            }
        }
        self.ask_origin(id, Wanted::Document, page.length);
        self.plan_in(PATIENCE, Event::Visit(id, Moment::Overdue));
        id
    }

    /// Goes to a page and waits until it is loaded and everything that it taught is written down.
    pub fn visit_and_settle(&mut self, browser: BrowserId, page: &Rc<Page>) -> VisitId {
        // From another page: the same address twice in a row would be a reload.
        self.browsers[browser.0].worker.shown.remove(&TAB);
        let id = self.visit(browser, page);
        let settled = |world: &Self| {
            let stats = world.browsers[browser.0].engine.as_ref().map(|engine| engine.stats(Some(TAB)));
            let settled =
                stats.and_then(|stats| stats.tab).is_none_or(|tab| tab.settled || tab.refused.is_some());
            world.visits[id.0].loaded.is_some() && settled
        };
        self.run_until(PATIENCE, "a visit settles", settled);
        // What was settled last is still on its way to the disk.
        self.run_for(Duration::from_millis(200));
        id
    }

    /// The user leaves what a tab shows.
    fn leave(&mut self, browser: BrowserId, tab: Tab) {
        let Some(before) = self.browsers[browser.0].tabs.remove(&tab) else { return };
        self.visits[before.0].over = true;
        if let (Some(page), Some(life)) = (self.visits[before.0].id, self.life(browser)) {
            self.browsers[browser.0].pages.remove(&page);
            self.tell(life, Input::PageClosed { page });
        }
    }

    /// A tab is closed.
    pub fn close_tab(&mut self, browser: BrowserId, tab: Tab) {
        self.leave(browser, tab);
        let worker = &mut self.browsers[browser.0].worker;
        worker.forget(tab);
        worker.shown.remove(&tab);
        self.fact(browser, Fact::TabClosed { tab });
    }

    /// The user changes the settings.
    pub fn set(&mut self, browser: BrowserId, settings: Settings) {
        self.browsers[browser.0].settings = settings.clone();
        self.fact(browser, Fact::Settings { settings: Box::new(settings) });
    }

    /// Hands an engine something out of turn.
    pub fn happen(&mut self, browser: BrowserId, input: Input) {
        if let Some(life) = self.life(browser) {
            self.tell(life, input);
        }
    }

    /// Does something when the time has come.
    pub fn at(&mut self, at: Duration, deed: impl FnOnce(&mut Self) + 'static) {
        self.plan(at.max(self.now), Event::Do(Box::new(deed)));
    }

    /// A number below `bound`, from the seed.
    pub fn random(&mut self, bound: u64) -> u64 {
        self.rng.random_range(0..bound.max(1))
    }

    // ---- time

    /// Lets so much time pass.
    pub fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        while self.queue.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Lets time pass until something holds; it must come to hold within `most`.
    pub fn run_until(&mut self, most: Duration, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = self.now + most;
        while !holds(self) {
            if self.now >= end {
                self.violated(&format!("it did not come to pass in time that {what}"));
            }
            self.run_for(Duration::from_millis(20));
        }
    }

    /// Lets time pass until each of these browsers has a proven channel to somebody.
    pub fn run_until_peers(&mut self, browsers: &[BrowserId]) {
        let met = |world: &Self| browsers.iter().all(|browser| world.stats(*browser).peers.connected > 0);
        self.run_until(MEETING, "all have met somebody", met);
    }

    fn step(&mut self) {
        let Some((at, event)) = self.queue.take() else { return };
        let late = at == self.now;
        self.now = at;
        self.happened += 1;
        if self.happened > MOST_EVENTS || self.queue.len() > MOST_PLANNED {
            self.violated("more happens than a world of this size can have");
        }
        match event {
            Event::Database(life) => self.database_did(life),
            Event::Dial(life) => self.dial(life),
            Event::Do(deed) => deed(self),
            Event::Frame(end, bytes) => self.frame_arrives(end, bytes),
            Event::Handshake(one, other) => self.handshake(one, other),
            Event::HangUp(socket) => self.introducer.hang_up(socket),
            Event::Hung(end) => self.hung(end),
            Event::Obey(life, message) => self.obey(life, message),
            Event::OriginAnswers(answer) => self.origin_answers(answer),
            Event::OriginTurned => self.origin_turned(),
            Event::Page(life, page, message) => self.page_hears(life, page, message),
            Event::Sent(end, length) => self.sent(end, length),
            Event::ServerHears(socket, bytes) => self.server_hears(socket, &bytes),
            Event::SocketMessage(life, socket, bytes) => self.socket_message(life, socket, bytes),
            Event::Tell(life, input) => self.tell(life, input),
            Event::Visit(id, moment) => self.moment(id, moment),
            Event::Wake(life) => self.ring(life, late),
        }
    }

    pub(crate) fn plan(&mut self, at: Duration, event: Event) {
        self.queue.plan(at, event);
    }

    pub(crate) fn plan_in(&mut self, span: Duration, event: Event) {
        self.queue.plan(self.now + span, event);
    }

    pub(crate) fn clock(&self) -> Now {
        let ms = u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        Now { ms, unix: EPOCH + self.now.as_secs() }
    }

    /// The engine that a browser runs now.
    pub(crate) fn life(&self, browser: BrowserId) -> Option<Life> {
        let found = &self.browsers[browser.0];
        found.engine.is_some().then_some(Life { browser, life: found.life })
    }

    /// An engine is started on what lies in the database.
    pub(crate) fn start(&mut self, id: BrowserId) {
        let (now, seed) = (self.clock(), self.seed_for_engine());
        let browser = &mut self.browsers[id.0];
        browser.life += 1;
        browser.engine = Some(Engine::new(seed, browser.database.snapshot(), now));
        let life = Life { browser: id, life: browser.life };
        let settings = Box::new(browser.settings.clone());
        let ledger = Box::new(browser.worker.ledger.clone());
        self.carry_out(life);
        self.tell(life, Input::Fact(Fact::Ledger { ledger }));
        let uplink = self.origin.uplink;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (rtt, downlink) = (uplink.rtt.as_millis() as f64, uplink.rate as f64 * 8.0 / 1_000_000.0);
        self.tell(life, Input::Fact(Fact::Link { rtt, downlink }));
        if settings.enabled {
            self.tell(life, Input::Fact(Fact::Settings { settings }));
        }
    }

    fn seed_for_engine(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        seed
    }

    /// A promise is broken, or the world is used wrongly.
    pub(crate) fn violated(&self, what: &str) -> ! {
        panic!("{what} (seed {}, after {} ms)", self.seed, self.now.as_millis());
    }
}
