//! What a scenario tells when it is over.

use serde::Serialize;

/// Bytes of a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Of documents and resources that the origins sent, heads included.
    pub origin_bytes: u64,
    /// Of resources that pages got from other browsers.
    pub peer_bytes: u64,
    /// Of resources that pages got from their own browser's store.
    pub shelf_bytes: u64,
    /// Of bodies that were carried from browser to browser, and shown on no page.
    pub wasted_bytes: u64,
    /// That were shown and were not the origin's. A run with any ends in a panic.
    pub wrong_bytes: u64,
}

/// The figures of one run of one scenario. The same seed gives the same, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub scenario: &'static str,
    /// What everything was made from.
    pub seed: u64,
    /// Browsers.
    pub peers: usize,
    /// Bytes.
    pub totals: Totals,
    /// The same without the extension, in the same world.
    pub without: Without,
    /// Pages visited.
    pub visits: usize,
    /// Times that a page took, in ms.
    pub load_ms: Times,
    /// Requests that reached the origins.
    pub origin_requests: u64,
    /// Largest share of all uploads that one browser did, in percent.
    pub busiest_uploader_percent: u64,
    /// Bodies that were not those of their hash. None was shown.
    pub verifications_failed: u64,
}

/// A run without the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Without {
    /// As in [`Totals`].
    pub origin_bytes: u64,
    /// Times that a page took, in ms.
    pub load_ms: Times,
}

/// A distribution of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Half of them are not longer.
    pub median: u64,
    /// 95 of 100 are not longer.
    pub p95: u64,
    /// The longest.
    pub max: u64,
}

impl Times {
    /// Of times in ms, in any order.
    pub fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        let at = |percent| at(percent).copied().unwrap_or_default();
        Self { median: at(50), p95: at(95), max: times.last().copied().unwrap_or_default() }
    }
}
