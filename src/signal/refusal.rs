//! Everything that the server does not do, by name. `/metrics` counts each.

use slipstream_wire::server::CloseCode;

/// Why a connection, a message or a reader was turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many connections, or too many new ones, from one network. HTTP 429.
    Address,
    /// Messages went on above the rate although many were dropped. Closes with [`CloseCode::Rate`].
    Flood,
    /// As many connections as this server takes. HTTP 503.
    Full,
    /// TURN credentials above the rate. Dropped; the old ones hold as long as they hold.
    Ice,
    /// A join above the rate. Dropped; the browser may ask again.
    Joins,
    /// Not a message of the vocabulary. Closes with [`CloseCode::Malformed`].
    Malformed,
    /// A message before the greeting, or a second greeting. Closes with [`CloseCode::Malformed`].
    Order,
    /// No `Origin`, or one that is not welcome: likely a web page. HTTP 403.
    Origin,
    /// A message longer than any may be. Closes with 1009, as WebSocket has it.
    Oversized,
    /// A message above the rate. Dropped.
    Rate,
    /// More new connections than this server takes at once, as after its restart. HTTP 503.
    Rush,
    /// Nothing heard for too long, or no greeting in time. Closes with [`CloseCode::Silent`].
    Silent,
    /// The reader is slower than what is sent to it. Closes with [`CloseCode::Slow`].
    Slow,
    /// The topic has as many members as a topic may have. Dropped; the browser may ask again later.
    TopicFull,
    /// A connection wants more topics than one may have. Dropped.
    Topics,
    /// The browser speaks another version. Closes with [`CloseCode::Version`].
    Version,
}

impl Refusal {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 16] = [
        Self::Address,
        Self::Flood,
        Self::Full,
        Self::Ice,
        Self::Joins,
        Self::Malformed,
        Self::Order,
        Self::Origin,
        Self::Oversized,
        Self::Rate,
        Self::Rush,
        Self::Silent,
        Self::Slow,
        Self::TopicFull,
        Self::Topics,
        Self::Version,
    ];

    /// The name, as it stands in `/metrics` and in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Flood => "flood",
            Self::Full => "full",
            Self::Ice => "ice",
            Self::Joins => "joins",
            Self::Malformed => "malformed",
            Self::Order => "order",
            Self::Origin => "origin",
            Self::Oversized => "oversized",
            Self::Rate => "rate",
            Self::Rush => "rush",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::TopicFull => "topic_full",
            Self::Topics => "topics",
            Self::Version => "version",
        }
    }

    /// The WebSocket close code with which the connection ends, if it ends.
    pub const fn close_code(self) -> Option<u16> {
        match self {
            Self::Ice | Self::Joins | Self::Rate | Self::TopicFull | Self::Topics => None,
            Self::Address | Self::Full | Self::Origin | Self::Rush => Some(CloseCode::Away as u16),
            Self::Flood => Some(CloseCode::Rate as u16),
            Self::Malformed | Self::Order => Some(CloseCode::Malformed as u16),
            Self::Oversized => Some(TOO_BIG),
            Self::Silent => Some(CloseCode::Silent as u16),
            Self::Slow => Some(CloseCode::Slow as u16),
            Self::Version => Some(CloseCode::Version as u16),
        }
    }
}

/// "Message too big" (RFC 6455 §7.4.1).
const TOO_BIG: u16 = 1009;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_stands_at_its_own_place_in_the_list() {
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, place, "{refusal:?}");
        }
    }
}
