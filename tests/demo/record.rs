//! What is kept of a visit: figures and a small picture. The whole picture is compared and let go.

use std::collections::BTreeMap;

use slipstream_stage::{ConsoleEntry, Exchange, Fault, Served, Visit};

use crate::{audit::Audit, counted::Counted, scenario::Scenario};

/// One visit.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Which of the five.
    pub(crate) scenario: Scenario,
    /// Until the load event, in ms.
    pub(crate) load_ms: f64,
    /// What the origin counted.
    pub(crate) origin: AtOrigin,
    /// Bytes by where they came from, as the extension counted them.
    pub(crate) served: Served,
    /// What else the extension counted during the visit.
    pub(crate) counted: Counted,
    /// What lies on the shelf after the visit.
    pub(crate) audit: Audit,
    /// The picture, against that of the visit without extension.
    pub(crate) likeness: Likeness,
    /// What the console showed and did not show without the extension.
    pub(crate) complaints: Vec<String>,
    /// What came when, and from where; in the order of its beginning.
    pub(crate) deliveries: Vec<Delivery>,
    /// The page in small, as PNG.
    pub(crate) thumbnail: Vec<u8>,
}

/// Requests and bytes of bodies at the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AtOrigin {
    /// All requests.
    pub(crate) requests: u64,
    /// Bytes of all bodies.
    pub(crate) bytes: u64,
    /// Requests that were answered with an image.
    pub(crate) image_requests: u64,
    /// Bytes of images.
    pub(crate) image_bytes: u64,
}

/// How a picture compares with the one without extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The same in every pixel.
    Equal,
    /// Not the same.
    Different {
        /// Pixels that differ.
        pixels: u64,
    },
}

/// Where bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The origin, over the slow line.
    Network,
    /// The other browser.
    Peer,
    /// This browser's shelf.
    Shelf,
}

/// One resource on its way. Times are ms from the beginning of the visit, as the browser sees them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delivery {
    /// What.
    pub(crate) url: String,
    /// From where.
    pub(crate) source: Source,
    /// When it was asked for; at the earliest with the document's first byte.
    pub(crate) asked_ms: f64,
    /// When its bytes began to come.
    pub(crate) first_ms: f64,
    /// When it was there.
    pub(crate) done_ms: f64,
    /// Bytes of its body.
    pub(crate) bytes: u64,
}

impl Record {
    /// Boils a visit down. `plain` is the visit without extension of the same run, unless this is it.
    ///
    /// # Errors
    /// The picture cannot be written.
    pub(crate) fn of(
        scenario: Scenario,
        visit: &Visit,
        plain: Option<&Visit>,
        counted: Counted,
        audit: Audit,
        rtt_ms: f64,
    ) -> Result<Self, Fault> {
        let (all, images) = (visit.counters.total(), visit.images());
        let likeness = match plain.map(|plain| plain.picture.diff(&visit.picture)) {
            Some(diff) if diff.different_pixels > 0 => Likeness::Different { pixels: diff.different_pixels },
            _ => Likeness::Equal,
        };
        Ok(Self {
            scenario,
            load_ms: visit.load.load_ms,
            origin: AtOrigin {
                requests: all.requests,
                bytes: all.body_bytes,
                image_requests: images.requests,
                image_bytes: images.body_bytes,
            },
            served: visit.served,
            counted,
            audit,
            likeness,
            complaints: plain.map_or_else(Vec::new, |plain| new_complaints(&visit.console, &plain.console)),
            deliveries: deliveries(visit, rtt_ms),
            thumbnail: visit.picture.thumbnail(THUMBNAIL_WIDTH).to_png()?,
        })
    }
}

/// Entries that are not there without the extension; the same entry twice counts twice.
fn new_complaints(seen: &[ConsoleEntry], without: &[ConsoleEntry]) -> Vec<String> {
    let key = |entry: &ConsoleEntry| {
        format!(
            "{:?}, {}: {} {}",
            entry.level,
            entry.source,
            entry.text,
            entry.url.as_deref().unwrap_or_default()
        )
    };
    let mut usual = BTreeMap::new();
    for entry in without {
        *usual.entry(key(entry)).or_insert(0_u32) += 1;
    }
    let mut fresh = Vec::new();
    for entry in seen.iter().map(key) {
        match usual.get_mut(&entry) {
            Some(left) if *left > 0 => *left -= 1,
            _ => fresh.push(entry),
        }
    }
    fresh
}

fn deliveries(visit: &Visit, rtt_ms: f64) -> Vec<Delivery> {
    let mut all: Vec<_> = visit.exchanges.iter().map(|exchange| over_the_line(exchange, rtt_ms)).collect();
    for (url, resource) in &visit.resources {
        let source = match resource.from.as_str() {
            "shelf" => Source::Shelf,
            "peer" => Source::Peer,
            _ => continue,
        };
        // A body of up to 2^53 ms after the navigation: exact.
        let done_ms = resource.after_ms as f64;
        let asked_ms = visit.load.ttfb_ms.min(done_ms);
        let bytes = resource.bytes;
        all.push(Delivery { url: url.clone(), source, asked_ms, first_ms: done_ms, done_ms, bytes });
    }
    all.sort_by(|a, b| a.asked_ms.total_cmp(&b.asked_ms).then(a.done_ms.total_cmp(&b.done_ms)));
    all
}

/// The origin knows when it heard and when it spoke; the browser is half a round trip away.
fn over_the_line(exchange: &Exchange, rtt_ms: f64) -> Delivery {
    let first_ms = exchange.first_body_ms.or(exchange.ended_ms).unwrap_or(exchange.accepted_ms);
    let done_ms = exchange.ended_ms.unwrap_or(first_ms);
    Delivery {
        url: exchange.url.clone(),
        source: Source::Network,
        asked_ms: (exchange.accepted_ms - rtt_ms / 2.0).max(0.0),
        first_ms: first_ms + rtt_ms / 2.0,
        done_ms: done_ms + rtt_ms / 2.0,
        bytes: exchange.body_bytes,
    }
}

/// In pixels: twice what the report shows, for screens with fine pixels.
const THUMBNAIL_WIDTH: u32 = 320;

#[cfg(test)]
mod tests {
    use super::*;
    use slipstream_stage::ConsoleLevel;

    fn entry(text: &str) -> ConsoleEntry {
        ConsoleEntry { level: ConsoleLevel::Error, source: "console".into(), text: text.into(), url: None }
    }

    #[test]
    fn a_complaint_is_new_when_it_comes_more_often_than_without() {
        let without = [entry("a"), entry("b")];
        assert!(new_complaints(&[entry("b"), entry("a")], &without).is_empty());
        let fresh = new_complaints(&[entry("a"), entry("a"), entry("c")], &without);
        assert_eq!(fresh, ["Error, console: a ", "Error, console: c "]);
    }
}
