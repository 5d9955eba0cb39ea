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

/// Of the bytes that a peer may serve (SECURITY.md §2.2 and §3.2), heads left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shareable {
    /// Sent by the origins.
    pub origin_bytes: u64,
    /// What one browser alone would have drawn, with its cache.
    pub alone_bytes: u64,
    /// Wanted by pages, over all visits.
    pub wanted_bytes: u64,
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
    /// Of these, what peers might have served.
    pub shareable: Shareable,
    /// The same without the extension, in the same world.
    pub without: Without,
    /// Pages visited.
    pub visits: usize,
    /// Times that a page took, in ms.
    pub load_ms: Times,
    /// Requests that reached the origins.
    pub origin_requests: u64,
    /// Of what was carried between browsers: how much was shown nowhere, in thousandths.
    pub wasted_permille: u64,
    /// Largest share of all uploads that one browser did, in thousandths.
    pub busiest_uploader_permille: u64,
    /// Most transfers that a browser that cheats spoiled for any one other, before it was gone.
    pub most_spoiled_by_one: usize,
    /// Bodies that were not those of their hash. None was shown.
    pub verifications_failed: u64,
    /// Bytes that pages got from origins, peers and shelves, in equal pieces of time from the first visit to the last
    /// resource.
    pub timeline: Vec<[u64; 3]>,
}

impl Report {
    /// The figures in a few lines, for people.
    pub fn summary(&self) -> String {
        let Self { totals, shareable, without, .. } = self;
        let hundredths = |part: u64, whole: u64| {
            let ratio = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(0);
            format!("{}.{:02}", ratio / 100, ratio % 100)
        };
        let permille = |value: u64| format!("{}.{} %", value / 10, value % 10);
        let all = totals.peer_bytes + totals.shelf_bytes + totals.origin_bytes;
        let of_all = (totals.origin_bytes * 1_000).checked_div(all).unwrap_or(0);
        format!(
            "{}: {} browsers, seed {}, {} visits\n\
             of what peers may serve: {} bytes from the origin, {} of what pages wanted, {} times what one browser alone \
             draws\n\
             of all bytes: {} from the origin ({}), {} from peers, {} from the own shelf; without: {} from the origin\n\
             page time in ms: median {}, 95 of 100 {}, longest {}; without: {}, {}, {}\n\
             carried and not used {} ({}), wrong bytes shown {}, most spoiled by one liar {}, busiest uploader {}\n",
            self.scenario,
            self.peers,
            self.seed,
            self.visits,
            shareable.origin_bytes,
            permille((shareable.origin_bytes * 1_000).checked_div(shareable.wanted_bytes).unwrap_or(0)),
            hundredths(shareable.origin_bytes, shareable.alone_bytes),
            totals.origin_bytes,
            permille(of_all),
            totals.peer_bytes,
            totals.shelf_bytes,
            without.origin_bytes,
            self.load_ms.median,
            self.load_ms.p95,
            self.load_ms.max,
            without.load_ms.median,
            without.load_ms.p95,
            without.load_ms.max,
            totals.wasted_bytes,
            permille(self.wasted_permille),
            totals.wrong_bytes,
            self.most_spoiled_by_one,
            permille(self.busiest_uploader_permille),
        )
    }
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
