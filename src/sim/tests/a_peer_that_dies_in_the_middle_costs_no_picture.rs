//! F2, F18: a lock is released when its holder dies.

use std::time::Duration;

use slipstream_sim::{Lan, Source, Uplink, World, settings, site};

use crate::pair::ORIGIN;

/// A peer behind a slow network dies so long after the visit began.
fn dies_after(seed: u64, ms: u64, die: impl FnOnce(&mut World, [slipstream_sim::BrowserId; 2]) + 'static) {
    let lan = Lan { rate: 1_000_000, ..Lan::default() };
    let mut world = World::with_network(seed, lan, Uplink::default());
    let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
    let alone = world.browser(settings::off());
    let page = site::gallery(ORIGIN, 12);
    world.run_until_peers(&[ann, ben]);
    world.visit_and_settle(ann, &page);
    let plain = world.visit_and_settle(alone, &page);
    world.at(world.now() + Duration::from_millis(ms), move |world| die(world, [ann, ben]));
    let visit = world.visit_and_settle(ben, &page);
    let [plain, visit] = [plain, visit].map(|visit| world.visited(visit));
    let sources = [Source::Network, Source::Peer, Source::Shelf];
    assert_eq!(sources.map(|source| visit.count_from(source)).iter().sum::<usize>(), 12);
    // What was promised and did not come costs the time until it is given up, and no more.
    let [took, takes] = [visit, plain].map(|visit| visit.load_time().expect("a settled visit is loaded"));
    let late = took.saturating_sub(takes);
    assert!(late < Duration::from_millis(500), "after {ms} ms: {late:?} later than without");
    assert!(visit.longest_wait() < plain.longest_wait() + Duration::from_millis(500));
}

#[test]
fn killed_at_any_moment() {
    for (seed, ms) in (0..).zip((0..=1_200).step_by(60)) {
        dies_after(seed, ms, |world, [ann, _]| world.kill(ann));
    }
}

#[test]
fn silent_from_any_moment() {
    for (seed, ms) in (100..).zip((0..=1_200).step_by(60)) {
        dies_after(seed, ms, |world, [ann, _]| world.silence(ann, true));
    }
}

#[test]
fn cut_off_at_any_moment() {
    for (seed, ms) in (200..).zip((0..=1_200).step_by(60)) {
        dies_after(seed, ms, |world, [ann, ben]| world.cut(ann, ben));
    }
}

#[test]
fn the_own_engine_failing_at_any_moment() {
    for (seed, ms) in (300..).zip((0..=1_200).step_by(60)) {
        dies_after(seed, ms, |world, [_, ben]| world.crash_engine(ben));
    }
}
