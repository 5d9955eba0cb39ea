//! N5: nothing leaves before sharing is on.

use std::time::Duration;

use slipstream_core::settings::Settings;
use slipstream_sim::{Source, World, settings, site};

use crate::pair::ORIGIN;

/// A day of visits with these settings: the browser and one that would like to meet it.
fn a_day_of_visits(settings: Settings) {
    let mut world = World::new(1);
    let alone = world.browser(settings);
    let other = world.browser(settings::member());
    let pages = [site::gallery(ORIGIN, 3), site::article(ORIGIN, "news")];
    for hour in 0..24 {
        let visit = world.visit_and_settle(alone, &pages[hour % 2]);
        assert!(world.visited(visit).load_time().is_some());
        world.run_for(Duration::from_secs(3_600));
    }
    let tally = world.tally(alone);
    assert!(tally.socket_opens.is_empty());
    assert_eq!((tally.socket_sends, tally.connects, tally.sent), (0, 0, 0));
    assert_eq!(world.stats(other).peers.connected, 0);
    assert_eq!(world.totals().peer_bytes, 0);
}

#[test]
fn as_installed_nobody_is_contacted() {
    a_day_of_visits(settings::alone());
}

#[test]
fn a_secret_and_a_server_alone_are_no_consent() {
    let member = settings::member();
    a_day_of_visits(Settings { sharing: settings::alone().sharing, ..member });
}

#[test]
fn switched_off_nobody_is_contacted_even_by_a_member() {
    a_day_of_visits(Settings { enabled: false, ..settings::member() });
}

#[test]
fn leaving_the_group_ends_all_contact_at_once() {
    let (mut world, ann, ben) = crate::pair::first_has_seen(2, &crate::pair::gallery());
    world.set(ben, settings::alone());
    world.run_for(Duration::from_secs(1));
    let before = world.tally(ben).clone();
    let visit = world.visit_and_settle(ben, &crate::pair::gallery());
    world.run_for(Duration::from_secs(7_200));
    assert_eq!(world.visited(visit).bytes_from(Source::Peer), 0);
    let after = world.tally(ben);
    assert_eq!(after.socket_opens, before.socket_opens);
    assert_eq!(
        (after.socket_sends, after.connects, after.sent),
        (before.socket_sends, before.connects, before.sent)
    );
    assert_eq!(world.stats(ann).peers.connected, 0);
}
