//! Meeting and keeping peers: the socket to the introduction server, how many peers there should be, who is silent,
//! who is not met again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand::RngExt;
use slipstream_wire::{
    codec,
    id::{PeerId, Topic},
    server::{FromServer, ToServer},
};

use super::{Engine, introductions::Via, peer::Peer, referrals::Asker, relays::Announced};
use crate::{
    group::Group,
    limits,
    port::{ConnId, Output},
    settings::Path,
    stats::{PeerStats, ServerState},
};

/// Peers, and the way to new ones.
pub(super) struct Meeting {
    /// What the keys were made of, so that a change of settings is noticed.
    secret: Option<[u8; 32]>,
    url: String,
    path: Path,
    pub(super) group: Option<Group>,
    /// What this browser calls itself among its peers.
    pub(super) node: PeerId,
    /// Who asked for which page lately.
    pub(super) askers: VecDeque<Asker>,
    /// Through whom a browser that is no peer was heard of last.
    pub(super) routes: VecDeque<(PeerId, ConnId)>,
    server: Server,
    /// Failed attempts to reach the server in a row.
    attempts: u32,
    topic: Option<Topic>,
    asked_at: u64,
    pub(super) announced: Announced,
    /// Whom the server named, and who was not met yet.
    named: VecDeque<PeerId>,
    /// When a peer of a peer was last looked for without need, in ms.
    met_at: u64,
    pub(super) peers: BTreeMap<ConnId, Peer>,
    pub(super) next_conn: u32,
    /// When introductions were begun, within the last minute.
    pub(super) begun: VecDeque<u64>,
    /// Sessions seen on this socket: none is answered twice.
    pub(super) sids: BTreeSet<[u8; 16]>,
    /// Who sent something wrong, or nothing where something was promised.
    marks: VecDeque<Mark>,
    pub(super) first_ready: Option<u64>,
}

/// What is held against somebody, whatever connection it comes by.
struct Mark {
    /// When it is forgotten, in ms.
    until: u64,
    whom: Known,
    /// How often it let something stall: from [`limits::STRIKES`] on it is not met.
    strikes: u8,
}

/// By what somebody is known again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The certificate that it showed.
    Print([u8; 32]),
    /// What it calls itself among peers.
    Node(PeerId),
}

/// The socket.
#[derive(Clone, Copy, Default)]
enum Server {
    #[default]
    Off,
    Connecting,
    Greeting {
        since: u64,
    },
    Connected {
        you: PeerId,
        since: u64,
    },
    Waiting {
        until: u64,
    },
    /// There are as many peers as wanted, and the user wants the server to be left then.
    Left,
}

impl Meeting {
    pub(super) const fn is_greeted(&self) -> bool {
        matches!(self.server, Server::Connected { .. })
    }

    pub(super) fn new(node: PeerId) -> Self {
        Self {
            secret: None,
            url: String::new(),
            path: Path::Lan,
            group: None,
            node,
            askers: VecDeque::new(),
            routes: VecDeque::new(),
            server: Server::Off,
            attempts: 0,
            topic: None,
            asked_at: 0,
            announced: Announced::default(),
            named: VecDeque::new(),
            met_at: 0,
            peers: BTreeMap::new(),
            next_conn: 0,
            begun: VecDeque::new(),
            sids: BTreeSet::new(),
            marks: VecDeque::new(),
            first_ready: None,
        }
    }

    pub(super) const fn server_state(&self) -> ServerState {
        match self.server {
            Server::Off | Server::Left => ServerState::Off,
            Server::Connecting | Server::Greeting { .. } => ServerState::Connecting,
            Server::Connected { .. } => ServerState::Connected,
            Server::Waiting { .. } => ServerState::Waiting,
        }
    }

    pub(super) fn stats(&self, began: u64) -> PeerStats {
        PeerStats {
            connected: self.ready().count(),
            known: self.peers.len(),
            first_ms: self.first_ready.map(|at| at.saturating_sub(began)),
        }
    }

