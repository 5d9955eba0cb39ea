//! What one connection may send and when it is over, without a socket: frames and times in, messages and ends out.
//!
//! Fuzzers drive it directly, beside a [`crate::router::Router`]; the sessions do with real sockets and clocks.
//!
//! ```text
//!            hello in 5 s                  refusal with a code, 60 s of silence, lifetime
//!   opened ───────────────▶ greeted ─────▶ ───────────────────────────────────────────────▶ over
//!      └──────────────── anything else, or nothing ───────────────────────────────────────────▲
//! ```
//!
//! ```
//! use slipstream_signal::conduct::{Conduct, Frame, Heard};
//! use slipstream_signal::refusal::Refusal;
//! use slipstream_wire::{VERSION, codec::encode, server::ToServer};
//!
//! let mut conduct = Conduct::new(0, 60_000);
//! let hello = ToServer::Hello { version: VERSION };
//! assert_eq!(conduct.hear(Frame::Binary(&encode(&hello)), 10), Ok(Heard::Message(hello)));
//! assert_eq!(conduct.hear(Frame::Text, 20), Err(Refusal::Malformed));
//! ```

use slipstream_wire::codec::{Limits, decode};
use slipstream_wire::server::ToServer;

use crate::bucket::{Bucket, Rate};
use crate::refusal::Refusal;

/// How long a browser may take to greet, in ms (SECURITY.md §5.1).
pub const GREETING: u64 = 5_000;
/// How often the browser is pinged, in ms (SECURITY.md §5.1).
pub const PING: u64 = 30_000;
/// After how much silence the connection is over, in ms (SECURITY.md §5.1).
pub const SILENCE: u64 = 60_000;
/// Pings and pongs that a browser may send: they pass beside the router, so they have a rate of their own.
const CONTROL: Rate = Rate::per_second(2, 20);

/// A WebSocket message, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The only kind that says something.
    Binary(&'a [u8]),
    /// The browser is about to close.
    Close,
    /// A sign of life.
    Ping,
    /// The answer to a ping.
    Pong,
    /// Not of this vocabulary.
    Text,
}

/// What came of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// For the router.
    Message(ToServer),
    /// Nothing to do.
    Nothing,
    /// The answer to a ping took so long, in ms.
    RoundTrip(u16),
}

/// What the clock asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// The connection has lasted for its lifetime: say so and close.
    Over,
    /// Send a ping.
    Ping,
}

/// One connection's conduct. Times are milliseconds of any clock that does not run backwards.
#[derive(Clone, Debug)]
pub struct Conduct {
    greeted: bool,
    control: Bucket,
    heard: u64,
    next_ping: u64,
    /// When the ping was sent whose answer is awaited.
    asked: Option<u64>,
    greeting_due: u64,
    over: u64,
}

impl Conduct {
    /// A socket opened; it may last for `lifetime` ms.
    pub const fn new(now: u64, lifetime: u64) -> Self {
        Self {
            greeted: false,
            control: Bucket::full(CONTROL, now),
            heard: now,
            next_ping: now.saturating_add(PING),
            asked: None,
            greeting_due: now.saturating_add(GREETING),
            over: now.saturating_add(lifetime),
        }
    }

    /// A frame came.
    ///
    /// Errors: [`Refusal::Flood`], [`Refusal::Malformed`]. Both end the connection.
    pub fn hear(&mut self, frame: Frame<'_>, now: u64) -> Result<Heard, Refusal> {
        self.heard = self.heard.max(now);
        match frame {
            Frame::Binary(bytes) => {
                decode(bytes, &Limits::SERVER).map(Heard::Message).map_err(|_| Refusal::Malformed)
            }
            Frame::Ping | Frame::Pong if !self.control.take(CONTROL, now) => Err(Refusal::Flood),
            Frame::Pong => Ok(self.asked.take().map_or(Heard::Nothing, |asked| {
                Heard::RoundTrip(u16::try_from(now.saturating_sub(asked)).unwrap_or(u16::MAX))
            })),
            // The stream ends behind a close frame.
            Frame::Close | Frame::Ping => Ok(Heard::Nothing),
            Frame::Text => Err(Refusal::Malformed),
        }
    }

