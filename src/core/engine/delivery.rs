//! Verified bodies go where they are wanted; what is not coming is let go to the origin.

use super::{
    Engine,
    load::{Load, Stand, Want, Way},
};
use crate::{
    address::Url,
    body::{ContentId, Verified},
    fact::Tab,
    limits,
    port::{Output, Serve, ToPage, ToWorker},
    refusal::Refusal,
    stats::From,
};

impl Engine {
    /// The shelf gave a body to a load, or could not.
    pub(super) fn shelf_gave(&mut self, tab: Tab, id: ContentId, body: Result<Verified, Refusal>) {
        let Some(load) = self.loads.get(&tab) else { return };
        let waiting = |want: &Want| want.record.id == id && matches!(want.stand, Stand::Reading);
        let urls: Vec<_> =
            load.wants.iter().filter(|(_, want)| waiting(want)).map(|(url, _)| url.clone()).collect();
        for url in urls {
            match &body {
                Ok(body) => self.give(tab, &url, body.clone()),
                Err(why) => self.miss(tab, &url, *why),
            }
        }
    }

    /// A peer gave a body, and it is right: whoever wants it gets it, and it is filed.
    pub(super) fn peer_gave(&mut self, body: &Verified) {
        let wanting: Vec<_> = self
            .loads
            .iter()
            .flat_map(|(tab, load)| load.wants.iter().map(move |(url, want)| (*tab, url.clone(), want)))
            .filter(|(_, _, want)| want.record.id == body.id() && want.from == From::Peer)
            .filter(|(_, _, want)| matches!(want.stand, Stand::Asked { .. } | Stand::Queued { .. }))
            .map(|(tab, url, _)| (tab, url))
            .collect();
        for (tab, url) in wanting {
            let Some(load) = self.loads.get(&tab) else { continue };
            let Some(record) = load.wants.get(&url).map(|want| want.record.clone()) else { continue };
            if body.len() != record.length {
                self.lied(tab, &url);
                continue;
            }
            if !record.mime.sniff(body.bytes()) {
                self.miss(tab, &url, Refusal::ContentType);
                continue;
            }
            let partition = load.partition.clone();
            let stored = self.shelf.file(&partition, record, body, self.store_limit(), self.now.unix);
            self.out.push_back(stored);
            self.give(tab, &url, body.clone());
            self.tell_followers(tab);
        }
    }

    /// Wants that no peer is left for.
    pub(super) fn settle_orphans(&mut self, why: Refusal) {
        let orphan = |want: &Want| matches!(&want.stand, Stand::Queued { holders } if holders.is_empty());
        let orphans: Vec<_> = self
            .loads
            .iter()
            .flat_map(|(tab, load)| load.wants.iter().map(move |(url, want)| (*tab, url.clone(), want)))
            .filter(|(_, _, want)| orphan(want))
            .map(|(tab, url, _)| (tab, url))
            .collect();
        for (tab, url) in orphans {
            self.miss(tab, &url, why);
        }
    }

    /// A verified body goes where the load needs it.
    pub(super) fn give(&mut self, tab: Tab, url: &Url, body: Verified) {
        let now = self.now.ms;
        let Some(load) = self.loads.get_mut(&tab) else { return };
        let Some(want) = load.wants.get_mut(url) else { return };
        let content_type = want.record.content_type.clone();
        match want.way {
            Way::Rule => {
                want.stand = Stand::Given;
                let kind = want.record.kind;
                let fits = load.rules < limits::RULES_PER_TAB
                    && load.rule_bytes + body.len() <= limits::RULE_BYTES_PER_TAB;
                if !fits {
                    return load.counts.refused(Refusal::Budget);
                }
                load.rules += 1;
                load.rule_bytes += body.len();
                load.batch_since.get_or_insert(now);
                let (id, until) = (body.id().to_hex(), want.record.fresh_until);
                load.batch.push(Serve { url: url.clone(), kind, content_type, id, until, body: Some(body) });
            }
            Way::Hold => match load.page {
                // The rule stands until the image is shown: before, its request may still be to come.
                Some(page) => {
                    want.stand = Stand::Given;
                    let message = ToPage::Body { url: url.clone(), content_type, body };
                    self.out.push_back(Output::Page { page, message });
                }
                None if load.held + body.len() <= limits::LOAD_BYTES => {
                    load.held += body.len();
                    want.stand = Stand::Held(body);
                }
                None => self.miss(tab, url, Refusal::Budget),
            },
        }
    }

    /// A body is not coming: the origin is always there.
    pub(super) fn miss(&mut self, tab: Tab, url: &Url, why: Refusal) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        let Some(want) = load.wants.get_mut(url) else { return };
        want.stand = Stand::Missed;
        load.counts.refused(why);
        self.counts.refused(why);
        if want.way == Way::Hold {
            let page = load.page;
            self.drop_rules(tab, vec![url.clone()]);
            if let Some(page) = page {
                self.out.push_back(Output::Page { page, message: ToPage::Miss { url: url.clone() } });
            }
        }
    }

    pub(super) fn drop_rules(&mut self, tab: Tab, drop: Vec<Url>) {
        let Some(load) = self.loads.get(&tab) else { return };
        if !drop.is_empty() {
            let page = load.url.clone();
            let (serve, hold, nonces) = (Vec::new(), Vec::new(), Vec::new());
            let serial = self.next_serial();
            self.tell_worker(ToWorker::Rules { tab, serial, page, serve, hold, gated: false, drop, nonces });
        }
    }

    /// Questions that were not answered, and rules that have waited long enough for company.
    pub(super) fn keep_loads(&mut self) {
        let now = self.now.ms;
        let mut ripe = Vec::new();
        for (tab, load) in &mut self.loads {
            load.questions.retain(|q| q.deadline > now);
            if load.batch_since.is_some_and(|since| now >= since + limits::RULE_BATCH_MS) {
                load.batch_since = None;
                ripe.push((*tab, load.url.clone(), std::mem::take(&mut load.batch)));
            }
        }
        for (tab, page, serve) in ripe {
            let (hold, drop, nonces) = (Vec::new(), Vec::new(), Vec::new());
            let serial = self.next_serial();
            self.tell_worker(ToWorker::Rules { tab, serial, page, serve, hold, gated: false, drop, nonces });
        }
    }

    pub(super) fn loads_wake(&self) -> Option<u64> {
        let of = |load: &Load| {
            let batch = load.batch_since.map(|since| since + limits::RULE_BATCH_MS);
            load.questions.iter().map(|q| q.deadline).chain(batch).min()
        };
        self.loads.values().filter_map(of).min()
    }
}
