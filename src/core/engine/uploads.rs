//! Bodies on their way to peers: a bounded queue, a fair share for each peer, a rate and a daily limit. Bytes are hashed
//! again before the first of them leaves. A body that several ask for at once is read, checked and deflated once.

use std::{collections::VecDeque, rc::Rc};

use slipstream_wire::{
    frame::Frame,
    id::Tag,
    peer::{Message, No},
};

use super::{Engine, Reader};
use crate::{
    body::{ContentId, Verified},
    inflate, limits,
    port::ConnId,
};

/// All transfers from this browser.
#[derive(Default)]
pub(super) struct Uploads {
    /// In the order in which they were asked for.
    queue: VecDeque<Upload>,
    /// Number of the last chunk that was sent to a peer: whoever has the lowest has the next turn.
    turns: Vec<(ConnId, u64)>,
    turn: u64,
    /// Bodies that were found not to be worth deflating.
    plain: VecDeque<ContentId>,
    /// Bytes that may be sent now; below zero after a chunk that was larger than what was left.
    allowance: i64,
    /// When `allowance` was last filled, in ms.
    filled: u64,
}

/// One transfer.
struct Upload {
    conn: ConnId,
    transfer: u32,
    id: ContentId,
    /// Nothing until the shelf has answered.
    payload: Option<Payload>,
    sent: usize,
}

/// What is sent of a body.
#[derive(Clone)]
enum Payload {
    Plain(Verified),
    Deflated(Rc<[u8]>),
}

impl Payload {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(body) => body.bytes(),
            Self::Deflated(bytes) => bytes,
        }
    }
}

impl Uploads {
    pub(super) fn count(&self) -> usize {
        self.queue.len()
    }
}

impl Upload {
    fn is(&self, conn: ConnId, transfer: u32) -> bool {
        self.conn == conn && self.transfer == transfer
    }

    fn rest(&self) -> &[u8] {
        self.payload.as_ref().map_or(&[], |payload| &payload.bytes()[self.sent..])
    }
}

impl Engine {
    /// A member asks for a body.
    pub(super) fn upload_wanted(&mut self, conn: ConnId, transfer: u32, tag: Tag) {
        let now = self.now.ms;
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        if !peer.takes_question(now) {
            return self.tell(conn, &Message::No { ask: transfer, reason: No::Busy });
        }
        if let Some(reason) = self.no_upload(conn, transfer) {
            return self.tell(conn, &Message::No { ask: transfer, reason });
        }
        let Some(id) = self.body_of(conn, tag).filter(|id| self.may_offer(*id)) else {
            return self.tell(conn, &Message::No { ask: transfer, reason: No::Unknown });
        };
        if let Some(peer) = self.meeting.peers.get_mut(&conn) {
            peer.useful = self.now.ms;
        }
        self.uploads.queue.push_back(Upload { conn, transfer, id, payload: None, sent: 0 });
        match self.shelf.cached(id) {
            Some(body) => self.upload_read(conn, transfer, Some(body)),
            None => self.want_read(id, Reader::Upload(conn, transfer)),
        }
    }

    fn no_upload(&self, conn: ConnId, transfer: u32) -> Option<No> {
        let queue = &self.uploads.queue;
        if queue.iter().any(|u| u.is(conn, transfer)) {
            return Some(No::Unknown);
        }
        if !self.may_send() || self.left_today() == 0 {
            return Some(No::Paused);
        }
        let of_peer = queue.iter().filter(|u| u.conn == conn).count();
        (queue.len() >= limits::UPLOAD_QUEUE || of_peer >= limits::UPLOADS).then_some(No::Busy)
    }

    /// Bytes that may still be promised: what was promised before counts as sent.
    fn left_today(&self) -> u64 {
        let promised: u64 = self.uploads.queue.iter().map(|upload| upload.rest().len() as u64).sum();
        self.upload_left().saturating_sub(promised)
    }

    /// The shelf answered.
    pub(super) fn upload_read(&mut self, conn: ConnId, transfer: u32, body: Option<Verified>) {
        let Some(at) = self.uploads.queue.iter().position(|u| u.is(conn, transfer)) else { return };
        let Some(body) = body else { return self.upload_refused(at, No::Unknown) };
        let payload = self.payload(body);
        let length = payload.bytes().len() as u64;
        if length > self.left_today() {
            return self.upload_refused(at, No::Paused);
        }
        let deflated = matches!(payload, Payload::Deflated(_));
        self.tell(conn, &Message::Begin { transfer, length, deflated });
        self.uploads.queue[at].payload = Some(payload);
    }

    fn upload_refused(&mut self, at: usize, reason: No) {
        if let Some(Upload { conn, transfer, .. }) = self.uploads.queue.remove(at) {
            self.tell(conn, &Message::No { ask: transfer, reason });
        }
    }

