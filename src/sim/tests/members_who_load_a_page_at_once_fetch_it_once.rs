//! F17: what a member will have soon is reserved; SECURITY.md F4: who makes no headway is not waited for.

use std::time::Duration;

use crate::pair::{gallery, met};
use slipstream_core::fact::Tab;
use slipstream_sim::{Source, World, settings, tamper};

#[test]
fn the_second_waits_for_the_first_and_the_origin_sends_each_picture_once() {
    for seed in 0..8 {
        let page = gallery();
        let (mut world, ann, ben) = met(seed);
        let first = world.visit(ann, &page);
        let later = Duration::from_millis(100 + world.random(300));
        world.run_for(later);
        let second = world.visit(ben, &page);
        world.run_for(Duration::from_secs(20));
        assert_eq!(world.visited(first).count_from(Source::Network), 6);
        assert_eq!(world.visited(second).count_from(Source::Peer), 6, "seed {seed}");
        let shareable = world.shareable();
        assert!(shareable.origin_bytes < shareable.alone_bytes * 11 / 10, "{shareable:?}");
    }
}

#[test]
fn a_third_follows_the_second_that_it_knows() {
    let page = gallery();
    let mut world = World::new(3);
    let mut one = settings::member();
    (one.peers.min, one.peers.max) = (1, 1);
    let mut two = settings::member();
    (two.peers.min, two.peers.max) = (1, 2);
    let (ann, ben) = (world.browser(one.clone()), world.browser(two));
    world.run_until_peers(&[ann, ben]);
    let cid = world.browser(one);
    world.run_until_peers(&[cid]);
    world.visit(ann, &page);
    world.run_for(Duration::from_millis(300));
    world.visit(ben, &page);
    world.run_for(Duration::from_millis(300));
    let third = world.visit(cid, &page);
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.visited(third).count_from(Source::Peer), 6);
    assert!(world.shareable().origin_bytes < world.shareable().alone_bytes * 11 / 10);
}

#[test]
fn a_leader_that_goes_elsewhere_leaves_nobody_waiting() {
    let page = gallery();
    let (mut world, ann, ben) = met(5);
    world.visit(ann, &page);
    world.run_for(Duration::from_millis(300));
    let second = world.visit(ben, &page);
    world.run_for(Duration::from_millis(250));
    world.close_tab(ann, Tab(1));
    world.run_for(Duration::from_secs(20));
    let took = world.visited(second).load_time().unwrap();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_leader_that_falls_silent_is_waited_for_no_longer_than_agreed() {
    let page = gallery();
    let (mut world, ann, ben) = met(6);
    world.visit(ann, &page);
    world.run_for(Duration::from_millis(300));
    let second = world.visit(ben, &page);
    world.run_for(Duration::from_millis(250));
    world.silence(ann, true);
    world.run_for(Duration::from_secs(20));
    let longest = world.visited(second).longest_wait();
    assert!(longest < Duration::from_millis(1_500 + 2_000), "{longest:?}");
}

#[test]
fn a_page_that_turns_out_to_be_personal_is_not_told_of() {
    let mut page = (*gallery()).clone();
    page.sensitive = true;
    let page = std::rc::Rc::new(page);
    let (mut world, ann, ben) = met(7);
    world.visit(ann, &page);
    world.run_for(Duration::from_millis(300));
    let second = world.visit(ben, &page);
    world.run_for(Duration::from_secs(20));
    assert_eq!(world.visited(second).count_from(Source::Network), 6);
    assert_eq!(world.tally(ann).uploaded, 0);
}

#[test]
fn promises_that_are_not_kept_cost_a_member_its_place() {
    let (mut world, ann, ben) = met(8);
    // It says what is coming, and never what it is.
    world.tamper(
        ann,
        tamper::control(|message| {
            if let slipstream_wire::peer::Message::Page { entries, .. } = message {
                entries.clear();
            }
        }),
    );
    for n in 0..4 {
        let page = slipstream_sim::site::gallery(&format!("https://www.gallery-{n}-demo.com"), 4);
        world.visit(ann, &page);
        world.run_for(Duration::from_millis(300));
        let visit = world.visit(ben, &page);
        world.run_for(Duration::from_secs(10));
        assert!(world.visited(visit).load_time().is_some());
    }
    assert!(world.visited(world.visits_of(ben)[3]).longest_wait() < Duration::from_millis(1_600));
}
