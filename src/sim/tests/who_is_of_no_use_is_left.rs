//! F18, F19, W5, and the limit on what one page may waste (SECURITY.md §3.7).

use std::time::Duration;

use crate::pair::{ORIGIN, first_has_seen, met};
use slipstream_sim::{Source, World, settings, site, tamper};
use slipstream_wire::peer::Message;

#[test]
fn a_peer_that_stalls_three_times_is_not_asked_a_fourth_time() {
    let page = site::article(ORIGIN, "a");
    let (mut world, ann, ben) = first_has_seen(1, &page);
    let pages: Vec<_> =
        (0..4).map(|n| site::article(&format!("https://www.other-{n}-demo.com"), "a")).collect();
    for page in &pages {
        world.visit_and_settle(ann, page);
    }
    world.tamper(ann, tamper::stall());
    for page in &pages {
        let visit = world.visit_and_settle(ben, page);
        assert!(world.visited(visit).longest_wait() < Duration::from_secs(5));
    }
    assert!(!world.are_connected(ann, ben));
    world.run_for(Duration::from_secs(300));
    assert!(!world.are_connected(ann, ben), "and not for a while");
    world.tamper(ann, Box::new(|frame| vec![frame]));
    world.run_for(Duration::from_secs(600));
    assert!(world.are_connected(ann, ben), "but not for ever");
}

#[test]
fn a_length_that_is_the_record_s_own_lie_costs_its_author_the_place_and_nobody_else() {
    let page = site::gallery(ORIGIN, 3);
    let (mut world, ann, ben) = met(2);
    let cid = world.browser(settings::member());
    world.run_until(Duration::from_secs(60), "all have met", |world| {
        world.are_connected(ann, ben) && world.are_connected(cid, ben) && world.are_connected(ann, cid)
    });
    world.visit_and_settle(ann, &page);
    world.visit_and_settle(cid, &page);
    world.tamper(ann, tamper::entries(|entries| entries.iter_mut().for_each(|entry| entry.length += 1)));
    // The honest one answers later than the liar.
    let visit = world.visit_and_settle(ben, &page);
    assert!(world.visited(visit).load_time().is_some());
    assert!(world.are_connected(cid, ben), "who sent right bytes stays");
}

#[test]
fn a_page_that_got_a_megabyte_of_nothing_asks_no_peer_any_more() {
    let mut page = site::Page::new(&format!("{ORIGIN}/large"));
    for n in 0..12 {
        let url = format!("{ORIGIN}/{n}.png");
        page = page.with(site::Resource::new(&url, slipstream_wire::peer::Kind::Image, 400_000, 0));
    }
    let page = std::rc::Rc::new(page);
    let mut world = World::new(3);
    let all: Vec<_> = (0..8).map(|_| world.browser(settings::member())).collect();
    let ben = all[7];
    for liar in &all[..7] {
        world.visit_and_settle(*liar, &page);
    }
    world.run_until(Duration::from_secs(120), "ben knows several", |world| {
        world.stats(ben).peers.connected >= 5
    });
    for liar in &all[..7] {
        // Only the last chunk of a body is wrong: the dearest lie.
        world.tamper(
            *liar,
            Box::new(|mut frame| {
                if let Ok(slipstream_wire::frame::Frame::Chunk { bytes, .. }) =
                    slipstream_wire::frame::Frame::parse(&frame)
                    && bytes.len() < 60_000
                    && let Some(last) = frame.last_mut()
                {
                    *last ^= 1;
                }
                vec![frame]
            }),
        );
    }
    let visit = world.visit(ben, &page);
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.visited(visit).count_from(Source::Network), 12);
    // A megabyte, and what was on its way when it was reached.
    assert!(world.tally(ben).received < 1024 * 1024 + 8 * 400_000, "{}", world.tally(ben).received);
    let late = world.tally(ben).received;
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.tally(ben).received, late);
}

#[test]
fn questions_beyond_two_hundred_a_minute_are_not_answered() {
    let page = site::gallery(ORIGIN, 4);
    let (mut world, ann, ben) = first_has_seen(4, &page);
    for ask in 1..600_u32 {
        let message = Message::AskPage { ask, page: slipstream_wire::id::Tag::new([7; 16]), age: 0 };
        let frame =
            slipstream_wire::frame::Frame::Control(&slipstream_wire::codec::encode(&message)).to_vec();
        world.inject(ben, ann, frame);
    }
    world.run_for(Duration::from_millis(50));
    // All its questions are spent: it is told "busy", and the page comes from the origin.
    let visit = world.visit(ben, &page);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.visited(visit).count_from(Source::Network), 4);
    world.run_for(Duration::from_secs(60));
    let other = site::gallery("https://www.other-demo.com", 4);
    world.visit_and_settle(ann, &other);
    let visit = world.visit_and_settle(ben, &other);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 4);
}

#[test]
fn twice_as_many_browsers_on_a_line_cost_it_hardly_more() {
    let report = slipstream_sim::scenario::Scenario::Classroom.run(1, 60);
    assert_eq!(report.totals.wrong_bytes, 0);
    let shareable = report.shareable;
    assert!(shareable.origin_bytes < shareable.alone_bytes * 2, "{shareable:?}");
}
