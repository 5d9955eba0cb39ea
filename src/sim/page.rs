//! What a page does: it asks for its resources, waits for those that were announced, gives up waiting, shows what
//! came, tells what it saw, and reads its cache when it is asked to. As `extension/content.js` and the browser do.

use std::time::Duration;

use slipstream_core::{
    fact::{Fact, PageFact, Response},
    headers::Headers,
    port::{Input, Nonce, PageId, ToPage},
    stats,
};
use slipstream_wire::peer::Kind;

use crate::{
    browser::Life,
    origin::Wanted,
    site::Resource,
    visit::{Coming, State, VisitId},
    world::{Event, World},
};

/// Where the bytes of a resource came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The origin.
    Network,
    /// Another browser.
    Peer,
    /// This browser's own store.
    Shelf,
}

/// What a page does next.
pub(crate) enum Moment {
    /// The content script is there.
    Open,
    /// The parser has come to a resource.
    Ask(usize),
    /// The document is parsed.
    Parsed,
    /// Nothing was heard since this piece of news.
    Silent(u64),
    /// An image was ended by a rule, and nobody has said yet that it is coming.
    Undecided(usize),
    /// Everything is there, and the page has a moment to spare.
    Rest,
    /// A body was read from the cache.
    Read(String, Option<Vec<u8>>),
    /// By now everything must have come.
    Overdue,
}

/// content.js: an expected page's failed images are kept back for so long.
const UNDECIDED: Duration = Duration::from_millis(2_000);
/// From the document's head to its content script.
const OPEN: Duration = Duration::from_millis(3);
/// Between two resources, for the parser.
const PARSE: Duration = Duration::from_millis(1);
/// From the last resource to the report.
const REST: Duration = Duration::from_millis(30);
/// Reading one body from the cache in idle time.
const READ: Duration = Duration::from_millis(5);
/// A page that has not everything by now has lost something.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

impl World {
    /// The head of a document is there, and with it what the gates need.
    pub(crate) fn head_arrives(&mut self, id: VisitId) {
        let visit = &mut self.visits[id.0];
        if visit.over {
            return;
        }
        let worker = &mut self.browsers[visit.browser.0].worker;
        let policy = |(name, _): &(String, String)| name.starts_with("content-security-policy");
        visit.gated = visit.page.headers.iter().any(policy) || worker.gates(visit.page.host());
        worker.shown.insert(visit.tab, visit.page.url.clone());
        let (browser, tab, url) = (visit.browser, visit.tab, visit.page.url.clone());
        let headers = Headers::new(visit.page.headers.clone()).unwrap_or_default();
        self.fact(browser, Fact::Head { tab, url, status: 200, headers });
        self.plan_in(OPEN, Event::Visit(id, Moment::Open));
    }

    /// The origin's answer is here.
    pub(crate) fn origin_gave(&mut self, id: VisitId, wanted: Wanted) {
        if self.visits[id.0].over {
            return;
        }
        match wanted {
            Wanted::Document => {
                for at in 0..self.visits[id.0].items.len() {
                    let after = u32::try_from(at).unwrap_or(u32::MAX);
                    self.plan_in(OPEN + PARSE * (after + 1), Event::Visit(id, Moment::Ask(at)));
                }
                let all = u32::try_from(self.visits[id.0].items.len()).unwrap_or(u32::MAX);
                self.plan_in(OPEN + PARSE * (all + 1), Event::Visit(id, Moment::Parsed));
                self.maybe_loaded(id);
            }
            Wanted::Resource(at, _) => {
                let visit = &self.visits[id.0];
                let (browser, tab) = (visit.browser, visit.tab);
                let response = response(tab, &visit.page.resources[at]);
                let late = self.browsers[browser.0].worker.note(tab, response);
                self.done(id, at, Source::Network);
                if let Some(response) = late {
                    self.fact(browser, Fact::Responses { responses: vec![response] });
                }
            }
        }
    }

