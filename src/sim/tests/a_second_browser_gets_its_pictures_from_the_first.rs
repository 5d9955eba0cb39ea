//! F2, F4, F29: bodies come over an open channel, their types from the record.

use slipstream_sim::{Source, site};
use slipstream_wire::peer::Kind;

use crate::pair::{ORIGIN, first_has_seen, gallery};

#[test]
fn and_none_of_them_from_the_origin() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    let asked = world.origin_requests();
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 6);
    assert_eq!(world.origin_requests(), asked + 1, "the document, and nothing else");
    assert_eq!(world.totals().wasted_bytes, 0);
    assert_eq!(world.stats(ben).all.verified, 6);
    assert_eq!(world.tally(ann).uploaded, page.resource_bytes());
}

#[test]
fn and_the_second_time_from_its_own_store() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(2, &page);
    world.visit_and_settle(ben, &page);
    world.kill(ann);
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).count_from(Source::Shelf), 6);
}

#[test]
fn and_it_is_quicker_than_the_origin() {
    let page = gallery();
    let (mut world, _, ben) = first_has_seen(3, &page);
    let alone = world.browser(slipstream_sim::settings::off());
    let plain = world.visit_and_settle(alone, &page);
    let near = world.visit_and_settle(ben, &page);
    let [plain, near] = [plain, near].map(|visit| world.visited(visit).load_time().unwrap());
    assert!(near * 2 < plain, "{near:?} against {plain:?}");
}

#[test]
fn also_on_an_ordinary_page_all_but_scripts_and_trifles() {
    let page = site::article(ORIGIN, "news");
    let (mut world, _, ben) = first_has_seen(4, &page);
    let visit = world.visit_and_settle(ben, &page);
    for resource in &page.resources {
        let source = world.visited(visit).source_of(&resource.url);
        let expected = if resource.kind == Kind::Script { Source::Network } else { Source::Peer };
        assert_eq!(source, Some(expected), "{}", resource.url);
    }
}
