//! Bodies on their way from peers: what is asked next and of whom, who is asked instead when one fails, what is given
//! up, and the check at the end.

use std::collections::BTreeMap;

use slipstream_wire::peer::{Message, No};

use super::{
    Engine,
    load::{Load, Stand},
};
use crate::{
    address::Url,
    body::{ContentId, Incoming, Verified},
    fact::Tab,
    inflate, limits,
    port::ConnId,
    refusal::Refusal,
    stats::From,
};

/// All transfers to this browser.
#[derive(Default)]
pub(super) struct Downloads(BTreeMap<(ConnId, u32), Download>);

struct Download {
    id: ContentId,
    /// Longest body of its type, in bytes: what the record says of the length is compared at the end, and what the
    /// peer says is held to this before anything is allocated.
    cap: u64,
    /// Length by the record.
    recorded: u64,
    /// Bytes that are to come, once the peer has said so.
    length: Option<u64>,
    deflated: bool,
    incoming: Incoming,
    began: u64,
    heard: u64,
    /// Longest time that it may take, in ms.
    total: u64,
    /// Time was given once because this browser had overslept; not again, or a slow machine would wait for ever.
    excused: bool,
}

impl Downloads {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Download {
    const fn deadline(&self) -> u64 {
        let stalled = self.heard + limits::TRANSFER_STALL_MS;
        let total = self.began + self.total;
        if stalled < total { stalled } else { total }
    }

    /// Whether a chunk continues what is here, within what was announced.
    fn takes(&self, offset: u64, bytes: &[u8]) -> bool {
        let held = self.incoming.len();
        offset == held && self.length.is_some_and(|length| held + bytes.len() as u64 <= length)
    }
}

impl Engine {
    /// Asks for what loads still want, in their order, the newest load first.
    pub(super) fn pump_downloads(&mut self) {
        while self.downloads.0.len() < limits::TRANSFERS {
            let Some((tab, url, conn)) = self.next_download() else { return };
            let Some((salt_o, salt_a)) = self.meeting.peers.get(&conn).and_then(super::peer::Peer::salts)
            else {
                return;
            };
            let Some(transfer) = self.next_ask(conn) else { return };
            let now = self.now.ms;
            let Some(want) = self.loads.get_mut(&tab).and_then(|load| load.wants.get_mut(&url)) else {
                return;
            };
            let Stand::Queued { holders } = &mut want.stand else { return };
            want.stand = Stand::Asked { holders: std::mem::take(holders) };
            let (id, length, cap) = (want.record.id, want.record.length, want.record.mime.cap());
            let total = self.transfer_total(length);
            let download = Download {
                id,
                cap,
                recorded: length,
                length: None,
                deflated: false,
                incoming: Incoming::default(),
                began: now,
                heard: now,
                total,
                excused: false,
            };
            self.downloads.0.insert((conn, transfer), download);
            let tag = crate::group::ask_tag(&salt_o, &salt_a, &id);
            self.tell(conn, &Message::Want { transfer, tag });
        }
    }

    /// Longest time that a body may take, in ms: beyond a second only four fifths of what the origin would take.
    fn transfer_total(&self, length: u64) -> u64 {
        limits::TRANSFER_TOTAL_MS.max(self.origin_ms(length) * 4 / 5)
    }

    /// How long a page is to wait without news, in ms: while one large body comes, there is none. A peer that says
    /// nothing is given up much earlier, and the page is told.
    pub(super) fn page_patience(&self, load: &Load) -> u64 {
        let coming = load.wants.values().filter(|want| want.from == From::Peer);
        let largest = coming.map(|want| want.record.length).max();
        let patience = load.leaders.patience();
        largest
            .map_or(patience, |length| self.transfer_total(length).clamp(patience, limits::PAGE_PATIENCE_MS))
    }

    /// The newest load goes first: its page is the one that somebody is looking at.
    fn next_download(&self) -> Option<(Tab, Url, ConnId)> {
        let hungry = self.loads.iter().filter(|(_, load)| load.is_hungry());
        let next = hungry.filter_map(|(tab, load)| {
            let (url, conn) = self.next_of(load)?;
            Some((load.began, *tab, url, conn))
        });
        let (_, tab, url, conn) = next.min_by_key(|(began, tab, ..)| (std::cmp::Reverse(*began), *tab))?;
        Some((tab, url.clone(), conn))
    }

    fn next_of<'a>(&self, load: &'a Load) -> Option<(&'a Url, ConnId)> {
        load.order.iter().find_map(|url| {
            let want = load.wants.get(url)?;
            let Stand::Queued { holders } = &want.stand else { return None };
            // Equal bytes under two addresses, or in two tabs, come once.
            if self.downloads.0.values().any(|download| download.id == want.record.id) {
                return None;
            }
            let free = holders.iter().filter(|conn| self.may_ask(**conn));
            // Whoever was asked least so far: work is spread over all who have it.
            let asked = |conn: &&ConnId| {
                let peer = self.meeting.peers.get(*conn);
                (peer.map(|peer| peer.strikes), self.in_flight(**conn), peer.map(|peer| peer.next_ask))
            };
            Some((url, *free.min_by_key(asked)?))
        })
    }

