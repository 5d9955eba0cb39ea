//! Who is where, who may speak to whom, and how often: the server without its sockets.
//!
//! A pure state machine. Time comes in as milliseconds of any clock that does not run backwards, randomness as a
//! generator; each thing that happens makes at most one message for at most one browser. The simulator drives it
//! directly, the sessions through a lock.
//!
//! ```
//! use rand::{SeedableRng, rngs::StdRng};
//! use slipstream_signal::place::Places;
//! use slipstream_signal::router::{Router, Settings};
//! use slipstream_wire::{VERSION, server::{FromServer, ToServer}};
//!
//! let mut rng = StdRng::seed_from_u64(7);
//! let mut router = Router::new(Settings::default());
//! let browser = router.connect(Places::new(1).of([192, 0, 2, 1].into()), 0, &mut rng)?;
//! let sent = router.receive(browser, ToServer::Hello { version: VERSION }, 5, &mut rng)?.unwrap();
//! assert_eq!(sent.message, FromServer::Welcome { version: VERSION, you: browser });
//! # Ok::<(), slipstream_signal::refusal::Refusal>(())
//! ```

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rand::{Rng, RngExt};
use slipstream_wire::VERSION;
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{FromServer, MAX_TOPICS, ToServer};

use crate::bucket::{Bucket, Rate};
use crate::ice::Ice;
use crate::members::{INTRODUCED, Members};
use crate::names::NameHasher;
use crate::place::Place;
use crate::refusal::Refusal;

pub use crate::members::Pairing;

/// Messages of one connection (SECURITY.md §5.1). A browser that meets eight peers sends about eighty signals
/// with trickled candidates, over some seconds.
pub const MESSAGES: Rate = Rate::per_second(20, 40);
/// Joins of one connection (SECURITY.md §5.1). The burst lets it come back with all its topics at once.
pub const JOINS: Rate = Rate::per_second(1, 16);
const _: () = assert!(JOINS.burst as usize == MAX_TOPICS);
/// New acquaintances of one connection: enough for all its topics at once, and then a few each minute for a browser
/// that finds nobody. Nobody harvests a topic by asking.
pub const ACQUAINTANCES: Rate = Rate::per_minute(4, 64);
const _: () = assert!(ACQUAINTANCES.burst as usize >= INTRODUCED * MAX_TOPICS);
/// Credentials of one connection: three, and three more every ten minutes (SECURITY.md §5.4).
const CREDENTIALS: Rate = Rate::per_minute(1, 3);
/// Messages dropped for their rate before the connection is closed: a slip is forgiven, a flood is not.
pub const PATIENCE: Rate = Rate::per_second(1, 40);

/// What a router is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Most connections at once.
    pub capacity: usize,
    /// New connections: what comes faster, as after a restart, is told to come later.
    pub arrivals: Rate,
    /// How newcomers are paired.
    pub pairing: Pairing,
    /// STUN and TURN servers to announce.
    pub ice: Ice,
    /// The time at which the router's clock shows 0, in seconds since 1970. Credentials need it.
    pub unix: u64,
    /// Where nodes share topics, this one's name: the first four bytes of each name that it gives. Best random.
    pub node: Option<NodeId>,
}

impl Default for Settings {
    /// 10,000 connections, 500 new ones a second, pairing by distance, one node, no STUN or TURN.
    fn default() -> Self {
        Self {
            capacity: 10_000,
            arrivals: Rate::per_second(500, 500),
            pairing: Pairing::default(),
            ice: Ice::default(),
            unix: 0,
            node: None,
        }
    }
}

/// A node among others.
pub type NodeId = [u8; 4];

/// A message, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The connection that is to get it.
    pub to: PeerId,
    /// What it is to get.
    pub message: FromServer,
}

/// All connections and topics of one server.
///
/// *Invariant:* a connection is among the members of a topic exactly if the topic is in its list; a topic without
/// members does not exist. So the number of topics is at most [`MAX_TOPICS`] times that of connections.
#[derive(Debug)]
pub struct Router {
    settings: Settings,
    arrivals: Bucket,
    connections: HashMap<PeerId, Connection, BuildHasherDefault<NameHasher>>,
    topics: HashMap<Topic, Members>,
    memberships: usize,
}

#[derive(Debug)]
struct Connection {
    greeted: bool,
    place: Place,
    /// At most [`MAX_TOPICS`].
    topics: Vec<Topic>,
    messages: Bucket,
    joins: Bucket,
    acquaintances: Bucket,
    credentials: Bucket,
    patience: Bucket,
}

