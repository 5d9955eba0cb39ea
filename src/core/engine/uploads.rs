//! Bodies on their way to peers: a bounded queue, a fair share for each, a rate and a daily limit. Bytes are hashed
//! again before the first of them leaves.

use std::collections::VecDeque;

use slipstream_wire::{
    frame::Frame,
    id::Tag,
    peer::{Message, No},
};

use super::{Engine, Reader};
use crate::{body::Verified, limits, port::ConnId};

/// All transfers from this browser.
#[derive(Default)]
pub(super) struct Uploads {
    /// The first has the next turn.
    queue: VecDeque<Upload>,
    /// Bytes that may be sent now; below zero after a chunk that was larger than what was left.
    allowance: i64,
    /// When `allowance` was last filled, in ms.
    filled: u64,
    day: u64,
    sent_today: u64,
}

/// One transfer.
pub(super) struct Upload {
    conn: ConnId,
    transfer: u32,
    /// Nothing until the shelf has answered.
    body: Option<Verified>,
    sent: usize,
}

impl Engine {
    /// A member asks for a body.
    pub(super) fn upload_wanted(&mut self, conn: ConnId, transfer: u32, tag: Tag) {
        if let Some(reason) = self.no_upload(conn, transfer) {
            return self.tell(conn, &Message::No { ask: transfer, reason });
        }
        let Some(id) = self.body_of(conn, tag).filter(|id| self.may_offer(*id)) else {
            return self.tell(conn, &Message::No { ask: transfer, reason: No::Unknown });
        };
        self.uploads.queue.push_back(Upload { conn, transfer, body: None, sent: 0 });
        match self.shelf.cached(id) {
            Some(body) => self.upload_read(conn, transfer, Some(body)),
            None => self.want_read(id, Reader::Upload(conn, transfer)),
        }
    }

    fn no_upload(&self, conn: ConnId, transfer: u32) -> Option<No> {
        let queue = &self.uploads.queue;
        if queue.iter().any(|u| u.conn == conn && u.transfer == transfer) {
            return Some(No::Unknown);
        }
        if self.left_today() == 0 {
            return Some(No::Paused);
        }
        let of_peer = queue.iter().filter(|u| u.conn == conn).count();
        (queue.len() >= limits::UPLOAD_QUEUE || of_peer >= limits::UPLOADS).then_some(No::Busy)
    }

    /// Bytes that may still be promised today: what was promised before counts as sent.
    fn left_today(&self) -> u64 {
        let Uploads { queue, day, sent_today, .. } = &self.uploads;
        let daily = self.settings.limits.upload_mib_per_day.saturating_mul(1024 * 1024);
        let sent = if *day == self.now.day() { *sent_today } else { 0 };
        let rest = |upload: &Upload| upload.body.as_ref().map_or(0, |body| body.len() - upload.sent as u64);
        daily.saturating_sub(sent).saturating_sub(queue.iter().map(rest).sum())
    }

    /// The shelf answered.
    pub(super) fn upload_read(&mut self, conn: ConnId, transfer: u32, body: Option<Verified>) {
        let Some(at) = self.uploads.queue.iter().position(|u| u.conn == conn && u.transfer == transfer)
        else {
            return;
        };
        let left = self.left_today();
        match body {
            Some(body) if body.len() > left => {
                self.uploads.queue.remove(at);
                self.tell(conn, &Message::No { ask: transfer, reason: No::Paused });
            }
            Some(body) => {
                self.tell(conn, &Message::Begin { transfer, length: body.len(), deflated: false });
                self.uploads.queue[at].body = Some(body);
            }
            None => {
                self.uploads.queue.remove(at);
                self.tell(conn, &Message::No { ask: transfer, reason: No::Unknown });
            }
        }
    }

    pub(super) fn upload_cancelled(&mut self, conn: ConnId, transfer: u32) {
        self.uploads.queue.retain(|u| u.conn != conn || u.transfer != transfer);
    }

    pub(super) fn uploads_end(&mut self, conn: ConnId) {
        self.uploads.queue.retain(|u| u.conn != conn);
    }

    /// Sends chunks in turn, as far as rate and channels allow.
    pub(super) fn pump_uploads(&mut self) {
        self.fill_allowance();
        let mut idle = 0;
        while idle < self.uploads.queue.len() && self.uploads.allowance > 0 {
            let Some(upload) = self.uploads.queue.front_mut() else { return };
            let (conn, transfer) = (upload.conn, upload.transfer);
            let room = self.meeting.peers.get(&conn).filter(|p| p.queued < limits::CHANNEL_HIGH);
            let (Some(body), Some(peer)) = (&upload.body, room) else {
                self.uploads.queue.rotate_left(1);
                idle += 1;
                continue;
            };
            idle = 0;
            let rest = &body.bytes()[upload.sent..];
            let piece = &rest[..rest.len().min(peer.chunk as usize)];
            let frame = Frame::Chunk { transfer, offset: upload.sent as u64, bytes: piece }.to_vec();
            let length = piece.len() as u64;
            upload.sent += piece.len();
            let done = upload.sent == body.bytes().len();
            if done {
                self.uploads.queue.pop_front();
            } else {
                self.uploads.queue.rotate_left(1);
            }
            self.uploads.allowance = self.uploads.allowance.saturating_sub_unsigned(length);
            self.uploads.sent_today += length;
            self.counts.uploaded += length;
            self.send(conn, frame);
        }
    }

    fn fill_allowance(&mut self) {
        let uploads = &mut self.uploads;
        if uploads.day != self.now.day() {
            uploads.day = self.now.day();
            uploads.sent_today = 0;
        }
        // All channels of a group stay on the local network (SECURITY.md §3.7), where the rate for it holds; the
        // user's own figure counts where it is higher.
        let rate = self.settings.limits.upload_kib_per_s.saturating_mul(1024).max(limits::LAN_UPLOAD_RATE);
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
        let waiting = self.uploads.queue.iter().any(|u| u.body.is_some());
        (waiting && self.uploads.allowance <= 0).then(|| self.now.ms + 5)
    }
}