    /// Peers with a proven channel.
    pub(super) fn ready(&self) -> impl Iterator<Item = ConnId> {
        self.peers.iter().filter(|(_, peer)| peer.is_ready()).map(|(conn, _)| *conn)
    }

    /// This browser's name at the server, and the common topic, while connected.
    pub(super) const fn place(&self) -> Option<(PeerId, Topic)> {
        match (self.server, self.topic) {
            (Server::Connected { you, .. }, Some(topic)) => Some((you, topic)),
            _ => None,
        }
    }

    pub(super) fn is_banned(&self, whom: Known, now: u64) -> bool {
        self.strikes(whom, now) >= limits::STRIKES
    }

    /// What is held against it still.
    pub(super) fn strikes(&self, whom: Known, now: u64) -> u8 {
        let held = self.marks.iter().filter(|mark| mark.until > now && mark.whom == whom);
        held.map(|mark| mark.strikes).max().unwrap_or(0)
    }

    fn mark(&mut self, names: [Option<Known>; 2], until: u64, strikes: u8) {
        for whom in names.into_iter().flatten() {
            self.marks.retain(|mark| mark.whom != whom || mark.until > until);
            self.marks.push_back(Mark { until, whom, strikes });
            if self.marks.len() > limits::BANS {
                self.marks.pop_front();
            }
        }
    }
}

impl Engine {
    /// Sharing, server, group or the ways to members may have changed.
    pub(super) fn settings_changed(&mut self) {
        let secret = self.secret_in_use();
        let url = self.settings.signal.url.clone();
        let path = self.settings.ice.path();
        let same_ways = path == self.meeting.path || self.meeting.group.is_none();
        if secret == self.meeting.secret && url == self.meeting.url && same_ways {
            return;
        }
        self.leave_all();
        let marks = std::mem::take(&mut self.meeting.marks);
        let group = secret.map(Group::new);
        let node = PeerId::new(self.random());
        self.meeting = Meeting {
            secret,
            url,
            path,
            group,
            marks,
            next_conn: self.meeting.next_conn,
            ..Meeting::new(node)
        };
        self.connect();
    }

    fn connect(&mut self) {
        if self.meeting.group.is_some() && !self.meeting.url.is_empty() {
            self.meeting.server = Server::Connecting;
            self.out.push_back(Output::SocketOpen { url: self.meeting.url.clone() });
        }
    }

    fn leave_all(&mut self) {
        let conns: Vec<_> = self.meeting.peers.keys().copied().collect();
        for conn in conns {
            self.part(conn);
        }
        if !matches!(self.meeting.server, Server::Off | Server::Left | Server::Waiting { .. }) {
            self.out.push_back(Output::SocketClose);
        }
    }

    pub(super) fn socket_open(&mut self) {
        if matches!(self.meeting.server, Server::Connecting) {
            self.meeting.server = Server::Greeting { since: self.now.ms };
            self.say(&ToServer::Hello { version: slipstream_wire::VERSION });
        }
    }

    pub(super) fn socket_closed(&mut self) {
        match self.meeting.server {
            Server::Off | Server::Left | Server::Waiting { .. } => {}
            Server::Connected { since, .. } if self.now.ms - since >= limits::RECONNECT_STABLE_MS => {
                self.meeting.attempts = 0;
                self.wait_for_server(0);
            }
            _ => self.wait_for_server(0),
        }
    }

    /// Full jitter: anything between nothing and the doubled pause, but never more than one attempt a second.
    fn wait_for_server(&mut self, at_least: u64) {
        let doubled = limits::RECONNECT_BASE_MS << self.meeting.attempts.min(16);
        let most = doubled.min(limits::RECONNECT_MAX_MS);
        self.meeting.attempts = self.meeting.attempts.saturating_add(1);
        let pause = limits::RECONNECT_BASE_MS + self.rng.random_range(0..=most);
        self.meeting.server = Server::Waiting { until: self.now.ms + at_least + pause };
        self.meeting.topic = None;
        self.meeting.announced = Announced::default();
        self.meeting.sids.clear();
    }

