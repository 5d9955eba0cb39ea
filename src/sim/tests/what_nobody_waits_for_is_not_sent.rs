//! F3: an aborted fetch stops costing at once, on both sides.

use std::time::Duration;

use slipstream_core::fact::Tab;
use slipstream_sim::{BrowserId, Lan, Uplink, World, settings, site};

use crate::pair::ORIGIN;

/// Bytes that a peer still sends after the user went elsewhere in the middle of it.
fn sent_after(leave: impl FnOnce(&mut World, BrowserId)) -> u64 {
    let lan = Lan { rate: 500_000, ..Lan::default() };
    let mut world = World::with_network(1, lan, Uplink::default());
    let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
    world.run_until_peers(&[ann, ben]);
    let page = site::gallery(ORIGIN, 30);
    world.visit_and_settle(ann, &page);
    world.visit(ben, &page);
    world.run_for(Duration::from_millis(400));
    let before = world.tally(ann).uploaded;
    assert!(before > 0, "it is in the middle of it");
    leave(&mut world, ben);
    world.run_for(Duration::from_secs(30));
    world.tally(ann).uploaded - before
}

#[test]
fn when_the_tab_is_closed() {
    let rest = sent_after(|world, ben| world.close_tab(ben, Tab(1)));
    assert!(rest <= 2 * 60_000, "{rest}");
}

#[test]
fn when_the_user_goes_to_another_page() {
    let other = site::gallery("https://www.other-demo.com", 0);
    let rest = sent_after(|world, ben| {
        world.visit(ben, &other);
    });
    assert!(rest <= 2 * 60_000, "{rest}");
}
