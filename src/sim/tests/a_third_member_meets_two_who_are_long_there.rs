use std::time::Duration;

use slipstream_sim::{World, settings};

/// How long an introduction may take, whatever the others have been doing.
const MEETING: Duration = Duration::from_secs(10);

/// Two members meet, something happens, and a third comes.
fn third_after(seed: u64, meanwhile: impl Fn(&mut World, [slipstream_sim::BrowserId; 2])) {
    let mut world = World::new(seed);
    let two = [(); 2].map(|()| world.browser(settings::member()));
    world.run_until_peers(&two);
    meanwhile(&mut world, two);
    let third = world.browser(settings::member());
    world.run_until(MEETING, "the third meets somebody", |world| world.stats(third).peers.connected > 0);
    world.run_until(MEETING, "it meets both", |world| world.stats(third).peers.connected == 2);
}

#[test]
fn when_they_sat_idle_for_two_minutes() {
    for seed in 0..10 {
        third_after(seed, |world, _| world.run_for(Duration::from_secs(120)));
    }
}

#[test]
fn when_they_sat_idle_beyond_every_timer() {
    for seed in 10..13 {
        third_after(seed, |world, _| world.run_for(Duration::from_secs(25 * 3_600)));
    }
}

#[test]
fn when_one_of_them_left_and_came_back() {
    for seed in 20..30 {
        third_after(seed, |world, [ann, ben]| {
            for browser in [ann, ben, ann] {
                world.run_for(Duration::from_secs(20));
                world.kill(browser);
                world.run_for(Duration::from_secs(20));
                world.restart(browser);
                world.run_until_peers(&[ann, ben]);
            }
        });
    }
}

#[test]
fn when_the_server_was_restarted_in_between() {
    for seed in 30..40 {
        third_after(seed, |world, _| {
            world.run_for(Duration::from_secs(70));
            world.kill_server();
            world.run_for(Duration::from_secs(5));
            world.start_server();
            world.run_for(Duration::from_secs(120));
        });
    }
}

/// Everybody of a class takes eight peers at most. Whoever comes when all have met still finds room.
#[test]
fn when_a_whole_class_is_there() {
    let mut world = World::new(50);
    let mut class = Vec::new();
    for number in 0..40 {
        let newcomer = world.browser(settings::member());
        world.run_for(Duration::from_secs(5));
        class.push(newcomer);
        if number > 0 {
            world.run_until(MEETING, "the newcomer meets somebody", |world| {
                world.stats(newcomer).peers.connected > 0
            });
        }
    }
    let peers: Vec<_> = class.iter().map(|one| world.stats(*one).peers.connected).collect();
    assert!(peers.iter().all(|count| (1..=8).contains(count)), "{peers:?}");
}
