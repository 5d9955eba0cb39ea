//! F16, W3: exponential, with full jitter and a cap.

use std::time::Duration;

use slipstream_sim::{Lie, World, settings};

/// Pauses between a browser's attempts to reach a server that is not there.
fn pauses(seed: u64) -> Vec<Duration> {
    let mut world = World::new(seed);
    world.kill_server();
    let ann = world.browser(settings::member());
    world.run_for(Duration::from_secs(6 * 3_600));
    world.tally(ann).socket_opens.windows(2).map(|two| two[1] - two[0]).collect()
}

#[test]
fn never_more_than_one_attempt_a_second_and_in_the_end_minutes_apart() {
    for seed in 0..20 {
        let pauses = pauses(seed);
        assert!(pauses.iter().all(|pause| *pause >= Duration::from_secs(1)), "seed {seed}: {pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_secs(302)), "seed {seed}: {pauses:?}");
        let late = &pauses[20..];
        let mean = late.iter().sum::<Duration>() / u32::try_from(late.len()).unwrap();
        assert!((60..=240).contains(&mean.as_secs()), "seed {seed}: {mean:?}");
    }
}

#[test]
fn those_who_lost_the_server_together_do_not_come_back_together() {
    let mut world = World::new(7);
    let class: Vec<_> = (0..30).map(|_| world.browser(settings::member())).collect();
    world.run_for(Duration::from_secs(30));
    world.kill_server();
    world.run_for(Duration::from_secs(600));
    let third: Vec<_> =
        class.iter().filter_map(|one| world.tally(*one).socket_opens.get(3).copied()).collect();
    assert_eq!(third.len(), 30);
    let (first, last) = (third.iter().min().unwrap(), third.iter().max().unwrap());
    assert!(*last - *first > Duration::from_secs(2), "{:?}", *last - *first);
}

#[test]
fn a_server_that_takes_the_call_and_says_nothing_is_left_and_tried_again() {
    let mut world = World::new(4);
    world.lie(Lie::Silence);
    let ann = world.browser(settings::member());
    world.run_for(Duration::from_secs(60));
    assert!((3..12).contains(&world.tally(ann).socket_opens.len()), "{:?}", world.tally(ann).socket_opens);
}

#[test]
fn a_connection_that_lasted_resets_the_pause() {
    let mut world = World::new(3);
    world.kill_server();
    let ann = world.browser(settings::member());
    world.run_for(Duration::from_secs(1_800));
    world.start_server();
    world.run_for(Duration::from_secs(700));
    world.kill_server();
    let lost = world.now();
    world.run_for(Duration::from_secs(10));
    assert!(world.tally(ann).socket_opens.iter().any(|at| *at > lost));
}
