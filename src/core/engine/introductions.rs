//! Introductions: offers, answers and candidates, sealed for the group and bound to the certificates that both sides
//! really use, so that a server in the middle gains nothing (SECURITY.md §2.9).

use slipstream_wire::{
    id::{PeerId, Salt},
    server::ToServer,
};

use super::{
    Engine,
    peer::{Peer, Stage},
};
use crate::{
    description::{Candidate, Class, Description, Kind, Reach, Signal},
    group::{Offered, Route},
    limits,
    port::{ConnId, Output},
};

/// Sessions remembered per socket. Beyond it new offers are refused until the socket is new: an honest group never
/// comes near.
const SESSIONS: usize = 4_096;

impl Engine {
    /// Makes an offer to somebody whom the server named.
    pub(super) fn offer(&mut self, to: PeerId) {
        let Some((you, _)) = self.meeting.place() else { return };
        if to == you || self.conn_of(to).is_some() || !self.may_introduce() {
            return;
        }
        let (sid, n_o, salt) = (self.random(), self.random(), Salt::new(self.random()));
        let peer = Peer::new(to, sid, true, Stage::Offering { n_o }, salt, self.now.ms);
        self.begin(peer, None);
    }

    /// A sealed signal came.
    pub(super) fn signal(&mut self, from: PeerId, payload: &[u8]) {
        let Some((you, topic)) = self.meeting.place() else { return };
        let Some(group) = &self.meeting.group else { return };
        // Whatever cannot be opened was not sealed by a member for this way: there is nobody to answer to.
        let Ok(signal) = Signal::open(group, &Route { topic, from, to: you }, payload) else { return };
        match signal {
            Signal::Offer { sid, description, n_o, mac } => {
                let offered =
                    Offered { sid, offerer: from, answerer: you, n_o, fp_o: *description.fingerprint() };
                if group.check_offer(&offered, &mac).is_ok() {
                    self.offered(from, offered, description);
                }
            }
            Signal::Answer { sid, description, n_a, mac } => {
                let Some(conn) = self.session(from, &sid) else { return };
                let Some(Stage::Offered { offered }) = self.meeting.peers.get(&conn).map(|p| p.stage.clone())
                else {
                    return;
                };
                let transcript = offered.answered(n_a, *description.fingerprint());
                let banned = self.meeting.is_banned(description.fingerprint(), self.now.ms);
                if banned || group.check_answer(&transcript, &mac).is_err() {
                    return self.part(conn);
                }
                self.out.push_back(Output::Answered { conn, remote: description.to_sdp() });
                self.open(conn, Stage::Opening { transcript });
            }
            Signal::Candidate { sid, candidate } => {
                if let Some(conn) = self.session(from, &sid) {
                    self.reachable(conn, candidate);
                }
            }
            Signal::End { sid } => {
                if let Some(conn) = self.session(from, &sid)
                    && self.meeting.peers.get(&conn).is_some_and(|peer| peer.transcript().is_none())
                {
                    self.part(conn);
                }
            }
        }
    }

    /// The server cannot find somebody any more: an introduction that has no channel yet ends.
    pub(super) fn gone(&mut self, peer: PeerId) {
        let half_way =
            |p: &Peer| p.id == peer && matches!(p.stage, Stage::Offering { .. } | Stage::Offered { .. });
        let conn = self.meeting.peers.iter().find(|(_, p)| half_way(p)).map(|(conn, _)| *conn);
        if let Some(conn) = conn {
            self.part(conn);
        }
    }

    /// Our browser described its side.
    pub(super) fn described(&mut self, conn: ConnId, sdp: &str) {
        let (Some((you, _)), Some(peer)) = (self.meeting.place(), self.meeting.peers.get(&conn)) else {
            return self.part(conn);
        };
        let (stage, them, sid) = (peer.stage.clone(), peer.id, peer.sid);
        let kind = if peer.offerer { Kind::Offer } else { Kind::Answer };
        let (Ok(description), Some(group)) = (Description::from_sdp(kind, sdp), &self.meeting.group) else {
            return self.part(conn);
        };
        let fingerprint = *description.fingerprint();
        match stage {
            Stage::Offering { n_o } => {
                let offered = Offered { sid, offerer: you, answerer: them, n_o, fp_o: fingerprint };
                let mac = group.offer_mac(&offered);
                self.send_signal(conn, &Signal::Offer { sid, description, n_o, mac });
                self.advance(conn, Stage::Offered { offered });
            }
            Stage::Answering { offered } => {
                let n_a = self.random();
                let transcript = offered.answered(n_a, fingerprint);
                let Some(group) = &self.meeting.group else { return };
                let mac = group.answer_mac(&transcript);
                self.send_signal(conn, &Signal::Answer { sid, description, n_a, mac });
                self.open(conn, Stage::Opening { transcript });
            }
            _ => {}
        }
        let early = self.meeting.peers.get_mut(&conn).map(|peer| std::mem::take(&mut peer.early_out));
        for candidate in early.unwrap_or_default() {
            self.send_signal(conn, &Signal::Candidate { sid, candidate });
        }
    }

