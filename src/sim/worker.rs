//! A browser's service worker: the rules of its tabs, and nothing that decides.

use std::collections::{BTreeMap, BTreeSet};

use slipstream_core::{
    address::Url,
    body::Verified,
    fact::{Fact, Response, Tab},
    ledger::Ledger,
    port::{Nonce, Serve, ToWorker},
};

#[derive(Default)]
pub(crate) struct Worker {
    tabs: BTreeMap<Tab, BTreeMap<String, Rules>>,
    gates: BTreeSet<String>,
    /// Hosts whose pages may be held, and whether any page may be.
    expected: BTreeSet<String>,
    everywhere: bool,
    /// Responses that are still to be told, by tab.
    answered: BTreeMap<Tab, Vec<Response>>,
    /// Tabs whose responses were asked for: what comes later is told as it comes.
    reported: BTreeSet<Tab>,
    /// What each tab shows, to know a reload.
    pub(crate) shown: BTreeMap<Tab, String>,
    /// What the engine wants kept for the one after it.
    pub(crate) ledger: Ledger,
    /// Sites whose next load is left to the network.
    resting: BTreeSet<String>,
    /// The navigation that each tab is at.
    pub(crate) turns: BTreeMap<Tab, u64>,
}

/// What is in force for one URL in one tab.
#[derive(Default)]
struct Rules {
    serve: Option<Answer>,
    hold: bool,
    nonces: Vec<String>,
}

/// What a rule answers with.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) content_type: String,
    pub(crate) body: Verified,
}

impl Worker {
    /// Carries out what the engine wants; what it is told then.
    pub(crate) fn obey(&mut self, message: ToWorker) -> Vec<Fact> {
        match message {
            ToWorker::Rules { tab, serial, serve, hold, drop, nonces, .. } => {
                let rules = self.tabs.entry(tab).or_default();
                for url in drop {
                    rules.remove(url.as_str());
                }
                for url in hold {
                    rules.entry(url.as_str().to_owned()).or_default().hold = true;
                }
                for Nonce { url, nonce, .. } in &nonces {
                    rules.entry(url.as_str().to_owned()).or_default().nonces.push(nonce.clone());
                }
                self.serve(tab, serve);
                return vec![Fact::Applied { tab, serial }];
            }
            ToWorker::Gate { host } => {
                self.gates.insert(host);
            }
            ToWorker::Expect { host } => {
                self.expected.insert(host);
            }
            ToWorker::Attend => self.everywhere = true,
            ToWorker::Report { tab } => {
                self.reported.insert(tab);
                let responses = self.answered.remove(&tab).unwrap_or_default();
                return vec![Fact::Responses { responses }, Fact::Reported { tab }];
            }
            ToWorker::Keep { ledger } => self.ledger = *ledger,
            ToWorker::Rest { sites } => self.resting = sites.into_iter().collect(),
            ToWorker::Count { .. } => {}
        }
        Vec::new()
    }

    /// Whether a page of this host can be held.
    pub(crate) fn attends(&self, host: &str) -> bool {
        self.everywhere || self.expected.contains(host)
    }

    /// Keeps a response until it is asked for; gives it back if that was done before.
    pub(crate) fn note(&mut self, tab: Tab, response: Response) -> Option<Response> {
        if self.reported.contains(&tab) {
            return Some(response);
        }
        self.answered.entry(tab).or_default().push(response);
        None
    }

    /// Another document is on its way.
    pub(crate) fn turn_over(&mut self, tab: Tab) {
        self.answered.remove(&tab);
        self.reported.remove(&tab);
    }

    /// Puts rules that carry bytes into force.
    pub(crate) fn serve(&mut self, tab: Tab, serve: Vec<Serve>) {
        let rules = self.tabs.entry(tab).or_default();
        for Serve { url, content_type, body, .. } in serve {
            let held = rules.entry(url.as_str().to_owned()).or_default();
            if let (None, Some(body)) = (&held.serve, body) {
                held.serve = Some(Answer { content_type, body });
            }
        }
    }

    /// Whether no plan is to be used for this page now.
    pub(crate) fn rests(&self, page: &str) -> bool {
        let origin = Url::parse(page).map(|url| url.origin());
        origin.is_ok_and(|origin| self.resting.contains(origin.as_str()))
    }

    pub(crate) fn answer(&self, tab: Tab, url: &str) -> Option<&Answer> {
        self.tabs.get(&tab)?.get(url)?.serve.as_ref()
    }

    pub(crate) fn holds(&self, tab: Tab, url: &str) -> bool {
        self.tabs.get(&tab).and_then(|rules| rules.get(url)).is_some_and(|rules| rules.hold)
    }

    pub(crate) fn admits(&self, tab: Tab, url: &str, nonce: &str) -> bool {
        let rules = self.tabs.get(&tab).and_then(|rules| rules.get(url));
        rules.is_some_and(|rules| rules.nonces.iter().any(|known| known == nonce))
    }

    pub(crate) fn gates(&self, host: &str) -> bool {
        self.gates.contains(host)
    }

    pub(crate) fn forget(&mut self, tab: Tab) {
        self.tabs.remove(&tab);
    }

    pub(crate) fn forget_all(&mut self) {
        self.tabs.clear();
    }

    /// Rules that carry bytes, in all tabs.
    pub(crate) fn serving(&self) -> usize {
        self.tabs.values().flat_map(BTreeMap::values).filter(|rules| rules.serve.is_some()).count()
    }
}
