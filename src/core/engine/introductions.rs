//! Introductions: offers, answers and candidates, sealed for the group and bound to the certificates that both sides
//! really use, so that a server in the middle gains nothing (SECURITY.md §2.9).

use rand::RngExt;
use slipstream_wire::{
    id::{PeerId, Salt, Topic},
    peer::{MAX_FORWARD, Message},
    server::ToServer,
};

use super::{
    Engine,
    meeting::Known,
    peer::{Peer, Stage},
};
use crate::{
    description::{Candidate, Class, Description, Kind, Reach, Signal},
    group::{Offered, Route},
    limits,
    port::{ConnId, Output},
    settings::Path,
};

/// Sessions remembered per socket. Beyond it new offers are refused until the socket is new: an honest group never
/// comes near.
const SESSIONS: usize = 4_096;

/// On which way somebody is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// Through the introduction server, by the names that it gave.
    Server,
    /// Through a peer that has a channel to both, by the names that browsers give themselves.
    Peer(ConnId),
}

/// Signals that go through a peer belong to no topic.
const NO_TOPIC: Topic = Topic::new([0; Topic::LEN]);

impl Engine {
    /// Makes an offer to somebody whom the server or a peer named.
    pub(super) fn offer(&mut self, to: PeerId, via: Via) {
        self.offer_along(self.settings.ice.path(), to, via);
    }

    /// The same for a connection that takes certain ways.
    pub(super) fn offer_along(&mut self, path: Path, to: PeerId, via: Via) {
        let Some((you, _)) = self.place(via) else { return };
        if to == you
            || self.meeting.is_banned(Known::Node(to), self.now.ms)
            || self.conn_of(to).is_some()
            || !self.may_introduce()
        {
            return;
        }
        let (sid, n_o, salt) = (self.random(), self.random(), Salt::new(self.random()));
        let peer = Peer::new((to, via), path, sid, true, Stage::Offering { n_o }, salt, self.now.ms);
        self.begin(peer, None);
    }

    /// This browser's name on a way, and the topic there, while the way is open.
    fn place(&self, via: Via) -> Option<(PeerId, Topic)> {
        match via {
            Via::Server => self.meeting.place(),
            Via::Peer(conn) => {
                self.meeting.peers.get(&conn)?.is_ready().then_some((self.meeting.node, NO_TOPIC))
            }
        }
    }

    /// Looks for somebody to meet among the peers of peers: no server is needed for it.
    pub(super) fn meet_through_peers(&mut self) {
        let open = |node: &PeerId| {
            self.conn_of(*node).is_none() && !self.meeting.peers.values().any(|p| p.node == Some(*node))
        };
        let known: Vec<_> = self
            .meeting
            .peers
            .iter()
            .filter(|(_, peer)| peer.is_ready())
            .flat_map(|(conn, peer)| peer.others.iter().filter(|node| open(node)).map(|node| (*conn, *node)))
            .collect();
        if !known.is_empty() {
            let (conn, node) = known[self.rng.random_range(0..known.len())];
            // Whoever is gone by now is not tried again and again.
            if let Some(peer) = self.meeting.peers.get_mut(&conn) {
                peer.others.retain(|other| *other != node);
            }
            self.offer(node, Via::Peer(conn));
        }
    }

    /// A signal through a peer: for this browser, or for another that can be reached from here.
    pub(super) fn forward(
        &mut self,
        conn: ConnId,
        (from, to): (PeerId, PeerId),
        again: bool,
        payload: Vec<u8>,
    ) {
        if payload.len() > MAX_FORWARD {
            return self.part(conn);
        }
        if to == self.meeting.node {
            return self.signal(from, Via::Peer(conn), &payload);
        }
        let now = self.now.ms;
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        // In nobody else's name, unless that was looked at one hop before.
        if !again && peer.node != Some(from) {
            return;
        }
        while peer.forwarded.front().is_some_and(|at| now.saturating_sub(*at) >= 60_000) {
            peer.forwarded.pop_front();
        }
        if peer.forwarded.len() >= limits::FORWARDS_PER_MIN {
            return;
        }
        peer.forwarded.push_back(now);
        self.note_route(from, conn);
        if let Some((next, direct)) = self.next_hop(conn, to, again) {
            self.tell(next, &Message::Forward { from, to, again: again || !direct, payload });
        }
    }

