//! Bodies on their way from peers: what is asked next and of whom, what is given up, and the check at the end.

use std::collections::BTreeMap;

use slipstream_wire::peer::Message;

use super::{Engine, load::Stand};
use crate::{
    address::Url,
    body::{ContentId, Verified},
    fact::Tab,
    limits,
    port::ConnId,
    refusal::Refusal,
};

/// All transfers to this browser.
#[derive(Default)]
pub(super) struct Downloads(BTreeMap<(ConnId, u32), Download>);

struct Download {
    id: ContentId,
    /// As the record says. The peer's word for it is only compared.
    length: u64,
    bytes: Vec<u8>,
    began: u64,
    heard: u64,
    /// Longest time that it may take, in ms.
    total: u64,
    /// Time was given once because this browser had overslept; not again, or a slow machine would wait for ever.
    excused: bool,
}

impl Download {
    const fn deadline(&self) -> u64 {
        let stalled = self.heard + limits::TRANSFER_STALL_MS;
        let total = self.began + self.total;
        if stalled < total { stalled } else { total }
    }
}

impl Engine {
    /// Asks for what loads still want, in their order, the newest load first.
    pub(super) fn pump_downloads(&mut self) {
        while self.downloads.0.len() < limits::TRANSFERS {
            let Some((tab, url, conn, id, length)) = self.next_download() else { return };
            let Some((salt_o, salt_a)) = self.meeting.peers.get(&conn).and_then(super::peer::Peer::salts)
            else {
                return;
            };
            let Some(transfer) = self.next_ask(conn) else { return };
            let now = self.now.ms;
            // Beyond a second only as long as four fifths of what the origin would take.
            let total = limits::TRANSFER_TOTAL_MS.max(self.origin_ms(length) * 4 / 5);
            let download =
                Download { id, length, bytes: Vec::new(), began: now, heard: now, total, excused: false };
            self.downloads.0.insert((conn, transfer), download);
            if let Some(want) = self.loads.get_mut(&tab).and_then(|load| load.wants.get_mut(&url)) {
                want.stand = Stand::Asked;
            }
            let tag = crate::group::ask_tag(&salt_o, &salt_a, &id);
            self.tell(conn, &Message::Want { transfer, tag });
        }
    }

    fn next_download(&self) -> Option<(Tab, Url, ConnId, ContentId, u64)> {
        let mut loads: Vec<_> = self.loads.iter().filter(|(_, load)| load.is_hungry()).collect();
        loads.sort_unstable_by_key(|(tab, load)| (std::cmp::Reverse(load.began), **tab));
        for (tab, load) in loads {
            for url in &load.order {
                let Some(want) = load.wants.get(url) else { continue };
                let Stand::Queued { holders } = &want.stand else { continue };
                let free = holders.iter().find(|conn| self.in_flight(**conn) < limits::TRANSFERS_PER_PEER);
                if let Some(conn) = free {
                    return Some((*tab, url.clone(), *conn, want.record.id, want.record.length));
                }
            }
        }
        None
    }

    fn in_flight(&self, conn: ConnId) -> usize {
        self.downloads.0.range((conn, 0)..=(conn, u32::MAX)).count()
    }

    /// The peer has it. A length that is not the record's means other bytes.
    pub(super) fn download_begins(&mut self, conn: ConnId, transfer: u32, length: u64, deflated: bool) {
        let Some(download) = self.downloads.0.get_mut(&(conn, transfer)) else { return };
        if length != download.length || deflated {
            return self.give_up(conn, transfer, Refusal::PeerWrong);
        }
        download.heard = self.now.ms;
        // `length` is the record's, and a record's length is within the cap of its type.
        download.bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
    }

    pub(super) fn chunk(&mut self, conn: ConnId, transfer: u32, offset: u64, bytes: &[u8]) {
        // Late chunks of a transfer that was given up cost their transport and nothing more.
        let Some(download) = self.downloads.0.get_mut(&(conn, transfer)) else { return };
        let held = download.bytes.len() as u64;
        if offset != held || held + bytes.len() as u64 > download.length {
            return self.wrong_bytes(conn, transfer);
        }
        download.bytes.extend_from_slice(bytes);
        download.heard = self.now.ms;
        if download.length > download.bytes.len() as u64 {
            return;
        }
        let Some(download) = self.downloads.0.remove(&(conn, transfer)) else { return };
        match Verified::check(download.id, download.bytes) {
            Ok(body) => {
                self.counts.verified += 1;
                self.peer_gave(&body);
            }
            Err(_) => {
                self.failed(download.id, Refusal::PeerWrong);
                self.counts.verifications_failed += 1;
                self.ban(conn);
            }
        }
    }

    fn wrong_bytes(&mut self, conn: ConnId, transfer: u32) {
        self.counts.verifications_failed += 1;
        self.give_up(conn, transfer, Refusal::PeerWrong);
        self.ban(conn);
    }

    pub(super) fn download_refused(&mut self, conn: ConnId, transfer: u32) {
        if let Some(download) = self.downloads.0.remove(&(conn, transfer)) {
            self.failed(download.id, Refusal::NoPeer);
        }
    }

    /// Ends a transfer from this side, and its cost on the other.
    fn give_up(&mut self, conn: ConnId, transfer: u32, why: Refusal) {
        if let Some(download) = self.downloads.0.remove(&(conn, transfer)) {
            self.tell(conn, &Message::Cancel { transfer });
            self.failed(download.id, why);
        }
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
                self.failed(download.id, Refusal::PeerLate);
            }
        }
        self.settle_orphans();
    }

    /// A peer that lets one transfer stall is asked for nothing more by the loads that wait: they go to the origin.
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
            self.give_up(conn, transfer, Refusal::PeerLate);
            self.settle_orphans();
        }
    }

    pub(super) fn downloads_wake(&self) -> Option<u64> {
        self.downloads.0.values().map(Download::deadline).min()
    }
}
