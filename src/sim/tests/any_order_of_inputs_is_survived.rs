use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use slipstream_core::{
    Engine,
    body::ContentId,
    fact::{Fact, PageFact, Response, Tab},
    headers::Headers,
    limits,
    policy::Speed,
    port::{ConnId, Input, Output, PageId},
    settings::{Benefit, Settings},
    shelf::Snapshot,
    time::Now,
};
use slipstream_sim::settings;
use slipstream_wire::{
    codec,
    id::{PeerId, Topic},
    server::{FromServer, ToServer},
};

const OFFER: &str = include_str!("../../core/description/chromium_offer.sdp");
/// Four stages of an introduction, one after the other, each with its deadline.
const LONGEST_INTRODUCTION: u64 = 3 * limits::INTRODUCTION_MS + limits::HELLO_MS;

#[derive(Clone, Debug)]
enum Op {
    Settings(u8),
    Navigate(i32, u8, bool, bool),
    Head(i32, u8, bool),
    Open(u32, i32, u8),
    Reported(i32),
    Response(i32, u8),
    Seen(u32),
    Shown(u32, u8, bool),
    Harvested(u32, u8, Option<u16>),
    ClosePage(u32),
    CloseTab(i32),
    Clear,
    SocketOpen,
    SocketClosed,
    Welcome,
    Peers(u8),
    Gone(u8),
    Signal(u8, Vec<u8>),
    Away,
    Nonsense,
    Described(u32),
    Candidate(u32),
    ChannelOpen(u32),
    ChannelClosed(u32),
    Frame(u32, Vec<u8>),
    Drained(u32),
    Read(u8),
    StoreFailed(u8),
    Battery(u8, bool),
    Network(bool, u8),
    Presence(bool, bool),
    Device(bool, u32),
    Ledger,
    Took(u32, f64),
    ClearSite(u8),
    Pass(u64),
}

fn ops() -> impl Strategy<Value = Op> {
    let (tab, page, conn, any8) = (0..3_i32, 0..4_u32, 0..4_u32, 0..4_u8);
    let bytes = prop::collection::vec(any::<u8>(), 0..60);
    prop_oneof![
        2 => (0..4_u8).prop_map(Op::Settings),
        4 => (tab.clone(), any8.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(t, u, r, a)| Op::Navigate(t, u, r, a)),
        2 => (tab.clone(), any8.clone(), any::<bool>()).prop_map(|(t, u, c)| Op::Head(t, u, c)),
        3 => (page.clone(), tab.clone(), any8.clone()).prop_map(|(p, t, u)| Op::Open(p, t, u)),
        4 => (tab.clone(), any8.clone()).prop_map(|(t, u)| Op::Response(t, u)),
        3 => page.clone().prop_map(Op::Seen),
        3 => tab.clone().prop_map(Op::Reported),
        2 => (page.clone(), any8.clone(), any::<bool>()).prop_map(|(p, u, s)| Op::Shown(p, u, s)),
        3 => (page.clone(), any8.clone(), any::<Option<u16>>()).prop_map(|(p, u, b)| Op::Harvested(p, u, b)),
        1 => page.prop_map(Op::ClosePage),
        1 => tab.prop_map(Op::CloseTab),
        1 => Just(Op::Clear),
        3 => Just(Op::SocketOpen),
        2 => Just(Op::SocketClosed),
        4 => Just(Op::Welcome),
        4 => any8.clone().prop_map(Op::Peers),
        1 => any8.clone().prop_map(Op::Gone),
        1 => (any8.clone(), bytes.clone()).prop_map(|(p, b)| Op::Signal(p, b)),
        1 => Just(Op::Away),
        1 => Just(Op::Nonsense),
        4 => conn.clone().prop_map(Op::Described),
        2 => conn.clone().prop_map(Op::Candidate),
        2 => conn.clone().prop_map(Op::ChannelOpen),
        1 => conn.clone().prop_map(Op::ChannelClosed),
        1 => (conn.clone(), bytes).prop_map(|(c, b)| Op::Frame(c, b)),
        1 => conn.prop_map(Op::Drained),
        1 => any8.clone().prop_map(Op::Read),
        1 => any8.prop_map(Op::StoreFailed),
        1 => (0..=100_u8, any::<bool>()).prop_map(|(p, c)| Op::Battery(p, c)),
        1 => (any::<bool>(), 0..5_u8).prop_map(|(s, n)| Op::Network(s, n)),
        1 => any::<(bool, bool)>().prop_map(|(h, i)| Op::Presence(h, i)),
        1 => (any::<bool>(), any::<u32>()).prop_map(|(s, f)| Op::Device(s, f)),
        1 => Just(Op::Ledger),
        2 => (0..4_u32, any::<f64>()).prop_map(|(p, ms)| Op::Took(p, ms)),
        1 => (0..4_u8).prop_map(Op::ClearSite),
        6 => (0..30_000_u64).prop_map(Op::Pass),
    ]
}