impl Router {
    /// An empty router.
    pub fn new(settings: Settings) -> Self {
        Self {
            arrivals: Bucket::full(settings.arrivals, 0),
            settings,
            connections: HashMap::default(),
            topics: HashMap::new(),
            memberships: 0,
        }
    }

    /// A socket opened. Gives the connection its name: 16 random bytes, or the node's name and 12.
    ///
    /// Errors: [`Refusal::Full`], [`Refusal::Rush`].
    pub fn connect(&mut self, place: Place, now: u64, rng: &mut impl Rng) -> Result<PeerId, Refusal> {
        if self.connections.len() >= self.settings.capacity {
            return Err(Refusal::Full);
        }
        if !self.arrivals.take(self.settings.arrivals, now) {
            return Err(Refusal::Rush);
        }
        let mut name: [u8; PeerId::LEN] = rng.random();
        if let Some(node) = self.settings.node {
            name[..4].copy_from_slice(&node);
        }
        let peer = PeerId::new(name);
        let connection = Connection {
            greeted: false,
            place,
            topics: Vec::new(),
            messages: Bucket::full(MESSAGES, now),
            joins: Bucket::full(JOINS, now),
            acquaintances: Bucket::full(ACQUAINTANCES, now),
            credentials: Bucket::full(CREDENTIALS, now),
            patience: Bucket::full(PATIENCE, now),
        };
        // Equal names need a broken generator; then the older connection stays what it is.
        if self.connections.contains_key(&peer) {
            return Err(Refusal::Full);
        }
        self.connections.insert(peer, connection);
        Ok(peer)
    }

    /// A message came in from a connection. A signal may be for a connection of another node; see [`Self::is_foreign`].
    ///
    /// Errors: [`Refusal::Flood`], [`Refusal::Ice`], [`Refusal::Joins`], [`Refusal::Order`], [`Refusal::Rate`],
    /// [`Refusal::TopicFull`], [`Refusal::Topics`], [`Refusal::Version`]; see [`Refusal::close_code`] for which of
    /// them end the connection. From a connection that is not, or no longer, open: [`Refusal::Order`].
    pub fn receive(
        &mut self,
        from: PeerId,
        message: ToServer,
        now: u64,
        rng: &mut impl Rng,
    ) -> Result<Option<Sent>, Refusal> {
        let connection = self.connections.get_mut(&from).ok_or(Refusal::Order)?;
        if !connection.messages.take(MESSAGES, now) {
            return Err(connection.too_fast(Refusal::Rate, now));
        }
        match (message, connection.greeted) {
            (ToServer::Hello { version }, false) => {
                if version != VERSION {
                    return Err(Refusal::Version);
                }
                connection.greeted = true;
                let welcome = FromServer::Welcome { version: VERSION, you: from };
                Ok(Some(Sent { to: from, message: welcome }))
            }
            (ToServer::Join { topic }, true) => self.join(from, topic, now, rng).map(Some),
            (ToServer::Leave { topic }, true) => {
                self.leave(from, topic);
                Ok(None)
            }
            (ToServer::Signal { topic, to, payload }, true) => Ok(Some(self.relay(from, topic, to, payload))),
            (ToServer::Cell { cell }, true) => {
                connection.place.cell = Some(cell);
                Ok(None)
            }
            (ToServer::Ice, true) => {
                if !connection.credentials.take(CREDENTIALS, now) {
                    return Err(connection.too_fast(Refusal::Ice, now));
                }
                let message = self.settings.ice.announce(self.settings.unix.saturating_add(now / 1000), rng);
                Ok(Some(Sent { to: from, message }))
            }
            _ => Err(Refusal::Order),
        }
    }

    /// The round trip to a connection was measured, in ms.
    pub fn measured(&mut self, peer: PeerId, round_trip: u16) {
        let Some(connection) = self.connections.get_mut(&peer) else { return };
        connection.place.round_trip = Some(round_trip);
        for topic in &connection.topics {
            if let Some(members) = self.topics.get_mut(topic) {
                members.measured(peer, round_trip);
            }
        }
    }

    /// A socket closed, for whatever reason. Others learn of it when they signal to it.
    pub fn disconnect(&mut self, peer: PeerId) {
        let Some(connection) = self.connections.remove(&peer) else { return };
        for topic in connection.topics {
            self.remove_member(peer, topic);
        }
    }

    /// How many sockets are open.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// How many topics have members.
    pub fn topics(&self) -> usize {
        self.topics.len()
    }

    /// How many memberships there are, over all topics.
    pub const fn members(&self) -> usize {
        self.memberships
    }

    // ---- other nodes

