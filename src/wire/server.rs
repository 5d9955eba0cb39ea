//! Browser to introduction server and back: MessagePack over a WebSocket at `/v1`, binary messages only.

use std::fmt;

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
/// Most STUN and TURN servers in one announcement.
pub const MAX_ICE_SERVERS: usize = 8;

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
    /// "Which STUN and TURN servers may I use?" Answered by [`FromServer::Ice`], each time with new credentials.
    #[serde(rename = "i")]
    Ice,
    /// Where this browser roughly is, if its user chose to say so. Topics that are joined from now on prefer members
    /// of the same cell. Not answered.
    #[serde(rename = "c")]
    Cell {
        /// A cell of about 50 km; see [`cell`].
        cell: u32,
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
    /// Answer to [`ToServer::Ice`].
    #[serde(rename = "i")]
    Ice {
        /// At most [`MAX_ICE_SERVERS`]; none where the operator set none.
        servers: Vec<IceServer>,
        /// For how many seconds the credentials hold; 0 where there are none.
        seconds: u16,
    },
}

/// One STUN or TURN server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// As in RFC 7064 and RFC 7065: `stun:host:port`, `turn:host:port?transport=udp`.
    pub url: String,
    /// Empty for STUN.
    pub username: String,
    /// Empty for STUN.
    pub credential: String,
}

/// Never shows who or where.
impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IceServer")
    }
}

/// The cell of a place in degrees, for [`ToServer::Cell`]: rows of 0.45° of latitude, each cut into pieces of the
/// same 50 km at the row's middle. Finer than that no position leaves the browser. `None` for what is no place.
pub fn cell(latitude: f64, longitude: f64) -> Option<u32> {
    if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
        return None;
    }
    let row = ((latitude + 90.0) / CELL_DEGREES).floor().min(ROWS - 1.0);
    let middle = (row + 0.5).mul_add(CELL_DEGREES, -90.0);
    let columns = (middle.to_radians().cos() * 360.0 / CELL_DEGREES).ceil().max(1.0);
    let column = ((longitude + 180.0) / 360.0 * columns).floor().min(columns - 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rows and columns are below 1,000"
    )]
    let (row, column) = (row as u32, column as u32);
    Some(row * 1_000 + column)
}

/// Degrees of latitude in about 50 km.
const CELL_DEGREES: f64 = 0.45;
const ROWS: f64 = 400.0;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_a_town_and_not_the_next_one() {
        let berlin = cell(52.52, 13.40);
        assert_eq!(cell(52.53, 13.45), berlin);
        assert_ne!(cell(52.40, 14.55), berlin, "Frankfurt (Oder)");
        assert_ne!(cell(-52.52, 13.40), berlin);
    }

    #[test]
    fn every_place_has_a_cell_and_nothing_else_has() {
        for latitude in -90..=90 {
            for longitude in -180..=180 {
                assert!(cell(f64::from(latitude), f64::from(longitude)).is_some(), "{latitude} {longitude}");
            }
        }
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(cell(latitude, longitude), None);
        }
    }

    #[test]
    fn a_cell_is_about_fifty_kilometres_wide() {
        for latitude in [0.1_f64, 30.0, 52.0, 65.0, 80.0] {
            let cells: std::collections::BTreeSet<_> =
                (0..3_600).filter_map(|tenth| cell(latitude, f64::from(tenth) / 10.0 - 180.0)).collect();
            let around = 40_008.0 * latitude.to_radians().cos();
            let wide = around / cells.len() as f64;
            assert!((40.0..60.0).contains(&wide), "{latitude}: {wide} km");
        }
    }
}
