//! One visit of one page, from the navigation to the last resource, and what it was made of.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use slipstream_core::{
    body::Verified,
    fact::Tab,
    port::{Input, PageId},
};

use slipstream_wire::peer::Kind;

use crate::{browser::BrowserId, page::Source, site::Page};

/// A visit of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VisitId(pub(crate) usize);

/// A visit, under way or over.
pub struct Visit {
    pub(crate) browser: BrowserId,
    pub(crate) tab: Tab,
    pub(crate) page: Rc<Page>,
    /// Which of its resources a peer may serve.
    pub(crate) shareable: Rc<[bool]>,
    pub(crate) id: Option<PageId>,
    pub(crate) began: Duration,
    pub(crate) items: Vec<Item>,
    pub(crate) loaded: Option<Duration>,
    /// The user went elsewhere, or the browser died.
    pub(crate) over: bool,
    /// Rules that carry bytes are void: the page's policy, or its host.
    pub(crate) gated: bool,
    /// The extension saw this navigation.
    pub(crate) watched: bool,
    pub(crate) coming: BTreeMap<String, Coming>,
    /// The document is parsed.
    pub(crate) parsed: bool,
    /// Its images are to be told of before the load is over.
    pub(crate) tell_early: bool,
    pub(crate) silence: Duration,
    pub(crate) news: u64,
    /// Images that were announced to the page.
    pub(crate) announced: usize,
    /// Messages to the page that are later than its life.
    pub(crate) harvests: u64,
}

/// One resource of a visit.
pub(crate) struct Item {
    pub(crate) state: State,
    pub(crate) source: Option<Source>,
    /// Requests to the origin so far; only the last one still counts.
    pub(crate) requests: u32,
    /// When the page asked for it, and when it had it.
    pub(crate) asked: Duration,
    pub(crate) done: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Unasked,
    /// Its request was ended by a rule, or stripped; the bytes are to come.
    Held,
    /// Asked of the origin.
    Asked,
    Done,
}

/// An image that was announced.
pub(crate) enum Coming {
    Awaited,
    Here { content_type: String, body: Verified },
    Missed,
}

impl Visit {
    pub(crate) fn new(
        browser: BrowserId,
        tab: Tab,
        page: Rc<Page>,
        shareable: Rc<[bool]>,
        began: Duration,
    ) -> Self {
        let item = |_| Item {
            state: State::Unasked,
            source: None,
            requests: 0,
            asked: Duration::ZERO,
            done: Duration::ZERO,
        };
        Self {
            browser,
            tab,
            items: page.resources.iter().map(item).collect(),
            page,
            shareable,
            id: None,
            began,
            loaded: None,
            over: false,
            gated: false,
            watched: false,
            coming: BTreeMap::new(),
            parsed: false,
            tell_early: false,
            silence: Duration::ZERO,
            news: 0,
            announced: 0,
            harvests: 0,
        }
    }

    /// How long the page took, if it is loaded.
    pub fn load_time(&self) -> Option<Duration> {
        self.loaded.map(|at| at - self.began)
    }

    /// How many resources came from there.
    pub fn count_from(&self, source: Source) -> usize {
        self.from(source).count()
    }

    /// Bytes of resources that came from there.
    pub fn bytes_from(&self, source: Source) -> u64 {
        self.from(source).map(|at| self.page.resources[at].length()).sum()
    }

    /// Where the bytes of an address came from, as soon as they are there.
    pub fn source_of(&self, url: &str) -> Option<Source> {
        let at = self.page.resources.iter().position(|resource| resource.url == url)?;
        self.items[at].source
    }

    /// Images that the engine announced to the page as on their way.
    pub const fn announced(&self) -> usize {
        self.announced
    }

    /// Longest time between asking for a resource and having it.
    pub fn longest_wait(&self) -> Duration {
        self.items.iter().map(|item| item.done.saturating_sub(item.asked)).max().unwrap_or_default()
    }

    /// Bodies that the engine asked the page to read.
    pub const fn harvests(&self) -> u64 {
        self.harvests
    }

    fn from(&self, source: Source) -> impl Iterator<Item = usize> {
        let of = move |(_, item): &(usize, &Item)| item.source == Some(source);
        self.items.iter().enumerate().filter(of).map(|(at, _)| at)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.items.iter().any(|item| item.state == State::Held)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.items.iter().all(|item| item.state == State::Done)
    }

    /// Places of an address among the resources: a page may name it twice.
    pub(crate) fn held_at(&self, url: &str) -> Vec<usize> {
        let waits = |at: &usize| self.items[*at].state == State::Held && self.page.resources[*at].url == url;
        (0..self.items.len()).filter(waits).collect()
    }

    /// Images with this address whose request is under way lose it: they wait for what was announced.
    pub(crate) fn strip(&mut self, url: &str) {
        if !matches!(self.coming.get(url), Some(Coming::Awaited)) {
            return;
        }
        for (resource, item) in self.page.resources.iter().zip(&mut self.items) {
            if resource.url == url && resource.kind == Kind::Image && item.state == State::Asked {
                item.state = State::Held;
                item.requests += 1;
            }
        }
    }

    pub(crate) fn fact(&self, fact: slipstream_core::fact::PageFact) -> Option<Input> {
        self.id.map(|page| Input::Page { page, fact })
    }
}
