//! After a load: what was seen is judged, read from the page's own cache in its idle time, and filed; then the
//! profile and the plan for the next visit are written.

use std::collections::{BTreeMap, VecDeque};

use slipstream_wire::peer::Kind;

use super::{
    Engine,
    load::{Load, Way},
};
use crate::{
    address::Url,
    body::Verified,
    capture::{self, CaptureContext, Captured, Seen},
    eligibility,
    fact::{Response, Tab},
    headers, limits,
    port::{Nonce, Output, PageId, Serve, ToPage, ToWorker},
    profile::Profile,
    record::Record,
    refusal::Refusal,
    shelf::Ready,
};

/// A load is left in peace for so long after its last response, in ms: scripts and lazy images come in bursts.
const QUIET_MS: u64 = 300;
/// While a member waits for what is loaded here, responses are judged so soon, in ms: a few of them at once.
const HURRY_MS: u64 = 20;

/// The harvest of one load.
#[derive(Default)]
pub(super) struct Harvest {
    /// Responses that were not judged yet, in the order of their loading.
    seen: VecDeque<Seen>,
    /// All resources of the load, in that order.
    pub(super) order: Vec<Url>,
    /// Bodies that wait for their nonce rules.
    sealed: BTreeMap<Url, (Captured, String)>,
    /// Bodies that the page was asked to read.
    asked: BTreeMap<Url, Captured>,
    /// The update that puts their rules in force.
    unsealing: Option<u32>,
    /// Nonce rules that are in force.
    nonces: Vec<Url>,
    /// Until when the service worker is waited for, which was asked what the load has had by now.
    reporting: Option<u64>,
    /// Whether what the visit taught is written down.
    pub(super) settled: bool,
    /// When to look at `seen` next.
    due: Option<u64>,
    /// When the page must have answered.
    deadline: Option<u64>,
}

impl Harvest {
    /// Bodies still to come; one more while something is still to be judged or written.
    pub(super) fn pending(&self, loaded: bool) -> usize {
        self.sealed.len()
            + self.asked.len()
            + usize::from(loaded && (self.reporting.is_some() || self.due.is_some() || !self.seen.is_empty()))
    }

    /// Something new is to be looked at.
    pub(super) fn soon(&mut self, now: u64) {
        self.due = Some(now + QUIET_MS);
        self.settled = false;
    }

    /// Somebody waits for what this load brings: it is looked at before the load is over.
    pub(super) fn hurry(&mut self, now: u64) {
        self.due.get_or_insert(now + HURRY_MS);
    }

    /// Whether a resource that was loaded is still to be judged or read.
    pub(super) fn is_open(&self, url: &Url) -> bool {
        self.sealed.contains_key(url)
            || self.asked.contains_key(url)
            || self.seen.iter().any(|seen| seen.url == url.as_str())
    }

    fn note(&mut self, url: &Url) {
        if self.order.len() < limits::PAGE_RESOURCES && !self.order.contains(url) {
            self.order.push(url.clone());
        }
    }
}

impl Engine {
    /// A subresource came from the network, or from the browser's cache.
    pub(super) fn response(&mut self, response: Response) {
        let Some(load) = self.loads.get_mut(&response.tab) else { return };
        let kind = match response.request_type.as_str() {
            "image" => Kind::Detached,
            "font" => Kind::Font,
            "script" => Kind::Script,
            _ => return,
        };
        let url = match Url::parse(&response.url) {
            Ok(url) => url,
            Err(why) => return load.counts.refused(why),
        };
        if kind == Kind::Detached && response.accept.is_some() {
            self.image_accept = response.accept.as_deref().map(headers::accept_bits);
        }
        load.harvest.note(&url);
        let document = load.url.clone();
        if load.harvest.seen.len() < limits::PAGE_RESOURCES {
            load.harvest.seen.push_back(Seen {
                url: response.url,
                kind,
                request_type: response.request_type,
                method: response.method,
                status: response.status,
                from_cache: response.from_cache,
                redirected: response.redirected,
                headers: response.headers.clone(),
                cookie_sent: response.cookie,
                accept: response.accept,
                ip: response.ip,
                answered: self.now.unix,
                initiator: Some(document.origin().as_str().to_owned()),
                document,
                top_frame: response.top_frame,
            });
            if load.loaded && load.harvest.reporting.is_none() {
                load.harvest.soon(self.now.ms);
            } else if load.is_followed() {
                load.harvest.hurry(self.now.ms);
            }
        }
        let bytes = response.headers.content_length().ok().flatten().filter(|_| !response.from_cache);
        self.came_from_network(response.tab, &url, bytes.unwrap_or(0));
    }

