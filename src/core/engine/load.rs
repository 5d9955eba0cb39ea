//! One page load: what is planned for it, what was seen of it, and how far each wanted body has come.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use slipstream_wire::{id::PeerId, peer::Kind};

use super::{Engine, answers::Question, following::Leaders, harvest::Harvest, leading::Follower};
use crate::{
    address::{Origin, Url},
    benefit::Arm,
    body::Verified,
    eligibility::{Mode, Route, UseContext},
    limits,
    mime::Class,
    port::{ConnId, PageId, Serve},
    profile::ProfileFacts,
    record::Record,
    refusal::Refusal,
    settings::{Settings, Types},
    stats::{Counts, From, Outcome, TabStats},
};

/// One load of one page in one tab.
pub(super) struct Load {
    pub(super) url: Url,
    pub(super) partition: Origin,
    pub(super) began: u64,
    /// The content script's port, once it is open.
    pub(super) page: Option<PageId>,
    pub(super) had_page: bool,
    /// The page as a whole is left alone.
    pub(super) refused: Option<Refusal>,
    reload: bool,
    /// Whether images can be held: the content script is there before they are.
    pub(super) attended: bool,
    /// What an earlier visit, or a member, saw of the page.
    pub(super) known: ProfileFacts,
    /// Whether anybody has seen it before.
    pub(super) seen_before: bool,
    /// What is seen of it now.
    pub(super) facts: ProfileFacts,
    pub(super) opted_out: bool,
    pub(super) embedder_policy: bool,
    pub(super) loaded: bool,
    /// Images of the parsed document, by the URL that each chose.
    pub(super) images: BTreeSet<Url>,
    /// Scripts that elements of the document, or modules of it, asked for, and no worker.
    pub(super) scripts: BTreeSet<Url>,
    /// The document is parsed: `images` are known.
    pub(super) parsed: bool,
    pub(super) wants: BTreeMap<Url, Want>,
    /// Images that are to be held as soon as the page has confirmed to know of them, by the plan's number.
    pub(super) announced: Vec<(u32, Vec<Url>)>,
    /// Keys of `wants`, in the order of need.
    pub(super) order: Vec<Url>,
    pub(super) questions: Vec<Question>,
    /// Members who load the same page, and wait for what this load brings.
    pub(super) followers: Vec<Follower>,
    /// Members who load the same page, and are ahead.
    pub(super) leaders: Leaders,
    /// Members who might know the page, and the peer that named each.
    pub(super) referrals: VecDeque<(PeerId, ConnId)>,
    /// Those of them that an introduction was begun to.
    pub(super) met: BTreeSet<PeerId>,
    /// Bytes that came from peers and were of no use.
    pub(super) wasted: u64,
    /// Verified bodies that are still to be put into rules, and since when.
    pub(super) batch: Vec<Serve>,
    pub(super) batch_since: Option<u64>,
    /// Bytes of bodies held for this load.
    pub(super) held: u64,
    /// Bytes and number of rules.
    pub(super) rule_bytes: u64,
    pub(super) rules: usize,
    /// Where each resource came from.
    pub(super) outcomes: BTreeMap<Url, Outcome>,
    pub(super) counts: Counts,
    pub(super) harvest: Harvest,
    /// Its kind in the trial of its site.
    pub(super) arm: Option<Arm>,
    /// Files not downloaded, as the service worker was told, and when.
    pub(super) told_count: (u64, u64),
    /// An image had to be fetched from the origin after it was held.
    pub(super) fell_back: bool,
}

/// A body that a load could use.
pub(super) struct Want {
    pub(super) record: Record,
    /// Who said what the record says, if it was a peer.
    pub(super) author: Option<ConnId>,
    pub(super) way: Way,
    pub(super) stand: Stand,
    pub(super) from: From,
}

/// How a body would reach the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a rule (L1).
    Rule,
    /// Held and swapped (L3).
    Hold,
}

/// How far it has come.
pub(super) enum Stand {
    /// Being read from the shelf.
    Reading,
    /// To be asked of one of these peers.
    Queued {
        /// Who says, or may be expected, to have it.
        holders: Vec<ConnId>,
    },
    /// Asked for.
    Asked {
        /// As before: who else may be asked if this fails.
        holders: Vec<ConnId>,
    },
    /// In hand; the page is not there yet.
    Held(Verified),
    /// The page, or a rule, has it.
    Given,
    /// Not coming.
    Missed,
}

/// What a content script saw of its document.
pub(super) struct PageSeen {
    pub(super) meta_csp: bool,
    pub(super) service_worker: bool,
    pub(super) sensitive: bool,
    pub(super) images: Vec<String>,
    pub(super) scripts: Vec<String>,
    pub(super) loaded: bool,
}

impl Load {
    pub(super) fn new(url: Url, began: u64, reload: bool, attended: bool) -> Self {
        Self {
            partition: url.origin(),
            url,
            began,
            page: None,
            had_page: false,
            refused: None,
            reload,
            attended,
            known: ProfileFacts::default(),
            seen_before: false,
            facts: ProfileFacts::default(),
            opted_out: false,
            embedder_policy: false,
            loaded: false,
            images: BTreeSet::new(),
            scripts: BTreeSet::new(),
            parsed: false,
            wants: BTreeMap::new(),
            announced: Vec::new(),
            order: Vec::new(),
            questions: Vec::new(),
            followers: Vec::new(),
            leaders: Leaders::default(),
            referrals: VecDeque::new(),
            met: BTreeSet::new(),
            wasted: 0,
            batch: Vec::new(),
            batch_since: None,
            held: 0,
            rule_bytes: 0,
            rules: 0,
            outcomes: BTreeMap::new(),
            counts: Counts::default(),
            harvest: Harvest::default(),
            arm: None,
            told_count: (0, began),
            fell_back: false,
        }
    }