    fn may_ask(&self, conn: ConnId) -> bool {
        let Some(peer) = self.meeting.peers.get(&conn) else { return false };
        // Who has let something stall is trusted with one thing at a time.
        let most = if peer.strikes > 0 { 1 } else { limits::TRANSFERS_PER_PEER };
        peer.busy_until <= self.now.ms && self.in_flight(conn) < most
    }

    /// Whether anything is under way with this peer that its leaving would end.
    pub(super) fn is_busy_with(&self, conn: ConnId) -> bool {
        self.in_flight(conn) > 0
            || self.is_sending_to(conn)
            || self.loads.values().any(|load| load.is_tied_to(conn))
    }

    fn in_flight(&self, conn: ConnId) -> usize {
        self.downloads.0.range((conn, 0)..=(conn, u32::MAX)).count()
    }

    /// The peer has it. No honest peer announces nothing at all, or more than a body of this type can have.
    pub(super) fn download_begins(&mut self, conn: ConnId, transfer: u32, length: u64, deflated: bool) {
        let Some(download) = self.downloads.0.get_mut(&(conn, transfer)) else { return };
        if length == 0 || length > download.cap || download.length.is_some() {
            return self.wrong_bytes(conn, transfer);
        }
        download.heard = self.now.ms;
        download.length = Some(length);
        download.deflated = deflated;
        // No more than the record names, whatever the peer announces.
        let expected = usize::try_from(length.min(download.recorded)).unwrap_or(0);
        download.incoming = if deflated { Incoming::unhashed(expected) } else { Incoming::hashed(expected) };
        self.flows.answered(conn, self.now.ms.saturating_sub(download.began));
    }

    pub(super) fn chunk(&mut self, conn: ConnId, transfer: u32, offset: u64, bytes: &[u8]) {
        // Late chunks of a transfer that was given up cost their transport and nothing more.
        let Some(download) = self.downloads.0.get_mut(&(conn, transfer)) else { return };
        if !download.takes(offset, bytes) {
            return self.wrong_bytes(conn, transfer);
        }
        download.incoming.push(bytes);
        self.flows.received(conn, bytes.len() as u64);
        let done = download.length == Some(download.incoming.len());
        // A peer sends its bodies one after the other: while one comes, the next is not stalled.
        for (_, download) in self.downloads.0.range_mut((conn, 0)..=(conn, u32::MAX)) {
            download.heard = self.now.ms;
        }
        if !done {
            return;
        }
        let Some(download) = self.downloads.0.remove(&(conn, transfer)) else { return };
        let Download { id, cap, deflated, incoming, began, .. } = download;
        let length = incoming.len();
        let whole = if deflated {
            inflate::inflate(incoming.bytes(), cap).ok().and_then(|bytes| Verified::check(id, bytes).ok())
        } else {
            incoming.check(id).ok()
        };
        match whole {
            Some(body) => {
                self.counts.verified += 1;
                if let Some(peer) = self.meeting.peers.get_mut(&conn) {
                    peer.useful = self.now.ms;
                    peer.pace.note(length, self.now.ms.saturating_sub(began));
                    peer.bodies += 1;
                    if peer.bodies % limits::FORGIVEN == 0 {
                        peer.strikes = peer.strikes.saturating_sub(1);
                    }
                }
                self.peer_gave(&body);
                self.settle_orphans(Refusal::NoPeer);
            }
            None => {
                self.waste(id, length);
                self.counts.verifications_failed += 1;
                self.ask_elsewhere(conn, id);
                self.discredit(conn);
            }
        }
    }

    fn wrong_bytes(&mut self, conn: ConnId, transfer: u32) {
        self.counts.verifications_failed += 1;
        self.give_up(conn, transfer);
        self.discredit(conn);
    }

    /// This peer sent something wrong: nothing more is taken from it.
    fn discredit(&mut self, conn: ConnId) {
        for load in self.loads.values_mut() {
            load.lose_holder(conn);
        }
        self.settle_orphans(Refusal::PeerWrong);
        self.ban(conn);
    }

    /// The body is right, and its length is not the one that the record gives: whoever made the record lied.
    pub(super) fn lied(&mut self, tab: Tab, url: &Url) {
        self.miss(tab, url, Refusal::PeerWrong);
        let author = self.loads.get(&tab).and_then(|load| load.wants.get(url)).and_then(|want| want.author);
        if let Some(conn) = author {
            self.ban(conn);
        }
    }

