//! One peer, from the first word of the introduction to the end of its channel.

use std::collections::{BTreeMap, VecDeque};

use slipstream_wire::{
    codec,
    frame::{self, Frame},
    id::{PeerId, Salt, Tag},
    peer::{MAX_OTHERS, Message},
};

use super::{Engine, introductions::Via, meeting::Known, pace::Pace};
use crate::{
    body::ContentId,
    description::Candidate,
    group::{Offered, Transcript},
    limits,
    port::{ConnId, Output},
    settings::Path,
};

/// A peer's state.
pub(super) struct Peer {
    /// What it is called on the way by which it is met.
    pub(super) id: PeerId,
    pub(super) via: Via,
    /// What it calls itself among peers, once it has said hello.
    pub(super) node: Option<PeerId>,
    /// Whom it has a channel to, as far as it has told.
    pub(super) others: Vec<PeerId>,
    /// When a body last came from it, or was asked for by it, in ms.
    pub(super) useful: u64,
    /// Signals that it had forwarded, by time in ms, within the last minute.
    pub(super) forwarded: VecDeque<u64>,
    pub(super) sid: [u8; 16],
    pub(super) offerer: bool,
    /// Which ways its connection may take.
    pub(super) path: Path,
    /// If that comes to nothing, relays alone are tried.
    pub(super) has_fallback: bool,
    pub(super) stage: Stage,
    /// Since when the stage lasts, in ms.
    pub(super) since: u64,
    /// When anything was heard last.
    heard: u64,
    /// A ping is out since then.
    pinged: Option<u64>,
    /// Local candidates that were found before our description left.
    pub(super) early_out: Vec<Candidate>,
    /// Remote candidates that came before the description.
    pub(super) early_in: Vec<Candidate>,
    /// Candidates taken from the other side.
    pub(super) taken: usize,
    pub(super) salt: Salt,
    /// Bytes handed to the channel since its queue was last low.
    pub(super) queued: u64,
    pub(super) chunk: u32,
    max_message: u32,
    /// What the other side may ask for, by the names of this connection.
    tags: BTreeMap<Tag, ContentId>,
    /// How many bodies `tags` was made for.
    tagged: u64,
    their_salt: Option<Salt>,
    pub(super) next_ask: u32,
    /// Questions that it may still ask, in thousandths, and when that was reckoned, in ms.
    questions: (u64, u64),
    /// How quick its bodies have been.
    pub(super) pace: Pace,
    /// Bodies that it brought.
    pub(super) bodies: u32,
    /// Things that it let stall, less those forgiven.
    pub(super) strikes: u8,
    /// It said that it has no time for bodies before this, in ms.
    pub(super) busy_until: u64,
}

/// How far the introduction has come.
#[derive(Clone)]
pub(super) enum Stage {
    /// Offerer: our browser makes its description.
    Offering { n_o: [u8; 16] },
    /// Offerer: the answer is awaited.
    Offered { offered: Offered },
    /// Answerer: our browser makes its description.
    Answering { offered: Offered },
    /// Both: descriptions are exchanged, the channel is to open.
    Opening { transcript: Transcript },
    /// The channel is open, its proof or greeting is awaited.
    Open { transcript: Transcript },
    /// Proven.
    Ready { transcript: Transcript },
}

