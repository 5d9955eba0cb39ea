//! The engine looked at closely: the loads that it follows, its peers, and what is kept for each site. For pages of
//! the extension alone; addresses of pages go nowhere else.

use serde::Serialize;

use super::{
    Engine,
    load::{Load, Stand, Way},
};
use crate::{
    fact::Tab,
    port::ConnId,
    stats::{Counts, From, SiteStats},
};

/// One load, closely.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// Where.
    pub tab: Tab,
    /// The document.
    pub url: String,
    /// How long ago it began, in ms.
    pub age_ms: u64,
    /// Why the page as a whole was left alone.
    pub refused: Option<&'static str>,
    /// What was planned, in the order of need.
    pub plan: Vec<Planned>,
    /// What happened.
    pub counts: Counts,
}

/// One resource of a plan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// Which.
    pub url: String,
    /// `rule` (L1) or `hold` (L3).
    pub layer: &'static str,
    /// From where it was to come.
    pub from: From,
    /// How far it has come.
    pub stand: &'static str,
    /// Bytes, as the record says.
    pub bytes: u64,
    /// From where it came in the end.
    pub came: Option<From>,
    /// From the navigation to the answer, in ms.
    pub after_ms: Option<u64>,
}

/// One peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerReport {
    /// A number that stays the same as long as the connection.
    pub id: u32,
    /// Its channel is proven.
    pub ready: bool,
    /// Bytes of bodies that came from it.
    pub received: u64,
    /// Bytes of bodies that went to it.
    pub sent: u64,
    /// From a question to the beginning of its answer, smoothed, in ms: how far away it is.
    pub answer_ms: Option<u64>,
}

/// What went to and fro on each connection; there are as many as peers.
#[derive(Default)]
pub(super) struct Flows(Vec<PeerReport>);

impl Flows {
    pub(super) fn sent(&mut self, conn: ConnId, bytes: u64) {
        self.of(conn).sent += bytes;
    }

    pub(super) fn received(&mut self, conn: ConnId, bytes: u64) {
        self.of(conn).received += bytes;
    }

    /// A quarter of the newest, three quarters of what was known.
    pub(super) fn answered(&mut self, conn: ConnId, ms: u64) {
        let answer = &mut self.of(conn).answer_ms;
        *answer = Some(answer.map_or(ms, |before| (3 * before + ms) / 4));
    }

    pub(super) fn retain(&mut self, lives: impl Fn(ConnId) -> bool) {
        self.0.retain(|flow| lives(ConnId(flow.id)));
    }

    fn of(&mut self, conn: ConnId) -> &mut PeerReport {
        let at = self.0.iter().position(|flow| flow.id == conn.0).unwrap_or_else(|| {
            self.0.push(PeerReport { id: conn.0, ..PeerReport::default() });
            self.0.len() - 1
        });
        &mut self.0[at]
    }
}

impl Engine {
    /// The loads that are followed.
    pub fn loads(&self) -> Vec<LoadReport> {
        let report = |(tab, load): (&Tab, &Load)| LoadReport {
            tab: *tab,
            url: load.url.as_str().to_owned(),
            age_ms: self.now.ms.saturating_sub(load.began),
            refused: load.refused.map(crate::refusal::Refusal::name),
            plan: load.order.iter().filter_map(|url| planned(load, url)).collect(),
            counts: load.counts.clone(),
        };
        self.loads.iter().map(report).collect()
    }

    /// The peers that are there, or on their way.
    pub fn peers(&self) -> Vec<PeerReport> {
        let report = |(conn, peer): (&ConnId, &super::peer::Peer)| PeerReport {
            id: conn.0,
            ready: peer.is_ready(),
            ..self.flows.0.iter().find(|flow| flow.id == conn.0).copied().unwrap_or_default()
        };
        self.meeting.peers.iter().map(report).collect()
    }

    /// What is kept for each site.
    pub fn sites(&self) -> Vec<SiteStats> {
        self.shelf.by_site()
    }
}

fn planned(load: &Load, url: &crate::address::Url) -> Option<Planned> {
    let want = load.wants.get(url)?;
    let outcome = load.outcomes.get(url);
    Some(Planned {
        url: url.as_str().to_owned(),
        layer: match want.way {
            Way::Rule => "rule",
            Way::Hold => "hold",
        },
        from: want.from,
        stand: match want.stand {
            Stand::Reading => "reading",
            Stand::Queued { .. } => "queued",
            Stand::Asked { .. } => "asked",
            Stand::Held(_) => "held",
            Stand::Given => "given",
            Stand::Missed => "missed",
        },
        bytes: want.record.length,
        came: outcome.map(|outcome| outcome.from),
        after_ms: outcome.map(|outcome| outcome.after_ms),
    })
}
