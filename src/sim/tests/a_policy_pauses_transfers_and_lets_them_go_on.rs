use std::{rc::Rc, time::Duration};

use slipstream_core::{
    fact::Fact,
    policy::{Level, Reason, Speed},
    port::Input,
    refusal::Refusal,
};
use slipstream_sim::{BrowserId, Source, World, settings, site};

use crate::pair::{ORIGIN, first_has_seen, refused};

/// A page whose transfer takes long enough to be interrupted.
fn long_page() -> Rc<site::Page> {
    let mut page = (*site::gallery(ORIGIN, 0)).clone();
    for n in 0..12 {
        let url = format!("{ORIGIN}/large-{n}.png");
        page = page.with(site::Resource::new(&url, slipstream_wire::peer::Kind::Image, 900_000, 0));
    }
    Rc::new(page)
}

fn network(save_data: bool, speed: Option<Speed>) -> Fact {
    Fact::Network { cellular: false, save_data, speed }
}

/// Lets the visit, and what follows it, come to an end.
fn settle(world: &mut World) {
    world.run_for(Duration::from_secs(120));
}

fn tell(world: &mut World, browser: BrowserId, fact: Fact) {
    world.happen(browser, Input::Fact(fact));
    // Until the message has arrived, and what follows is done.
    world.run_for(Duration::from_millis(5));
}

/// What trips, what lets it go on, and what is said meanwhile.
fn cases() -> Vec<(Fact, Fact, Reason)> {
    let battery = |level: f64, charging| Fact::Battery { level, charging };
    let device = |free: f64| Fact::Device { small: false, free };
    vec![
        (battery(0.18, false), battery(0.18, true), Reason::BatteryLow),
        (network(true, None), network(false, None), Reason::SaveData),
        (network(false, Some(Speed::Is2g)), network(false, Some(Speed::Is4g)), Reason::SlowNetwork),
        (device(1e6), device(1e12), Reason::DiskLow),
    ]
}

/// Lets time pass until the first bytes of a transfer have come.
fn until_under_way(world: &mut World, giver: BrowserId) {
    let before = world.tally(giver).uploaded;
    for _ in 0..10_000 {
        if world.tally(giver).uploaded > before {
            return;
        }
        world.run_for(Duration::from_millis(1));
    }
    panic!("no transfer has begun");
}

#[test]
fn while_they_run_on_the_side_that_receives() {
    for (seed, (trips, recovers, reason)) in (1..).zip(cases()) {
        let page = long_page();
        let (mut world, ann, ben) = first_has_seen(seed, &page);
        let visit = world.visit(ben, &page);
        until_under_way(&mut world, ann);
        tell(&mut world, ben, trips);
        let policy = world.stats(ben).policy;
        assert_eq!((policy.level, policy.reason), (Level::Shelf, Some(reason)));
        assert_eq!(world.stats(ben).peers.known, 0, "{reason:?}: the channel is closed at once");
        let sent = world.tally(ann).uploaded;
        settle(&mut world);
        // The page has everything, and what was on its way costs nothing more.
        let visited = world.visited(visit);
        let (near, far) = (visited.count_from(Source::Peer), visited.count_from(Source::Network));
        assert_eq!(near + far, page.resources.len(), "{reason:?}");
        assert!(far > 0, "{reason:?}");
        assert!(refused(&world, ben, Refusal::Paused) > 0, "{reason:?}");
        assert!(world.tally(ann).uploaded - sent < 900_000, "{reason:?}");

        tell(&mut world, ben, recovers);
        assert_eq!(world.stats(ben).policy.reason, None);
        world.run_until_peers(&[ann, ben]);
        let other = site::gallery("https://www.other-demo.com", 6);
        world.visit_and_settle(ann, &other);
        let visit = world.visit_and_settle(ben, &other);
        assert_eq!(world.visited(visit).count_from(Source::Peer), 6, "{reason:?}");
    }
}

