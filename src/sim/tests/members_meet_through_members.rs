//! F5, F6, F10, F13, F14, F15, W3: peers of peers are reached without the server.

use std::time::Duration;

use crate::pair::gallery;
use slipstream_core::{settings::Settings, stats::ServerState};
use slipstream_sim::{BrowserId, Source, World, settings};

const LONG: Duration = Duration::from_secs(60);

fn peers(min: usize, max: usize) -> Settings {
    let mut settings = settings::member();
    (settings.peers.min, settings.peers.max) = (min, max);
    settings
}

/// Ann knows Xia, Xia knows Ben, and Ann and Ben do not know each other.
fn chain(seed: u64) -> (World, BrowserId, BrowserId, BrowserId) {
    let mut world = World::new(seed);
    let (ann, xia) = (world.browser(peers(1, 1)), world.browser(peers(1, 2)));
    world.run_until_peers(&[ann, xia]);
    let ben = world.browser(peers(1, 1));
    world.run_until_peers(&[ben]);
    assert_eq!(world.stats(xia).peers.connected, 2);
    (world, ann, xia, ben)
}

#[test]
fn with_the_server_gone_who_has_too_few_meets_a_peer_s_peer() {
    for seed in 0..8 {
        let (mut world, ann, xia, ben) = chain(seed);
        world.kill_server();
        world.set(ann, peers(2, 2));
        world.set(ben, peers(2, 2));
        world.run_until(LONG, "ann and ben meet through xia", |world| {
            world.stats(ann).peers.connected == 2 && world.stats(ben).peers.connected == 2
        });
        let page = gallery();
        world.visit_and_settle(ann, &page);
        world.kill(xia);
        let visit = world.visit_and_settle(ben, &page);
        assert_eq!(world.visited(visit).count_from(Source::Peer), 6, "seed {seed}");
    }
}

#[test]
fn a_question_that_a_peer_cannot_answer_is_referred_to_who_asked_before() {
    for seed in 0..8 {
        let (mut world, ann, _, ben) = chain(seed);
        let page = gallery();
        world.visit_and_settle(ann, &page);
        world.set(ann, peers(1, 2));
        world.set(ben, peers(1, 2));
        let visit = world.visit_and_settle(ben, &page);
        assert_eq!(world.visited(visit).count_from(Source::Peer), 6, "seed {seed}");
    }
}

#[test]
fn a_signal_is_forwarded_in_nobody_else_s_name_and_not_without_end() {
    let (mut world, ann, xia, ben) = chain(1);
    let before = (world.tally(ann).connects, world.tally(ben).connects);
    for n in 0..200_u8 {
        let forward = slipstream_wire::peer::Message::Forward {
            from: slipstream_wire::id::PeerId::new([n; 16]),
            to: slipstream_wire::id::PeerId::new([n; 16]),
            again: n % 2 == 0,
            payload: vec![n; 200],
        };
        let bytes = slipstream_wire::codec::encode(&forward);
        world.inject(ann, xia, slipstream_wire::frame::Frame::Control(&bytes).to_vec());
    }
    world.run_for(Duration::from_secs(5));
    assert_eq!((world.tally(ann).connects, world.tally(ben).connects), before);
    assert_eq!(world.stats(xia).peers.connected, 2);
}

#[test]
fn a_browser_that_is_full_leaves_the_server_if_the_user_says_so_and_finds_peers_all_the_same() {
    let mut world = World::new(4);
    let mut leaving = peers(2, 2);
    leaving.peers.leave_signal_when_full = true;
    let ann = world.browser(leaving);
    let others: Vec<_> = (0..4).map(|_| world.browser(peers(3, 8))).collect();
    world.run_until(LONG, "ann has left the server", |world| {
        let stats = world.stats(ann);
        stats.peers.connected == 2 && stats.server == ServerState::Off
    });
    let opened = world.tally(ann).socket_opens.len();
    let lost = *others.iter().find(|other| world.are_connected(ann, **other)).unwrap();
    world.kill(lost);
    world.cut(ann, lost);
    world.run_until(LONG, "ann has two peers again", |world| world.stats(ann).peers.connected == 2);
    assert_eq!(world.tally(ann).socket_opens.len(), opened, "through a peer, not through the server");
}

#[test]
fn a_browser_that_left_the_server_and_lost_everybody_comes_back_to_it() {
    let mut world = World::new(5);
    let mut leaving = peers(1, 1);
    leaving.peers.leave_signal_when_full = true;
    let (ann, ben) = (world.browser(leaving), world.browser(peers(1, 8)));
    world.run_until(LONG, "ann has left the server", |world| world.stats(ann).server == ServerState::Off);
    world.cut(ann, ben);
    world.run_until(LONG, "they have met again", |world| world.stats(ann).peers.connected == 1);
    assert_eq!(world.tally(ann).socket_opens.len(), 2);
}

#[test]
fn a_server_that_was_restarted_leaves_nobody_with_two_channels_to_the_same_browser() {
    for seed in 0..6 {
        let mut world = World::new(seed);
        let all: Vec<_> = (0..4).map(|_| world.browser(peers(3, 8))).collect();
        let met = |world: &World| all.iter().all(|one| world.stats(*one).peers.connected == 3);
        world.run_until(LONG, "all have met", met);
        for _ in 0..3 {
            world.kill_server();
            world.run_for(Duration::from_secs(2));
            world.start_server();
            world.run_for(LONG);
            assert!(met(&world), "seed {seed}");
        }
    }
}

#[test]
fn two_who_offer_to_each_other_at_once_end_up_with_one_channel() {
    for seed in 0..8 {
        let (mut world, ann, _, ben) = chain(seed);
        world.run_for(Duration::from_secs(10));
        world.kill_server();
        world.run_for(Duration::from_millis(100));
        let before = [ann, ben].map(|one| (world.tally(one).connects, world.tally(one).channels));
        world.set(ann, peers(2, 2));
        world.set(ben, peers(2, 2));
        world.run_for(Duration::from_secs(5));
        assert!(world.are_connected(ann, ben), "seed {seed}");
        let after = [ann, ben].map(|one| (world.tally(one).connects, world.tally(one).channels));
        let began: u64 = after.iter().zip(before).map(|(after, before)| after.0 - before.0).sum();
        assert_eq!(began, 3, "both offered, and one answered instead");
        assert_eq!([after[0].1 - before[0].1, after[1].1 - before[1].1], [1, 1]);
    }
}
