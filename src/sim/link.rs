//! Wires: how long bytes take, one behind the other.

use std::time::Duration;

/// The local network between the browsers.
#[derive(Clone, Copy, Debug)]
pub struct Lan {
    /// What one browser can send, and what it can take, in bytes per second.
    pub rate: u64,
    /// One way, from browser to browser.
    pub latency: Duration,
    /// Added to it at random, up to so much; what was sent first still arrives first.
    pub jitter: Duration,
}

impl Default for Lan {
    /// A good wireless network: 100 Mbit/s, 2 ms.
    fn default() -> Self {
        Self { rate: 100_000_000 / 8, latency: Duration::from_millis(2), jitter: Duration::from_millis(1) }
    }
}

/// The way to the origin that all browsers share.
#[derive(Clone, Copy, Debug)]
pub struct Uplink {
    /// In bytes per second, for all together.
    pub rate: u64,
    /// There and back.
    pub rtt: Duration,
}

impl Default for Uplink {
    /// The slow link of the project's budgets: 5 Mbit/s, 80 ms.
    fn default() -> Self {
        Self { rate: 5_000_000 / 8, rtt: Duration::from_millis(80) }
    }
}

/// One direction of one wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    rate: u64,
    free: Duration,
}

impl Wire {
    pub(crate) const fn new(rate: u64) -> Self {
        Self { rate, free: Duration::ZERO }
    }

    /// Puts so many bytes on the wire at `at`, or as soon as it is free: when the last of them has passed.
    pub(crate) fn pass(&mut self, at: Duration, bytes: u64) -> Duration {
        self.free = self.free.max(at) + span(bytes, self.rate);
        self.free
    }
}

/// How long so many bytes take at a rate in bytes per second.
pub(crate) fn span(bytes: u64, rate: u64) -> Duration {
    Duration::from_micros(bytes.saturating_mul(1_000_000) / rate.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_wait_for_those_before_them() {
        let mut wire = Wire::new(1_000);
        assert_eq!(wire.pass(Duration::from_secs(1), 500), Duration::from_millis(1_500));
        assert_eq!(wire.pass(Duration::from_secs(1), 500), Duration::from_millis(2_000));
        assert_eq!(wire.pass(Duration::from_secs(9), 1_000), Duration::from_secs(10));
    }
}
