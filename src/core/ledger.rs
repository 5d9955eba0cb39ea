//! What must outlive the engine without being a body: bytes sent this day and this month, sums for people, and the
//! trial of each site. The service worker keeps it as one object and hands it back at the next start.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address::Origin,
    benefit::{Arm, Trial},
    stats::{ByOrigin, Counts},
    time::Now,
};

/// Sites with a trial; the one that was visited longest ago makes room. At some 200 bytes each the whole stays small
/// enough to be written every few seconds.
const SITES: usize = 300;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ledger {
    day: u64,
    sent_day: u64,
    month: u64,
    sent_month: u64,
    /// Sums since the user last cleared everything.
    pub total: Totals,
    sites: BTreeMap<String, Trial>,
}

/// Sums over all engines' lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the names are those of `Counts`")]
pub struct Totals {
    pub requests: ByOrigin,
    pub bytes: ByOrigin,
    pub uploaded: u64,
}

impl Totals {
    /// These and what this engine has counted.
    pub const fn and(&self, counts: &Counts) -> Self {
        Self {
            requests: self.requests.and(counts.requests),
            bytes: self.bytes.and(counts.bytes),
            uploaded: self.uploaded.saturating_add(counts.uploaded),
        }
    }
}

impl Ledger {
    /// What was kept last time comes back; what happened since the start is added to it.
    pub fn absorb(&mut self, kept: Self, now: Now) {
        let young = std::mem::replace(self, kept);
        self.turn(now);
        self.sent_day = self.sent_day.saturating_add(young.sent_day);
        self.sent_month = self.sent_month.saturating_add(young.sent_month);
        for (site, trial) in young.sites {
            self.sites.entry(site).or_insert(trial);
        }
        while self.sites.len() > SITES {
            self.forget_oldest();
        }
    }

    /// A new day, or month, begins with nothing sent.
    pub fn turn(&mut self, now: Now) {
        if self.day != now.day() {
            (self.day, self.sent_day) = (now.day(), 0);
        }
        let month = month(now.day());
        if self.month != month {
            (self.month, self.sent_month) = (month, 0);
        }
    }

    /// So many bytes went to peers.
    pub const fn sent(&mut self, bytes: u64) {
        self.sent_day = self.sent_day.saturating_add(bytes);
        self.sent_month = self.sent_month.saturating_add(bytes);
    }

    /// Bytes sent today and this month, as of the last [`Self::turn`].
    pub const fn sent_lately(&self) -> (u64, u64) {
        (self.sent_day, self.sent_month)
    }

    /// A site's trial, if it has one.
    pub fn trial(&self, site: &Origin) -> Option<&Trial> {
        self.sites.get(site.as_str())
    }

    /// All of them.
    pub fn trials(&self) -> impl Iterator<Item = (&str, &Trial)> {
        self.sites.iter().map(|(site, trial)| (site.as_str(), trial))
    }

    /// A site's trial, to be changed.
    pub fn trial_mut(&mut self, site: &Origin) -> &mut Trial {
        if self.sites.len() >= SITES && !self.sites.contains_key(site.as_str()) {
            self.forget_oldest();
        }
        self.sites.entry(site.as_str().to_owned()).or_default()
    }

    fn forget_oldest(&mut self) {
        let oldest = self.sites.iter().min_by_key(|(_, trial)| trial.last).map(|(site, _)| site.clone());
        if let Some(site) = oldest {
            self.sites.remove(&site);
        }
    }

    /// Sites whose next load is to be left to the network.
    pub fn resting(&self, unix: u64) -> Vec<String> {
        let rests = |trial: &Trial| trial.rests(unix) || trial.next() == Arm::Held;
        self.trials().filter(|(_, trial)| rests(trial)).map(|(site, _)| site.to_owned()).collect()
    }

    /// Nothing is remembered of one site.
    pub fn forget(&mut self, site: &Origin) {
        self.sites.remove(site.as_str());
    }

    /// Nothing is remembered of pages; what was sent still counts against the limits.
    pub fn clear(&mut self) {
        self.total = Totals::default();
        self.sites.clear();
    }
}

impl ByOrigin {
    /// The sum of both.
    pub const fn and(self, other: Self) -> Self {
        Self {
            network: self.network.saturating_add(other.network),
            shelf: self.shelf.saturating_add(other.shelf),
            peer: self.peer.saturating_add(other.peer),
        }
    }
}

/// Months since the beginning of the year 0, of a day since the epoch; after Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`, whose years begin in March.
const fn month(day: u64) -> u64 {
    let day = day + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153 + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Url;

    const DAY: u64 = 86_400;

    fn at(unix: u64) -> Now {
        Now { ms: 0, unix }
    }

    fn site(n: usize) -> Origin {
        Url::parse(&format!("https://site-{n}.example.com/")).unwrap().origin()
    }

    #[test]
    fn months_turn_on_the_first() {
        // 2024-02-29, 2024-03-01, 2024-12-31, 2025-01-01, 2026-11-21.
        let months = [19_782, 19_783, 20_088, 20_089, 20_778].map(month);
        assert_eq!(months, [2024 * 12 + 1, 2024 * 12 + 2, 2024 * 12 + 11, 2025 * 12, 2026 * 12 + 10]);
    }

    #[test]
    fn what_was_sent_counts_for_its_day_and_its_month() {
        let mut ledger = Ledger::default();
        let first = 20_088 * DAY;
        ledger.turn(at(first - DAY));
        ledger.sent(10);
        ledger.turn(at(first));
        ledger.sent(5);
        assert_eq!(ledger.sent_lately(), (5, 15));
        ledger.turn(at(first + DAY));
        assert_eq!(ledger.sent_lately(), (0, 0));
    }

    #[test]
    fn a_restart_forgets_nothing_that_was_sent() {
        let mut kept = Ledger::default();
        kept.turn(at(20_000 * DAY));
        kept.sent(100);
        let mut ledger = Ledger::default();
        ledger.turn(at(20_000 * DAY + 60));
        ledger.sent(7);
        ledger.absorb(kept, at(20_000 * DAY + 61));
        assert_eq!(ledger.sent_lately(), (107, 107));
    }

    #[test]
    fn the_site_that_was_visited_longest_ago_makes_room() {
        let mut ledger = Ledger::default();
        for n in 0..=SITES {
            ledger.trial_mut(&site(n)).last = 1_000 + n as u64;
        }
        assert_eq!(ledger.trials().count(), SITES);
        assert_eq!(ledger.trial(&site(0)), None);
        assert!(ledger.trial(&site(SITES)).is_some());
    }

    #[test]
    fn it_comes_back_from_json_as_it_was() {
        let mut ledger = Ledger::default();
        ledger.turn(at(20_000 * DAY));
        ledger.sent(3);
        ledger.trial_mut(&site(1)).note(Arm::Helped, 812.5, false, 5, 3, 20_000 * DAY);
        let text = serde_json::to_string(&ledger).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }

    #[test]
    fn cleared_it_still_knows_what_was_sent() {
        let mut ledger = Ledger::default();
        ledger.turn(at(20_000 * DAY));
        ledger.sent(3);
        ledger.trial_mut(&site(1)).last = 5;
        ledger.clear();
        assert_eq!((ledger.trials().count(), ledger.sent_lately()), (0, (3, 3)));
    }
}
