//! The introduction server's side: what connections send, in any order and at any time, against the real conduct and
//! the real router.

use arbitrary::{Arbitrary, Unstructured};
use rand::{SeedableRng, rngs::StdRng};
use slipstream_signal::{
    conduct::{Conduct, Due, Frame, Heard},
    place::Places,
    refusal::Refusal,
    router::{Router, Sent, Settings},
};
use slipstream_wire::{
    VERSION,
    codec::{Limits, decode, encode},
    id::{PeerId, Topic},
    server::{FromServer, MAX_PEERS, MAX_TOPICS, ToServer},
};

/// Connections at once.
const SEATS: usize = 4;
/// Topics that well-formed messages name.
const TOPICS: u8 = 24;

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Open(u8),
    Gone(u8),
    Binary(u8, &'a [u8]),
    Hello(u8),
    Join(u8, u8),
    Leave(u8, u8),
    Signal(u8, u8, u8, u16),
    Control(u8, Control),
    Wait(u16),
}

#[derive(Arbitrary, Debug)]
enum Control {
    Ping,
    Pong,
    Text,
    Close,
}

struct Seat {
    peer: PeerId,
    conduct: Conduct,
    /// What it has joined and not left, as far as the router took it.
    topics: Vec<Topic>,
}

struct Server {
    router: Router,
    rng: StdRng,
    now: u64,
    seats: [Option<Seat>; SEATS],
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(steps) = Vec::<Step<'_>>::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
    let mut server = Server {
        router: Router::new(Settings { capacity: SEATS, ..Settings::default() }),
        rng: StdRng::seed_from_u64(7),
        now: 0,
        seats: [const { None }; SEATS],
    };
    for step in steps {
        server.take(&step);
        server.is_sound();
    }
}

impl Server {
    fn take(&mut self, step: &Step<'_>) {
        let topic = |n: u8| Topic::new([n % TOPICS; 16]);
        match *step {
            Step::Open(seat) => self.open(usize::from(seat) % SEATS),
            Step::Gone(seat) => self.close(usize::from(seat) % SEATS),
            Step::Binary(seat, bytes) => self.hear(seat, Frame::Binary(bytes)),
            Step::Hello(seat) => self.say(seat, &ToServer::Hello { version: VERSION }),
            Step::Join(seat, n) => self.say(seat, &ToServer::Join { topic: topic(n) }),
            Step::Leave(seat, n) => self.say(seat, &ToServer::Leave { topic: topic(n) }),
            Step::Signal(seat, n, to, length) => {
                let to = self.seats[usize::from(to) % SEATS].as_ref();
                let to = to.map_or(PeerId::new([9; 16]), |seat| seat.peer);
                self.say(seat, &ToServer::Signal { topic: topic(n), to, payload: vec![0; length.into()] });
            }
            Step::Control(seat, ref control) => {
                let frame = match control {
                    Control::Ping => Frame::Ping,
                    Control::Pong => Frame::Pong,
                    Control::Text => Frame::Text,
                    Control::Close => Frame::Close,
                };
                self.hear(seat, frame);
            }
            Step::Wait(ms) => self.wait(ms.into()),
        }
    }

    fn open(&mut self, at: usize) {
        if self.seats[at].is_some() {
            return;
        }
        let place = Places::new(1).of([192, 0, 2, 1].into());
        if let Ok(peer) = self.router.connect(place, self.now, &mut self.rng) {
            let conduct = Conduct::new(self.now, 3_600_000);
            self.seats[at] = Some(Seat { peer, conduct, topics: Vec::new() });
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(seat) = self.seats[at].take() {
            self.router.disconnect(seat.peer);
        }
    }

    fn say(&mut self, seat: u8, message: &ToServer) {
        self.hear(seat, Frame::Binary(&encode(message)));
    }

    fn hear(&mut self, at: u8, frame: Frame<'_>) {
        let at = usize::from(at) % SEATS;
        let Some(seat) = &mut self.seats[at] else { return };
        let (peer, outcome) = (seat.peer, seat.conduct.hear(frame, self.now));
        let refused = match outcome {
            Ok(Heard::Message(message)) => self.route(at, peer, message).err(),
            Ok(Heard::RoundTrip(ms)) => {
                self.router.measured(peer, ms);
                None
            }
            Ok(Heard::Nothing) => None,
            Err(refusal) => Some(refusal),
        };
        if refused.is_some_and(|refusal| refusal.close_code().is_some()) {
            self.close(at);
        }
    }

    fn route(&mut self, at: usize, peer: PeerId, message: ToServer) -> Result<(), Refusal> {
        let said = message.clone();
        let sent = self.router.receive(peer, message, self.now, &mut self.rng)?;
        if let Some(seat) = &mut self.seats[at] {
            seat.conduct.accepted();
            match said {
                ToServer::Join { topic } if !seat.topics.contains(&topic) => seat.topics.push(topic),
                ToServer::Leave { topic } => seat.topics.retain(|joined| *joined != topic),
                _ => {}
            }
        }
        if let Some(sent) = sent {
            self.delivers(peer, &sent);
        }
        Ok(())
    }

    /// A message fits through the wire, and reaches nobody whom its sender has no topic in common with.
    fn delivers(&self, from: PeerId, sent: &Sent) {
        let bytes = encode(&sent.message);
        assert_eq!(decode::<FromServer>(&bytes, &Limits::SERVER).as_ref(), Ok(&sent.message));
        let topics_of = |peer: PeerId| {
            let mut seats = self.seats.iter().flatten();
            seats.find(|seat| seat.peer == peer).map(|seat| seat.topics.as_slice()).unwrap_or_default()
        };
        match &sent.message {
            FromServer::Signal { topic, from: named, .. } => {
                assert_eq!(*named, from, "nobody speaks in another's name");
                assert!(topics_of(from).contains(topic) && topics_of(sent.to).contains(topic));
            }
            FromServer::Peers { topic, peers } => {
                assert!(peers.len() <= MAX_PEERS && !peers.contains(&from));
                assert!(peers.iter().all(|peer| topics_of(*peer).contains(topic)));
            }
            _ => assert_eq!(sent.to, from),
        }
    }

    fn wait(&mut self, ms: u64) {
        self.now += ms;
        for at in 0..SEATS {
            let Some(seat) = &mut self.seats[at] else { continue };
            if seat.conduct.due() <= self.now && matches!(seat.conduct.look(self.now), Ok(Due::Over) | Err(_))
            {
                self.close(at);
            }
        }
    }

    /// The router's sums are those of what it was told, so nothing outlives its connection.
    fn is_sound(&self) {
        let seats = || self.seats.iter().flatten();
        assert_eq!(self.router.connections(), seats().count());
        assert_eq!(self.router.members(), seats().map(|seat| seat.topics.len()).sum::<usize>());
        assert!(seats().all(|seat| seat.topics.len() <= MAX_TOPICS));
    }
}
