//! F5: a service worker that is busy tells of a navigation when its page is there already.

use std::time::Duration;

use slipstream_sim::{Lan, Source, Uplink, World, settings, site};

use crate::pair::ORIGIN;

/// The word of a navigation takes so long; the origin answers sooner.
fn with_word_after(ms: u64) {
    let near = Uplink { rtt: Duration::from_millis(20), rate: 10_000_000 };
    let mut world = World::with_network(1, Lan::default(), near);
    let (ann, word) = (world.browser(settings::member()), Duration::from_millis(ms));
    world.delay_worker(ann, word);
    let pages = [site::gallery(ORIGIN, 6), site::gallery(ORIGIN, 12)];
    for page in &pages {
        world.visit_and_settle(ann, page);
        // What was told late is settled late.
        world.run_for(2 * word);
    }
    world.delay_worker(ann, Duration::ZERO);
    let visit = world.visit_and_settle(ann, &pages[1]);
    assert_eq!(world.visited(visit).count_from(Source::Shelf), 12, "with the word after {ms} ms");
}

#[test]
fn whatever_it_loses_what_was_seen_is_kept() {
    for ms in [30, 100, 300, 1_000, 3_000] {
        with_word_after(ms);
    }
}
