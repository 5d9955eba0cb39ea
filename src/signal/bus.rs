//! What nodes say to each other over NATS, so that a browser at one is paired with a browser at another.
//!
//! Nodes own their members; nothing is replicated. A join is told to all nodes, those with members of the topic name
//! some, and signals go to the node whose name begins the target's. A word that can't be said now is dropped, never
//! kept: the bus lost is a server that runs alone, and browsers that find nobody ask again.
//!
//! Whoever may speak on the bus is trusted to be a node; keep it to yourself (NATS accounts, TLS, a private network).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event};
use axum::body::Bytes;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use slipstream_wire::codec::{Limits, decode, encode};
use slipstream_wire::id::{PeerId, Topic};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::hub::Hub;
use crate::router::{NodeId, node_of};

/// One word on the bus: MessagePack as between browser and server, and within the same limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Word {
    /// Who else is a member of this topic?
    #[serde(rename = "k")]
    Seek { topic: Topic, asker: PeerId, wanted: u8 },
    /// These are.
    #[serde(rename = "f")]
    Found { topic: Topic, asker: PeerId, peers: Vec<PeerId> },
    /// A signal from a member here to a member there.
    #[serde(rename = "s")]
    Signal {
        topic: Topic,
        from: PeerId,
        to: PeerId,
        #[serde(with = "serde_bytes")]
        payload: Vec<u8>,
    },
    /// The target of a signal is no member.
    #[serde(rename = "g")]
    Gone { to: PeerId, peer: PeerId },
}

/// This node's end of the bus.
#[derive(Debug)]
pub(crate) struct Bus {
    node: NodeId,
    out: mpsc::Sender<(String, Bytes)>,
    /// Other nodes, and when each was last heard of.
    others: Arc<Mutex<HashMap<NodeId, u64>>>,
}

impl Bus {
    /// An end that is not plugged in yet, and what [`plug_in`] needs.
    pub(crate) fn new(node: NodeId) -> (Self, Plug) {
        let (out, words) = mpsc::channel(MAX_WORDS);
        let others = Arc::default();
        (Self { node, out, others: Arc::clone(&others) }, Plug { node, words, others })
    }

    /// Says a word to the node of this connection, or to all. `false` if it was dropped.
    pub(crate) fn say(&self, to: Option<PeerId>, word: Word) -> bool {
        let subject = to.map_or_else(|| EVERYBODY.to_owned(), |to| subject_of(node_of(to)));
        to.is_none_or(|to| node_of(to) != self.node)
            && self.out.try_send((subject, encode(&word).into())).is_ok()
    }

    /// Whether the node of this connection was heard of lately.
    pub(crate) fn reaches(&self, peer: PeerId, now: u64) -> bool {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.get(&node_of(peer)).is_some_and(|heard| now.saturating_sub(*heard) < LOST)
    }

    /// Other nodes that were heard of lately.
    pub(crate) fn nodes(&self, now: u64) -> usize {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.values().filter(|heard| now.saturating_sub(**heard) < LOST).count()
    }
}

/// The other side of a [`Bus`].
#[derive(Debug)]
pub(crate) struct Plug {
    node: NodeId,
    words: mpsc::Receiver<(String, Bytes)>,
    others: Arc<Mutex<HashMap<NodeId, u64>>>,
}

