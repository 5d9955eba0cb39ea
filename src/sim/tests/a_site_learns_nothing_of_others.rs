//! G6: what one site has brought is not there sooner for another.

use std::rc::Rc;

use slipstream_sim::{Source, World, settings, site};

use crate::pair::ORIGIN;

const OTHER: &str = "https://www.other-demo.net";

#[test]
fn equal_bytes_of_another_site_come_from_the_member_all_the_same() {
    let mut world = World::new(1);
    let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
    let page = site::gallery(ORIGIN, 4);
    let mut other = (*site::gallery(OTHER, 4)).clone();
    for (there, here) in other.resources.iter_mut().zip(&page.resources) {
        there.bytes = Rc::clone(&here.bytes);
    }
    world.run_until_peers(&[ann, ben]);
    world.visit_and_settle(ann, &page);
    world.visit_and_settle(ben, &Rc::new(other));
    assert_eq!(world.tally(ben).received, 0, "nobody has told what is on the other page");

    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).count_from(Source::Peer), 4);
    // And what is here for the site itself is served from here.
    let again = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(again).count_from(Source::Shelf), 4);
}