impl Peer {
    pub(super) fn new(
        (id, via): (PeerId, Via),
        path: Path,
        sid: [u8; 16],
        offerer: bool,
        stage: Stage,
        salt: Salt,
        now: u64,
    ) -> Self {
        Self {
            id,
            via,
            node: None,
            others: Vec::new(),
            useful: now,
            forwarded: VecDeque::new(),
            sid,
            offerer,
            path,
            has_fallback: false,
            stage,
            since: now,
            heard: now,
            pinged: None,
            early_out: Vec::new(),
            early_in: Vec::new(),
            taken: 0,
            salt,
            queued: 0,
            chunk: frame::CHUNK_FLOOR,
            max_message: 0,
            tags: BTreeMap::new(),
            tagged: u64::MAX,
            their_salt: None,
            next_ask: 1,
            questions: (limits::QUESTIONS_PER_MIN * 1_000, now),
            pace: Pace::default(),
            bodies: 0,
            strikes: 0,
            busy_until: 0,
        }
    }

    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready { .. })
    }

    /// The transcript, once both descriptions are known.
    pub(super) const fn transcript(&self) -> Option<&Transcript> {
        match &self.stage {
            Stage::Opening { transcript } | Stage::Open { transcript } | Stage::Ready { transcript } => {
                Some(transcript)
            }
            _ => None,
        }
    }

    /// The certificate that the other side showed.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        self.transcript().map(|t| if self.offerer { t.fp_a } else { t.offered.fp_o })
    }

    /// Its certificate and its name, as far as they are known.
    pub(super) fn known_by(&self) -> [Option<Known>; 2] {
        [self.fingerprint().map(Known::Print), self.node.map(Known::Node)]
    }

    /// Takes one question from its share, if anything is left of it. The share grows back evenly over a minute.
    pub(super) fn takes_question(&mut self, now: u64) -> bool {
        let (left, since) = self.questions;
        let grown = now.saturating_sub(since).saturating_mul(limits::QUESTIONS_PER_MIN) / 60;
        let left = left.saturating_add(grown).min(limits::QUESTIONS_PER_MIN * 1_000);
        let takes = left >= 1_000;
        self.questions = (if takes { left - 1_000 } else { left }, now);
        takes
    }

    /// It may go another way, and it is not proven that this one carries anything beyond the greeting.
    const fn is_on_trial(&self) -> bool {
        let proven = match self.stage {
            Stage::Opening { .. } | Stage::Open { .. } => false,
            Stage::Ready { .. } => self.heard > self.since,
            _ => true,
        };
        self.has_fallback && !proven
    }

    /// When something must be done about this peer.
    pub(super) const fn deadline(&self) -> u64 {
        match (&self.stage, self.pinged) {
            // From the ping on: a machine that slept has heard nothing, and that is nobody's silence.
            (Stage::Ready { .. }, Some(at)) if self.is_on_trial() => at + limits::PROBE_ANSWER_MS,
            (Stage::Ready { .. }, Some(at)) => at + limits::SILENT_MS - limits::PING_MS,
            (Stage::Ready { .. }, None) if self.is_on_trial() => self.since + limits::PROBE_MS,
            (Stage::Ready { .. }, None) => self.heard + limits::PING_MS,
            (Stage::Open { .. }, _) => self.since + limits::HELLO_MS,
            (Stage::Opening { .. }, _) if self.has_fallback => self.since + limits::DIRECT_MS,
            _ => self.since + limits::INTRODUCTION_MS,
        }
    }

    /// Both salts, offerer's first, once the other side has said hello.
    pub(super) fn salts(&self) -> Option<(Salt, Salt)> {
        let theirs = self.their_salt?;
        Some(if self.offerer { (self.salt, theirs) } else { (theirs, self.salt) })
    }
}

impl Engine {
    pub(super) fn channel_open(&mut self, conn: ConnId, max_message: u32) {
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        let Stage::Opening { transcript } = peer.stage else { return };
        peer.stage = Stage::Open { transcript };
        peer.since = self.now.ms;
        peer.max_message = max_message;
        let (offerer, salt) = (peer.offerer, peer.salt);
        let confirm = match &self.meeting.group {
            Some(group) if offerer => group.confirm(&transcript).to_vec(),
            _ => Vec::new(),
        };
        let header = u32::try_from(frame::HEADER).unwrap_or(0);
        let chunk = frame::CHUNK_DEFAULT.min(max_message.saturating_sub(header));
        let (version, node) = (slipstream_wire::VERSION, self.meeting.node);
        self.tell(conn, &Message::Hello { version, chunk, salt, node, confirm });
    }

    pub(super) fn frame(&mut self, conn: ConnId, bytes: &[u8]) {
        let now = self.now.ms;
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        peer.heard = now;
        peer.pinged = None;
        let ready = peer.is_ready();
        match Frame::parse(bytes) {
            Ok(Frame::Chunk { transfer, offset, bytes }) if ready => {
                self.chunk(conn, transfer, offset, bytes)
            }
            Ok(Frame::Control(message)) => match codec::decode(message, &codec::Limits::PEER) {
                Ok(message) if ready => self.message(conn, message),
                Ok(Message::Hello { version, chunk, salt, node, confirm }) => {
                    self.greeted(conn, version, chunk, (salt, node), &confirm);
                }
                _ => self.part(conn),
            },
            _ => self.part(conn),
        }
    }

    fn greeted(
        &mut self,
        conn: ConnId,
        version: u16,
        chunk: u32,
        (salt, node): (Salt, PeerId),
        confirm: &[u8],
    ) {
        let now = self.now.ms;
        let strikes = self.meeting.strikes(Known::Node(node), now);
        let unwelcome = node == self.meeting.node || strikes >= limits::STRIKES;
        let (Some(peer), Some(group)) = (self.meeting.peers.get_mut(&conn), &self.meeting.group) else {
            return;
        };
        let Stage::Open { transcript } = peer.stage else { return self.part(conn) };
        let proven = peer.offerer || group.check_confirm(&transcript, confirm).is_ok();
        if version != slipstream_wire::VERSION || !proven || unwelcome || chunk < frame::CHUNK_FLOOR {
            return self.part(conn);
        }
        let header = u32::try_from(frame::HEADER).unwrap_or(0);
        peer.chunk = chunk.min(frame::CHUNK_DEFAULT).min(peer.max_message.saturating_sub(header));
        peer.their_salt = Some(salt);
        peer.node = Some(node);
        peer.strikes = strikes;
        peer.stage = Stage::Ready { transcript };
        peer.since = now;
        self.meeting.first_ready.get_or_insert(now);
        if self.is_spare(conn, node) {
            return self.part(conn);
        }
        self.introduce_around();
        self.peer_came(conn);
    }