    /// The load event is over: what was seen of its requests is asked for.
    pub(super) fn begin_harvest(&mut self, tab: Tab) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        load.harvest.settled = false;
        load.harvest.reporting = Some(self.now.ms + limits::REPORT_MS);
        self.tell_worker(ToWorker::Report { tab });
    }

    /// All that a load has had by now was told.
    pub(super) fn reported(&mut self, tab: Tab) {
        if let Some(load) = self.loads.get_mut(&tab)
            && load.harvest.reporting.take().is_some()
        {
            load.harvest.soon(self.now.ms);
        }
    }

    /// What is due in the harvests of all loads.
    pub(super) fn keep_harvest(&mut self) {
        let now = self.now.ms;
        let silent: Vec<_> = self
            .loads
            .iter()
            .filter(|(_, load)| load.harvest.reporting.is_some_and(|until| until <= now))
            .map(|(tab, _)| *tab)
            .collect();
        for tab in silent {
            self.reported(tab);
        }
        let due: Vec<_> = self
            .loads
            .iter()
            .filter(|(_, load)| load.may_harvest() && load.harvest.due.is_some_and(|due| due <= now))
            .map(|(tab, _)| *tab)
            .collect();
        for tab in due {
            self.gather(tab);
        }
        let late: Vec<_> = self
            .loads
            .iter()
            .filter(|(_, load)| load.harvest.deadline.is_some_and(|deadline| deadline <= now))
            .map(|(tab, _)| *tab)
            .collect();
        for tab in late {
            if let Some(load) = self.loads.get_mut(&tab) {
                for _ in 0..load.harvest.asked.len() + load.harvest.sealed.len() {
                    load.counts.refused(Refusal::HarvestEmpty);
                }
                load.harvest.asked.clear();
                load.harvest.sealed.clear();
                load.harvest.deadline = None;
            }
            self.finish_harvest(tab);
        }
    }

    pub(super) fn harvest_wake(&self) -> Option<u64> {
        let of = |load: &Load| {
            let due = load.harvest.due.filter(|_| load.may_harvest());
            due.into_iter().chain(load.harvest.reporting).chain(load.harvest.deadline).min()
        };
        self.loads.values().filter_map(of).min()
    }

    /// Judges what was seen, and asks the page for what may be kept.
    fn gather(&mut self, tab: Tab) {
        let keep = self.allowance().keep;
        let Some(load) = self.loads.get_mut(&tab) else { return };
        load.harvest.due = None;
        let context = CaptureContext {
            service_worker: load.facts.service_worker,
            site_opt_out: load.opted_out,
            allow_loopback: self.settings.developer.allow_loopback,
            types: self.settings.types,
        };
        let mut open = Vec::new();
        let mut sealed = Vec::new();
        for mut seen in std::mem::take(&mut load.harvest.seen) {
            // All that elements asked for is known when the page is loaded.
            if seen.kind == Kind::Script
                && !Url::parse(&seen.url).is_ok_and(|url| load.scripts.contains(&url))
            {
                if load.loaded {
                    load.counts.refused(Refusal::RequestType);
                    self.counts.refused(Refusal::RequestType);
                } else {
                    load.harvest.seen.push_back(seen);
                }
                continue;
            }
            if seen.kind == Kind::Detached
                && Url::parse(&seen.url).is_ok_and(|url| load.images.contains(&url))
            {
                seen.kind = Kind::Image;
            }
            let judged = capture::judge_capture(&seen, &context, self.now.unix);
            let captured = match judged.and_then(|c| if keep { Ok(c) } else { Err(Refusal::ShelfFull) }) {
                Ok(captured) => captured,
                Err(why) => {
                    load.counts.refused(why);
                    self.counts.refused(why);
                    continue;
                }
            };
            if captured.readable_from(&load.url) {
                open.push(item(&captured, String::new()));
                load.harvest.asked.insert(captured.url().clone(), captured);
            } else {
                sealed.push(captured);
            }
        }
        let Some(page) = load.page else {
            // Nobody is left to read them.
            load.harvest.asked.clear();
            return self.finish_harvest(tab);
        };
        load.harvest.deadline = Some(self.now.ms + limits::HARVEST_MS);
        let url = load.url.clone();
        let nonces: Vec<_> = sealed
            .into_iter()
            .map(|captured| {
                let nonce = hex(&self.random::<16>());
                let item = item(&captured, nonce.clone());
                if let Some(load) = self.loads.get_mut(&tab) {
                    load.harvest.sealed.insert(captured.url().clone(), (captured, nonce));
                }
                item
            })
            .collect();
        if !open.is_empty() {
            let message = ToPage::Harvest { items: open, parallel: limits::HARVEST_PARALLEL };
            self.out.push_back(Output::Page { page, message });
        }
        if !nonces.is_empty() {
            let (serve, hold, drop) = (Vec::new(), Vec::new(), Vec::new());
            let serial = self.next_serial();
            if let Some(load) = self.loads.get_mut(&tab) {
                load.harvest.unsealing = Some(serial);
            }
            self.tell_worker(ToWorker::Rules {
                tab,
                serial,
                page: url,
                serve,
                hold,
                gated: false,
                drop,
                nonces,
            });
        }
        self.finish_harvest(tab);
    }

    /// An update of rules is in force. If it is that of the nonces, the page may read what they open.
    pub(super) fn applied(&mut self, tab: Tab, serial: u32) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        let Some(page) = load.page.filter(|_| load.harvest.unsealing == Some(serial)) else { return };
        let mut items = Vec::new();
        for (url, (captured, nonce)) in std::mem::take(&mut load.harvest.sealed) {
            items.push(item(&captured, nonce));
            load.harvest.nonces.push(url.clone());
            load.harvest.asked.insert(url, captured);
        }
        if !items.is_empty() {
            let message = ToPage::Harvest { items, parallel: limits::HARVEST_PARALLEL };
            self.out.push_back(Output::Page { page, message });
        }
    }

    /// The page read a body from its cache, or could not.
    pub(super) fn harvested(&mut self, page: PageId, url: &str, bytes: Option<Vec<u8>>) {
        let Some(tab) = self.pages.tab(page) else { return };
        let (Some(load), Ok(url)) = (self.loads.get_mut(&tab), Url::parse(url)) else { return };
        let Some(captured) = load.harvest.asked.remove(&url) else { return };
        let partition = load.partition.clone();
        let filed = bytes.ok_or(Refusal::HarvestEmpty).and_then(|bytes| {
            if bytes.len() as u64 > captured.cap() {
                return Err(Refusal::Size);
            }
            let body = Verified::captured(bytes);
            Ok((captured.into_record(&body)?, body))
        });
        match filed {
            Ok((record, body)) => {
                let stored = self.shelf.file(&partition, record, &body, self.store_limit(), self.now.unix);
                self.out.push_back(stored);
            }
            Err(why) => {
                load.counts.refused(why);
                self.counts.refused(why);
            }
        }
        self.finish_harvest(tab);
    }

    /// When nothing is awaited any more, what the visit taught is written down.
    fn finish_harvest(&mut self, tab: Tab) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        if !load.loaded || load.harvest.pending(load.loaded) > 0 {
            return self.tell_followers(tab);
        }
        load.harvest.deadline = None;
        load.harvest.settled = true;
        let spent = std::mem::take(&mut load.harvest.nonces);
        let profile = self.profile_of(tab);
        if let Some(profile) = profile {
            if self.has_held(tab, &profile) {
                self.tell_worker(ToWorker::Expect { host: profile.page.host().to_owned() });
            }
            let ready = self.ready_for(tab, &profile);
            let stored = self.shelf.file_profile(profile, ready);
            self.out.push_back(stored);
        }
        self.drop_rules(tab, spent);
        self.tell_followers(tab);
    }

    fn profile_of(&self, tab: Tab) -> Option<Profile> {
        let load = self.loads.get(&tab)?;
        let mut resources: Vec<Url> = Vec::new();
        // What was planned keeps its order; what is new comes behind it.
        for url in load.order.iter().chain(&load.harvest.order) {
            if resources.len() < limits::PAGE_RESOURCES
                && !resources.contains(url)
                && self.shelf.record(&load.partition, url).is_some()
            {
                resources.push(url.clone());
            }
        }
        let usable = !resources.is_empty() && load.refused.is_none();
        usable.then(|| Profile {
            page: load.url.clone(),
            facts: load.facts,
            resources,
            visited: self.now.unix,
        })
    }

    /// Whether images of this page will be held at its next visit.
    fn has_held(&self, tab: Tab, profile: &Profile) -> bool {
        let Some(load) = self.loads.get(&tab) else { return false };
        let parts = self.context_parts(true);
        let mut records = profile.resources.iter().filter_map(|url| self.shelf.record(&load.partition, url));
        records.any(|record| {
            load.way(record, &parts, profile.facts, eligibility::may_serve_local) == Ok(Way::Hold)
        })
    }

    /// The plan that the service worker can carry out alone at the next visit: what has no way but a rule first.
    fn ready_for(&self, tab: Tab, profile: &Profile) -> Option<Ready> {
        let load = self.loads.get(&tab)?;
        if profile.facts.forbids_rules() {
            return None;
        }
        let parts = self.context_parts(true);
        let fits = |record: &&Record| {
            let way = load.way(record, &parts, profile.facts, eligibility::may_serve_local);
            way == Ok(Way::Rule) && self.shelf.has(record.id)
        };
        let records =
            profile.resources.iter().filter_map(|url| self.shelf.record(&load.partition, url)).filter(fits);
        let (images, others): (Vec<_>, Vec<_>) =
            records.partition(|record: &&Record| record.kind == Kind::Image);
        let mut bytes = 0;
        let mut serve = Vec::new();
        for record in others.into_iter().chain(images).take(limits::RULES_PER_TAB) {
            if bytes + record.length <= limits::RULE_BYTES_PER_TAB {
                bytes += record.length;
                serve.push(Serve {
                    url: record.url.clone(),
                    kind: record.kind,
                    content_type: record.content_type.clone(),
                    id: record.id.to_hex(),
                    until: record.fresh_until,
                    body: None,
                });
            }
        }
        (!serve.is_empty()).then_some(Ready { serve })
    }
}

fn item(captured: &Captured, nonce: String) -> Nonce {
    Nonce { url: captured.url().clone(), nonce, accept: captured.accept().map(str::to_owned) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect()
}