    pub(super) fn download_refused(&mut self, conn: ConnId, transfer: u32, reason: No) {
        let Some(download) = self.downloads.0.remove(&(conn, transfer)) else { return };
        let until = self.now.ms + limits::BUSY_MS;
        match self.meeting.peers.get_mut(&conn) {
            // It has it, and will have time for it.
            Some(peer) if reason == No::Busy => {
                peer.busy_until = until;
                self.queue_again(download.id, None);
            }
            _ => self.ask_elsewhere(conn, download.id),
        }
        self.settle_orphans(Refusal::NoPeer);
    }

    /// Ends a transfer from this side, and its cost on the other. What it was for is asked of others.
    fn give_up(&mut self, conn: ConnId, transfer: u32) {
        if let Some(download) = self.downloads.0.remove(&(conn, transfer)) {
            self.tell(conn, &Message::Cancel { transfer });
            self.waste(download.id, download.incoming.len());
            self.ask_elsewhere(conn, download.id);
        }
    }

    /// This peer did not give it: the others that have it are asked.
    fn ask_elsewhere(&mut self, conn: ConnId, id: ContentId) {
        self.queue_again(id, Some(conn));
    }

    fn queue_again(&mut self, id: ContentId, without: Option<ConnId>) {
        for want in self.loads.values_mut().flat_map(|load| load.wants.values_mut()) {
            if want.record.id == id
                && let Stand::Asked { holders } | Stand::Queued { holders } = &mut want.stand
            {
                holders.retain(|holder| Some(*holder) != without);
                want.stand = Stand::Queued { holders: std::mem::take(holders) };
            }
        }
    }

    /// Bytes came, and were of no use. A page that has had too many of these asks no peer any more.
    fn waste(&mut self, id: ContentId, bytes: u64) {
        for load in self.loads.values_mut() {
            let wanted = |want: &super::load::Want| {
                want.record.id == id && matches!(want.stand, Stand::Asked { .. } | Stand::Queued { .. })
            };
            if load.wants.values().any(wanted) {
                load.wasted += bytes;
                if load.wasted > limits::PAGE_WASTE {
                    load.lose_holders();
                }
            }
        }
    }

    /// Ends every transfer: no peer will be asked for anything for a while.
    pub(super) fn give_up_downloads(&mut self, why: Refusal) {
        let all: Vec<_> = self.downloads.0.keys().copied().collect();
        // First nobody is left to be asked, so that what ends is not put in the queue of another.
        for load in self.loads.values_mut() {
            load.lose_holders();
        }
        for (conn, transfer) in all {
            self.give_up(conn, transfer);
        }
        self.settle_orphans(why);
    }

    /// Nobody waits for this body any more.
    pub(super) fn stop_downloads(&mut self, unwanted: impl Fn(ContentId) -> bool) {
        let stopped: Vec<_> =
            self.downloads.0.iter().filter(|(_, d)| unwanted(d.id)).map(|(key, _)| *key).collect();
        for key in stopped {
            self.downloads.0.remove(&key);
            self.tell(key.0, &Message::Cancel { transfer: key.1 });
        }
    }

    pub(super) fn downloads_end(&mut self, conn: ConnId) {
        let gone: Vec<_> =
            self.downloads.0.range((conn, 0)..=(conn, u32::MAX)).map(|(key, _)| *key).collect();
        // First nobody is asked there any more, so that what failed is not put in the same queue again.
        for load in self.loads.values_mut() {
            load.lose_holder(conn);
        }
        for key in gone {
            if let Some(download) = self.downloads.0.remove(&key) {
                self.waste(download.id, download.incoming.len());
                self.ask_elsewhere(conn, download.id);
            }
        }
        self.settle_orphans(Refusal::PeerLate);
    }

    /// A peer that lets one transfer stall is asked for nothing more by the loads that wait: others are, or the origin.
    pub(super) fn keep_downloads(&mut self) {
        let now = self.now.ms;
        for download in self.downloads.0.values_mut() {
            // A deadline that is noticed much too late says that this browser itself had no time: what came in the
            // meantime is still waiting to be handed in.
            let overslept = now.saturating_sub(download.deadline());
            if overslept > limits::OVERSLEPT_MS && !download.excused {
                download.excused = true;
                download.heard = now;
                download.began += overslept;
            }
        }
        let late: Vec<_> =
            self.downloads.0.iter().filter(|(_, d)| d.deadline() <= now).map(|(key, _)| *key).collect();
        for (conn, transfer) in late {
            for load in self.loads.values_mut() {
                load.lose_holder(conn);
            }
            self.give_up(conn, transfer);
            self.settle_orphans(Refusal::PeerLate);
            self.strike(conn);
        }
    }

    pub(super) fn downloads_wake(&self) -> Option<u64> {
        let deadlines = self.downloads.0.values().map(Download::deadline);
        let hungry = self.loads.values().any(Load::is_hungry);
        let rested = self.meeting.peers.values().map(|peer| peer.busy_until);
        deadlines.chain(rested.filter(|until| hungry && *until > self.now.ms)).min()
    }
}
