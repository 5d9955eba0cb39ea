//! F12, F30: what lies on the disk is hashed on every way out.

use slipstream_core::refusal::Refusal;
use slipstream_sim::Source;

use crate::pair::{all_from_origin, first_has_seen, gallery, refused};

#[test]
fn its_owner_refuses_by_name_and_nobody_is_banned() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    world.kill(ann);
    world.corrupt_store(ann);
    world.restart(ann);
    world.run_until(std::time::Duration::from_secs(120), "they meet again", |world| {
        [ann, ben].iter().all(|one| world.stats(*one).peers.connected == 1)
    });
    let visit = world.visit_and_settle(ben, &page);
    assert!(all_from_origin(&world, visit, &page));
    assert!(refused(&world, ann, Refusal::ShelfCorrupt) >= 1);
    assert_eq!(world.tally(ann).uploaded, 0);
    assert_eq!(world.stats(ben).all.verifications_failed, 0);
    assert_eq!(world.stats(ben).peers.connected, 1);
}

#[test]
fn its_owner_s_own_pages_come_from_the_origin_and_heal_it() {
    let page = gallery();
    let (mut world, ann, _) = first_has_seen(2, &page);
    world.corrupt_store(ann);
    let visit = world.visit_and_settle(ann, &page);
    assert!(all_from_origin(&world, visit, &page));
    let again = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(again).count_from(Source::Shelf), 6);
}