#[test]
fn while_they_run_on_the_side_that_sends() {
    for (seed, (trips, recovers, reason)) in (11..).zip(cases()) {
        let page = long_page();
        let (mut world, ann, ben) = first_has_seen(seed, &page);
        let visit = world.visit(ben, &page);
        until_under_way(&mut world, ann);
        tell(&mut world, ann, trips);
        let sent = world.tally(ann).uploaded;
        settle(&mut world);
        let visited = world.visited(visit);
        let (near, far) = (visited.count_from(Source::Peer), visited.count_from(Source::Network));
        assert_eq!(near + far, page.resources.len(), "{reason:?}");
        assert!(far > 0, "{reason:?}");
        assert_eq!(world.tally(ann).uploaded, sent, "{reason:?}: not a byte more");
        tell(&mut world, ann, recovers);
        world.run_until_peers(&[ann, ben]);
    }
}

#[test]
fn and_a_hidden_window_slows_them_but_ends_none() {
    let page = long_page();
    let took = |hidden: bool| {
        let (mut world, ann, ben) = first_has_seen(3, &page);
        tell(&mut world, ann, Fact::Presence { hidden, idle: false });
        assert_eq!(world.stats(ann).policy.limited, hidden);
        let visit = world.visit(ben, &page);
        settle(&mut world);
        assert!(world.visited(visit).count_from(Source::Peer) > 0);
        assert_eq!(world.stats(ann).peers.connected, 1);
        world.visited(visit).load_time().expect("it loads")
    };
    let (free, limited) = (took(false), took(true));
    assert!(limited > free, "{limited:?} and {free:?}");
}

#[test]
fn and_nobody_at_the_machine_matters_only_where_that_was_set() {
    let (mut world, ann, ben) = crate::pair::met(5);
    tell(&mut world, ann, Fact::Presence { hidden: false, idle: true });
    assert_eq!(world.stats(ann).policy.reason, None);
    let mut careful = settings::member();
    careful.policy.idle = slipstream_core::settings::Action::Pause;
    world.set(ann, careful);
    assert_eq!(world.stats(ann).policy.reason, Some(Reason::Idle));
    assert_eq!(world.stats(ann).peers.known, 0);
    tell(&mut world, ann, Fact::Presence { hidden: false, idle: false });
    world.run_until_peers(&[ann, ben]);
}

#[test]
fn and_a_months_upload_ends_with_the_month() {
    let (mut world, ann, ben) = crate::pair::met(6);
    let mut miser = settings::member();
    miser.limits.upload_mib_per_month = 1;
    world.set(ann, miser);
    let page = long_page();
    world.visit_and_settle(ann, &page);
    world.visit_and_settle(ben, &page);
    let other = site::gallery("https://www.other-demo.com", 20);
    world.visit_and_settle(ann, &other);
    world.visit_and_settle(ben, &other);
    assert!(world.tally(ann).uploaded <= 1 << 20, "{}", world.tally(ann).uploaded);
    // The next day changes nothing.
    let sent = world.tally(ann).uploaded;
    world.run_for(Duration::from_secs(86_400));
    world.run_until_peers(&[ann, ben]);
    let third = site::gallery("https://www.third-demo.com", 20);
    world.visit_and_settle(ann, &third);
    world.visit_and_settle(ben, &third);
    assert!(world.tally(ann).uploaded <= 1 << 20, "{} and {sent}", world.tally(ann).uploaded);
}

#[test]
fn and_more_peers_than_are_allowed_part() {
    let mut world = World::new(8);
    let browsers: Vec<_> = (0..6).map(|_| world.browser(settings::member())).collect();
    world.run_until_peers(&browsers);
    world.run_for(Duration::from_secs(30));
    let first = browsers[0];
    let before = world.stats(first).peers.known;
    let mut few = settings::member();
    few.peers.max = 2;
    world.set(first, few);
    assert!(before > 2 && world.stats(first).peers.known <= 2, "{before}");
    tell(&mut world, first, Fact::Presence { hidden: true, idle: false });
    assert!(world.stats(first).peers.known <= 1);
}