    pub(crate) fn moment(&mut self, id: VisitId, moment: Moment) {
        if self.visits[id.0].over {
            return;
        }
        match moment {
            Moment::Open => self.open_page(id),
            Moment::Ask(at) => self.ask(id, at),
            Moment::Parsed => {
                self.visits[id.0].parsed = true;
                self.report_early(id);
            }
            Moment::Silent(news) if self.visits[id.0].news == news => self.give_up(id),
            Moment::Silent(_) => {}
            Moment::Undecided(at) => {
                let visit = &self.visits[id.0];
                let known = visit.coming.contains_key(&visit.page.resources[at].url);
                if visit.items[at].state == State::Held && !known {
                    self.violated("an image was ended by a rule, and nothing was ever announced for it");
                }
            }
            Moment::Rest => self.report_page(id, true),
            Moment::Read(url, bytes) => {
                let visit = &self.visits[id.0];
                if let (Some(page), Some(life)) = (visit.id, self.life(visit.browser)) {
                    self.tell(life, Input::Harvested { page, url, bytes });
                }
            }
            Moment::Overdue => {
                if self.origin.owes(id) {
                    // A busy link is slow, and not broken.
                    self.plan_in(PATIENCE, Event::Visit(id, Moment::Overdue));
                } else if self.visits[id.0].loaded.is_none() {
                    self.violated("a page did not get all of its resources");
                }
            }
        }
    }

    fn open_page(&mut self, id: VisitId) {
        let browser = self.visits[id.0].browser;
        let Some(life) = self.life(browser).filter(|_| self.browsers[browser.0].settings.enabled) else {
            return;
        };
        let page = PageId(self.browsers[browser.0].next_page);
        self.browsers[browser.0].next_page += 1;
        self.browsers[browser.0].pages.insert(page, id);
        let visit = &mut self.visits[id.0];
        visit.id = Some(page);
        let (tab, url) = (visit.tab, visit.page.url.clone());
        self.tell(life, Input::PageOpened { page, tab, url });
    }

    /// The page wants a resource: a rule answers, a rule ends the request, or the origin is asked.
    fn ask(&mut self, id: VisitId, at: usize) {
        let now = self.now;
        let visit = &mut self.visits[id.0];
        visit.items[at].asked = now;
        let Resource { url, kind, .. } = visit.page.resources[at].clone();
        let worker = &self.browsers[visit.browser.0].worker;
        let is_image = matches!(kind, Kind::Image | Kind::Detached);
        let ended = is_image && worker.holds(visit.tab, &url);
        if let Some(answer) = worker.answer(visit.tab, &url).filter(|_| !visit.gated && !ended).cloned() {
            let (browser, tab) = (visit.browser, visit.tab);
            self.fact(browser, Fact::Substituted { tab, url: url.clone() });
            let source = self.source_by_engine(id, &url);
            return self.show(id, at, source, &answer.content_type, answer.body.bytes());
        }
        if ended && kind == Kind::Detached {
            self.violated("the request of an image that is in no document was ended by a rule");
        }
        match visit.coming.get(&url) {
            Some(Coming::Here { content_type, body }) if kind == Kind::Image => {
                let (content_type, body) = (content_type.clone(), body.clone());
                self.swap(id, at, &content_type, body.bytes());
            }
            Some(Coming::Awaited) if kind == Kind::Image => {
                visit.items[at].state = State::Held;
                self.heard(id);
            }
            None if ended => {
                visit.items[at].state = State::Held;
                self.plan_in(UNDECIDED, Event::Visit(id, Moment::Undecided(at)));
            }
            _ => self.ask_at_origin(id, at),
        }
    }

    fn ask_at_origin(&mut self, id: VisitId, at: usize) {
        let visit = &mut self.visits[id.0];
        let item = &mut visit.items[at];
        item.state = State::Asked;
        item.requests += 1;
        let (request, length) = (item.requests, visit.page.resources[at].length());
        self.ask_origin(id, Wanted::Resource(at, request), length);
    }

