//! F2, F12: every byte is compared with its hash, and blame hits who sent it.

use std::time::Duration;

use slipstream_core::refusal::Refusal;
use slipstream_sim::{Source, tamper};

use crate::pair::{all_from_origin, first_has_seen, gallery, refused};

#[test]
fn the_page_gets_all_from_its_origin_and_the_channel_ends() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    world.tamper(ann, tamper::wrong_bytes());
    let visit = world.visit_and_settle(ben, &page);
    // That nothing wrong is shown, the world holds everywhere.
    assert!(all_from_origin(&world, visit, &page));
    let stats = world.stats(ben);
    assert!(stats.all.verifications_failed >= 1);
    assert_eq!(stats.peers.connected, 0);
    assert!(refused(&world, ben, Refusal::PeerWrong) >= 1);
    let wasted = world.totals().wasted_bytes;
    assert!(wasted <= 2 * 60_000, "no more than what was on its way: {wasted}");
}

#[test]
fn a_peer_that_announces_other_lengths_serves_nothing() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(2, &page);
    world.tamper(ann, tamper::wrong_lengths());
    let visit = world.visit_and_settle(ben, &page);
    assert!(all_from_origin(&world, visit, &page));
    assert!(refused(&world, ben, Refusal::PeerWrong) >= 1);
}

#[test]
fn an_honest_peer_serves_on_beside_a_liar() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(3, &page);
    let cid = world.browser(slipstream_sim::settings::member());
    world.run_until(Duration::from_secs(60), "the third has met both", |world| {
        world.stats(cid).peers.connected == 2
    });
    world.tamper(ann, tamper::wrong_bytes());
    world.visit_and_settle(ben, &page);
    let visit = world.visit_and_settle(cid, &page);
    // Ben read the page from its origin, because Ann had lied to him; now he is one of those who have it.
    assert!(world.visited(visit).count_from(Source::Peer) >= 1);
    assert_eq!(world.stats(cid).peers.connected, 1, "the liar is gone");
}
