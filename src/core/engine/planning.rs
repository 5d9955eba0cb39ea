//! Before a page's first byte: which bodies it will want, from where they come and how they would reach it.

use std::collections::BTreeSet;

use slipstream_wire::peer::Entry;

use super::{
    Engine, Reader,
    load::{Load, Stand, Want, Way},
};
use crate::{
    address::Url,
    eligibility,
    fact::Tab,
    limits,
    port::{ConnId, Held, Output, PageId, ToPage, ToWorker},
    profile::{Profile, ProfileFacts},
    record::Record,
    refusal::Refusal,
    stats::From,
};

impl Engine {
    /// A page is about to be loaded: everything that can be known before its first byte is planned now.
    pub(super) fn navigate(&mut self, tab: Tab, url: &str, reload: bool, attended: bool) {
        let before = self.loads.remove(&tab);
        if let Some(before) = before {
            self.leave_load(before);
        }
        let Ok(url) = Url::parse(url) else { return };
        self.make_room_for_load();
        let mut load = Load::new(url, self.now.ms, reload, attended);
        if !self.settings.site_on(&load.partition) {
            load.refused = Some(Refusal::Off);
        } else {
            load.refused = self.left_alone(&load.partition, &load.url, reload);
        }
        if self.paused() {
            load.counts.refused(Refusal::Paused);
        }
        let refused = load.refused.is_some();
        let page = load.url.clone();
        load.arm = self.arm_of(&page, reload, load.refused);
        self.loads.insert(tab, load);
        let seen = self.adopt(tab);
        if !refused {
            match self.shelf.profile(&page).cloned() {
                Some(profile) => self.plan_from_shelf(tab, &profile),
                None => self.ask_group(tab),
            }
        }
        if let Some((page, seen)) = seen {
            self.page_seen(page, seen);
        }
    }

    /// Once a peer was met, any page may be held: then content scripts have to be there early, and cost each page a
    /// little. It stays so when the peer leaves, because a page that is being opened may count on it.
    pub(super) fn attend(&mut self) {
        if !self.attending && self.meeting.ready().next().is_some() {
            self.attending = true;
            self.tell_worker(ToWorker::Attend);
        }
    }

    fn make_room_for_load(&mut self) {
        if self.loads.len() >= limits::LOADS
            && let Some(tab) = self.loads.iter().min_by_key(|(_, load)| load.began).map(|(tab, _)| *tab)
            && let Some(load) = self.loads.remove(&tab)
        {
            self.leave_load(load);
        }
    }

    /// The user went elsewhere: what only this load wanted stops costing at once.
    pub(super) fn leave_load(&mut self, load: Load) {
        if let Some(page) = load.page {
            self.pages.forget(page);
        }
        self.dismiss(&load.followers);
        // One by one: to collect brings in a sorter of its own.
        let mut wanted = BTreeSet::new();
        wanted.extend(self.loads.values().flat_map(|l| l.wants.values().map(|want| want.record.id)));
        self.stop_downloads(|id| !wanted.contains(&id));
    }

    fn plan_from_shelf(&mut self, tab: Tab, profile: &Profile) {
        let holders: Vec<_> = self.meeting.ready().collect();
        let records: Vec<_> = profile
            .resources
            .iter()
            .filter_map(|url| self.shelf.record(&profile.page.origin(), url).cloned())
            .collect();
        if let Some(load) = self.loads.get_mut(&tab) {
            load.seen_before = true;
            load.known = profile.facts;
        }
        self.plan(tab, records, &holders, None);
    }

    /// A member told what the page loads.
    pub(super) fn plan_from_group(
        &mut self,
        tab: Tab,
        conn: ConnId,
        facts: ProfileFacts,
        entries: Vec<Entry>,
    ) {
        let now = self.now.unix;
        // The document's head may have come before the answer, and it counts for more.
        let Some(load) = self.loads.get_mut(&tab).filter(|load| load.refused.is_none()) else { return };
        if !load.seen_before {
            load.seen_before = true;
            load.known = ProfileFacts { header_csp: facts.header_csp || load.facts.header_csp, ..facts };
        }
        let page = load.url.clone();
        let mut records = Vec::new();
        for entry in entries {
            match eligibility::accept_from_group(&entry, &page, now) {
                Ok(record) => records.push(record),
                Err(why) => load.counts.refused(why),
            }
        }
        self.plan(tab, records, &[conn], Some(conn));
    }

