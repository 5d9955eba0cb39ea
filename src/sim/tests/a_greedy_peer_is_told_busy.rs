//! F18: a peer serves a bounded number of transfers.

use std::time::Duration;

use slipstream_core::group::Group;
use slipstream_sim::{Lan, Source, Uplink, World, settings, site};
use slipstream_wire::{codec, frame::Frame, id::Tag, peer::Message};

use crate::pair::{ORIGIN, first_has_seen, gallery};

fn control(message: &Message) -> Vec<u8> {
    Frame::Control(&codec::encode(message)).to_vec()
}

#[test]
fn ten_thousand_wishes_are_answered_in_as_many_short_words() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    let before = world.tally(ann).sent;
    for transfer in 1..=10_000 {
        let frame = control(&Message::Want { transfer, tag: Tag::new([7; 16]) });
        assert!(world.inject(ben, ann, frame));
    }
    world.run_for(Duration::from_secs(10));
    let sent = world.tally(ann).sent - before;
    assert!(sent < 10_000 * 64, "{sent} bytes");
    assert_eq!(world.stats(ann).peers.connected, 1);
}

#[test]
fn questions_about_a_long_page_do_not_pile_up_answers() {
    // The asker's network takes little, so that whatever the answerer says waits at its end.
    let lan = Lan { rate: 20_000, ..Lan::default() };
    let mut world = World::with_network(2, lan, Uplink::default());
    let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
    world.run_until_peers(&[ann, ben]);
    let page = site::gallery(ORIGIN, 200);
    world.visit_and_settle(ann, &page);
    // What the digits of `settings::member` mean.
    let group = Group::new(std::array::from_fn(|at| [4, 16, 65][at % 3]));
    let tag = group.page_tag(1_800_000_000 / 86_400, &page.url);
    let before = world.tally(ann).sent;
    for ask in 1..=1_000 {
        world.inject(ben, ann, control(&Message::AskPage { ask, page: tag, age: 0 }));
    }
    world.run_for(Duration::from_secs(20));
    let sent = world.tally(ann).sent - before;
    assert!(sent > 20_000, "the question was understood: {sent} bytes");
    assert!(sent < 3 * 1024 * 1024, "{sent} bytes");
}

#[test]
fn and_others_are_served_meanwhile() {
    let page = gallery();
    let (mut world, ann, ben) = first_has_seen(3, &page);
    let cid = world.browser(settings::member());
    world.run_until(Duration::from_secs(60), "the third has met both", |world| {
        world.stats(cid).peers.connected == 2
    });
    for transfer in 1..=2_000 {
        world.inject(ben, ann, control(&Message::Want { transfer, tag: Tag::new([7; 16]) }));
    }
    let visit = world.visit_and_settle(cid, &page);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 6);
}