    /// The body as it is sent: as it is already being sent to somebody else, or deflated where that pays.
    fn payload(&mut self, body: Verified) -> Payload {
        let id = body.id();
        let shared = self.uploads.queue.iter().find(|u| u.id == id && u.payload.is_some());
        if let Some(payload) = shared.and_then(|upload| upload.payload.clone()) {
            return payload;
        }
        if self.uploads.plain.contains(&id) {
            return Payload::Plain(body);
        }
        if let Some(deflated) = inflate::deflate_if_it_pays(body.bytes()) {
            return Payload::Deflated(deflated.into());
        }
        self.uploads.plain.push_back(id);
        if self.uploads.plain.len() > limits::PLAIN_BODIES {
            self.uploads.plain.pop_front();
        }
        Payload::Plain(body)
    }

    pub(super) fn is_sending_to(&self, conn: ConnId) -> bool {
        self.uploads.queue.iter().any(|upload| upload.conn == conn)
    }

    pub(super) fn upload_cancelled(&mut self, conn: ConnId, transfer: u32) {
        self.uploads.queue.retain(|u| !u.is(conn, transfer));
    }

    pub(super) fn uploads_end(&mut self, conn: ConnId) {
        self.uploads.queue.retain(|u| u.conn != conn);
        self.uploads.turns.retain(|(other, _)| *other != conn);
    }

    /// Ends every transfer, and names them.
    pub(super) fn end_uploads(&mut self) -> Vec<(ConnId, u32)> {
        self.uploads.queue.drain(..).map(|upload| (upload.conn, upload.transfer)).collect()
    }

    /// Ends those to one peer, and names them.
    pub(super) fn end_uploads_to(&mut self, conn: ConnId) -> Vec<u32> {
        let theirs = self.uploads.queue.iter().filter(|u| u.conn == conn).map(|u| u.transfer).collect();
        self.uploads_end(conn);
        theirs
    }

    /// Sends chunks, to each peer in turn, as far as rate and channels allow. A peer's bodies go one after the other: the
    /// first is of use sooner so.
    pub(super) fn pump_uploads(&mut self) {
        self.fill_allowance();
        while self.uploads.allowance > 0 {
            let Some(at) = self.next_upload() else { return };
            let upload = &mut self.uploads.queue[at];
            let (conn, transfer) = (upload.conn, upload.transfer);
            let Some(peer) = self.meeting.peers.get(&conn) else { return };
            let rest = upload.rest();
            let piece = &rest[..rest.len().min(peer.chunk as usize)];
            let frame = Frame::Chunk { transfer, offset: upload.sent as u64, bytes: piece }.to_vec();
            let length = piece.len();
            let done = length == rest.len();
            upload.sent += length;
            if done {
                self.uploads.queue.remove(at);
            }
            self.uploads.turn += 1;
            self.uploads.turns.retain(|(other, _)| *other != conn);
            self.uploads.turns.push((conn, self.uploads.turn));
            self.uploads.allowance = self.uploads.allowance.saturating_sub_unsigned(length as u64);
            self.note_upload(conn, length as u64);
            self.send(conn, frame);
        }
    }

    /// The transfer whose turn it is: of the peer that was sent to longest ago, among those with room.
    fn next_upload(&self) -> Option<usize> {
        let Uploads { queue, turns, .. } = &self.uploads;
        let room = |conn: &ConnId| {
            self.meeting.peers.get(conn).is_some_and(|peer| peer.queued < limits::CHANNEL_HIGH)
        };
        let open = queue.iter().enumerate().filter(|(_, u)| u.payload.is_some() && room(&u.conn));
        let turn = |conn| turns.iter().find(|(other, _)| *other == conn).map_or(0, |(_, turn)| *turn);
        open.min_by_key(|(at, u)| (turn(u.conn), *at)).map(|(at, _)| at)
    }

    fn fill_allowance(&mut self) {
        // All channels of a group stay on the local network (SECURITY.md §3.7), where the rate for it holds; the
        // user's own figure counts where it is higher.
        let rate = self.settings.limits.upload_kib_per_s.saturating_mul(1024).max(limits::LAN_UPLOAD_RATE);
        let rate = self.allowance().rate(rate);
        let uploads = &mut self.uploads;
        let passed = self.now.ms.saturating_sub(uploads.filled);
        let more = rate.saturating_mul(passed) / 1_000;
        if more > 0 {
            let burst = limits::UPLOAD_BURST.cast_signed();
            uploads.allowance = uploads.allowance.saturating_add_unsigned(more).min(burst);
            uploads.filled = self.now.ms;
        }
    }

    /// When there is something to send but no allowance for it, the next few milliseconds bring some.
    pub(super) fn uploads_wake(&self) -> Option<u64> {
        let waiting = self.uploads.queue.iter().any(|u| u.payload.is_some());
        (waiting && self.uploads.allowance <= 0).then(|| self.now.ms + 5)
    }
}
