//! The figures as JSON, in the shape that stays put (design, "Interfaces that stay put", Tasks).
//!
//! What is counted (`origin`, `served`, `verified`) is of the run in which the origin sent the most: the least
//! flattering one. `wrong_bytes` and `new_console_errors` are sums over all runs; `pictures_equal` holds for all.
//! `refusals` and `verifications_failed`, beyond the shape, say what the extension itself counted.

use std::collections::BTreeMap;

use serde::Serialize;
use slipstream_stage::Served;

use crate::{play::Run, run::Options, summary::Summary};

/// The demo's figures.
#[derive(Debug, Serialize)]
pub(crate) struct Figures<'a> {
    site: &'static str,
    link: Link,
    runs: usize,
    scenarios: Vec<Scenario<'a>>,
}

#[derive(Debug, Serialize)]
struct Link {
    mbit: f64,
    rtt_ms: f64,
}

#[derive(Debug, Serialize)]
struct Scenario<'a> {
    name: &'static str,
    load_ms: Vec<f64>,
    origin: Origin,
    served: Served,
    verified: u64,
    wrong_bytes: u64,
    pictures_equal: bool,
    new_console_errors: usize,
    fault: Option<&'static str>,
    verifications_failed: u64,
    refusals: &'a BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct Origin {
    requests: u64,
    bytes: u64,
    image_requests: u64,
    image_bytes: u64,
}

impl<'a> Figures<'a> {
    /// Of all runs.
    pub(crate) fn of(options: &Options, runs: &[Run], summaries: &[Summary<'a>]) -> Self {
        Self {
            site: options.site.name(),
            link: Link { mbit: options.link.mbit, rtt_ms: options.link.rtt_ms },
            runs: runs.len(),
            scenarios: summaries.iter().map(|summary| Scenario::of(options, summary)).collect(),
        }
    }
}

impl<'a> Scenario<'a> {
    fn of(options: &Options, summary: &Summary<'a>) -> Self {
        use crate::scenario::Scenario as Which;
        let (worst, origin) = (summary.worst(), summary.origin());
        // Whatever went wrong, it began with B's first visit.
        let struck = !matches!(summary.scenario, Which::Plain | Which::First);
        Self {
            name: summary.scenario.name(),
            load_ms: summary.records.iter().map(|record| (record.load_ms * 10.0).round() / 10.0).collect(),
            origin: Origin {
                requests: origin.requests,
                bytes: origin.bytes,
                image_requests: origin.image_requests,
                image_bytes: origin.image_bytes,
            },
            served: summary.served(),
            verified: worst.counted.verified,
            wrong_bytes: summary.wrong_bytes(),
            pictures_equal: summary.pictures_equal(),
            new_console_errors: summary.complaints().count(),
            fault: options.fault.filter(|_| struck).map(crate::scenario::FaultKind::name),
            verifications_failed: worst.counted.verifications_failed,
            refusals: &worst.counted.refusals,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{run::samples::options, scenario::FaultKind, summary::samples};
    use serde_json::{Value, json};

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_shape_stays_put() {
        let runs = [samples::run(7_000.0), samples::run(7_100.0)];
        let options = Options { fault: Some(FaultKind::PeerDies), ..options() };
        let figures =
            serde_json::to_value(Figures::of(&options, &runs, &Summary::of(&runs))).expect("plain figures");
        assert_eq!(keys(&figures), ["link", "runs", "scenarios", "site"]);
        assert_eq!(figures["link"], json!({ "mbit": 5.0, "rtt_ms": 80.0 }));
        assert_eq!((&figures["runs"], &figures["site"]), (&json!(2), &json!("gallery")));
        let names: Vec<_> =
            figures["scenarios"].as_array().expect("five").iter().map(|s| &s["name"]).collect();
        assert_eq!(names, ["plain", "first", "near", "again", "gone"]);
        let near = &figures["scenarios"][2];
        for key in [
            "fault",
            "load_ms",
            "name",
            "new_console_errors",
            "origin",
            "pictures_equal",
            "served",
            "verified",
            "wrong_bytes",
        ] {
            assert!(near.get(key).is_some(), "{key}");
        }
        assert_eq!(near["load_ms"], json!([1_400.0, 1_420.0]));
        assert_eq!(near["served"], json!({ "network": 0, "shelf": 0, "peer": 3_999_000 }));
        let origin = json!({ "requests": 3, "bytes": 18_000, "image_requests": 1, "image_bytes": 1_000 });
        assert_eq!(near["origin"], origin);
        assert_eq!((&near["fault"], &figures["scenarios"][1]["fault"]), (&json!("peer-dies"), &Value::Null));
    }
}