    /// The engine tells the page something.
    pub(crate) fn page_hears(&mut self, life: Life, page: PageId, message: ToPage) {
        let Some(id) = self.browsers[life.browser.0].pages.get(&page).copied() else { return };
        let visit = &mut self.visits[id.0];
        if visit.over {
            return;
        }
        match message {
            ToPage::Plan { serial, hold, silence, early, .. } => {
                visit.tell_early |= early;
                visit.announced += hold.len();
                visit.silence = Duration::from_millis(silence);
                for held in hold {
                    let url = held.url.as_str();
                    visit.coming.entry(url.to_owned()).or_insert(Coming::Awaited);
                    visit.strip(url);
                }
                if let Some(input) = visit.fact(PageFact::Planned { serial }) {
                    self.tell(life, input);
                }
                self.report_early(id);
                self.heard(id);
            }
            ToPage::Body { url, content_type, body } => {
                let url = url.as_str();
                let Some(entry @ Coming::Awaited) = visit.coming.get_mut(url) else { return };
                *entry = Coming::Here { content_type: content_type.clone(), body: body.clone() };
                for at in visit.held_at(url) {
                    self.swap(id, at, &content_type, body.bytes());
                }
                self.heard(id);
            }
            ToPage::Miss { url } => {
                self.missed(id, url.as_str());
                self.heard(id);
            }
            ToPage::Harvest { items, .. } => self.read_cache(id, items),
        }
    }

    /// Something came: the next silence begins now.
    fn heard(&mut self, id: VisitId) {
        let visit = &mut self.visits[id.0];
        visit.news += 1;
        if visit.is_waiting() {
            let (news, silence) = (visit.news, visit.silence);
            self.plan_in(silence, Event::Visit(id, Moment::Silent(news)));
        }
    }

    /// What is still waited for goes to the origin.
    pub(crate) fn give_up(&mut self, id: VisitId) {
        let visit = &self.visits[id.0];
        let awaited = visit.coming.iter().filter(|(_, coming)| matches!(coming, Coming::Awaited));
        let urls: Vec<_> = awaited.map(|(url, _)| url.clone()).collect();
        for url in urls {
            let visit = &self.visits[id.0];
            let told = visit
                .fact(PageFact::FellBack { url: url.clone() })
                .filter(|_| !visit.held_at(&url).is_empty());
            if let (Some(input), Some(life)) = (told, self.life(visit.browser)) {
                self.tell(life, input);
            }
            self.missed(id, &url);
        }
        // Ended by a rule, and never announced: the engine is gone, the rules with it.
        for at in 0..self.visits[id.0].items.len() {
            if self.visits[id.0].items[at].state == State::Held {
                self.ask_at_origin(id, at);
            }
        }
    }

    fn missed(&mut self, id: VisitId, url: &str) {
        let visit = &mut self.visits[id.0];
        let Some(entry @ Coming::Awaited) = visit.coming.get_mut(url) else { return };
        *entry = Coming::Missed;
        for at in visit.held_at(url) {
            self.ask_at_origin(id, at);
        }
    }

    fn swap(&mut self, id: VisitId, at: usize, content_type: &str, bytes: &[u8]) {
        let visit = &self.visits[id.0];
        let url = visit.page.resources[at].url.clone();
        let (browser, shown) = (visit.browser, visit.fact(PageFact::Shown { url: url.clone() }));
        if let (Some(input), Some(life)) = (shown, self.life(browser)) {
            self.tell(life, input);
        }
        let source = self.source_by_engine(id, &url);
        self.show(id, at, source, content_type, bytes);
    }

    /// Bytes that did not come from the origin reach the page: they are the origin's, or the promise is broken.
    fn show(&mut self, id: VisitId, at: usize, source: Source, content_type: &str, bytes: &[u8]) {
        let resource = &self.visits[id.0].page.resources[at];
        if bytes != &resource.bytes[..] || content_type != resource.content_type {
            self.totals.wrong_bytes += bytes.len() as u64;
            self.violated("a page was shown other bytes than the origin's");
        }
        self.done(id, at, source);
    }

    /// What the engine's own statistics say: of the shelf, or of a peer.
    fn source_by_engine(&self, id: VisitId, url: &str) -> Source {
        let visit = &self.visits[id.0];
        let engine = self.browsers[visit.browser.0].engine.as_ref();
        let found = engine.and_then(|engine| {
            engine.outcomes(visit.tab).find(|(known, _)| *known == url).map(|(_, outcome)| outcome.from)
        });
        match found {
            Some(stats::From::Peer) => Source::Peer,
            // A rule that was ready is answered also while no engine runs.
            _ => Source::Shelf,
        }
    }