/// Carries words between the bus and the hub for ever. Whether NATS can be reached now makes no difference: it is tried
/// again until it can.
///
/// Errors: the address is none.
pub(crate) async fn plug_in(url: String, hub: Arc<Hub>, plug: Plug) -> Result<(), async_nats::Error> {
    let addresses: Vec<async_nats::ServerAddr> = url.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let client = ConnectOptions::new()
        .retry_on_initial_connect()
        .max_reconnects(None)
        // From everybody at once after NATS was restarted: a tenth of a second is little, and enough.
        .reconnect_delay_callback(|attempt| {
            PAUSE.saturating_mul(u32::try_from(attempt.min(20)).unwrap_or(20))
        })
        .event_callback(async |event| match event {
            Event::Connected => info!("bus connected"),
            Event::Disconnected => warn!("bus lost: serving alone"),
            _ => {}
        })
        .connect(addresses)
        .await?;
    let own = client.subscribe(subject_of(plug.node)).await?;
    let everybody = client.subscribe(EVERYBODY).await?;
    let alive = client.subscribe(ALIVE).await?;
    let mut heard = stream::select(own, everybody);
    let Plug { node, mut words, others } = plug;
    let mut alive = alive;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(message) = heard.next() => {
                // What is no word was said by somebody who is no node, or a newer one.
                if let Ok(word) = decode(&message.payload, &Limits::SERVER) {
                    hub.receive_word(word);
                }
            }
            Some(message) = alive.next() => {
                if let Ok(other) = NodeId::try_from(&*message.payload) && other != node {
                    note(&others, other, hub.now());
                }
            }
            Some((subject, bytes)) = words.recv() => say(&client, subject, bytes).await,
            _ = beat.tick() => say(&client, ALIVE.to_owned(), Bytes::copy_from_slice(&node)).await,
            else => return Ok(()),
        }
    }
}

/// Says it now or never: what waited for a reconnection would be old.
async fn say(client: &Client, subject: String, bytes: Bytes) {
    if client.connection_state() == State::Connected {
        // Fails only when the client has ended.
        let _ = client.publish(subject, bytes).await;
    }
}

fn note(others: &Mutex<HashMap<NodeId, u64>>, other: NodeId, now: u64) {
    let mut others = others.lock().unwrap_or_else(PoisonError::into_inner);
    others.retain(|_, heard| now.saturating_sub(*heard) < LOST);
    if others.len() < MAX_NODES {
        others.insert(other, now);
    }
}

fn subject_of([a, b, c, d]: NodeId) -> String {
    format!("slipstream.v1.node.{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// Where all nodes listen.
const EVERYBODY: &str = "slipstream.v1.seek";
/// Where nodes say that they are there.
const ALIVE: &str = "slipstream.v1.alive";
/// Words that wait to be said: about a second's worth. More are dropped.
const MAX_WORDS: usize = 8_192;
/// Nodes that are known at once.
const MAX_NODES: usize = 256;
/// How often a node says that it is there.
const BEAT: Duration = Duration::from_millis(500);
/// A node that was not heard of for so long is lost, in ms.
const LOST: u64 = 2_000;
/// Pause before NATS is tried again; the twentieth and later ones are twenty times as long.
const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerId = PeerId::new([7; 16]);
    const TOPIC: Topic = Topic::new([9; 16]);

    #[test]
    fn words_come_back_as_they_went() {
        let words = [
            Word::Seek { topic: TOPIC, asker: PEER, wanted: 3 },
            Word::Found { topic: TOPIC, asker: PEER, peers: vec![PEER; 3] },
            Word::Signal { topic: TOPIC, from: PEER, to: PEER, payload: vec![0xff; 12 * 1024] },
            Word::Gone { to: PEER, peer: PEER },
        ];
        for word in words {
            assert_eq!(decode(&encode(&word), &Limits::SERVER), Ok(word));
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_not_kept() {
        let (bus, _plug) = Bus::new([1; 4]);
        let said =
            (0..2 * MAX_WORDS).filter(|_| bus.say(Some(PEER), Word::Gone { to: PEER, peer: PEER })).count();
        assert_eq!(said, MAX_WORDS);
    }

    #[test]
    fn a_node_is_reached_while_it_is_heard() {
        let (bus, plug) = Bus::new([1; 4]);
        assert!(!bus.reaches(PEER, 0));
        note(&plug.others, [7; 4], 1_000);
        assert!(bus.reaches(PEER, 1_000 + LOST - 1));
        assert!(!bus.reaches(PEER, 1_000 + LOST));
        assert_eq!((bus.nodes(1_500), bus.nodes(9_000)), (1, 0));
    }
}
