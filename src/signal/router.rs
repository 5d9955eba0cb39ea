//! Who is where, who may speak to whom, and how often: the server without its sockets.
//!
//! A pure state machine. Time comes in as milliseconds of any clock that does not run backwards, randomness as a
//! generator; each thing that happens makes at most one message for at most one browser. The simulator drives it
//! directly, the sessions through a lock.
//!
//! ```
//! use rand::{SeedableRng, rngs::StdRng};
//! use slipstream_signal::router::Router;
//! use slipstream_wire::{VERSION, server::{FromServer, ToServer}};
//!
//! let mut router = Router::new(1000);
//! let browser = router.connect(0, &mut StdRng::seed_from_u64(7))?;
//! let sent = router.receive(browser, ToServer::Hello { version: VERSION }, 5)?.unwrap();
//! assert_eq!(sent.message, FromServer::Welcome { version: VERSION, you: browser });
//! # Ok::<(), slipstream_signal::refusal::Refusal>(())
//! ```

use std::collections::HashMap;

use rand::{Rng, RngExt};
use slipstream_wire::VERSION;
use slipstream_wire::id::{PeerId, Topic};
use slipstream_wire::server::{FromServer, MAX_TOPICS, ToServer};

use crate::bucket::{Bucket, Rate};
use crate::members::Members;
use crate::refusal::Refusal;

/// Messages of one connection (SECURITY.md §5.1). A browser that meets eight peers sends about eighty signals
/// with trickled candidates, over some seconds.
pub const MESSAGES: Rate = Rate { per_second: 20, burst: 40 };
/// Joins of one connection (SECURITY.md §5.1). The burst lets it come back with all its topics at once.
pub const JOINS: Rate = Rate { per_second: 1, burst: 16 };
const _: () = assert!(JOINS.burst as usize == MAX_TOPICS);
/// Messages dropped for their rate before the connection is closed: a slip is forgiven, a flood is not.
pub const PATIENCE: Rate = Rate { per_second: 1, burst: 40 };

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
    capacity: usize,
    connections: HashMap<PeerId, Connection>,
    topics: HashMap<Topic, Members>,
    memberships: usize,
}

#[derive(Debug)]
struct Connection {
    greeted: bool,
    /// Secret and random: what lots are drawn with.
    key: u64,
    /// At most [`MAX_TOPICS`].
    topics: Vec<Topic>,
    messages: Bucket,
    joins: Bucket,
    patience: Bucket,
}

impl Router {
    /// An empty router for at most `capacity` connections.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, connections: HashMap::new(), topics: HashMap::new(), memberships: 0 }
    }

    /// A socket opened. Gives the connection its name: 16 random bytes.
    ///
    /// Errors: [`Refusal::Full`].
    pub fn connect(&mut self, now: u64, rng: &mut impl Rng) -> Result<PeerId, Refusal> {
        if self.connections.len() >= self.capacity {
            return Err(Refusal::Full);
        }
        let peer = PeerId::new(rng.random());
        let connection = Connection {
            greeted: false,
            key: rng.random(),
            topics: Vec::new(),
            messages: Bucket::full(MESSAGES, now),
            joins: Bucket::full(JOINS, now),
            patience: Bucket::full(PATIENCE, now),
        };
        // Equal names need a broken generator; then the older connection stays what it is.
        if self.connections.contains_key(&peer) {
            return Err(Refusal::Full);
        }
        self.connections.insert(peer, connection);
        Ok(peer)
    }

    /// A message came in from a connection.
    ///
    /// Errors: [`Refusal::Flood`], [`Refusal::Joins`], [`Refusal::Order`], [`Refusal::Rate`],
    /// [`Refusal::TopicFull`], [`Refusal::Topics`], [`Refusal::Version`]; see [`Refusal::close_code`] for which of
    /// them end the connection. From a connection that is not, or no longer, open: [`Refusal::Order`].
    pub fn receive(&mut self, from: PeerId, message: ToServer, now: u64) -> Result<Option<Sent>, Refusal> {
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
            (ToServer::Join { topic }, true) => self.join(from, topic, now).map(Some),
            (ToServer::Leave { topic }, true) => {
                self.leave(from, topic);
                Ok(None)
            }
            (ToServer::Signal { topic, to, payload }, true) => Ok(Some(self.relay(from, topic, to, payload))),
            _ => Err(Refusal::Order),
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
    pub fn members(&self) -> usize {
        self.memberships
    }

    fn join(&mut self, from: PeerId, topic: Topic, now: u64) -> Result<Sent, Refusal> {
        let connection = self.connections.get_mut(&from).ok_or(Refusal::Order)?;
        if !connection.joins.take(JOINS, now) {
            return Err(connection.too_fast(Refusal::Joins, now));
        }
        if !connection.topics.contains(&topic) {
            if connection.topics.len() >= MAX_TOPICS {
                return Err(connection.too_fast(Refusal::Topics, now));
            }
            if !self.topics.entry(topic).or_default().add(from, connection.key) {
                return Err(Refusal::TopicFull);
            }
            connection.topics.push(topic);
            self.memberships += 1;
        }
        let lot = connection.key ^ number(topic) ^ (now / DAY);
        let peers = self.topics.get(&topic).map(|members| members.meet(from, lot)).unwrap_or_default();
        Ok(Sent { to: from, message: FromServer::Peers { topic, peers } })
    }

    fn leave(&mut self, peer: PeerId, topic: Topic) {
        let Some(connection) = self.connections.get_mut(&peer) else { return };
        if let Some(place) = connection.topics.iter().position(|joined| *joined == topic) {
            connection.topics.swap_remove(place);
            self.remove_member(peer, topic);
        }
    }

    /// To the target if both are members; else back to the sender, as if the target had never been.
    fn relay(&self, from: PeerId, topic: Topic, to: PeerId, payload: Vec<u8>) -> Sent {
        let joined = |peer| self.connections.get(&peer).is_some_and(|found| found.topics.contains(&topic));
        if from != to && joined(from) && joined(to) {
            Sent { to, message: FromServer::Signal { topic, from, payload } }
        } else {
            Sent { to: from, message: FromServer::Gone { peer: to } }
        }
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

impl Connection {
    /// What a message above a limit leads to: the given refusal, or the end once patience is used up.
    fn too_fast(&mut self, refusal: Refusal, now: u64) -> Refusal {
        if self.patience.take(PATIENCE, now) { refusal } else { Refusal::Flood }
    }
}

/// Eight bytes of a topic as a number. Topics are hashes, so any eight will do.
fn number(topic: Topic) -> u64 {
    topic.as_bytes().first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

/// Milliseconds: for so long the same asker meets the same members (SECURITY.md §5.1).
const DAY: u64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests;
