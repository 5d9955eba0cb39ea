//! F30: the shelf survives its browser.

use std::time::Duration;

use slipstream_sim::{Source, World, settings, site};

use crate::pair::{ORIGIN, gallery};

#[test]
fn what_had_settled_is_there_after_a_kill() {
    let page = gallery();
    let mut world = World::new(1);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &page);
    world.kill(ann);
    world.restart(ann);
    let visit = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(visit).count_from(Source::Shelf), 6);
}

#[test]
fn a_kill_at_any_moment_of_the_writing_leaves_a_store_that_works() {
    let page = site::article(ORIGIN, "news");
    let mut reached = 0;
    for (seed, ms) in (0..).zip((2_000..3_200).step_by(24)) {
        let mut world = World::new(seed);
        let ann = world.browser(settings::alone());
        world.visit(ann, &page);
        world.run_for(Duration::from_millis(ms));
        world.kill(ann);
        world.restart(ann);
        let again = world.visit_and_settle(ann, &page);
        reached += world.visited(again).count_from(Source::Shelf);
        let third = world.visit_and_settle(ann, &page);
        assert_eq!(world.visited(third).count_from(Source::Network), 0, "killed after {ms} ms");
    }
    assert!(reached > 0, "some kills came after the first bodies were written");
}

#[test]
fn a_full_disk_costs_the_store_and_no_page() {
    let page = gallery();
    let mut world = World::new(3);
    let ann = world.browser(settings::alone());
    world.fill_disk(ann, true);
    world.visit_and_settle(ann, &page);
    assert_eq!(world.stats(ann).shelf.bodies, 0);
    let again = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(again).count_from(Source::Network), 6);
    world.fill_disk(ann, false);
    world.visit_and_settle(ann, &page);
    let healed = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(healed).count_from(Source::Shelf), 6);
}