    /// Leaves a server of one's own accord, for at least so long.
    fn leave_server(&mut self, at_least: u64) {
        self.out.push_back(Output::SocketClose);
        self.wait_for_server(at_least);
    }

    pub(super) fn say(&mut self, message: &ToServer) {
        self.out.push_back(Output::SocketSend(codec::encode(message)));
    }

    pub(super) fn socket_message(&mut self, bytes: &[u8]) {
        // The last words of a socket that was given up change nothing.
        if !matches!(self.meeting.server, Server::Greeting { .. } | Server::Connected { .. }) {
            return;
        }
        let Ok(message) = codec::decode::<FromServer>(bytes, &codec::Limits::SERVER) else {
            // A server that talks nonsense is left; the pause before the next attempt grows as for a dead one.
            return self.leave_server(0);
        };
        match message {
            FromServer::Welcome { version, you }
                if matches!(self.meeting.server, Server::Greeting { .. }) =>
            {
                if version != slipstream_wire::VERSION {
                    return self.leave_server(limits::RECONNECT_MAX_MS);
                }
                self.meeting.server = Server::Connected { you, since: self.now.ms };
                self.ask_for_relays();
                self.join();
            }
            FromServer::Peers { topic, peers } if self.meeting.topic == Some(topic) => {
                self.meeting.named = peers.into_iter().take(slipstream_wire::server::MAX_PEERS).collect();
                self.meet_named();
            }
            FromServer::Signal { topic, from, payload } if self.meeting.topic == Some(topic) => {
                self.signal(from, Via::Server, &payload);
            }
            FromServer::Gone { peer } => self.gone(peer),
            FromServer::Away { retry_after } => {
                self.leave_server(u64::from(retry_after.clamp(1, 3_600)) * 1_000);
            }
            FromServer::Ice { servers, seconds } => self.relays_announced(servers, seconds),
            // Late answers of a topic that was left. They change nothing.
            FromServer::Welcome { .. } | FromServer::Peers { .. } | FromServer::Signal { .. } => {}
        }
    }

    /// Offers to those whom the server named, up to half of the most: the other half is for those who come later, or the
    /// first few would be full with each other and never hear of the rest.
    fn meet_named(&mut self) {
        let half = self.settings.peers.max.div_ceil(2).max(self.settings.peers.min);
        while self.meeting.peers.len() < half {
            let Some(peer) = self.meeting.named.pop_front() else { return };
            self.offer(peer, Via::Server);
        }
    }

    fn join(&mut self) {
        let topic = self.meeting.group.as_ref().map(|group| group.topic(self.now.day()));
        if let Some(old) = self.meeting.topic.filter(|old| Some(*old) != topic) {
            self.say(&ToServer::Leave { topic: old });
        }
        self.meeting.topic = topic;
        self.meeting.asked_at = self.now.ms;
        if let Some(topic) = topic {
            self.say(&ToServer::Join { topic });
        }
    }

