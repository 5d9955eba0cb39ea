use std::rc::Rc;

use slipstream_sim::{Source, World, settings, site};

use crate::pair::{ORIGIN, all_from_origin, first_has_seen};

const POLICY: (&str, &str) = ("content-security-policy", "img-src 'self'");

#[test]
fn of_an_own_visit() {
    let page = site::article(ORIGIN, "news");
    let mut world = World::new(1);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &page);
    let strict = Rc::new((*page).clone().with_header(POLICY.0, POLICY.1));
    let visit = world.visit_and_settle(ann, &strict);
    assert!(all_from_origin(&world, visit, &strict));
    assert_eq!(world.rules_with_bytes(ann), 0, "and its rules are gone");
}

#[test]
fn of_a_member_s_visit() {
    let page = site::article(ORIGIN, "news");
    let (mut world, _, ben) = first_has_seen(2, &page);
    let strict = Rc::new((*page).clone().with_header(POLICY.0, POLICY.1));
    let visit = world.visit_and_settle(ben, &strict);
    assert!(all_from_origin(&world, visit, &strict));
    assert_eq!(world.rules_with_bytes(ben), 0);
}

#[test]
fn and_at_the_visit_after_it_pictures_come_from_the_store_again() {
    let strict = Rc::new((*site::article(ORIGIN, "news")).clone().with_header(POLICY.0, POLICY.1));
    let mut world = World::new(3);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &strict);
    assert!(world.ready_for(ann, &strict).is_empty(), "no rule with bytes is worth its place there");
    let visit = world.visit_and_settle(ann, &strict);
    assert!(world.visited(visit).count_from(Source::Shelf) >= 8);
    assert_eq!(world.visited(visit).source_of(&format!("{ORIGIN}/static/app.js")), Some(Source::Network));
}
