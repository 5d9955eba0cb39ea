//! The pages that are open, and the loads that they belong to. A page may be quicker than the word of its navigation: a
//! content script's port comes straight to the engine, the navigation by way of a service worker that may be busy.

use super::{Engine, load::PageSeen};
use crate::{address::Url, fact::Tab, limits, port::PageId};

/// See the module. Lists, because there are as many as somebody has tabs open.
#[derive(Default)]
pub(super) struct Pages {
    of_loads: Vec<(PageId, Tab)>,
    strays: Vec<Stray>,
}

/// A page that belongs to no load yet.
struct Stray {
    page: PageId,
    tab: Tab,
    url: Url,
    /// What it said of its document in the meantime.
    seen: Option<PageSeen>,
}

impl Pages {
    /// The tab whose load the page belongs to.
    pub(super) fn tab(&self, page: PageId) -> Option<Tab> {
        self.of_loads.iter().find(|(known, _)| *known == page).map(|(_, tab)| *tab)
    }

    pub(super) fn belongs(&mut self, page: PageId, tab: Tab) {
        self.of_loads.push((page, tab));
    }

    pub(super) fn strays(&mut self, page: PageId, tab: Tab, url: Url) {
        if self.strays.len() >= limits::LOADS {
            self.strays.remove(0);
        }
        self.strays.push(Stray { page, tab, url, seen: None });
    }

    /// The page is gone, or its load is; gives the tab of its load.
    pub(super) fn forget(&mut self, page: PageId) -> Option<Tab> {
        let tab = self.tab(page);
        self.of_loads.retain(|(known, _)| *known != page);
        self.strays.retain(|stray| stray.page != page);
        tab
    }

    /// A page that may be a stray said what its document is like.
    pub(super) fn seen(&mut self, page: PageId, seen: PageSeen) {
        if let Some(stray) = self.strays.iter_mut().find(|stray| stray.page == page) {
            stray.seen = Some(seen);
        }
    }
}

impl Engine {
    /// A load has begun: a page that waited for it becomes its page. It hears of the plan as it is made.
    pub(super) fn adopt(&mut self, tab: Tab) -> Option<(PageId, PageSeen)> {
        let load = self.loads.get_mut(&tab)?;
        let at = self.pages.strays.iter().position(|stray| stray.tab == tab && stray.url == load.url)?;
        let stray = self.pages.strays.swap_remove(at);
        load.page = Some(stray.page);
        load.had_page = true;
        self.pages.belongs(stray.page, tab);
        Some((stray.page, stray.seen?))
    }
}