    /// Deadlines of the socket and of every peer.
    pub(super) fn keep_meeting(&mut self) {
        let now = self.now.ms;
        match self.meeting.server {
            Server::Waiting { until } if now >= until => self.connect(),
            Server::Greeting { since } if now >= since + limits::GREETING_MS => self.leave_server(0),
            Server::Connected { .. } => {
                self.meet_named();
                let today = self.meeting.group.as_ref().map(|group| group.topic(self.now.day()));
                let lonely = self.is_lonely() && now >= self.meeting.asked_at + limits::REJOIN_MS;
                if self.meeting.topic != today || lonely {
                    self.join();
                } else if self.settings.peers.leave_signal_when_full
                    && self.meeting.ready().count() >= self.settings.peers.max
                {
                    self.out.push_back(Output::SocketClose);
                    self.meeting.server = Server::Left;
                    self.meeting.topic = None;
                    self.meeting.sids.clear();
                    self.meeting.asked_at = now;
                }
            }
            _ => {}
        }
        if self.meeting.place().is_none()
            && self.is_lonely()
            && now >= self.meeting.asked_at + limits::REJOIN_MS
        {
            self.meeting.asked_at = now;
            if matches!(self.meeting.server, Server::Left) && self.meeting.ready().next().is_none() {
                self.connect();
            }
            self.meet_through_peers();
        }
        if self.is_sparse() && now >= self.meeting.met_at + limits::FILL_MS {
            self.meeting.met_at = now;
            self.meet_through_peers();
        }
        let due: Vec<_> =
            self.meeting.peers.iter().filter(|(_, p)| p.deadline() <= now).map(|(conn, _)| *conn).collect();
        for conn in due {
            self.peer_due(conn);
        }
    }

    pub(super) fn meeting_wake(&self) -> Option<u64> {
        let server = match self.meeting.server {
            Server::Waiting { until } => Some(until),
            Server::Greeting { since } => Some(since + limits::GREETING_MS),
            _ => None,
        };
        let lonely = (self.meeting.group.is_some() && self.is_lonely())
            .then_some(self.meeting.asked_at + limits::REJOIN_MS)
            .filter(|_| self.meeting.place().is_some() || self.has_peers_or_left());
        let sparse = self.is_sparse().then_some(self.meeting.met_at + limits::FILL_MS);
        self.meeting.peers.values().map(Peer::deadline).chain(server).chain(lonely).chain(sparse).min()
    }

    /// There are peers, but so few that it pays to meet some of theirs.
    fn is_sparse(&self) -> bool {
        let count = self.meeting.peers.len();
        // Half of the introductions are kept for those who are met because a page needs them.
        let spare = self.meeting.begun.len() < limits::INTRODUCTIONS_PER_MIN / 2;
        count > 0 && spare && count < self.settings.peers.max * 3 / 4
    }

    fn has_peers_or_left(&self) -> bool {
        matches!(self.meeting.server, Server::Left) || self.meeting.ready().next().is_some()
    }

    fn is_lonely(&self) -> bool {
        self.meeting.peers.len() < self.fewest_peers()
    }

    /// Ends a connection from this side.
    pub(super) fn part(&mut self, conn: ConnId) {
        self.out.push_back(Output::Close { conn });
        self.channel_closed(conn);
    }

    /// Whoever sent wrong bytes is not met again for a while, by the certificate that it showed and by its name.
    pub(super) fn ban(&mut self, conn: ConnId) {
        self.avoid(conn, limits::BAN_MS);
    }

    /// A peer let something stall. It may be slow, or want to be: the third time others are given a chance.
    pub(super) fn strike(&mut self, conn: ConnId) {
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        peer.strikes += 1;
        if peer.strikes >= limits::STRIKES {
            self.avoid(conn, limits::AVOID_MS);
        }
    }

    fn avoid(&mut self, conn: ConnId, span: u64) {
        if let Some(names) = self.meeting.peers.get(&conn).map(Peer::known_by) {
            self.meeting.mark(names, self.now.ms + span, limits::STRIKES);
        }
        self.part(conn);
    }

    /// The channel or its connection is gone: everything that depended on it is settled now.
    pub(super) fn channel_closed(&mut self, conn: ConnId) {
        if let Some(peer) = self.meeting.peers.remove(&conn) {
            // To come back by another connection is no way to be trusted again.
            if peer.strikes > 0 {
                self.meeting.mark(peer.known_by(), self.now.ms + limits::AVOID_MS, peer.strikes);
            }
            self.meeting.askers.retain(|asker| !asker.is_through(conn));
            self.meeting.routes.retain(|(_, through)| *through != conn);
            self.uploads_end(conn);
            self.downloads_end(conn);
            self.answers_end(conn);
            self.introduce_around();
        }
    }
}
