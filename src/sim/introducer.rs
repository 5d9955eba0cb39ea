//! The introduction server: the real router behind virtual sockets, honest unless it is told to lie.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use slipstream_signal::{
    place::Places,
    router::{Router, Settings},
};
use slipstream_wire::{
    codec,
    id::{PeerId, Topic},
    server::{FromServer, MAX_PEERS, ToServer},
};

use crate::browser::Life;

/// Signals that a replaying server remembers.
const REMEMBERED: usize = 64;

/// One socket, from dialling to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SocketId(u32);

/// What a hostile server does with what passes through it (SECURITY.md X2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Flips a bit in each payload.
    Corrupt,
    /// Introduces everybody to everybody, whatever they joined, and relays between them.
    Introduce,
    /// Sends each signal back to its sender, as if the target had said it.
    Reflect,
    /// Delivers each signal, and after it all earlier ones again, also to those who were not meant.
    Replay,
    /// Takes each message, and never says a word.
    Silence,
    /// Gives each signal the payload of the last one that somebody else sent.
    Swap,
}

/// What the server does next.
pub(crate) enum Said {
    To(SocketId, Vec<u8>),
    Closed(SocketId),
}

pub(crate) struct Introducer {
    router: Option<Router>,
    rng: StdRng,
    seats: BTreeMap<SocketId, Seat>,
    sockets: BTreeMap<PeerId, SocketId>,
    next: u32,
    pub(crate) lies: BTreeSet<Lie>,
    heard: VecDeque<(PeerId, Vec<u8>)>,
}

struct Seat {
    life: Life,
    peer: PeerId,
    topics: BTreeSet<Topic>,
}

impl Introducer {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            router: Some(Self::router()),
            rng: StdRng::seed_from_u64(seed),
            seats: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next: 0,
            lies: BTreeSet::new(),
            heard: VecDeque::new(),
        }
    }

    fn router() -> Router {
        Router::new(Settings { capacity: 100_000, ..Settings::default() })
    }

    /// A new socket; nothing where nobody listens, or where too many come at once.
    pub(crate) fn dial(&mut self, life: Life, now: Duration) -> Option<SocketId> {
        // All are on one network.
        let place = Places::new(0).of([192, 0, 2, 1].into());
        let peer = self.router.as_mut()?.connect(place, ms(now), &mut self.rng).ok()?;
        let socket = SocketId(self.next);
        self.next += 1;
        self.seats.insert(socket, Seat { life, peer, topics: BTreeSet::new() });
        self.sockets.insert(peer, socket);
        Some(socket)
    }

    pub(crate) fn life_of(&self, socket: SocketId) -> Option<Life> {
        self.seats.get(&socket).map(|seat| seat.life)
    }

    pub(crate) fn hang_up(&mut self, socket: SocketId) {
        if let Some(seat) = self.seats.remove(&socket) {
            self.sockets.remove(&seat.peer);
            if let Some(router) = &mut self.router {
                router.disconnect(seat.peer);
            }
        }
    }

    /// As a crash: every socket ends.
    pub(crate) fn kill(&mut self) -> Vec<(SocketId, Life)> {
        self.router = None;
        self.sockets.clear();
        std::mem::take(&mut self.seats).into_iter().map(|(socket, seat)| (socket, seat.life)).collect()
    }

    pub(crate) fn start(&mut self) {
        if self.router.is_none() {
            self.router = Some(Self::router());
        }
    }

    /// A message came in.
    pub(crate) fn hear(&mut self, socket: SocketId, bytes: &[u8], now: Duration) -> Vec<Said> {
        let (Some(seat), Some(router)) = (self.seats.get_mut(&socket), &mut self.router) else {
            return Vec::new();
        };
        let peer = seat.peer;
        if self.lies.contains(&Lie::Silence) {
            return Vec::new();
        }
        let Ok(message) = codec::decode::<ToServer>(bytes, &codec::Limits::SERVER) else {
            self.hang_up(socket);
            return vec![Said::Closed(socket)];
        };
        if let ToServer::Join { topic } = message {
            seat.topics.insert(topic);
        }
        let forced = match &message {
            ToServer::Signal { to, payload, .. } if self.lies.contains(&Lie::Introduce) => {
                Some((*to, payload.clone()))
            }
            _ => None,
        };
        match (router.receive(peer, message, ms(now), &mut self.rng), forced) {
            (Ok(_), Some((to, payload))) => self.deliver(to, peer, payload),
            (Ok(Some(sent)), None) => match sent.message {
                FromServer::Signal { from, payload, .. } => self.relay(sent.to, from, payload),
                FromServer::Peers { topic, peers } => {
                    let peers = self.named(peer, peers);
                    self.say(sent.to, &FromServer::Peers { topic, peers })
                }
                other => self.say(sent.to, &other),
            },
            (Ok(None), None) => Vec::new(),
            (Err(refusal), _) if refusal.close_code().is_some() => {
                self.hang_up(socket);
                vec![Said::Closed(socket)]
            }
            (Err(_), _) => Vec::new(),
        }
    }

    /// Whom a newcomer is told of.
    fn named(&self, asker: PeerId, mut peers: Vec<PeerId>) -> Vec<PeerId> {
        if self.lies.contains(&Lie::Introduce) {
            let others = self.sockets.keys().filter(|peer| **peer != asker && !peers.contains(peer));
            let others: Vec<_> = others.copied().collect();
            peers.extend(others);
            peers.truncate(MAX_PEERS);
        }
        peers
    }

    /// Passes a signal on, as the lies have it.
    fn relay(&mut self, to: PeerId, from: PeerId, mut payload: Vec<u8>) -> Vec<Said> {
        let others = self.heard.iter().rev().find(|(who, _)| *who != from);
        let before = others.map(|(_, payload)| payload.clone());
        self.heard.push_back((from, payload.clone()));
        if self.heard.len() > REMEMBERED {
            self.heard.pop_front();
        }
        if self.lies.contains(&Lie::Corrupt) {
            let middle = payload.len() / 2;
            if let Some(byte) = payload.get_mut(middle) {
                *byte ^= 1;
            }
        }
        if let (true, Some(before)) = (self.lies.contains(&Lie::Swap), before) {
            payload = before;
        }
        if self.lies.contains(&Lie::Reflect) {
            return self.deliver(from, to, payload);
        }
        let mut said = self.deliver(to, from, payload);
        if self.lies.contains(&Lie::Replay) {
            for (who, payload) in self.heard.clone() {
                said.extend(self.deliver(to, who, payload.clone()));
                said.extend(self.deliver(to, from, payload));
            }
        }
        said
    }

    fn deliver(&self, to: PeerId, from: PeerId, payload: Vec<u8>) -> Vec<Said> {
        let seat = self.sockets.get(&to).and_then(|socket| self.seats.get(socket));
        match seat.and_then(|seat| seat.topics.last().copied()) {
            Some(topic) => self.say(to, &FromServer::Signal { topic, from, payload }),
            None => Vec::new(),
        }
    }

    fn say(&self, to: PeerId, message: &FromServer) -> Vec<Said> {
        let socket = self.sockets.get(&to);
        socket.map(|socket| Said::To(*socket, codec::encode(message))).into_iter().collect()
    }
}

fn ms(now: Duration) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
