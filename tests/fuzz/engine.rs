//! The engine under any inputs in any order: from browser, pages, server and disk, each as foreign as they come.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use slipstream_core::{
    Engine,
    body::ContentId,
    fact::{Fact, PageFact, Response, Tab},
    headers::Headers,
    limits,
    port::{ConnId, Input, Output, PageId},
    shelf::Snapshot,
    time::Now,
};
use slipstream_sim::settings;
use slipstream_wire::{
    VERSION, codec,
    id::{PeerId, Topic},
    server::{FromServer, ToServer},
};

const OFFER: &str = include_str!("../../src/core/description/chromium_offer.sdp");
/// Four stages of an introduction, one after the other, each with its deadline.
const LONGEST_INTRODUCTION: u64 = 3 * limits::INTRODUCTION_MS + limits::HELLO_MS;
/// Outputs that one input may cause.
const MOST_OUTPUTS: usize = 2_000;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Settings(bool),
    Navigate { tab: u8, page: Address<'a>, reload: bool, attended: bool },
    Head { tab: u8, page: Address<'a>, status: u16, field: (&'a str, &'a str) },
    Response { tab: u8, url: Address<'a>, kind: u8, field: (&'a str, &'a str) },
    Reported(u8),
    Open { page: u8, tab: u8, url: Address<'a> },
    Seen { page: u8, images: Vec<Address<'a>>, loaded: bool },
    Planned(u8, u32),
    Shown(u8, Address<'a>, bool),
    Took(u8, f64),
    Harvested(u8, Address<'a>, Option<&'a [u8]>),
    ClosePage(u8),
    CloseTab(u8),
    Clear(Option<Address<'a>>),
    Socket(bool),
    Message(&'a [u8]),
    Welcome,
    Peers(u8),
    Signal(u8, &'a [u8]),
    Described(u8, Option<&'a str>),
    Candidate(u8, &'a str),
    Channel(u8, Option<u32>),
    Frame(u8, &'a [u8]),
    Drained(u8),
    Read(u8, Option<&'a [u8]>),
    Link(f64, f64),
    Device(bool, f64),
    Presence(bool, bool),
    Pass(u16),
}

/// One of a few addresses that hang together, or any text.
#[derive(Arbitrary, Debug)]
enum Address<'a> {
    Page(u8),
    Image(u8),
    Any(&'a str),
}

impl Address<'_> {
    fn text(&self) -> String {
        match self {
            Self::Page(n) => format!("https://www.gallery-demo.com/page-{}", n % 4),
            Self::Image(n) => format!("https://www.gallery-demo.com/img/{}.png", n % 8),
            Self::Any(text) => (*text).to_owned(),
        }
    }
}

struct Bench {
    engine: Engine,
    ms: u64,
    /// Where the engine went last, so that the server's answers fit.
    topic: Topic,
    /// Connections that have not ended, and since when.
    open: BTreeMap<ConnId, u64>,
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(steps) = Vec::<Step<'_>>::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
    let engine = Engine::new([7; 32], Snapshot::default(), Now { ms: 0, unix: 1_800_000_000 });
    let mut bench = Bench { engine, ms: 0, topic: Topic::new([0; 16]), open: BTreeMap::new() };
    for step in &steps {
        bench.take(step);
    }
    bench.pass(LONGEST_INTRODUCTION);
    for (conn, began) in &bench.open {
        // No channel here can prove itself, so none may stay.
        assert!(began + LONGEST_INTRODUCTION > bench.ms, "{conn:?} of {began} ms never ended");
    }
    assert_eq!(bench.engine.stats(None).peers.connected, 0);
    assert_eq!(bench.engine.under_way(), (0, 0), "nobody is there to send or to take a body");
}

impl Bench {
    fn take(&mut self, step: &Step<'_>) {
        if let Step::Pass(ms) = step {
            return self.pass(u64::from(*ms));
        }
        let input = match self.page_input(step) {
            Some(input) => input,
            None => self.net_input(step),
        };
        self.handle(input);
    }

    fn page_input(&self, step: &Step<'_>) -> Option<Input> {
        let tab = |n: &u8| Tab(i32::from(n % 3));
        let page = |n: &u8| PageId(u32::from(n % 4));
        let fields = |(name, value): &(&str, &str)| {
            Headers::new([
                ("content-type".to_owned(), "image/png".to_owned()),
                ("cache-control".to_owned(), "public, max-age=600".to_owned()),
                ((*name).to_owned(), (*value).to_owned()),
            ])
            .unwrap_or_default()
        };
        let fact = match step {
            Step::Settings(on) => {
                let settings = if *on { settings::member() } else { settings::alone() };
                Fact::Settings { settings: Box::new(settings) }
            }
            Step::Navigate { tab: at, page, reload, attended } => {
                Fact::Navigate { tab: tab(at), url: page.text(), reload: *reload, attended: *attended }
            }
            Step::Head { tab: at, page, status, field } => {
                Fact::Head { tab: tab(at), url: page.text(), status: *status, headers: fields(field) }
            }
            Step::Response { tab: at, url, kind, field } => {
                let kind = ["image", "font", "script", "other"][usize::from(kind % 4)];
                Fact::Responses { responses: vec![response(tab(at), url.text(), kind, fields(field))] }
            }
            Step::Reported(at) => Fact::Reported { tab: tab(at) },
            Step::CloseTab(at) => Fact::TabClosed { tab: tab(at) },
            Step::Clear(Some(site)) => Fact::ClearSite { site: site.text() },
            Step::Clear(None) => Fact::Clear,
            Step::Link(rtt, downlink) => Fact::Link { rtt: *rtt, downlink: *downlink },
            Step::Device(small, free) => Fact::Device { small: *small, free: *free },
            Step::Presence(hidden, idle) => Fact::Presence { hidden: *hidden, idle: *idle },
            Step::Open { page: at, tab: of, url } => {
                return Some(Input::PageOpened { page: page(at), tab: tab(of), url: url.text() });
            }
            Step::ClosePage(at) => return Some(Input::PageClosed { page: page(at) }),
            Step::Harvested(at, url, bytes) => {
                let bytes = bytes.map(<[u8]>::to_vec);
                return Some(Input::Harvested { page: page(at), url: url.text(), bytes });
            }
            Step::Seen { page: at, images, loaded } => {
                let (meta_csp, service_worker, sensitive, loaded) = (false, false, false, *loaded);
                let images: Vec<_> = images.iter().map(Address::text).collect();
                let scripts = images.clone();
                let fact = PageFact::Seen { meta_csp, service_worker, sensitive, images, scripts, loaded };
                return Some(Input::Page { page: page(at), fact });
            }
            Step::Planned(at, serial) => {
                return Some(Input::Page { page: page(at), fact: PageFact::Planned { serial: *serial } });
            }
            Step::Shown(at, url, shown) => {
                let url = url.text();
                let fact = if *shown { PageFact::Shown { url } } else { PageFact::FellBack { url } };
                return Some(Input::Page { page: page(at), fact });
            }
            Step::Took(at, ms) => {
                return Some(Input::Page { page: page(at), fact: PageFact::Took { ms: *ms } });
            }
            _ => return None,
        };
        Some(Input::Fact(fact))
    }

    fn net_input(&self, step: &Step<'_>) -> Input {
        let conn = |n: &u8| ConnId(u32::from(n % 4));
        let peer = |n: u8| PeerId::new([n; 16]);
        let said = |message| Input::SocketMessage(codec::encode(&message));
        let topic = self.topic;
        match step {
            Step::Socket(true) => Input::SocketOpen,
            Step::Socket(false) => Input::SocketClosed,
            Step::Message(bytes) => Input::SocketMessage(bytes.to_vec()),
            Step::Welcome => said(FromServer::Welcome { version: VERSION, you: peer(200) }),
            Step::Peers(n) => said(FromServer::Peers { topic, peers: (0..=n % 8).map(peer).collect() }),
            Step::Signal(n, payload) => {
                said(FromServer::Signal { topic, from: peer(n % 8), payload: payload.to_vec() })
            }
            Step::Described(at, sdp) => {
                Input::Described { conn: conn(at), sdp: sdp.unwrap_or(OFFER).to_owned() }
            }
            Step::Candidate(at, line) => Input::Candidate { conn: conn(at), line: (*line).to_owned() },
            Step::Channel(at, Some(most)) => Input::ChannelOpen { conn: conn(at), max_message: *most },
            Step::Channel(at, None) => Input::ChannelClosed { conn: conn(at) },
            Step::Frame(at, bytes) => Input::Frame { conn: conn(at), bytes: bytes.to_vec() },
            Step::Drained(at) => Input::Drained { conn: conn(at) },
            Step::Read(n, bytes) => {
                Input::Read { id: ContentId::new([*n; 32]), bytes: bytes.map(<[u8]>::to_vec) }
            }
            _ => Input::Wake,
        }
    }

    fn handle(&mut self, input: Input) {
        if let Input::ChannelClosed { conn } = input {
            self.open.remove(&conn);
        }
        let now = Now { ms: self.ms, unix: 1_800_000_000 + self.ms / 1_000 };
        self.engine.handle(input, now);
        let mut count = 0;
        while let Some(output) = self.engine.poll() {
            count += 1;
            match output {
                Output::Connect { conn, .. } => drop(self.open.insert(conn, self.ms)),
                Output::Close { conn } => drop(self.open.remove(&conn)),
                Output::SocketSend(bytes) => {
                    let message = codec::decode(&bytes, &codec::Limits::SERVER);
                    if let ToServer::Join { topic } = message.expect("the engine's own words can be read") {
                        self.topic = topic;
                    }
                }
                _ => {}
            }
        }
        assert!(count < MOST_OUTPUTS, "{count} outputs after one input");
        let allowance = self.engine.stats(None).policy;
        assert!(self.engine.peers().len() <= allowance.peers, "{allowance:?}");
    }

    /// Lets time pass, with every timer on time.
    fn pass(&mut self, ms: u64) {
        let end = self.ms + ms;
        let mut rings = 0;
        while let Some(at) = self.engine.next_wake().filter(|at| *at <= end) {
            assert!(at > self.ms || rings < 1_000, "woken again and again while no time passes");
            rings = if at > self.ms { 0 } else { rings + 1 };
            self.ms = self.ms.max(at);
            self.handle(Input::Wake);
        }
        self.ms = end;
        self.handle(Input::Wake);
    }
}

fn response(tab: Tab, url: String, kind: &str, headers: Headers) -> Response {
    Response {
        tab,
        url,
        request_type: kind.to_owned(),
        method: "GET".to_owned(),
        status: 200,
        from_cache: false,
        redirected: false,
        headers,
        cookie: Some(false),
        accept: Some("image/*".to_owned()),
        ip: Some("93.184.216.34".to_owned()),
        top_frame: true,
    }
}
