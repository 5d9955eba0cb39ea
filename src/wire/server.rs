//! Browser to introduction server and back: MessagePack over a WebSocket at `/v1`, binary messages only.

use serde::{Deserialize, Serialize};

use crate::id::{PeerId, Topic};

/// Longest message in either direction, in bytes (SECURITY.md §5.1).
pub const MAX_MESSAGE: usize = 16 * 1024;
/// Longest sealed payload of a signal, in bytes: the message less its envelope.
pub const MAX_PAYLOAD: usize = 12 * 1024;
/// Most peers in one answer (SECURITY.md §5.1).
pub const MAX_PEERS: usize = 8;
/// Most topics of one connection (SECURITY.md §5.1).
pub const MAX_TOPICS: usize = 16;

/// What a browser says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToServer {
    /// First message on the socket, within five seconds.
    #[serde(rename = "h")]
    Hello {
        /// [`crate::VERSION`] of the sender.
        version: u16,
    },
    /// "I belong here; whom may I meet?" Answered by [`FromServer::Peers`].
    #[serde(rename = "j")]
    Join {
        /// The bucket.
        topic: Topic,
    },
    /// The opposite of joining.
    #[serde(rename = "l")]
    Leave {
        /// The bucket.
        topic: Topic,
    },
    /// A sealed signal for exactly one member of a topic that both have joined.
    #[serde(rename = "s")]
    Signal {
        /// The topic that both have joined.
        topic: Topic,
        /// Whom it is for.
        to: PeerId,
        /// Opaque to the server, at most [`MAX_PAYLOAD`] bytes.
        #[serde(with = "serde_bytes")]
        payload: Vec<u8>,
    },
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromServer {
    /// Answer to [`ToServer::Hello`].
    #[serde(rename = "w")]
    Welcome {
        /// [`crate::VERSION`] of the server.
        version: u16,
        /// The name of this connection for as long as it lasts.
        you: PeerId,
    },
    /// Answer to [`ToServer::Join`]: members to make an offer to, at most [`MAX_PEERS`]. Those who come later
    /// learn of this browser and make the offer themselves, so two never offer to each other on the server's word.
    #[serde(rename = "p")]
    Peers {
        /// The bucket.
        topic: Topic,
        /// Members, never the asker itself.
        peers: Vec<PeerId>,
    },
    /// A signal from a member of a common topic.
    #[serde(rename = "s")]
    Signal {
        /// The common topic.
        topic: Topic,
        /// Who sent it, in the server's words.
        from: PeerId,
        /// As it was given to the server.
        #[serde(with = "serde_bytes")]
        payload: Vec<u8>,
    },
    /// A signal could not be delivered: its target is not, or no longer, a member.
    #[serde(rename = "g")]
    Gone {
        /// The target.
        peer: PeerId,
    },
    /// The server is about to close; come back after this many seconds, with jitter.
    #[serde(rename = "a")]
    Away {
        /// Seconds, 1 to 3,600.
        retry_after: u16,
    },
}

/// Why the server closed a socket: WebSocket close codes of the private range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// Not a message of this vocabulary, or not in this place.
    Malformed = 4000,
    /// Versions do not meet.
    Version = 4001,
    /// More messages, joins or offers than the limits allow.
    Rate = 4002,
    /// The reader is slower than what is sent to it.
    Slow = 4003,
    /// Nothing was heard for too long.
    Silent = 4004,
    /// The server is full or going away.
    Away = 4005,
}