    /// Who is nearest to a browser, and whether that is the browser itself.
    fn next_hop(&self, came: ConnId, to: PeerId, again: bool) -> Option<(ConnId, bool)> {
        let ready = || self.meeting.peers.iter().filter(|(conn, peer)| **conn != came && peer.is_ready());
        let find = |fits: &dyn Fn(ConnId, &Peer) -> bool| {
            ready().find(|(conn, peer)| fits(**conn, peer)).map(|(conn, _)| *conn)
        };
        if let Some(conn) = find(&|_, peer| peer.node == Some(to)) {
            return Some((conn, true));
        }
        let heard = self.meeting.routes.iter().find(|(node, _)| *node == to).map(|(_, through)| *through);
        let reach = |conn, peer: &Peer| heard == Some(conn) || peer.others.contains(&to);
        (!again).then(|| find(&reach)).flatten().map(|conn| (conn, false))
    }

    /// A sealed signal came.
    pub(super) fn signal(&mut self, from: PeerId, via: Via, payload: &[u8]) {
        let Some((you, topic)) = self.place(via) else { return };
        let Some(group) = &self.meeting.group else { return };
        // Whatever cannot be opened was not sealed by a member for this way: there is nobody to answer to.
        let Ok(signal) = Signal::open(group, &Route { topic, from, to: you }, payload) else { return };
        match signal {
            Signal::Offer { sid, description, n_o, mac, relayed } => {
                let offered =
                    Offered { sid, offerer: from, answerer: you, n_o, fp_o: *description.fingerprint() };
                if group.check_offer(&offered, &mac).is_ok() {
                    self.offered((from, via), offered, description, relayed);
                }
            }
            Signal::Answer { sid, description, n_a, mac } => {
                let Some(conn) = self.session(from, &sid) else { return };
                let Some(Stage::Offered { offered }) = self.meeting.peers.get(&conn).map(|p| p.stage.clone())
                else {
                    return;
                };
                let transcript = offered.answered(n_a, *description.fingerprint());
                let banned = self.meeting.is_banned(Known::Print(*description.fingerprint()), self.now.ms);
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
        let Some(peer) = self.meeting.peers.get(&conn) else { return };
        let Some((you, _)) = self.place(peer.via) else { return self.part(conn) };
        let Some(peer) = self.meeting.peers.get(&conn) else { return };
        let (stage, them, sid, path) = (peer.stage.clone(), peer.id, peer.sid, peer.path);
        let kind = if peer.offerer { Kind::Offer } else { Kind::Answer };
        let (Ok(description), Some(group)) = (Description::from_sdp(kind, sdp), &self.meeting.group) else {
            return self.part(conn);
        };
        let fingerprint = *description.fingerprint();
        match stage {
            Stage::Offering { n_o } => {
                let offered = Offered { sid, offerer: you, answerer: them, n_o, fp_o: fingerprint };
                let mac = group.offer_mac(&offered);
                let relayed = path == Path::Relay;
                self.send_signal(conn, &Signal::Offer { sid, description, n_o, mac, relayed });
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
        let Ok(candidate) = Candidate::parse(line) else { return };
        let Some(reach) = self.reach(conn) else { return };
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
    fn offered(&mut self, (from, via): (PeerId, Via), offered: Offered, remote: Description, relayed: bool) {
        let now = self.now.ms;
        let banned = self.meeting.is_banned(Known::Print(offered.fp_o), now)
            || self.meeting.is_banned(Known::Node(from), now);
        if banned || self.meeting.sids.len() >= SESSIONS || !self.meeting.sids.insert(offered.sid) {
            return;
        }
        // Relays on one side alone may open and carry nothing. Who stays on its own network does not use any.
        let path = match self.settings.ice.path() {
            Path::Any if relayed => Path::Relay,
            own => own,
        };
        if let Some(conn) = self.conn_of(from) {
            let dead = relayed && self.meeting.peers.get(&conn).is_some_and(|p| p.path == Path::Any);
            if dead {
                // The other side hears nothing through it, and will not hear this end either.
                self.part(conn);
            }
        }
        if let Some(conn) = self.conn_of(from) {
            // Both offered at once: the offer of the smaller name stands.
            let ours = self.meeting.peers.get(&conn).is_some_and(|p| p.offerer && p.transcript().is_none());
            if !ours || offered.answerer < from {
                return;
            }
            self.part(conn);
        }
        let room = self.may_introduce() || (self.make_room(via) && self.may_introduce());
        if !room {
            // So that the other side need not wait for what will not come.
            return self.send_on((from, via), &Signal::End { sid: offered.sid });
        }
        let salt = Salt::new(self.random());
        let sdp = remote.to_sdp();
        let stage = Stage::Answering { offered };
        self.begin(Peer::new((from, via), path, offered.sid, false, stage, salt, self.now.ms), Some(sdp));
    }

    fn begin(&mut self, mut peer: Peer, remote: Option<String>) {
        self.ask_for_relays();
        peer.has_fallback = peer.path == Path::Any && self.knows_relay();
        let conn = ConnId(self.meeting.next_conn);
        self.meeting.next_conn = self.meeting.next_conn.wrapping_add(1);
        self.meeting.begun.push_back(self.now.ms);
        let relay_only = peer.path == Path::Relay;
        self.meeting.peers.insert(conn, peer);
        self.out.push_back(Output::Connect { conn, remote, servers: self.relays(), relay_only });
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
        let Some(reach) = self.reach(conn) else { return };
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
        if let Some(way) = self.meeting.peers.get(&conn).map(|peer| (peer.id, peer.via)) {
            self.send_on(way, signal);
        }
    }

    fn send_on(&mut self, (to, via): (PeerId, Via), signal: &Signal) {
        let nonce = self.random();
        let (Some((you, topic)), Some(group)) = (self.place(via), &self.meeting.group) else { return };
        let Ok(payload) = signal.seal(group, nonce, &Route { topic, from: you, to }) else { return };
        match via {
            Via::Server => self.say(&ToServer::Signal { topic, to, payload }),
            Via::Peer(through) => {
                self.tell(through, &Message::Forward { from: you, to, again: false, payload });
            }
        }
    }

    /// A peer that is of no use just now leaves, so that one can come who is, or who has nobody yet; whether there was one.
    /// First goes who is far behind the others, then who can reach most others and does best without.
    pub(super) fn make_room(&mut self, via: Via) -> bool {
        let now = self.now.ms;
        let idle = |(conn, peer): &(&ConnId, &Peer)| {
            peer.is_ready()
                && via != Via::Peer(**conn)
                && now.saturating_sub(peer.useful) >= limits::SETTLED_MS
                && now.saturating_sub(peer.since) >= limits::SETTLED_MS
                && !self.is_busy_with(**conn)
        };
        let paces = || self.meeting.peers.values().map(|peer| peer.pace);
        let spare = self.meeting.peers.iter().filter(idle).min_by_key(|(_, peer)| {
            (!peer.pace.is_far_behind(paces()), std::cmp::Reverse(peer.others.len()), peer.useful)
        });
        match spare.map(|(conn, _)| *conn) {
            Some(conn) => {
                self.part(conn);
                true
            }
            None => false,
        }
    }

    pub(super) fn may_introduce(&mut self) -> bool {
        let now = self.now.ms;
        while self.meeting.begun.front().is_some_and(|at| now.saturating_sub(*at) >= 60_000) {
            self.meeting.begun.pop_front();
        }
        self.meeting.peers.len() < self.allowance().peers
            && self.meeting.begun.len() < limits::INTRODUCTIONS_PER_MIN
    }

    pub(super) fn conn_of(&self, peer: PeerId) -> Option<ConnId> {
        self.meeting.peers.iter().find(|(_, p)| p.id == peer).map(|(conn, _)| *conn)
    }

    fn session(&self, from: PeerId, sid: &[u8]) -> Option<ConnId> {
        self.meeting.peers.iter().find(|(_, p)| p.id == from && p.sid[..] == *sid).map(|(conn, _)| *conn)
    }

    fn reach(&self, conn: ConnId) -> Option<Reach> {
        let path = self.meeting.peers.get(&conn)?.path;
        Some(Reach {
            class: Class::Group,
            relay_only: path == Path::Relay,
            lan_only: path == Path::Lan,
            allow_loopback: self.settings.developer.allow_loopback,
        })
    }
}