    fn done(&mut self, id: VisitId, at: usize, source: Source) {
        let now = self.now;
        let visit = &mut self.visits[id.0];
        let item = &mut visit.items[at];
        if item.state == State::Done {
            return;
        }
        item.state = State::Done;
        item.source = Some(source);
        item.done = now;
        let length = visit.page.resources[at].length();
        match source {
            Source::Network => {}
            Source::Peer => self.totals.peer_bytes += length,
            Source::Shelf => self.totals.shelf_bytes += length,
        }
        self.maybe_loaded(id);
    }

    fn maybe_loaded(&mut self, id: VisitId) {
        let now = self.now;
        let visit = &mut self.visits[id.0];
        if visit.loaded.is_none() && visit.is_complete() {
            visit.loaded = Some(now);
            self.plan_in(REST, Event::Visit(id, Moment::Rest));
        }
    }

    /// The engine wants to know the document's images before they are loaded.
    fn report_early(&mut self, id: VisitId) {
        let visit = &mut self.visits[id.0];
        if visit.parsed && visit.loaded.is_none() && std::mem::take(&mut visit.tell_early) {
            self.report_page(id, false);
        }
    }

    fn report_page(&mut self, id: VisitId, loaded: bool) {
        let visit = &self.visits[id.0];
        #[expect(clippy::cast_precision_loss, reason = "a page takes minutes at most")]
        let took = visit.load_time().map(|took| PageFact::Took { ms: took.as_millis() as f64 });
        let took = took.and_then(|took| visit.fact(took));
        if let (Some(input), Some(life)) = (took, self.life(visit.browser)) {
            self.tell(life, input);
        }
        let visit = &self.visits[id.0];
        let of_kind = |kind| {
            let resources = visit
                .page
                .resources
                .iter()
                .filter(move |resource| resource.kind == kind && !resource.by_worker);
            resources.map(|resource| resource.url.clone()).collect()
        };
        let seen = PageFact::Seen {
            meta_csp: visit.page.meta_csp,
            service_worker: visit.page.service_worker,
            sensitive: visit.page.sensitive,
            images: of_kind(Kind::Image),
            scripts: of_kind(Kind::Script),
            loaded,
        };
        if let (Some(input), Some(life)) = (visit.fact(seen), self.life(visit.browser)) {
            self.tell(life, input);
        }
    }

    /// The page reads its own cache: there lies what came from the network in this visit.
    fn read_cache(&mut self, id: VisitId, items: Vec<Nonce>) {
        for (turn, Nonce { url, nonce, .. }) in (1..).zip(items) {
            let visit = &mut self.visits[id.0];
            visit.harvests += 1;
            let worker = &self.browsers[visit.browser.0].worker;
            let opened = !nonce.is_empty() && worker.admits(visit.tab, url.as_str(), &nonce);
            let cached = visit.page.resources.iter().zip(&visit.items).find(|(resource, item)| {
                resource.url == url.as_str() && item.source == Some(Source::Network)
            });
            let readable = cached.filter(|(resource, _)| opened || resource.readable_from(&visit.page.url));
            let bytes = readable.map(|(resource, _)| resource.bytes.to_vec());
            let read = Moment::Read(url.as_str().to_owned(), bytes);
            self.plan_in(READ * turn, Event::Visit(id, read));
        }
    }
}

/// As `webRequest` would show it.
pub(crate) fn response(tab: slipstream_core::fact::Tab, resource: &Resource) -> Response {
    let (request_type, accept) = match resource.kind {
        Kind::Image | Kind::Detached => {
            ("image", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8")
        }
        Kind::Font => ("font", "*/*"),
        Kind::Script => ("script", "*/*"),
    };
    let fields = [
        ("content-type".to_owned(), resource.content_type.clone()),
        ("content-length".to_owned(), resource.length().to_string()),
    ];
    Response {
        tab,
        url: resource.url.clone(),
        request_type: request_type.to_owned(),
        method: "GET".to_owned(),
        status: 200,
        from_cache: false,
        redirected: false,
        headers: Headers::new(fields.into_iter().chain(resource.headers.clone())).unwrap_or_default(),
        cookie: Some(resource.cookie),
        accept: Some(accept.to_owned()),
        ip: Some("93.184.216.34".to_owned()),
        top_frame: true,
    }
}
