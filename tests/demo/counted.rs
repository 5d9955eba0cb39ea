//! What the extension counted, as far as the demo shows it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Numbers out of the extension's statistics: since its start, or during a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Counted {
    /// Bodies whose bytes were compared with their hash and found right.
    pub(crate) verified: u64,
    /// Bodies whose bytes were not those of their hash.
    pub(crate) verifications_failed: u64,
    /// Bytes sent to peers.
    pub(crate) uploaded: u64,
    /// What was left alone, by the name of the reason.
    pub(crate) refusals: BTreeMap<String, u64>,
}

impl Counted {
    /// Out of the snapshot: what was counted in all tabs.
    pub(crate) fn of_all(stats: &Value) -> Self {
        serde_json::from_value(stats["all"].clone()).unwrap_or_default()
    }

    /// What has been added since an earlier snapshot of the same browser. Refusals that are only counted for a tab
    /// are taken from there.
    pub(crate) fn since(&self, before: &Self, tab: &Value) -> Self {
        let refusals = serde_json::from_value(tab["counts"]["refusals"].clone());
        Self {
            verified: self.verified.saturating_sub(before.verified),
            verifications_failed: self.verifications_failed.saturating_sub(before.verifications_failed),
            uploaded: self.uploaded.saturating_sub(before.uploaded),
            refusals: refusals.unwrap_or_default(),
        }
    }

    /// In words, for whoever looks at a fault.
    pub(crate) fn in_words(&self) -> String {
        let mut words = vec![
            format!("{} verified", self.verified),
            format!("{} failed verification", self.verifications_failed),
        ];
        words.extend(self.refusals.iter().map(|(name, count)| format!("{name} {count}")));
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_visit_added_is_told_apart_from_what_was_there() {
        let before =
            Counted::of_all(&json!({ "all": { "verified": 60, "verificationsFailed": 1, "uploaded": 7 } }));
        let after =
            Counted::of_all(&json!({ "all": { "verified": 113, "verificationsFailed": 1, "uploaded": 9 } }));
        let visit = after.since(&before, &json!({ "counts": { "refusals": { "peer_late": 3 } } }));
        let refusals = BTreeMap::from([("peer_late".to_owned(), 3)]);
        assert_eq!(visit, Counted { verified: 53, verifications_failed: 0, uploaded: 2, refusals });
        assert_eq!(visit.in_words(), "53 verified, 0 failed verification, peer_late 3");
    }

    #[test]
    fn a_browser_without_the_extension_counts_nothing() {
        assert_eq!(Counted::of_all(&Value::Null), Counted::default());
    }
}
