//! W3, W7: a server gains nothing by lying; channels end at holders of the invite.

use std::time::Duration;

use slipstream_core::settings::Settings;
use slipstream_sim::{BrowserId, Lie, World, settings};

/// Two browsers under a server that lies so, after some minutes.
fn under(lie: Lie, seed: u64, settings: [Settings; 2]) -> (World, [BrowserId; 2]) {
    let mut world = World::new(seed);
    world.lie(lie);
    let both = settings.map(|settings| world.browser(settings));
    world.run_for(Duration::from_secs(300));
    (world, both)
}

#[test]
fn by_changing_or_moving_what_passes_through_it() {
    for lie in [Lie::Corrupt, Lie::Swap, Lie::Reflect] {
        for seed in 0..5 {
            let (world, both) = under(lie, seed, [settings::member(), settings::member()]);
            for one in both {
                assert!(world.tally(one).connects > 0, "{lie:?}: it did try");
                assert_eq!((world.tally(one).channels, world.stats(one).peers.connected), (0, 0), "{lie:?}");
            }
        }
    }
}

#[test]
fn by_replaying() {
    for seed in 0..5 {
        let (mut world, both) = under(Lie::Replay, seed, [settings::member(), settings::member()]);
        for one in both {
            assert_eq!(
                (world.tally(one).connects, world.tally(one).channels),
                (1, 1),
                "the honest one, and no other"
            );
        }
        world.kill_server();
        world.start_server();
        world.run_for(Duration::from_secs(30));
        for one in both {
            assert!(world.stats(one).peers.connected >= 1);
        }
    }
}

#[test]
fn by_introducing_somebody_of_another_group() {
    for seed in 0..5 {
        let (world, both) = under(Lie::Introduce, seed, [settings::member(), settings::member_of('C')]);
        for one in both {
            assert_eq!(world.tally(one).channels, 0);
        }
        assert!(both.iter().any(|one| world.tally(*one).connects > 0), "they were introduced");
    }
}

#[test]
fn by_sitting_in_the_middle_with_other_certificates() {
    for seed in 0..5 {
        let mut world = World::new(seed);
        world.intercept();
        let both = [world.browser(settings::member()), world.browser(settings::member())];
        world.run_for(Duration::from_secs(300));
        for one in both {
            assert!(world.tally(one).connects > 0);
            assert_eq!((world.tally(one).channels, world.stats(one).peers.connected), (0, 0));
        }
    }
}