    /// Our browser can be reached somewhere.
    pub(super) fn candidate(&mut self, conn: ConnId, line: &str) {
        let reach = self.reach();
        let Ok(candidate) = Candidate::parse(line) else { return };
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        if candidate.check_out(&reach).is_err() {
            return;
        }
        if matches!(peer.stage, Stage::Offering { .. } | Stage::Answering { .. }) {
            if peer.early_out.len() < limits::CANDIDATES {
                peer.early_out.push(candidate);
            }
        } else {
            let sid = peer.sid;
            self.send_signal(conn, &Signal::Candidate { sid, candidate });
        }
    }

    /// A member offers a connection.
    fn offered(&mut self, from: PeerId, offered: Offered, remote: Description) {
        let banned = self.meeting.is_banned(&offered.fp_o, self.now.ms);
        if banned || self.meeting.sids.len() >= SESSIONS || !self.meeting.sids.insert(offered.sid) {
            return;
        }
        if let Some(conn) = self.conn_of(from) {
            // Both offered at once: the offer of the smaller name stands.
            let ours = self.meeting.peers.get(&conn).is_some_and(|p| p.offerer && p.transcript().is_none());
            if !ours || offered.answerer < from {
                return;
            }
            self.part(conn);
        }
        if !self.may_introduce() {
            return;
        }
        let salt = Salt::new(self.random());
        let sdp = remote.to_sdp();
        let stage = Stage::Answering { offered };
        self.begin(Peer::new(from, offered.sid, false, stage, salt, self.now.ms), Some(sdp));
    }

    fn begin(&mut self, peer: Peer, remote: Option<String>) {
        self.ask_for_relays();
        let conn = ConnId(self.meeting.next_conn);
        self.meeting.next_conn = self.meeting.next_conn.wrapping_add(1);
        self.meeting.begun.push_back(self.now.ms);
        self.meeting.peers.insert(conn, peer);
        self.out.push_back(Output::Connect {
            conn,
            remote,
            servers: self.relays(),
            relay_only: self.settings.ice.relay_only,
        });
    }

    fn advance(&mut self, conn: ConnId, stage: Stage) {
        if let Some(peer) = self.meeting.peers.get_mut(&conn) {
            peer.stage = stage;
            peer.since = self.now.ms;
        }
    }

    /// Both descriptions are there: candidates that came too early can be used now.
    fn open(&mut self, conn: ConnId, stage: Stage) {
        self.advance(conn, stage);
        let early = self.meeting.peers.get_mut(&conn).map(|peer| std::mem::take(&mut peer.early_in));
        for candidate in early.unwrap_or_default() {
            self.out.push_back(Output::AddCandidate { conn, line: candidate.to_line() });
        }
    }

    fn reachable(&mut self, conn: ConnId, candidate: Candidate) {
        let reach = self.reach();
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        if candidate.check_in(&reach, peer.taken).is_err() {
            return;
        }
        peer.taken += 1;
        if peer.transcript().is_some() {
            self.out.push_back(Output::AddCandidate { conn, line: candidate.to_line() });
        } else {
            peer.early_in.push(candidate);
        }
    }

    fn send_signal(&mut self, conn: ConnId, signal: &Signal) {
        let nonce = self.random();
        let (Some((you, topic)), Some(group)) = (self.meeting.place(), &self.meeting.group) else { return };
        let Some(to) = self.meeting.peers.get(&conn).map(|peer| peer.id) else { return };
        if let Ok(payload) = signal.seal(group, nonce, &Route { topic, from: you, to }) {
            self.say(&ToServer::Signal { topic, to, payload });
        }
    }

    fn may_introduce(&mut self) -> bool {
        let now = self.now.ms;
        while self.meeting.begun.front().is_some_and(|at| now.saturating_sub(*at) >= 60_000) {
            self.meeting.begun.pop_front();
        }
        self.meeting.peers.len() < self.settings.peers.max
            && self.meeting.begun.len() < limits::INTRODUCTIONS_PER_MIN
    }

    fn conn_of(&self, peer: PeerId) -> Option<ConnId> {
        self.meeting.peers.iter().find(|(_, p)| p.id == peer).map(|(conn, _)| *conn)
    }

    fn session(&self, from: PeerId, sid: &[u8]) -> Option<ConnId> {
        self.meeting.peers.iter().find(|(_, p)| p.id == from && p.sid[..] == *sid).map(|(conn, _)| *conn)
    }

    const fn reach(&self) -> Reach {
        Reach {
            class: Class::Group,
            relay_only: self.settings.ice.relay_only,
            // SECURITY.md §3.7: with relays only, and on no network of one's own, nobody would be met.
            lan_only: !self.settings.ice.relay_only,
            allow_loopback: self.settings.developer.allow_loopback,
        }
    }
}
