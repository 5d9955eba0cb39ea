use slipstream_core::{
    Engine,
    fact::Fact,
    port::{Input, Output},
    settings::{IceServer, Settings},
    shelf::Snapshot,
    time::Now,
};
use slipstream_sim::settings;
use slipstream_wire::{
    VERSION, codec,
    id::{PeerId, Topic},
    server::{FromServer, IceServer as Announced, ToServer},
};

const US: PeerId = PeerId::new([1; 16]);

/// An engine, and a server that says what a test wants it to say.
struct Desk {
    engine: Engine,
    ms: u64,
    topic: Option<Topic>,
}

impl Desk {
    /// A member that was welcomed by the server, and what it said to that.
    fn welcomed(settings: Settings) -> (Self, Vec<ToServer>) {
        let engine = Engine::new([7; 32], Snapshot::default(), Now { ms: 0, unix: 1_800_000_000 });
        let mut desk = Self { engine, ms: 0, topic: None };
        desk.handle(Input::Fact(Fact::Settings { settings: Box::new(settings) }));
        desk.handle(Input::SocketOpen);
        let said = desk.hears(&FromServer::Welcome { version: VERSION, you: US });
        (desk, said.0)
    }

    fn hears(&mut self, message: &FromServer) -> (Vec<ToServer>, Vec<Vec<IceServer>>) {
        self.handle(Input::SocketMessage(codec::encode(message)))
    }

    /// What was said to the server, and with which servers connections were begun.
    fn handle(&mut self, input: Input) -> (Vec<ToServer>, Vec<Vec<IceServer>>) {
        self.engine.handle(input, Now { ms: self.ms, unix: 1_800_000_000 + self.ms / 1_000 });
        let (mut said, mut begun) = (Vec::new(), Vec::new());
        while let Some(output) = self.engine.poll() {
            match output {
                Output::SocketSend(bytes) => {
                    said.extend(codec::decode::<ToServer>(&bytes, &codec::Limits::SERVER));
                }
                Output::Connect { servers, .. } => begun.push(servers),
                _ => {}
            }
        }
        for message in &said {
            if let ToServer::Join { topic } = message {
                self.topic = Some(*topic);
            }
        }
        (said, begun)
    }

    fn is_introduced_to(&mut self, peer: u8) -> (Vec<ToServer>, Vec<Vec<IceServer>>) {
        let topic = self.topic.expect("it has joined");
        self.hears(&FromServer::Peers { topic, peers: vec![PeerId::new([peer; 16])] })
    }
}

fn relay_only() -> Settings {
    let mut settings = settings::member();
    settings.ice.relay_only = true;
    settings
}

fn asks(said: &[ToServer]) -> bool {
    said.contains(&ToServer::Ice)
}

fn announced(url: &str) -> FromServer {
    let server = Announced { url: url.into(), username: "1:a".into(), credential: "b".into() };
    FromServer::Ice { servers: vec![server], seconds: 600 }
}

#[test]
fn who_stays_on_its_own_network_asks_for_none() {
    let (mut desk, said) = Desk::welcomed(settings::member());
    assert!(!asks(&said));
    assert!(!asks(&desk.is_introduced_to(2).0));
}

#[test]
fn who_hides_its_address_connects_by_what_was_announced() {
    let (mut desk, said) = Desk::welcomed(relay_only());
    assert!(asks(&said));
    desk.hears(&announced("turn:relay.example"));
    let (said, begun) = desk.is_introduced_to(2);
    assert!(!asks(&said), "the credentials still hold");
    let [servers] = &begun[..] else { panic!("{} connections", begun.len()) };
    assert_eq!(servers.iter().flat_map(|server| &server.urls).collect::<Vec<_>>(), ["turn:relay.example"]);
    assert_eq!((servers[0].username.as_deref(), servers[0].credential.as_deref()), (Some("1:a"), Some("b")));
}

#[test]
fn who_goes_beyond_its_own_network_asks_as_well_and_keeps_its_own_ways() {
    let mut settings = settings::member();
    settings.ice.lan_only = false;
    let (mut desk, said) = Desk::welcomed(settings);
    assert!(asks(&said));
    desk.hears(&announced("stun:stun.example"));
    let (_, begun) = desk.is_introduced_to(2);
    assert_eq!(begun[0][0].urls, ["stun:stun.example"]);
}

#[test]
fn who_stays_on_its_own_network_gives_its_browser_no_servers_either() {
    let mut settings = settings::member();
    settings.ice.servers =
        vec![IceServer { urls: vec!["stun:stun.example".into()], username: None, credential: None }];
    let (mut desk, _) = Desk::welcomed(settings);
    let (_, begun) = desk.is_introduced_to(2);
    assert_eq!(begun, [vec![]]);
}

#[test]
fn new_credentials_are_asked_for_when_the_old_ones_are_nearly_over() {
    let (mut desk, _) = Desk::welcomed(relay_only());
    desk.hears(&announced("turn:relay.example"));
    desk.ms = 539_000;
    assert!(!asks(&desk.is_introduced_to(2).0));
    desk.ms = 541_000;
    assert!(asks(&desk.is_introduced_to(3).0));
    assert!(!asks(&desk.is_introduced_to(4).0), "once");
}

#[test]
fn what_is_no_relay_is_not_used() {
    let (mut desk, _) = Desk::welcomed(relay_only());
    desk.hears(&announced("https://page.example"));
    let (_, begun) = desk.is_introduced_to(2);
    assert!(begun.iter().all(Vec::is_empty));
}
