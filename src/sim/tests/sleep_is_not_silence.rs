//! F19, W5: who slept has heard nothing, and that is nobody's fault.

use std::time::Duration;

use slipstream_sim::Source;

use crate::pair::{first_has_seen, gallery};

#[test]
fn two_that_slept_at_the_same_time_ask_each_other_before_they_part() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    world.run_for(Duration::from_secs(20));
    let connects = world.tally(ben).connects;
    for one in [ann, ben] {
        world.sleep(one, Duration::from_secs(45));
    }
    world.run_for(Duration::from_secs(50));
    assert_eq!(world.tally(ben).connects, connects, "no new introduction was needed");
    assert_eq!(world.stats(ben).peers.connected, 1);
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 6);
    assert_eq!(world.stats(ann).peers.connected, 1);
}

#[test]
fn a_peer_that_is_really_gone_is_left() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(2, &page);
    world.kill(ann);
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.stats(ben).peers.connected, 0);
}
