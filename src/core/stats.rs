//! Numbers for people: requests and bytes by where the bytes came from, and refusals by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{benefit::Gain, ledger::Totals, policy::Allowance, refusal::Refusal};

/// Where bytes came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// The origin, or the browser's own cache.
    Network,
    /// This browser's shelf.
    Shelf,
    /// Another browser.
    Peer,
}

/// A number for each origin of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of `From`")]
pub struct ByOrigin {
    pub network: u64,
    pub shelf: u64,
    pub peer: u64,
}

impl ByOrigin {
    const fn of(&mut self, from: From) -> &mut u64 {
        match from {
            From::Network => &mut self.network,
            From::Shelf => &mut self.shelf,
            From::Peer => &mut self.peer,
        }
    }
}

/// What happened: in a tab, or in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Requests of images, fonts and scripts.
    pub requests: ByOrigin,
    /// Their bytes; for the network, what `Content-Length` said.
    pub bytes: ByOrigin,
    /// Bytes of bodies sent to peers.
    pub uploaded: u64,
    /// Bodies whose bytes were compared with their hash and found right.
    pub verified: u64,
    /// Bodies whose bytes were not those of their hash. None of them was used.
    pub verifications_failed: u64,
    /// What was left alone, by the name of the reason.
    #[serde(serialize_with = "by_name")]
    pub refusals: BTreeMap<Refusal, u64>,
}

impl Counts {
    /// A request was answered.
    pub fn served(&mut self, from: From, bytes: u64) {
        *self.requests.of(from) += 1;
        *self.bytes.of(from) += bytes;
    }

    /// It turned out that it was answered from elsewhere.
    pub fn unserved(&mut self, from: From, bytes: u64) {
        let requests = self.requests.of(from);
        *requests = requests.saturating_sub(1);
        let held = self.bytes.of(from);
        *held = held.saturating_sub(bytes);
    }

    /// Something was left alone.
    pub fn refused(&mut self, why: Refusal) {
        *self.refusals.entry(why).or_default() += 1;
    }
}

fn by_name<S: serde::Serializer>(refusals: &BTreeMap<Refusal, u64>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(refusals.iter().map(|(why, count)| (why.name(), count)))
}

/// The whole snapshot that extension pages may ask for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Version of this shape.
    pub version: u8,
    /// Always `"on"`: an engine that answers is.
    pub engine: &'static str,
    /// Connection to the introduction server.
    pub server: ServerState,
    /// Other browsers.
    pub peers: PeerStats,
    /// The shelf.
    pub shelf: ShelfStats,
    /// Bodies that are being read from pages' caches.
    pub harvest: HarvestStats,
    /// Since the engine started.
    pub all: Counts,
    /// Since the user last cleared everything.
    pub total: Totals,
    /// Seconds that loads took less than without help, as far as that was measured.
    pub saved_s: f64,
    /// What may be done now, and why not more.
    pub policy: Allowance,
    /// Of the tab that was asked about.
    pub tab: Option<TabStats>,
}

/// Connection to the introduction server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerState {
    /// Sharing is off, or no server is set.
    Off,
    /// On the way.
    Connecting,
    /// Connected.
    Connected,
    /// Lost; it is tried again after a pause.
    Waiting,
}

/// Other browsers.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerStats {
    /// With an open, proven channel.
    pub connected: usize,
    /// Those, and those on the way.
    pub known: usize,
    /// From the start of the engine to the first of them, in ms.
    pub first_ms: Option<u64>,
}

/// The shelf.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it; bytes")]
pub struct ShelfStats {
    pub bodies: usize,
    pub bytes: u64,
    pub limit: u64,
}

/// What is kept for one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it; bytes")]
pub struct SiteStats {
    pub site: String,
    pub bodies: usize,
    pub bytes: u64,
}

/// Harvesting.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HarvestStats {
    /// Bodies still to come.
    pub pending: usize,
}

/// One tab.
#[derive(Clone, Debug, Serialize)]
pub struct TabStats {
    /// The document's origin, where it is one that could be touched.
    pub site: Option<String>,
    /// The site's switch.
    pub enabled: bool,
    /// Why the page as a whole is left alone.
    pub refused: Option<&'static str>,
    /// What its site gains, where enough was measured.
    pub gain: Option<Gain>,
    /// What this visit taught is written down.
    pub settled: bool,
    /// What happened.
    pub counts: Counts,
}

/// Where one resource of a load came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Where from.
    pub from: From,
    /// Bytes, as in [`Counts::bytes`].
    pub bytes: u64,
    /// From the navigation to the answer, in ms.
    pub after_ms: u64,
}
