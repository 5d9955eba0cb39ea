//! What is seen of a document while it loads: its head, its content script, and where its resources came from.

use super::{
    Engine,
    load::{Load, PageSeen, Stand, Way},
};
use crate::{
    address::Url,
    fact::Tab,
    headers::Headers,
    limits,
    port::{Output, PageId, ToPage, ToWorker},
    refusal::Refusal,
    stats::From,
};

impl Engine {
    /// The head of the document came: what only it can tell is learnt. The gates have judged it already.
    pub(super) fn head(&mut self, tab: Tab, url: &str, status: u16, headers: &Headers) {
        let Some(load) = self.loads.get_mut(&tab).filter(|load| Url::parse(url).as_ref() == Ok(&load.url))
        else {
            return;
        };
        load.facts.header_csp =
            headers.has("content-security-policy") || headers.has("content-security-policy-report-only");
        load.opted_out = headers.list("slipstream").any(|word| word == "none");
        load.embedder_policy =
            headers.values("cross-origin-embedder-policy").any(|value| !value.starts_with("unsafe-none"));
        if status != 200 {
            load.refused = Some(Refusal::Status);
        } else if load.opted_out {
            load.refused = Some(Refusal::SiteOptOut);
        }
        let policy_is_new = load.facts.header_csp && !load.known.header_csp;
        if load.refused.is_some() || policy_is_new || load.embedder_policy {
            self.withdraw(tab);
        }
    }

    /// Nothing that was planned for this load holds any more: all of it goes to the origin.
    fn withdraw(&mut self, tab: Tab) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        let mut drop = Vec::new();
        for (url, want) in &mut load.wants {
            if !matches!(want.stand, Stand::Missed) {
                want.stand = Stand::Missed;
                drop.push(url.clone());
            }
        }
        load.batch.clear();
        load.batch_since = None;
        let page = load.page;
        self.drop_rules(tab, drop.clone());
        if let Some(page) = page {
            for url in drop {
                self.out.push_back(Output::Page { page, message: ToPage::Miss { url } });
            }
        }
    }

    /// The content script is there: it learns what to wait for and gets what is in hand. It always gets a plan, be it
    /// empty, because it may be keeping back the errors of images until it knows.
    pub(super) fn page_opened(&mut self, page: PageId, tab: Tab, url: &str) {
        // A load has one page: another one at the same address belongs to a load that is still to be told of.
        let expects = |load: &&mut Load| !load.had_page && Url::parse(url).as_ref() == Ok(&load.url);
        let Some(load) = self.loads.get_mut(&tab).filter(expects) else {
            if let Ok(url) = Url::parse(url) {
                self.pages.strays(page, tab, url);
            }
            let message = ToPage::Plan { serial: 0, hold: Vec::new(), silence: 0, cap: 0, early: false };
            return self.out.push_back(Output::Page { page, message });
        };
        load.page = Some(page);
        load.had_page = true;
        self.pages.belongs(page, tab);
        let held = |url: &&Url| load.wants.get(*url).is_some_and(|want| want.way == Way::Hold);
        let hold: Vec<_> = load.order.iter().filter(held).cloned().collect();
        // Their rules went ahead.
        let serial = self.next_serial();
        self.announce(page, serial, &hold);
        for url in hold {
            let Some(want) = self.loads.get(&tab).and_then(|load| load.wants.get(&url)) else { continue };
            match &want.stand {
                Stand::Held(body) => {
                    let body = body.clone();
                    self.give(tab, &url, body);
                }
                // A rule may have ended its request before it was dropped: the page must know where to turn.
                Stand::Missed => self.out.push_back(Output::Page { page, message: ToPage::Miss { url } }),
                _ => {}
            }
        }
    }

    pub(super) fn page_closed(&mut self, page: PageId) {
        if let Some(tab) = self.pages.forget(page)
            && let Some(load) = self.loads.get_mut(&tab)
            && load.page == Some(page)
        {
            load.page = None;
        }
    }

    /// The document was parsed, or loaded.
    pub(super) fn page_seen(&mut self, page: PageId, seen: PageSeen) {
        let Some(tab) = self.pages.tab(page) else { return self.pages.seen(page, seen) };
        let Some(load) = self.loads.get_mut(&tab) else { return };
        load.facts.meta_csp |= seen.meta_csp;
        load.facts.service_worker |= seen.service_worker;
        load.facts.sensitive |= seen.sensitive;
        let urls = seen.images.iter().filter_map(|url| Url::parse(url).ok());
        let room = limits::PAGE_RESOURCES.saturating_sub(load.images.len());
        load.images.extend(urls.take(room));
        load.runs(&seen.scripts);
        let host = load.url.host().to_owned();
        let gate = load.facts.meta_csp || load.facts.service_worker;
        // A service worker may come when all is written down: then that is done once more.
        let late = gate && load.harvest.settled;
        let begins = seen.loaded && !load.loaded;
        load.loaded |= seen.loaded;
        if late && !begins {
            load.harvest.soon(self.now.ms);
        }
        if gate {
            self.tell_worker(ToWorker::Gate { host });
        }
        if begins {
            self.begin_harvest(tab);
        }
        self.note_parsed(tab);
        self.expect(tab);
        self.tell_followers(tab);
    }

    /// The page has run more scripts since.
    pub(super) fn page_runs(&mut self, page: PageId, scripts: &[String]) {
        if let Some(load) = self.pages.tab(page).and_then(|tab| self.loads.get_mut(&tab)) {
            load.runs(scripts);
        }
    }

    /// A request was answered by a rule of ours.
    pub(super) fn substituted(&mut self, tab: Tab, url: &str) {
        self.spoil(tab);
        let (Some(load), Ok(url)) = (self.loads.get_mut(&tab), Url::parse(url)) else { return };
        let planned = load.wants.get(&url).filter(|want| want.way == Way::Rule);
        let found = planned.map(|want| (want.from, want.record.length));
        let found = found.or_else(|| Some((From::Shelf, self.shelf.record(&load.partition, &url)?.length)));
        if let Some((from, length)) = found {
            load.outcome(&url, from, length, self.now.ms, &mut self.counts);
        }
    }

    /// An image that was held is shown.
    pub(super) fn shown(&mut self, page: PageId, url: &str) {
        let Some(tab) = self.pages.tab(page) else { return };
        let (Some(load), Ok(url)) = (self.loads.get_mut(&tab), Url::parse(url)) else { return };
        let Some((from, length)) = load.wants.get(&url).map(|want| (want.from, want.record.length)) else {
            return;
        };
        load.outcome(&url, from, length, self.now.ms, &mut self.counts);
        self.drop_rules(tab, vec![url]);
    }

    /// The page's own deadline came first.
    pub(super) fn fell_back(&mut self, page: PageId, url: &str) {
        let Some(tab) = self.pages.tab(page) else { return };
        let (Some(load), Ok(url)) = (self.loads.get_mut(&tab), Url::parse(url)) else { return };
        if let Some(want) = load.wants.get_mut(&url) {
            want.stand = Stand::Missed;
            load.fell_back = true;
            load.counts.refused(Refusal::PeerLate);
        }
        self.drop_rules(tab, vec![url]);
    }

    /// A resource came from the network.
    pub(super) fn came_from_network(&mut self, tab: Tab, url: &Url, bytes: u64) {
        if let Some(load) = self.loads.get_mut(&tab) {
            load.outcome(url, From::Network, bytes, self.now.ms, &mut self.counts);
        }
    }
}