    /// Two browsers may meet twice, through a server that was restarted or through two others. One channel goes: both
    /// sides find the same one to be spare. Whether it is the new one.
    fn is_spare(&mut self, conn: ConnId, node: PeerId) -> bool {
        let now = self.now.ms;
        let Some(sid) = self.meeting.peers.get(&conn).map(|peer| peer.sid) else { return true };
        let twin =
            |(other, peer): &(&ConnId, &Peer)| **other != conn && peer.is_ready() && peer.node == Some(node);
        let Some((twin, older)) = self.meeting.peers.iter().find(twin).map(|(conn, peer)| (*conn, peer))
        else {
            return false;
        };
        // One that has gone silent may be dead: the new one is not.
        let silent = now.saturating_sub(older.heard) > limits::PING_MS;
        let spare = !silent && older.sid < sid;
        if !spare {
            self.part(twin);
        }
        spare
    }

    /// A peer came or went: the others learn who can be reached through this browser now.
    pub(super) fn introduce_around(&mut self) {
        let nodes = self.meeting.peers.values().filter(|peer| peer.is_ready()).filter_map(|peer| peer.node);
        let nodes: Vec<_> = nodes.take(MAX_OTHERS).collect();
        let all: Vec<_> = self.meeting.ready().collect();
        for conn in all {
            let theirs = self.meeting.peers.get(&conn).and_then(|peer| peer.node);
            let peers = nodes.iter().copied().filter(|node| Some(*node) != theirs).collect();
            self.tell(conn, &Message::Others { ask: 0, peers });
        }
    }

    /// A peer tells whom else it can reach.
    fn others(&mut self, conn: ConnId, ask: u32, peers: Vec<PeerId>) {
        if peers.len() > MAX_OTHERS {
            return self.part(conn);
        }
        if ask != 0 {
            return self.referred(conn, ask, &peers);
        }
        let own = self.meeting.node;
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        peer.others = peers.into_iter().filter(|node| *node != own).collect();
    }

    fn message(&mut self, conn: ConnId, message: Message) {
        match message {
            Message::AskPage { ask, page, age } => self.answer_page(conn, ask, page, age),
            Message::Page { ask, facts, entries, last } => {
                self.page_answered(conn, ask, facts, entries, last)
            }
            Message::Soon { ask, coming, off } => self.soon(conn, ask, coming, &off),
            Message::Others { ask, peers } => self.others(conn, ask, peers),
            Message::Asked { page, node } => self.note_asker(page, node, conn),
            Message::Forward { from, to, again, payload } => self.forward(conn, (from, to), again, payload),
            Message::Want { transfer, tag } => self.upload_wanted(conn, transfer, tag),
            Message::Begin { transfer, length, deflated } => {
                self.download_begins(conn, transfer, length, deflated);
            }
            Message::No { ask, reason } => self.refused(conn, ask, reason),
            Message::Cancel { transfer } => self.upload_cancelled(conn, transfer),
            Message::Ping { nonce } => self.tell(conn, &Message::Pong { nonce }),
            Message::Pong { .. } => {}
            _ => self.part(conn),
        }
    }

    /// A peer's deadline has come.
    pub(super) fn peer_due(&mut self, conn: ConnId) {
        let now = self.now.ms;
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        if peer.is_ready() && peer.pinged.is_none() {
            peer.pinged = Some(now);
            let nonce = peer.next_ask;
            self.tell(conn, &Message::Ping { nonce });
        } else {
            let dead = peer.is_on_trial().then_some((peer.id, peer.via));
            self.part(conn);
            if let Some((id, via)) = dead {
                self.offer_along(Path::Relay, id, via);
            }
        }
    }

    /// Sends one control message.
    pub(super) fn tell(&mut self, conn: ConnId, message: &Message) {
        let frame = Frame::Control(&codec::encode(message)).to_vec();
        self.send(conn, frame);
    }

    pub(super) fn send(&mut self, conn: ConnId, frame: Vec<u8>) {
        if let Some(peer) = self.meeting.peers.get_mut(&conn) {
            peer.queued += frame.len() as u64;
            self.out.push_back(Output::Send { conn, frame });
        }
    }

    pub(super) fn drained(&mut self, conn: ConnId) {
        if let Some(peer) = self.meeting.peers.get_mut(&conn) {
            peer.queued = 0;
        }
    }

    /// A number for a question or transfer of ours on this connection.
    pub(super) fn next_ask(&mut self, conn: ConnId) -> Option<u32> {
        let peer = self.meeting.peers.get_mut(&conn)?;
        let ask = peer.next_ask;
        peer.next_ask = peer.next_ask.wrapping_add(1).max(1);
        Some(ask)
    }

    /// Which body a peer means. Names are made when first needed, and anew when the shelf has grown since.
    pub(super) fn body_of(&mut self, conn: ConnId, tag: Tag) -> Option<ContentId> {
        let generation = self.shelf.generation();
        let peer = self.meeting.peers.get_mut(&conn)?;
        let (salt_o, salt_a) = peer.salts()?;
        if peer.tagged != generation {
            peer.tagged = generation;
            peer.tags.clear();
            peer.tags
                .extend(self.shelf.bodies().map(|id| (crate::group::ask_tag(&salt_o, &salt_a, &id), id)));
        }
        peer.tags.get(&tag).copied()
    }
}