    /// Decides for each record how its body would reach the page, and from where it comes. `author`: the peer who said
    /// so; where there is none, the service worker has rules for this page from the visit before.
    fn plan(&mut self, tab: Tab, records: Vec<Record>, holders: &[ConnId], author: Option<ConnId>) {
        let parts = self.context_parts(false);
        let mut hold = Vec::new();
        let mut reads = Vec::new();
        let Some(load) = self.loads.get_mut(&tab) else { return };
        for record in records {
            let url = record.url.clone();
            if let Some(want) = load.wants.get_mut(&url) {
                if let Stand::Queued { holders: known } | Stand::Asked { holders: known } = &mut want.stand
                    && want.record.id == record.id
                {
                    known.extend(holders.iter().filter(|conn| !known.contains(conn)).collect::<Vec<_>>());
                }
                continue;
            }
            // It was loaded while the answer was on its way.
            if load.outcomes.contains_key(&url) {
                continue;
            }
            if load.wants.len() >= limits::PAGE_RESOURCES {
                load.counts.refused(Refusal::Budget);
                continue;
            }
            // What a member named is looked for; own records are this site's anyway.
            let here = match author {
                Some(_) => self.shelf.has_for(&load.partition, record.id),
                None => self.shelf.has(record.id),
            };
            let allowed = if here { eligibility::may_serve_local } else { eligibility::may_offer_group };
            let way = match load.way(&record, &parts, load.known, allowed) {
                Ok(way) => way,
                Err(why) => {
                    load.counts.refused(why);
                    continue;
                }
            };
            let stand = match (here, way) {
                // The service worker has it in the plan that was ready.
                (true, Way::Rule) if author.is_none() => Stand::Given,
                (true, _) => {
                    reads.push(record.id);
                    Stand::Reading
                }
                (false, _) if holders.is_empty() => continue,
                (false, _) => Stand::Queued { holders: holders.to_vec() },
            };
            if way == Way::Hold {
                hold.push(url.clone());
            }
            let from = if here { From::Shelf } else { From::Peer };
            load.wants.insert(url.clone(), Want { record, author, way, stand, from });
            load.order.push(url);
        }
        // What can only be served by rule must be there before it is asked for: it goes first.
        let Load { order, wants, .. } = load;
        let held = |url: &Url| wants.get(url).is_some_and(|want| want.way == Way::Hold);
        let (last, first): (Vec<_>, Vec<_>) = std::mem::take(order).into_iter().partition(held);
        order.extend(first.into_iter().chain(last));
        for id in reads {
            self.want_read(id, Reader::Load(tab));
        }
        self.hold(tab, hold);
    }

    /// Images are held: at once where the page is still to come, because it asks what is held before anything else. A
    /// page that is there must hear of it first, or it would take an ended request for a broken image.
    fn hold(&mut self, tab: Tab, hold: Vec<Url>) {
        let serial = self.next_serial();
        let Some(load) = self.loads.get_mut(&tab).filter(|_| !hold.is_empty()) else { return };
        match load.page {
            Some(page) => {
                load.announced.push((serial, hold.clone()));
                self.announce(page, serial, &hold);
            }
            None => self.end_requests(tab, hold),
        }
    }

    /// The page knows what is on its way.
    pub(super) fn page_planned(&mut self, page: PageId, serial: u32) {
        let Some(tab) = self.pages.tab(page) else { return };
        let Some(load) = self.loads.get_mut(&tab) else { return };
        let Some(at) = load.announced.iter().position(|(number, _)| *number == serial) else { return };
        let (_, mut hold) = load.announced.swap_remove(at);
        hold.retain(|url| load.wants.get(url).is_some_and(|want| !matches!(want.stand, Stand::Missed)));
        self.end_requests(tab, hold);
    }

    fn end_requests(&mut self, tab: Tab, hold: Vec<Url>) {
        let serial = self.next_serial();
        let Some(load) = self.loads.get(&tab).filter(|_| !hold.is_empty()) else { return };
        let message = ToWorker::Rules {
            tab,
            serial,
            page: load.url.clone(),
            serve: Vec::new(),
            hold,
            gated: load.known.forbids_rules() || load.facts.forbids_rules(),
            drop: Vec::new(),
            nonces: Vec::new(),
        };
        self.tell_worker(message);
    }

    pub(super) fn announce(&mut self, page: PageId, serial: u32, hold: &[Url]) {
        let Some(load) = self.pages.tab(page).and_then(|tab| self.loads.get(&tab)) else { return };
        let records = || hold.iter().filter_map(|url| Some(&load.wants.get(url)?.record));
        let bytes: u64 = records().map(|record| record.length).sum();
        // Four fifths of what the origin would take for all of them, as far as the browser's estimate goes.
        let origin = self.origin_ms(bytes);
        let message = ToPage::Plan {
            serial,
            hold: records()
                .map(|r| Held { url: r.url.clone(), open: r.acao_any || r.url.same_origin(&load.url) })
                .collect(),
            silence: self.page_patience(load),
            cap: (origin * 4 / 5).clamp(limits::PAGE_SILENCE_MS, limits::PAGE_HOLD_MS),
            early: self.wants_early_word(load),
        };
        self.out.push_back(Output::Page { page, message });
    }
}