    /// The router took a message: the browser has greeted. Its round trip is measured at once, so that those who come
    /// after it are paired well.
    pub const fn accepted(&mut self) {
        if !self.greeted {
            self.greeted = true;
            self.next_ping = self.heard;
        }
    }

    /// When [`Self::look`] has to be called next. Calling it earlier does no harm.
    pub fn due(&self) -> u64 {
        let due = self.heard.saturating_add(SILENCE).min(self.next_ping).min(self.over);
        if self.greeted { due } else { due.min(self.greeting_due) }
    }

    /// Looks at the clock.
    ///
    /// Errors: [`Refusal::Silent`].
    pub const fn look(&mut self, now: u64) -> Result<Due, Refusal> {
        if now >= self.heard.saturating_add(SILENCE) || (!self.greeted && now >= self.greeting_due) {
            return Err(Refusal::Silent);
        }
        if now >= self.over {
            return Ok(Due::Over);
        }
        if now >= self.next_ping {
            self.next_ping = now.saturating_add(PING);
            self.asked = Some(now);
            return Ok(Due::Ping);
        }
        Ok(Due::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipstream_wire::VERSION;
    use slipstream_wire::codec::encode;

    use super::*;

    fn greeted() -> Conduct {
        let mut conduct = Conduct::new(0, u64::MAX);
        let hello = encode(&ToServer::Hello { version: VERSION });
        assert!(conduct.hear(Frame::Binary(&hello), 0).is_ok());
        conduct.accepted();
        conduct
    }

    #[test]
    fn a_round_trip_is_from_ping_to_pong() {
        let mut conduct = greeted();
        assert_eq!(conduct.due(), 0, "the first ping goes out with the greeting");
        assert_eq!(conduct.look(0), Ok(Due::Ping));
        assert_eq!(conduct.hear(Frame::Pong, 45), Ok(Heard::RoundTrip(45)));
        assert_eq!(conduct.hear(Frame::Pong, 46), Ok(Heard::Nothing), "nobody asked");
        assert_eq!(conduct.due(), PING);
    }

    #[test]
    fn who_answers_its_pings_is_never_silent() {
        let mut conduct = greeted();
        let mut pings = 0;
        while conduct.due() < 24 * 3_600_000 {
            let now = conduct.due();
            if conduct.look(now) == Ok(Due::Ping) {
                pings += 1;
                conduct.hear(Frame::Pong, now + 200).unwrap();
            }
        }
        assert_eq!(pings, 24 * 120);
    }

    #[test]
    fn who_answers_none_is_over_after_a_minute() {
        let mut conduct = greeted();
        assert_eq!(conduct.look(0), Ok(Due::Ping));
        assert_eq!(conduct.look(PING), Ok(Due::Ping));
        assert_eq!(conduct.look(SILENCE - 1), Ok(Due::Nothing));
        assert_eq!(conduct.due(), SILENCE);
        assert_eq!(conduct.look(SILENCE), Err(Refusal::Silent));
    }

    proptest! {
        #[test]
        fn looking_when_it_is_due_always_changes_something(
            steps in proptest::collection::vec((any::<u8>(), 0..40_000u64), 0..200),
        ) {
            let (mut conduct, mut now) = (Conduct::new(0, 3_600_000), 0);
            for (step, wait) in steps {
                now += wait;
                let frame = match step % 5 {
                    0 => Frame::Ping,
                    1 => Frame::Pong,
                    2 => Frame::Close,
                    3 => { conduct.accepted(); Frame::Pong }
                    _ => Frame::Binary(&[step]),
                };
                let _ = conduct.hear(frame, now);
                if conduct.due() <= now {
                    let due = conduct.due();
                    match conduct.look(now) {
                        Ok(Due::Nothing) => prop_assert!(conduct.due() > due),
                        Ok(Due::Ping) => prop_assert!(conduct.due() > now || conduct.look(now) == Ok(Due::Over)),
                        Ok(Due::Over) | Err(_) => return Ok(()),
                    }
                }
            }
        }
    }
}
