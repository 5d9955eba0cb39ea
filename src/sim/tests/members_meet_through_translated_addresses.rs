//! W2: members behind address translation, who have said that they go beyond their own network.

use std::time::Duration;

use slipstream_core::settings::{IceServer, Settings};
use slipstream_sim::{Between, BrowserId, World, settings};
use slipstream_wire::{codec, frame::Frame, peer::Message};

const STUN: &str = "stun:203.0.113.1:3478";
const TURN: &str = "turn:203.0.113.1:3478";

fn far(urls: &[&str]) -> Settings {
    let mut settings = settings::member();
    settings.ice.lan_only = false;
    let server = |url: &&str| IceServer { urls: vec![(*url).to_owned()], username: None, credential: None };
    settings.ice.servers = urls.iter().map(server).collect();
    settings
}

/// Two members with something between them.
fn apart(seed: u64, between: Between, ann: Settings, ben: Settings) -> (World, BrowserId, BrowserId) {
    let mut world = World::new(seed);
    world.put_between(between);
    let (ann, ben) = (world.browser(ann), world.browser(ben));
    (world, ann, ben)
}

fn meet(world: &World, ann: BrowserId, ben: BrowserId) -> bool {
    [ann, ben].iter().all(|one| world.stats(*one).peers.connected == 1)
}

#[test]
fn who_stays_on_its_own_network_meets_nobody_beyond_it() {
    for (ann, ben) in [(false, false), (false, true), (true, false)] {
        let settings = |far_away: bool| {
            let mut settings = far(&[STUN, TURN]);
            settings.ice.lan_only = !far_away;
            settings
        };
        let (mut world, ann, ben) = apart(1, Between::Cone, settings(ann), settings(ben));
        world.run_for(Duration::from_secs(60));
        assert!(!meet(&world, ann, ben));
    }
}

#[test]
fn a_server_that_says_ones_address_is_enough_where_it_can_be_reached() {
    for seed in 0..5 {
        let (mut world, ann, ben) = apart(seed, Between::Cone, far(&[STUN]), far(&[STUN]));
        world.run_until(Duration::from_secs(15), "they meet", |world| meet(world, ann, ben));
        assert_eq!(world.tally(ann).relayed + world.tally(ben).relayed, 0, "nothing goes by a relay");
    }
}

#[test]
fn a_channel_that_opens_dead_or_never_is_tried_again_through_relays_alone() {
    for seed in 0..20 {
        let both = || far(&[STUN, TURN]);
        let (mut world, ann, ben) = apart(seed, Between::Symmetric, both(), both());
        world.run_until(Duration::from_secs(12), "they meet", |world| meet(world, ann, ben));
        world.run_for(Duration::from_secs(120));
        assert!(meet(&world, ann, ben), "and it lasts");
        assert!(world.tally(ann).relayed >= 1 && world.tally(ben).relayed >= 1, "by relays on both sides");
        assert!(world.tally(ann).connects <= 4, "seed {seed}: {} attempts", world.tally(ann).connects);
    }
}

#[test]
fn a_channel_that_carries_no_more_than_the_greeting_is_dead_as_well() {
    let both = || far(&[STUN, TURN]);
    let (mut world, ann, ben) = apart(6, Between::Nothing, both(), both());
    let greeting = |frame: &[u8]| match Frame::parse(frame) {
        Ok(Frame::Control(bytes)) => {
            matches!(codec::decode(bytes, &codec::Limits::PEER), Ok(Message::Hello { .. }))
        }
        _ => false,
    };
    world.tamper(ann, Box::new(move |frame| if greeting(&frame) { vec![frame] } else { Vec::new() }));
    world.run_until(Duration::from_secs(8), "the other one tries relays", |world| {
        world.tally(ben).relayed > 0
    });
}

#[test]
fn without_a_relay_nobody_tries_one() {
    let (mut world, ann, ben) = apart(3, Between::Symmetric, far(&[STUN]), far(&[STUN]));
    world.run_for(Duration::from_secs(120));
    assert!(!meet(&world, ann, ben));
    assert_eq!(world.tally(ann).relayed + world.tally(ben).relayed, 0);
}

#[test]
fn who_hides_its_address_is_met_through_relays_by_others_too() {
    for seed in 0..5 {
        let mut hidden = far(&[STUN, TURN]);
        hidden.ice.relay_only = true;
        let (mut world, ann, ben) = apart(seed, Between::Symmetric, hidden, far(&[STUN, TURN]));
        world.run_until(Duration::from_secs(20), "they meet", |world| meet(world, ann, ben));
        assert_eq!(world.tally(ann).relayed, world.tally(ann).connects, "never otherwise");
    }
}

#[test]
fn who_comes_home_parts_with_those_far_away() {
    let (mut world, ann, ben) = apart(4, Between::Cone, far(&[STUN]), far(&[STUN]));
    world.run_until(Duration::from_secs(15), "they meet", |world| meet(world, ann, ben));
    world.set(ann, settings::member());
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.stats(ann).peers.connected, 0);
}