/// An engine, and what a shell around it knows.
struct Bench {
    engine: Engine,
    ms: u64,
    /// Where the engine went last, so that the server's answers fit.
    topic: Option<Topic>,
    connects: BTreeMap<ConnId, u64>,
    closed: BTreeSet<ConnId>,
}

impl Bench {
    fn new() -> Self {
        let engine = Engine::new([7; 32], Snapshot::default(), Now { ms: 0, unix: 1_800_000_000 });
        Self { engine, ms: 0, topic: None, connects: BTreeMap::new(), closed: BTreeSet::new() }
    }

    fn handle(&mut self, input: Input) {
        if let Input::ChannelClosed { conn } = input {
            self.closed.insert(conn);
        }
        let now = Now { ms: self.ms, unix: 1_800_000_000 + self.ms / 1_000 };
        self.engine.handle(input, now);
        let mut count = 0;
        while let Some(output) = self.engine.poll() {
            count += 1;
            match output {
                Output::Connect { conn, .. } => drop(self.connects.insert(conn, self.ms)),
                Output::Close { conn } => drop(self.closed.insert(conn)),
                Output::SocketSend(bytes) => {
                    if let Ok(ToServer::Join { topic }) = codec::decode(&bytes, &codec::Limits::SERVER) {
                        self.topic = Some(topic);
                    }
                }
                _ => {}
            }
        }
        assert!(count < 2_000, "{count} outputs after one input");
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

    fn run(&mut self, op: Op) {
        let url = |n: u8| format!("https://www.gallery-demo.com/img/{n}.png");
        let page = |n: u8| format!("https://www.gallery-demo.com/page-{n}");
        let id = |n: u8| ContentId::new([n; 32]);
        let peer = |n: u8| PeerId::new([n; 16]);
        let said = |message| Input::SocketMessage(codec::encode(&message));
        let topic = self.topic.unwrap_or(Topic::new([0; 16]));
        let input = match op {
            Op::Settings(n) => {
                let found = match n {
                    0 => Settings { benefit: Benefit { hold_out_percent: 50 }, ..settings::alone() },
                    1 => settings::off(),
                    2 => settings::member_of('C'),
                    _ => settings::member(),
                };
                Input::Fact(Fact::Settings { settings: Box::new(found) })
            }
            Op::Navigate(tab, n, reload, attended) => {
                Input::Fact(Fact::Navigate { tab: Tab(tab), url: page(n), reload, attended })
            }
            Op::Head(tab, n, csp) => {
                let fields = csp.then(|| ("content-security-policy".to_owned(), "img-src *".to_owned()));
                let headers = Headers::new(fields).expect("a few short fields");
                Input::Fact(Fact::Head { tab: Tab(tab), url: page(n), status: 200, headers })
            }
            Op::Open(id, tab, n) => Input::PageOpened { page: PageId(id), tab: Tab(tab), url: page(n) },
            Op::Response(tab, n) => {
                Input::Fact(Fact::Responses { responses: vec![response(Tab(tab), url(n))] })
            }
            Op::Reported(tab) => Input::Fact(Fact::Reported { tab: Tab(tab) }),
            Op::Seen(id) => {
                let (meta_csp, service_worker, sensitive, loaded) = (false, false, false, true);
                let images: Vec<_> = (0..4).map(url).collect();
                Input::Page {
                    page: PageId(id),
                    fact: PageFact::Seen {
                        meta_csp,
                        service_worker,
                        sensitive,
                        scripts: images.clone(),
                        images,
                        loaded,
                    },
                }
            }
            Op::Shown(id, n, true) => Input::Page { page: PageId(id), fact: PageFact::Shown { url: url(n) } },
            Op::Shown(id, n, false) => {
                Input::Page { page: PageId(id), fact: PageFact::FellBack { url: url(n) } }
            }
            Op::Harvested(id, n, length) => {
                let bytes =
                    length.map(|length| [&b"\x89PNG\r\n\x1a\n"[..], &vec![n; length.into()]].concat());
                Input::Harvested { page: PageId(id), url: url(n), bytes }
            }
            Op::ClosePage(id) => Input::PageClosed { page: PageId(id) },
            Op::CloseTab(tab) => Input::Fact(Fact::TabClosed { tab: Tab(tab) }),
            Op::Clear => Input::Fact(Fact::Clear),
            Op::SocketOpen => Input::SocketOpen,
            Op::SocketClosed => Input::SocketClosed,
            Op::Welcome => said(FromServer::Welcome { version: slipstream_wire::VERSION, you: peer(200) }),
            Op::Peers(n) => said(FromServer::Peers { topic, peers: (0..=n).map(peer).collect() }),
            Op::Gone(n) => said(FromServer::Gone { peer: peer(n) }),
            Op::Signal(n, payload) => said(FromServer::Signal { topic, from: peer(n), payload }),
            Op::Away => said(FromServer::Away { retry_after: 9 }),
            Op::Nonsense => Input::SocketMessage(vec![0xc1]),
            Op::Described(n) => Input::Described { conn: ConnId(n), sdp: OFFER.to_owned() },
            Op::Candidate(n) => Input::Candidate {
                conn: ConnId(n),
                line: "candidate:1 1 udp 2113937151 192.168.0.2 37162 typ host".to_owned(),
            },
            Op::ChannelOpen(n) => Input::ChannelOpen { conn: ConnId(n), max_message: 262_144 },
            Op::ChannelClosed(n) => Input::ChannelClosed { conn: ConnId(n) },
            Op::Frame(n, bytes) => Input::Frame { conn: ConnId(n), bytes },
            Op::Drained(n) => Input::Drained { conn: ConnId(n) },
            Op::Read(n) => Input::Read { id: id(n), bytes: Some(vec![n]) },
            Op::StoreFailed(n) => Input::StoreFailed { id: id(n) },
            Op::Battery(percent, charging) => {
                Input::Fact(Fact::Battery { level: f64::from(percent) / 100.0, charging })
            }
            Op::Network(save_data, n) => {
                let speeds = [Speed::Slow2g, Speed::Is2g, Speed::Is3g, Speed::Is4g];
                let speed = speeds.get(usize::from(n)).copied();
                Input::Fact(Fact::Network { cellular: false, save_data, speed })
            }
            Op::Presence(hidden, idle) => Input::Fact(Fact::Presence { hidden, idle }),
            Op::Device(small, free) => Input::Fact(Fact::Device { small, free: free.into() }),
            Op::Ledger => Input::Fact(Fact::Ledger { ledger: Box::default() }),
            Op::Took(id, ms) => Input::Page { page: PageId(id), fact: PageFact::Took { ms } },
            Op::ClearSite(n) => Input::Fact(Fact::ClearSite { site: page(n) }),
            Op::Pass(ms) => return self.pass(ms),
        };
        self.handle(input);
        let allowance = self.engine.stats(None).policy;
        assert!(self.engine.peers().len() <= allowance.peers, "{allowance:?}");
    }
}

fn response(tab: Tab, url: String) -> Response {
    let fields = [("content-type", "image/png"), ("cache-control", "public, max-age=600")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Response {
        tab,
        url,
        request_type: "image".to_owned(),
        method: "GET".to_owned(),
        status: 200,
        from_cache: false,
        redirected: false,
        headers: Headers::new(fields).expect("a few short fields"),
        cookie: Some(false),
        accept: Some("image/*".to_owned()),
        ip: Some("93.184.216.34".to_owned()),
        top_frame: true,
    }
}

/// Runs all, and then lets the longest introduction pass.
fn survives(ops: Vec<Op>) {
    let mut bench = Bench::new();
    for op in ops {
        bench.run(op);
    }
    bench.pass(LONGEST_INTRODUCTION);
    for (conn, began) in &bench.connects {
        // No channel of these proves itself, so none may stay.
        let in_time = *began + LONGEST_INTRODUCTION > bench.ms;
        assert!(bench.closed.contains(conn) || in_time, "{conn:?} was begun at {began} ms and never ended");
    }
    assert_eq!(bench.engine.stats(None).peers.connected, 0);
    bench.pass(60_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn and_every_connection_ends_or_proves_itself(ops in prop::collection::vec(ops(), 1..120)) {
        survives(ops);
    }

    #[test]
    fn also_for_a_member_who_is_connected(ops in prop::collection::vec(ops(), 1..80)) {
        let begin = [Op::Settings(3), Op::SocketOpen, Op::Welcome, Op::Peers(3), Op::Described(0)];
        survives(begin.into_iter().chain(ops).collect());
    }
}

#[test]
fn a_harvest_that_no_page_answers_while_more_comes_wakes_nobody_again_and_again() {
    let mut ops = vec![
        Op::Settings(0),
        Op::Navigate(0, 0, false, true),
        Op::Open(0, 0, 0),
        Op::Response(0, 0),
        Op::Seen(0),
    ];
    ops.extend([Op::Pass(limits::HARVEST_MS + 100), Op::Response(0, 1), Op::Pass(10_000)]);
    survives(ops);
}
