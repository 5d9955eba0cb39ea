//! F4, W3: transfers go on while the server is gone.

use std::time::Duration;

use slipstream_sim::{Source, settings};

use crate::pair::{first_has_seen, gallery};

#[test]
fn transfers_go_on_when_the_server_is_gone() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    world.kill_server();
    world.run_for(Duration::from_secs(600));
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 6);
    assert_eq!(world.stats(ann).peers.connected, 1);
}

#[test]
fn a_transfer_that_is_under_way_when_the_server_dies_ends_well() {
    let page = gallery();
    let (mut world, _, ben) = first_has_seen(3, &page);
    let visit = world.visit(ben, &page);
    world.run_until(Duration::from_secs(10), "a body is on its way", |world| world.under_way(ben).0 > 0);
    world.kill_server();
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.visited(visit).count_from(Source::Peer), 6);
}

#[test]
fn a_server_that_comes_back_brings_newcomers() {
    let page = gallery();
    let (mut world, _, _) = first_has_seen(2, &page);
    world.kill_server();
    let cid = world.browser(settings::member());
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.stats(cid).peers.connected, 0);
    world.start_server();
    world.run_until(Duration::from_secs(302), "the newcomer meets somebody", |world| {
        world.stats(cid).peers.connected > 0
    });
    let visit = world.visit_and_settle(cid, &page);
    assert!(world.visited(visit).count_from(Source::Peer) > 0);
}
