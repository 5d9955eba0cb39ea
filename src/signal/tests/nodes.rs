//! Several nodes that share topics through a real NATS server, and what happens when one of them, or NATS, is lost.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use slipstream_signal::bucket::Rate;
use slipstream_signal::server::{Server, ServerConfig};
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{FromServer, ToServer};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{Browser, TOPIC};

/// What a machine needs at the most for what is waited for here.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a browser that found nobody asks again, as the engine does.
const AGAIN: Duration = Duration::from_millis(1_100);

/// A NATS server; killed when dropped.
struct Nats {
    child: Child,
    addr: SocketAddr,
}

impl Nats {
    /// Starts one on a free port; nothing, and a line that says so, where there is none to be had.
    async fn start() -> Option<Self> {
        if !is_there() {
            println!("skipped: no nats-server; as root: apt-get install nats-server");
            return None;
        }
        let addr =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port");
        Some(Self::at(addr).await)
    }

    async fn at(addr: SocketAddr) -> Self {
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &addr.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it is installed");
        let nats = Self { child, addr };
        until("NATS listens", async || TcpStream::connect(addr).await.is_ok()).await;
        nats
    }

    /// Kills it; another one may be started at the same address.
    fn kill(self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to lose.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether `nats-server` can be started. Root installs Debian's.
fn is_there() -> bool {
    let starts = |program: &str, arguments: &[&str]| {
        let status =
            Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    starts("nats-server", &["--version"])
        || (rustix::process::geteuid().is_root()
            && starts("apt-get", &["install", "--yes", "--no-install-recommends", "nats-server"])
            && starts("nats-server", &["--version"]))
}

async fn node(nats: SocketAddr) -> Server {
    let config = ServerConfig {
        bus: Some(format!("nats://{nats}")),
        arrivals: Rate::per_second(10_000, 10_000),
        addresses: None,
        ..ServerConfig::default()
    };
    Server::start(config).await.expect("a free port on loopback")
}

/// Waits until a condition holds.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let holds = async {
        while !holds().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, holds).await.unwrap_or_else(|_| panic!("it did not come to pass that {what}"));
}

async fn know_each_other(nodes: [&Server; 2]) {
    until("both nodes know of each other", async || nodes.iter().all(|node| node.metrics().nodes == 2)).await;
}

/// Asks again and again until this member is named.
async fn asks_until_it_hears_of(browser: &mut Browser, topic: Topic, other: PeerId) {
    let search = async {
        loop {
            browser.say(&ToServer::Join { topic }).await;
            let named = async {
                loop {
                    match browser.hear().await {
                        FromServer::Peers { peers, .. } if peers.contains(&other) => return,
                        _ => {}
                    }
                }
            };
            if timeout(AGAIN, named).await.is_ok() {
                return;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("the other one is named");
}

async fn signals(from: &mut Browser, from_id: PeerId, to: &mut Browser, to_id: PeerId, word: u8) {
    from.say(&ToServer::Signal { topic: TOPIC, to: to_id, payload: vec![word] }).await;
    let expected = FromServer::Signal { topic: TOPIC, from: from_id, payload: vec![word] };
    let arrives = async { while to.hear().await != expected {} };
    timeout(PATIENCE, arrives).await.expect("the signal arrives");
}

/// A signal to somebody who is not there comes back as such.
async fn finds_gone(browser: &mut Browser, peer: PeerId) {
    browser.say(&ToServer::Signal { topic: TOPIC, to: peer, payload: vec![] }).await;
    let told = async { while browser.hear().await != (FromServer::Gone { peer }) {} };
    timeout(PATIENCE, told).await.expect("it is told");
}

/// Ann at one node and Bob at another, who have met.
struct Two {
    east: Server,
    west: Server,
    ann: Browser,
    ann_id: PeerId,
    bob: Browser,
    bob_id: PeerId,
}

impl Two {
    async fn met(nats: &Nats) -> Self {
        let (east, west) = (node(nats.addr).await, node(nats.addr).await);
        know_each_other([&east, &west]).await;
        let (mut ann, ann_id) = Browser::greeted(east.addr()).await;
        let (mut bob, bob_id) = Browser::greeted(west.addr()).await;
        ann.say(&ToServer::Join { topic: TOPIC }).await;
        assert_eq!(ann.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![] });
        asks_until_it_hears_of(&mut bob, TOPIC, ann_id).await;
        Self { east, west, ann, ann_id, bob, bob_id }
    }
}

/// Nothing but answers to its own joins has come to a browser.
async fn has_heard_nothing(browser: &mut Browser) {
    while let Ok(heard) = timeout(Duration::from_millis(200), browser.hear()).await {
        assert!(matches!(heard, FromServer::Peers { .. }), "{heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_at_two_nodes_meet_and_nobody_hears_what_is_not_for_it() {
    let Some(nats) = Nats::start().await else { return };
    let Two { east: _east, west, mut ann, ann_id, mut bob, bob_id } = Two::met(&nats).await;
    let (mut dan, dan_id) = Browser::greeted(west.addr()).await;
    let (mut eve, eve_id) = Browser::greeted(west.addr()).await;
    dan.say(&ToServer::Join { topic: TOPIC }).await;
    eve.say(&ToServer::Join { topic: Topic::new([1; 16]) }).await;

    // Within the burst of each.
    for word in 0..30 {
        signals(&mut bob, bob_id, &mut ann, ann_id, word).await;
        signals(&mut ann, ann_id, &mut bob, bob_id, word).await;
    }
    has_heard_nothing(&mut dan).await;
    has_heard_nothing(&mut eve).await;

    // No member of the topic, and nobody at all.
    finds_gone(&mut ann, eve_id).await;
    finds_gone(&mut ann, PeerId::new([3; 16])).await;
    dan.say(&ToServer::Leave { topic: TOPIC }).await;
    until("dan has left", async || west.metrics().members == 2).await;
    finds_gone(&mut ann, dan_id).await;
    has_heard_nothing(&mut dan).await;
    has_heard_nothing(&mut eve).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_is_gone_and_its_browsers_are_found_at_the_next() {
    let Some(nats) = Nats::start().await else { return };
    let Two { east, west, mut ann, ann_id, bob_id, .. } = Two::met(&nats).await;
    west.kill().await;
    until("east serves alone", async || east.metrics().nodes == 1).await;
    finds_gone(&mut ann, bob_id).await;

    let west = node(nats.addr).await;
    know_each_other([&east, &west]).await;
    let (mut bob, bob_id) = Browser::greeted(west.addr()).await;
    asks_until_it_hears_of(&mut bob, TOPIC, ann_id).await;
    signals(&mut bob, bob_id, &mut ann, ann_id, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_bus_each_node_serves_its_own_and_with_it_again_all() {
    let Some(nats) = Nats::start().await else { return };
    let Two { east, west, mut ann, ann_id, mut bob, bob_id } = Two::met(&nats).await;
    let addr = nats.kill();
    until("both serve alone", async || [&east, &west].iter().all(|node| node.metrics().nodes == 1)).await;
    let (mut cid, cid_id) = Browser::greeted(east.addr()).await;
    asks_until_it_hears_of(&mut cid, TOPIC, ann_id).await;
    signals(&mut cid, cid_id, &mut ann, ann_id, 1).await;
    finds_gone(&mut cid, bob_id).await;

    let _nats = Nats::at(addr).await;
    know_each_other([&east, &west]).await;
    asks_until_it_hears_of(&mut cid, TOPIC, bob_id).await;
    signals(&mut cid, cid_id, &mut bob, bob_id, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_and_the_bus_may_die_together_and_come_back_in_any_order() {
    let Some(nats) = Nats::start().await else { return };
    let Two { east, west, mut ann, ann_id, .. } = Two::met(&nats).await;
    let addr = nats.kill();
    west.kill().await;
    // The node is there before the bus that it is to use.
    let west = node(addr).await;
    let (mut bob, bob_id) = Browser::greeted(west.addr()).await;
    bob.say(&ToServer::Join { topic: TOPIC }).await;
    assert_eq!(bob.hear().await, FromServer::Peers { topic: TOPIC, peers: vec![] });
    let _nats = Nats::at(addr).await;
    know_each_other([&east, &west]).await;
    asks_until_it_hears_of(&mut bob, TOPIC, ann_id).await;
    signals(&mut bob, bob_id, &mut ann, ann_id, 3).await;
}

/// Prints what the bus adds; how long it takes on a busy machine proves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_bus_adds_little() {
    let Some(nats) = Nats::start().await else { return };
    let Two { east, west: _west, mut ann, ann_id, mut bob, bob_id } = Two::met(&nats).await;
    let (mut cid, cid_id) = Browser::greeted(east.addr()).await;
    asks_until_it_hears_of(&mut cid, TOPIC, ann_id).await;
    let mut medians = Vec::new();
    for (to, to_id) in [(&mut cid, cid_id), (&mut bob, bob_id)] {
        let mut times = Vec::new();
        for word in 0..100 {
            // Within its rate.
            sleep(Duration::from_millis(55)).await;
            let said = Instant::now();
            signals(&mut ann, ann_id, to, to_id, word).await;
            times.push(said.elapsed());
        }
        times.sort();
        medians.push(times[times.len() / 2].as_secs_f64() * 1e3);
    }
    println!(
        "a signal takes {:.2} ms within a node and {:.2} ms across two (medians)",
        medians[0], medians[1]
    );
}
