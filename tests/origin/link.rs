//! Links: what stands between a client and the hosts behind one line.

use std::{
    num::NonZeroU64,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use crate::{lane::Lane, traffic::LaneShape};

/// The line that one or several hosts share. Rates are of TCP payload, in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Bits per second; `None` is unlimited. Zero is refused at start: for that there is [`Outage`].
    pub rate_bits_per_s: Option<u64>,
    /// Time there and back. Each direction delays by half of it; a new connection costs one whole.
    pub rtt: Duration,
    /// At most this much is added to each direction's delay, drawn for each run of bytes.
    pub jitter: Duration,
    /// Seed of the jitter.
    pub seed: u64,
}

impl Link {
    /// No limit and no delay: connections are passed through as they are.
    pub const UNSHAPED: Self =
        Self { rate_bits_per_s: None, rtt: Duration::ZERO, jitter: Duration::ZERO, seed: 0 };

    /// A link of `rate` Mbit/s and this round-trip time, without jitter.
    ///
    /// # Panics
    /// When `rate` is not a number above zero.
    #[must_use]
    pub fn mbit(rate: f64, rtt: Duration) -> Self {
        assert!(rate.is_finite() && rate > 0.0, "a link needs a rate above zero");
        // A rate in Mbit/s fits: the largest f64 that matters is far below 2^53 bits per second.
        let bits = Duration::from_secs_f64(rate).as_micros();
        let rate_bits_per_s = Some(u64::try_from(bits).unwrap_or(u64::MAX).max(1));
        Self { rate_bits_per_s, rtt, ..Self::UNSHAPED }
    }

    /// The same link with jitter.
    #[must_use]
    pub const fn with_jitter(self, jitter: Duration, seed: u64) -> Self {
        Self { jitter, seed, ..self }
    }

    /// Whether bytes pass it as they are.
    #[must_use]
    pub const fn is_unshaped(&self) -> bool {
        self.rate_bits_per_s.is_none() && self.rtt.is_zero() && self.jitter.is_zero()
    }

    fn lane(&self, direction: u64) -> LaneShape {
        LaneShape {
            rate: self.rate_bits_per_s.and_then(NonZeroU64::new),
            delay: self.rtt / 2,
            jitter: self.jitter,
            seed: self.seed.rotate_left(17) ^ direction,
        }
    }
}

/// How a link fails as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Open connections break and new ones are closed at once: a server that is gone.
    Cut,
    /// Nothing moves any longer, nothing is said: a dead line. What was open goes on when it ends.
    Silent,
}

/// What a connection must know of its link while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) outage: Option<Outage>,
    pub(crate) shaped: bool,
}

/// A link at work.
#[derive(Debug)]
pub(crate) struct SharedLink {
    pub(crate) down: Arc<Lane>,
    pub(crate) up: Arc<Lane>,
    link: Mutex<Link>,
    condition: watch::Sender<Condition>,
}

impl SharedLink {
    pub(crate) fn new(link: Link) -> Arc<Self> {
        Arc::new(Self {
            down: Lane::new(link.lane(1)),
            up: Lane::new(link.lane(2)),
            link: Mutex::new(link),
            condition: watch::Sender::new(Condition { outage: None, shaped: !link.is_unshaped() }),
        })
    }

    pub(crate) fn change(&self, link: Link) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = link;
        self.down.reshape(link.lane(1));
        self.up.reshape(link.lane(2));
        self.condition.send_modify(|condition| condition.shaped = !link.is_unshaped());
    }

    pub(crate) fn fail(&self, outage: Option<Outage>) {
        self.condition.send_modify(|condition| condition.outage = outage);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    pub(crate) fn rtt(&self) -> Duration {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).rtt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabits_become_bits() {
        let link = Link::mbit(1.5, Duration::from_millis(80));
        assert_eq!(link.rate_bits_per_s, Some(1_500_000));
        assert!(!link.is_unshaped());
        assert!(Link::UNSHAPED.is_unshaped());
    }
}
