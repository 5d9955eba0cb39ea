use std::time::Duration;

use slipstream_sim::{Source, settings, site};

use crate::pair::{ORIGIN, met};

const MIB: u64 = 1024 * 1024;

#[test]
fn and_begin_again_the_next_day() {
    let (mut world, ann, ben) = met(1);
    let mut miser = settings::member();
    miser.limits.upload_mib_per_day = 1;
    world.set(ann, miser);
    let page = site::gallery(ORIGIN, 40);
    world.visit_and_settle(ann, &page);
    let visit = world.visit_and_settle(ben, &page);
    let from_peer = world.visited(visit).bytes_from(Source::Peer);
    assert!(from_peer > MIB / 2, "{from_peer}");
    assert!(world.tally(ann).uploaded <= MIB, "{}", world.tally(ann).uploaded);

    // Another page, the next morning.
    world.run_for(Duration::from_secs(17 * 3_600));
    let other = site::gallery("https://www.other-demo.com", 6);
    world.run_until_peers(&[ann, ben]);
    world.visit_and_settle(ann, &other);
    let visit = world.visit_and_settle(ben, &other);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 6);
}

#[test]
fn and_large_bodies_do_not_carry_it_far_beyond() {
    let (mut world, ann, ben) = met(2);
    let mut miser = settings::member();
    miser.limits.upload_mib_per_day = 1;
    world.set(ann, miser);
    let mut page = (*site::gallery(ORIGIN, 0)).clone();
    for n in 0..4 {
        let url = format!("{ORIGIN}/large-{n}.png");
        page = page.with(site::Resource::new(&url, slipstream_wire::peer::Kind::Image, 900_000, 0));
    }
    let page = std::rc::Rc::new(page);
    world.visit_and_settle(ann, &page);
    world.visit_and_settle(ben, &page);
    assert!(world.tally(ann).uploaded <= MIB, "{}", world.tally(ann).uploaded);
}

#[test]
fn nothing_is_sent_where_the_limit_is_nothing() {
    let (mut world, ann, ben) = met(3);
    let mut closed = settings::member();
    closed.limits.upload_mib_per_day = 0;
    world.set(ann, closed);
    let page = crate::pair::gallery();
    world.visit_and_settle(ann, &page);
    let visit = world.visit_and_settle(ben, &page);
    assert!(crate::pair::all_from_origin(&world, visit, &page));
    assert_eq!(world.tally(ann).uploaded, 0);
}