    /// Whether this name was given by another node.
    pub fn is_foreign(&self, peer: PeerId) -> bool {
        self.settings.node.is_some_and(|node| node_of(peer) != node)
    }

    /// Whether a member of a topic may hear of so many members at other nodes, as of new acquaintances here.
    pub fn may_meet_foreign(&mut self, asker: PeerId, topic: Topic, wanted: usize, now: u64) -> bool {
        self.connections.get_mut(&asker).is_some_and(|connection| {
            connection.topics.contains(&topic)
                && (0..wanted).all(|_| connection.acquaintances.take(ACQUAINTANCES, now))
        })
    }

    /// Members of a topic for somebody at another node, those with room first.
    pub fn lend(&self, topic: Topic, wanted: usize, rng: &mut impl Rng) -> Vec<PeerId> {
        self.topics.get(&topic).map(|members| members.lend(wanted, rng)).unwrap_or_default()
    }

    /// Another node named members for one of ours. Nothing if it has left the topic in the meantime.
    pub fn borrow(&self, asker: PeerId, topic: Topic, mut peers: Vec<PeerId>) -> Option<Sent> {
        peers.retain(|peer| self.is_foreign(*peer));
        peers.truncate(INTRODUCED);
        let message = FromServer::Peers { topic, peers };
        self.has_joined(asker, topic).then_some(Sent { to: asker, message })
    }

    /// A signal came from a member at another node: to the target if it is a member here; else back, as if it had
    /// never been.
    pub fn receive_foreign(&self, from: PeerId, topic: Topic, to: PeerId, payload: Vec<u8>) -> Sent {
        if self.is_foreign(from) && self.has_joined(to, topic) {
            Sent { to, message: FromServer::Signal { topic, from, payload } }
        } else {
            Sent { to: from, message: FromServer::Gone { peer: to } }
        }
    }

    fn join(&mut self, from: PeerId, topic: Topic, now: u64, rng: &mut impl Rng) -> Result<Sent, Refusal> {
        let connection = self.connections.get_mut(&from).ok_or(Refusal::Order)?;
        if !connection.joins.take(JOINS, now) {
            return Err(connection.too_fast(Refusal::Joins, now));
        }
        if !connection.topics.contains(&topic) {
            if connection.topics.len() >= MAX_TOPICS {
                return Err(connection.too_fast(Refusal::Topics, now));
            }
            if !self.topics.entry(topic).or_default().add(from, connection.place) {
                return Err(Refusal::TopicFull);
            }
            connection.topics.push(topic);
            self.memberships += 1;
        }
        let may_meet = || connection.acquaintances.take(ACQUAINTANCES, now);
        let members = self.topics.get_mut(&topic).ok_or(Refusal::Order)?;
        let peers = members.ask(from, self.settings.pairing, may_meet, rng);
        Ok(Sent { to: from, message: FromServer::Peers { topic, peers } })
    }

    fn leave(&mut self, peer: PeerId, topic: Topic) {
        let Some(connection) = self.connections.get_mut(&peer) else { return };
        if let Some(place) = connection.topics.iter().position(|joined| *joined == topic) {
            connection.topics.swap_remove(place);
            self.remove_member(peer, topic);
        }
    }

    /// To the target if both are members, or if another node may know it; else back to the sender, as if the target
    /// had never been.
    fn relay(&self, from: PeerId, topic: Topic, to: PeerId, payload: Vec<u8>) -> Sent {
        let known = self.is_foreign(to) || self.has_joined(to, topic);
        if from != to && known && self.has_joined(from, topic) {
            Sent { to, message: FromServer::Signal { topic, from, payload } }
        } else {
            Sent { to: from, message: FromServer::Gone { peer: to } }
        }
    }

    fn has_joined(&self, peer: PeerId, topic: Topic) -> bool {
        self.connections.get(&peer).is_some_and(|found| found.topics.contains(&topic))
    }

    fn remove_member(&mut self, peer: PeerId, topic: Topic) {
        let Some(members) = self.topics.get_mut(&topic) else { return };
        members.remove(peer);
        self.memberships -= 1;
        if members.is_empty() {
            self.topics.remove(&topic);
        }
    }
}

/// The node that gave a name, where nodes share topics.
pub fn node_of(peer: PeerId) -> NodeId {
    let [a, b, c, d, ..] = *peer.as_bytes();
    [a, b, c, d]
}

impl Connection {
    /// What a message above a limit leads to: the given refusal, or the end once patience is used up.
    fn too_fast(&mut self, refusal: Refusal, now: u64) -> Refusal {
        if self.patience.take(PATIENCE, now) { refusal } else { Refusal::Flood }
    }
}

#[cfg(test)]
mod tests;
