use std::rc::Rc;

use slipstream_sim::{Source, World, settings, site};
use slipstream_wire::peer::Kind;

use crate::pair::ORIGIN;

#[test]
fn that_this_browser_read_itself() {
    let page = site::article(ORIGIN, "news");
    let mut world = World::new(1);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &page);
    let script = page.resources.iter().find(|resource| resource.kind == Kind::Script).unwrap();
    assert!(world.ready_for(ann, &page).contains(&script.url));
    let visit = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(visit).source_of(&script.url), Some(Source::Shelf));
    assert_eq!(world.visited(visit).count_from(Source::Network), 0);
}

#[test]
fn and_not_where_the_user_reloads() {
    let page = site::article(ORIGIN, "news");
    let mut world = World::new(2);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &page);
    let reload = world.visit(ann, &page);
    world.run_for(std::time::Duration::from_secs(60));
    assert_eq!(world.visited(reload).count_from(Source::Network), page.resources.len());
}

#[test]
fn and_not_where_it_is_stale() {
    let page = site::article(ORIGIN, "news");
    let mut world = World::new(3);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &page);
    world.run_for(std::time::Duration::from_secs(86_400));
    let visit = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(visit).count_from(Source::Network), page.resources.len());
}

#[test]
fn and_not_where_a_worker_asked_for_it() {
    let mut page = site::Page::clone(&site::article(ORIGIN, "news"));
    let script = page.resources.iter_mut().find(|resource| resource.kind == Kind::Script).unwrap();
    script.by_worker = true;
    let script = script.url.clone();
    let page = Rc::new(page);
    let mut world = World::new(4);
    let ann = world.browser(settings::alone());
    world.visit_and_settle(ann, &page);
    assert!(!world.ready_for(ann, &page).contains(&script));
    let visit = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(visit).source_of(&script), Some(Source::Network));
}
