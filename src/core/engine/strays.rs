//! Pages that were quicker than the word of their navigation: a content script's port comes straight to the engine, the
//! navigation by way of a service worker that may be busy.

use std::collections::VecDeque;

use super::{Engine, load::PageSeen};
use crate::{address::Url, fact::Tab, limits, port::PageId};

/// The pages that are open and belong to no load yet.
#[derive(Default)]
pub(super) struct Strays(VecDeque<Stray>);

struct Stray {
    page: PageId,
    tab: Tab,
    url: Url,
    /// What it said of its document in the meantime.
    seen: Option<PageSeen>,
}

impl Strays {
    pub(super) fn add(&mut self, page: PageId, tab: Tab, url: Url) {
        if self.0.len() >= limits::LOADS {
            self.0.pop_front();
        }
        self.0.push_back(Stray { page, tab, url, seen: None });
    }

    pub(super) fn forget(&mut self, page: PageId) {
        self.0.retain(|stray| stray.page != page);
    }

    pub(super) fn seen(&mut self, page: PageId, seen: PageSeen) {
        if let Some(stray) = self.0.iter_mut().find(|stray| stray.page == page) {
            stray.seen = Some(seen);
        }
    }
}

impl Engine {
    /// A load has begun: a page that waited for it becomes its page. It hears of the plan as it is made.
    pub(super) fn adopt(&mut self, tab: Tab) -> Option<(PageId, PageSeen)> {
        let load = self.loads.get_mut(&tab)?;
        let at = self.strays.0.iter().position(|stray| stray.tab == tab && stray.url == load.url)?;
        let stray = self.strays.0.remove(at)?;
        load.page = Some(stray.page);
        load.had_page = true;
        self.pages.insert(stray.page, tab);
        Some((stray.page, stray.seen?))
    }
}