    /// Elements of the document, or modules of it, asked for these scripts.
    pub(super) fn runs(&mut self, scripts: &[String]) {
        let urls = scripts.iter().filter_map(|url| Url::parse(url).ok());
        let room = limits::PAGE_RESOURCES.saturating_sub(self.scripts.len());
        self.scripts.extend(urls.take(room));
    }

    pub(super) fn stats(&self, settings: &Settings) -> TabStats {
        TabStats {
            site: Some(self.partition.as_str().to_owned()),
            enabled: settings.site_on(&self.partition),
            refused: self.refused.map(Refusal::name),
            gain: None,
            settled: self.harvest.settled,
            counts: self.counts.clone(),
        }
    }

    /// Requests that were not answered by the network.
    pub(super) const fn spared(&self) -> u64 {
        self.counts.requests.shelf + self.counts.requests.peer
    }

    pub(super) fn harvest_pending(&self) -> usize {
        self.harvest.pending(self.loaded)
    }

    /// Whether a question about the page still makes sense: nobody has answered one, and most is still to come.
    pub(super) fn may_ask(&self, now: u64) -> bool {
        self.refused.is_none()
            && !self.seen_before
            && !self.loaded
            && self.leaders.is_empty()
            && now < self.began + limits::ASK_LATE_MS
    }

    /// Whether something is queued to be asked of peers.
    pub(super) fn is_hungry(&self) -> bool {
        self.wants.values().any(|want| matches!(want.stand, Stand::Queued { .. }))
    }

    /// No peer is asked for anything more for this load.
    pub(super) fn lose_holders(&mut self) {
        for want in self.wants.values_mut() {
            if let Stand::Queued { holders } | Stand::Asked { holders } = &mut want.stand {
                holders.clear();
            }
        }
    }

    /// This peer will give nothing more to this load.
    pub(super) fn lose_holder(&mut self, conn: ConnId) {
        for want in self.wants.values_mut() {
            if let Stand::Queued { holders } | Stand::Asked { holders } = &mut want.stand {
                holders.retain(|holder| *holder != conn);
            }
        }
    }

    /// How a body would reach the page: the first way that `allowed` admits. Images of the document are swapped, but
    /// for the smallest, which a rule serves faster and without a trace (facts B33), unless the document is parsed and they
    /// have been asked for; all else has no way but a rule.
    ///
    /// Errors: the refusal of the way that was tried first.
    pub(super) fn way(
        &self,
        record: &Record,
        engine: &ContextParts,
        facts: ProfileFacts,
        allowed: fn(&Record, &UseContext) -> Result<(), Refusal>,
    ) -> Result<Way, Refusal> {
        let by_rule = || allowed(record, &self.context(engine, facts, Route::Rule, None)).map(|()| Way::Rule);
        // The content script swaps only what loads without CORS, or where CORS passes.
        let swap = || self.context(engine, facts, Route::Swap, Some(Mode::NoCors));
        let by_swap = || {
            allowed(record, &swap())?;
            // At the next visit it will be: its host is named when this one is over.
            if self.attended || engine.next_visit { Ok(Way::Hold) } else { Err(Refusal::Unattended) }
        };
        let swappable =
            record.kind == Kind::Image && matches!(record.mime.class(), Class::Raster | Class::Svg);
        if !swappable {
            by_rule()
        } else if record.length <= limits::RULE_IMAGE && !facts.forbids_rules() && !self.is_asking() {
            by_rule().or_else(|why| by_swap().map_err(|_| why))
        } else {
            by_swap()
        }
    }

    /// The document's images have been asked for: what reaches it now is too late for a rule.
    const fn is_asking(&self) -> bool {
        self.parsed && !self.loaded
    }

    fn context(
        &self,
        engine: &ContextParts,
        facts: ProfileFacts,
        route: Route,
        mode: Option<Mode>,
    ) -> UseContext {
        UseContext {
            now: engine.unix,
            page: self.url.clone(),
            facts: Some(facts.into()),
            embedder_policy: self.embedder_policy,
            sensitive: self.known.sensitive || self.facts.sensitive,
            reload: self.reload && !engine.next_visit,
            types: engine.types,
            route,
            mode,
            accept: engine.accept,
        }
    }

    /// Notes where a resource came from; a later word replaces an earlier one.
    pub(super) fn outcome(&mut self, url: &Url, from: From, bytes: u64, now: u64, all: &mut Counts) {
        if self.outcomes.len() >= limits::PAGE_RESOURCES && !self.outcomes.contains_key(url) {
            return;
        }
        let after_ms = now.saturating_sub(self.began);
        if let Some(before) = self.outcomes.insert(url.clone(), Outcome { from, bytes, after_ms }) {
            self.counts.unserved(before.from, before.bytes);
            all.unserved(before.from, before.bytes);
        }
        self.counts.served(from, bytes);
        all.served(from, bytes);
    }
}

/// What an eligibility context needs of the engine.
#[derive(Clone, Copy)]
pub(super) struct ContextParts {
    unix: u64,
    types: Types,
    accept: Option<u8>,
    next_visit: bool,
}

impl Engine {
    /// `next_visit`: what is asked is for a visit to come, which will not be a reload.
    pub(super) const fn context_parts(&self, next_visit: bool) -> ContextParts {
        ContextParts {
            unix: self.now.unix,
            types: self.settings.types,
            accept: self.image_accept,
            next_visit,
        }
    }
}
