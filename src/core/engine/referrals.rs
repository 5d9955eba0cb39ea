//! Who might know a page: members hear who asked for which, at them or at their peers, and tell whoever asks next. A load
//! that nobody near knows anything about meets those.

use slipstream_wire::{
    id::{PeerId, Tag},
    peer::Message,
};

use rand::RngExt;

use super::{Engine, introductions::Via, load::Load};
use crate::{fact::Tab, limits, port::ConnId};

/// A member who asked for a page.
pub(super) struct Asker {
    at: u64,
    page: Tag,
    node: PeerId,
    /// Itself, or a peer of its.
    through: ConnId,
}

impl Asker {
    pub(super) fn is_through(&self, conn: ConnId) -> bool {
        self.through == conn
    }
}

impl Engine {
    /// A member asked for a page, here or at a peer: who asks for it later is told.
    pub(super) fn note_asker(&mut self, page: Tag, node: PeerId, through: ConnId) {
        if node == self.meeting.node {
            return;
        }
        self.note_route(node, through);
        let askers = &mut self.meeting.askers;
        askers.retain(|asker| asker.page != page || asker.node != node);
        askers.push_back(Asker { at: self.now.ms, page, node, through });
        if askers.len() > limits::ASKERS {
            askers.pop_front();
        }
    }

    /// Something of a browser came through a peer: what is for it goes back the same way.
    pub(super) fn note_route(&mut self, node: PeerId, through: ConnId) {
        let routes = &mut self.meeting.routes;
        routes.retain(|(known, _)| *known != node);
        routes.push_back((node, through));
        if routes.len() > limits::ROUTES {
            routes.pop_front();
        }
    }

    /// A peer asks for a page: it is remembered, and the other peers are told.
    pub(super) fn asked(&mut self, conn: ConnId, page: Tag) {
        let Some(node) = self.meeting.peers.get(&conn).and_then(|peer| peer.node) else { return };
        self.note_asker(page, node, conn);
        let others: Vec<_> = self.meeting.ready().filter(|other| *other != conn).collect();
        for other in others {
            self.tell(other, &Message::Asked { page, node });
        }
    }

    /// Some of those who asked for this page lately, drawn by lot so that none is overrun. Not `but`, who asks now.
    pub(super) fn askers_of(&mut self, page: Tag, but: ConnId) -> Vec<PeerId> {
        let asks = self.meeting.peers.get(&but).and_then(|peer| peer.node);
        let recent = |at: u64| self.now.ms.saturating_sub(at) <= limits::ASKER_MS;
        let same = self.meeting.askers.iter().filter(|asker| {
            asker.page == page && recent(asker.at) && Some(asker.node) != asks && asker.through != but
        });
        let mut nodes: Vec<_> = same.map(|asker| asker.node).collect();
        while nodes.len() > limits::REFERRALS {
            nodes.swap_remove(self.rng.random_range(0..nodes.len()));
        }
        nodes
    }

    /// A peer does not know the page, and names others who asked for it.
    pub(super) fn referred(&mut self, conn: ConnId, ask: u32, peers: &[PeerId]) {
        let own = self.meeting.node;
        let asked = |load: &&mut Load| load.questions.iter().any(|q| q.is(conn, ask));
        let Some(load) = self.loads.values_mut().find(asked) else { return };
        let room = limits::REFERRALS_HELD.saturating_sub(load.referrals.len());
        load.referrals.extend(peers.iter().filter(|node| **node != own).take(room).map(|node| (*node, conn)));
    }

    /// Loads that nobody near knows anything about: those are met who might.
    pub(super) fn follow_referrals(&mut self) {
        let now = self.now.ms;
        let stuck = |load: &Load| {
            !load.referrals.is_empty()
                && load.questions.is_empty()
                && load.leaders.is_empty()
                && load.may_ask(now)
        };
        let tabs: Vec<_> = self.loads.iter().filter(|(_, load)| stuck(load)).map(|(tab, _)| *tab).collect();
        for tab in tabs {
            while let Some((node, through)) = self.next_referral(tab) {
                let via = Via::Peer(through);
                if self.may_introduce() || (self.make_room(via) && self.may_introduce()) {
                    self.offer(node, via);
                }
            }
        }
    }

    /// Who is to be met next for a load, while fewer than enough are on the way.
    fn next_referral(&mut self, tab: Tab) -> Option<(PeerId, ConnId)> {
        let load = self.loads.get_mut(&tab)?;
        let peers = &self.meeting.peers;
        let on_the_way = peers.values().filter(|p| !p.is_ready() && load.met.contains(&p.id)).count();
        if on_the_way >= limits::REFERRALS_MET {
            return None;
        }
        while let Some((node, through)) = load.referrals.pop_front() {
            let known = peers.values().any(|peer| peer.node == Some(node) || peer.id == node);
            if !known && load.met.insert(node) {
                return Some((node, through));
            }
        }
        None
    }
}
