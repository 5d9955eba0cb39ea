//! F11, F20, F21, F27: chunks of the agreed size, deflated where that pays, read once for many, shared fairly.

use std::{cell::RefCell, rc::Rc, time::Duration};

use crate::pair::{ORIGIN, first_has_seen, gallery};
use slipstream_sim::{
    Source, settings,
    site::{Page, Resource},
    tamper,
};
use slipstream_wire::{
    codec,
    frame::Frame,
    peer::{Kind, Message},
};

/// A font of tables that repeat themselves, as uncompressed fonts have them.
fn font() -> Resource {
    let mut font = Resource::new(&format!("{ORIGIN}/a.ttf"), Kind::Font, 4_000, 0);
    font.content_type = "font/ttf".to_owned();
    let body: Vec<u8> = font.bytes.chunks(40).flat_map(|noise| [noise, &[7; 160]].concat()).collect();
    font.bytes = [&[0, 1, 0, 0][..], &body].concat().into();
    font
}

fn page_with_font() -> Rc<Page> {
    let mut page = (*gallery()).clone();
    page.resources.insert(0, font());
    Rc::new(page)
}

#[test]
fn a_body_that_shrinks_travels_deflated_and_arrives_whole() {
    let page = page_with_font();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).source_of(&page.resources[0].url), Some(Source::Peer));
    let pictures: u64 = page.resources[1..].iter().map(Resource::length).sum();
    let font = world.tally(ann).uploaded - pictures;
    assert!(font * 2 < page.resources[0].length(), "{font} bytes for the font");
}

#[test]
fn a_picture_that_takes_seconds_is_waited_for_as_long_as_it_comes() {
    // 20 Mbit/s are what a member gives: 2.4 seconds, and the origin would take longer still.
    let large = Resource::new(&format!("{ORIGIN}/large.png"), Kind::Image, 6_000_000, 0);
    let page = Rc::new(Page::new(&format!("{ORIGIN}/")).with(large));
    let (mut world, _, ben) = first_has_seen(3, &page);
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).bytes_from(Source::Peer), 6_000_000);
    assert_eq!(world.visited(visit).bytes_from(Source::Network), 0);
}

#[test]
fn what_is_no_deflate_of_the_body_is_refused_and_its_sender_banned() {
    // Wrong bytes, a bomb, and one that says it is deflated and is not.
    let bomb = [&[0xed, 0xc1, 0x01][..], &[0; 900]].concat();
    for turn in 0..3 {
        let page = page_with_font();
        let (mut world, ann, ben) = first_has_seen(turn, &page);
        let bomb = bomb.clone();
        world.tamper(
            ann,
            Box::new(move |mut frame| {
                match Frame::parse(&frame) {
                    Ok(Frame::Chunk { transfer, offset, bytes }) if turn == 1 => {
                        let bytes: Vec<u8> = bomb.iter().copied().cycle().take(bytes.len()).collect();
                        frame = Frame::Chunk { transfer, offset, bytes: &bytes }.to_vec();
                    }
                    Ok(Frame::Chunk { .. }) if turn == 0 => *frame.last_mut().unwrap() ^= 0x55,
                    Ok(Frame::Control(bytes)) if turn == 2 => {
                        if let Ok(Message::Begin { transfer, length, .. }) =
                            codec::decode(bytes, &codec::Limits::PEER)
                        {
                            let begin = Message::Begin { transfer, length, deflated: true };
                            frame = Frame::Control(&codec::encode(&begin)).to_vec();
                        }
                    }
                    _ => {}
                }
                vec![frame]
            }),
        );
        let visit = world.visit_and_settle(ben, &page);
        let pictures = &page.resources[1..];
        let from_peer = |r: &&Resource| world.visited(visit).source_of(&r.url) == Some(Source::Peer);
        assert_eq!(pictures.iter().filter(from_peer).count(), 0);
        assert!(world.stats(ben).all.verifications_failed > 0);
        assert_eq!(world.stats(ben).peers.connected, 0, "turn {turn}");
    }
}

#[test]
fn chunks_are_as_large_as_the_smaller_of_two_wishes() {
    for (wish, agreed) in [(16 * 1024, 16 * 1024), (40_000, 40_000), (1_000_000, 64 * 1024 - 16)] {
        let longest = Rc::new(RefCell::new(0));
        let (mut world, ann) = {
            let mut world = slipstream_sim::World::new(2);
            let ann = world.browser(settings::member());
            (world, ann)
        };
        let seen = Rc::clone(&longest);
        world.tamper(
            ann,
            Box::new(move |frame| {
                if let Ok(Frame::Chunk { bytes, .. }) = Frame::parse(&frame) {
                    let mut longest = seen.borrow_mut();
                    *longest = bytes.len().max(*longest);
                }
                vec![frame]
            }),
        );
        let page = slipstream_sim::site::article(ORIGIN, "a");
        world.visit_and_settle(ann, &page);
        let ben = world.browser(settings::member());
        world.tamper(
            ben,
            tamper::control(move |message| {
                if let Message::Hello { chunk, .. } = message {
                    *chunk = wish;
                }
            }),
        );
        world.run_until_peers(&[ann, ben]);
        let visit = world.visit_and_settle(ben, &page);
        assert!(world.visited(visit).bytes_from(Source::Peer) > 0);
        assert_eq!(*longest.borrow(), agreed as usize);
    }
}

#[test]
fn a_body_that_many_ask_for_at_once_is_read_once_and_all_get_their_share() {
    let mut world = slipstream_sim::World::new(3);
    let mut wide = settings::member();
    (wide.peers.min, wide.peers.max) = (6, 8);
    let ann = world.browser(wide);
    let page = gallery();
    world.visit_and_settle(ann, &page);
    let others: Vec<_> = (0..6)
        .map(|_| {
            let mut narrow = settings::member();
            (narrow.peers.min, narrow.peers.max) = (1, 1);
            world.browser(narrow)
        })
        .collect();
    world.run_until(Duration::from_secs(120), "all know the first", |world| {
        others.iter().filter(|other| world.are_connected(ann, **other)).count() >= 3
    });
    let near: Vec<_> = others.into_iter().filter(|other| world.are_connected(ann, *other)).collect();
    let before = world.tally(ann).reads;
    let visits: Vec<_> = near.iter().map(|other| world.visit(*other, &page)).collect();
    world.run_for(Duration::from_secs(20));
    for visit in &visits {
        assert_eq!(world.visited(*visit).count_from(Source::Peer), 6);
    }
    assert_eq!(world.tally(ann).reads - before, 6, "each body once, for {} browsers", near.len());
    let times: Vec<_> = visits.iter().filter_map(|visit| world.visited(*visit).load_time()).collect();
    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*last < *first * 2, "{times:?}");
}
