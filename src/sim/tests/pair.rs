//! Two members of a group who have met, the first of whom has seen a page.

use std::rc::Rc;

use slipstream_sim::{
    BrowserId, Source, VisitId, World, settings,
    site::{self, Page},
};

/// Where the pages of these tests are.
pub(crate) const ORIGIN: &str = "https://www.gallery-demo.com";

/// Two members with a proven channel between them.
pub(crate) fn met(seed: u64) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed);
    let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
    world.run_until_peers(&[ann, ben]);
    (world, ann, ben)
}

/// Two members who have met; the first has seen this page.
pub(crate) fn first_has_seen(seed: u64, page: &Rc<Page>) -> (World, BrowserId, BrowserId) {
    let (mut world, ann, ben) = met(seed);
    let seen = world.visit_and_settle(ann, page);
    assert_eq!(world.visited(seen).count_from(Source::Network), page.resources.len());
    (world, ann, ben)
}

/// A page of six pictures.
pub(crate) fn gallery() -> Rc<Page> {
    site::gallery(ORIGIN, 6)
}

/// Everything on the page came from its origin.
pub(crate) fn all_from_origin(world: &World, visit: VisitId, page: &Page) -> bool {
    world.visited(visit).count_from(Source::Network) == page.resources.len()
}

/// How often an engine left something alone for this reason, in its first tab.
pub(crate) fn refused(world: &World, browser: BrowserId, why: slipstream_core::refusal::Refusal) -> u64 {
    let stats = world.stats(browser);
    let tab = stats.tab.map(|tab| tab.counts.refusals.get(&why).copied().unwrap_or(0)).unwrap_or(0);
    tab.max(stats.all.refusals.get(&why).copied().unwrap_or(0))
}
