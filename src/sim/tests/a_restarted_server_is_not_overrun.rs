use std::{collections::BTreeMap, time::Duration};

use slipstream_core::stats::ServerState;
use slipstream_sim::{BrowserId, World, settings};

/// Browsers at one server.
const BROWSERS: usize = 2_000;
/// New connections each second that the server takes as it is set by default.
const MOST_A_SECOND: usize = 500;
/// Longest pause of a browser between two attempts, and the time of the attempt.
const CAP: Duration = Duration::from_secs(302);

/// In groups of thirty or so, as in classrooms.
fn group(number: usize) -> char {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char::from(digits[number % digits.len()])
}

fn is_there(world: &World, browser: BrowserId) -> bool {
    world.stats(browser).server == ServerState::Connected
}

/// Kills the server for so long. How long all took to be back, and the most that called in one second.
fn restart(seed: u64, dead: Duration) -> (Duration, usize) {
    let mut world = World::new(seed);
    let mut all = Vec::new();
    for number in 0..BROWSERS {
        all.push(world.browser(settings::member_of(group(number))));
        if number % 100 == 99 {
            world.run_for(Duration::from_secs(1));
        }
    }
    world.run_for(Duration::from_secs(90));
    assert!(all.iter().all(|one| is_there(&world, *one)), "all are there before");
    let channels = |world: &World| all.iter().map(|one| world.stats(*one).peers.connected).sum::<usize>();
    let before = channels(&world);
    world.kill_server();
    world.run_for(dead);
    let restarted = world.now();
    world.start_server();
    world.run_until(CAP, "all are back within the cap of the pauses", |world| {
        all.iter().all(|one| is_there(world, *one))
    });
    assert!(channels(&world) >= before, "channels outlive the server");
    let mut calls: BTreeMap<u64, usize> = BTreeMap::new();
    for at in all.iter().flat_map(|one| &world.tally(*one).socket_opens).filter(|at| **at >= restarted) {
        *calls.entry((*at - restarted).as_secs()).or_default() += 1;
    }
    (world.now() - restarted, calls.into_values().max().unwrap_or(0))
}

#[test]
fn those_who_lost_it_together_are_back_within_the_cap_and_not_all_at_once() {
    let (back, peak) = restart(1, Duration::from_secs(10));
    println!(
        "dead for 10 s: {BROWSERS} browsers were back after {:.1} s, {peak} calls in one second",
        back.as_secs_f32()
    );
    assert!(peak <= MOST_A_SECOND, "{peak} calls in one second");
}

#[test]
fn a_server_that_is_back_at_once_takes_as_many_a_second_as_it_will_and_the_others_soon() {
    let (back, peak) = restart(2, Duration::from_millis(100));
    println!(
        "dead for a moment: {BROWSERS} browsers were back after {:.1} s, {peak} calls in one second",
        back.as_secs_f32()
    );
    assert!(back <= Duration::from_secs(60), "{back:?}");
}
