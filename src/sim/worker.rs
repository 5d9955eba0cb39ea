//! A browser's service worker: the rules of its tabs, and nothing that decides.

use std::collections::{BTreeMap, BTreeSet};

use slipstream_core::{
    address::Url,
    body::Verified,
    fact::Tab,
    ledger::Ledger,
    port::{Nonce, Serve, ToWorker},
};

#[derive(Default)]
pub(crate) struct Worker {
    tabs: BTreeMap<Tab, BTreeMap<String, Rules>>,
    gates: BTreeSet<String>,
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
    /// Carries out what the engine wants; the update of rules that is in force now.
    pub(crate) fn obey(&mut self, message: ToWorker) -> Option<(Tab, u32)> {
        match message {
            ToWorker::Rules { tab, serial, serve, hold, drop, nonces, .. } => {
                let rules = self.tabs.entry(tab).or_default();
                for url in drop {
                    rules.remove(url.as_str());
                }
                for url in hold {
                    rules.entry(url.as_str().to_owned()).or_default().hold = true;
                }
                for Nonce { url, nonce } in &nonces {
                    rules.entry(url.as_str().to_owned()).or_default().nonces.push(nonce.clone());
                }
                self.serve(tab, serve);
                Some((tab, serial))
            }
            ToWorker::Gate { host } => {
                self.gates.insert(host);
                None
            }
            ToWorker::Keep { ledger } => {
                self.ledger = *ledger;
                None
            }
            ToWorker::Rest { sites } => {
                self.resting = sites.into_iter().collect();
                None
            }
            ToWorker::Count { .. } | ToWorker::Expect { .. } => None,
        }
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
