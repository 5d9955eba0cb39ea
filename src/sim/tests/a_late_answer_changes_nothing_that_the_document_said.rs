use std::{rc::Rc, time::Duration};

use slipstream_sim::{BrowserId, Lan, Uplink, VisitId, World, settings, site};

use crate::pair::{ORIGIN, all_from_origin};

/// The member's answer comes after the document's head: the network between them is slow, the origin is near.
fn late_answer(header: (&str, &str)) -> (World, VisitId, BrowserId) {
    let lan = Lan { latency: Duration::from_millis(80), ..Lan::default() };
    let uplink = Uplink { rtt: Duration::from_millis(20), ..Uplink::default() };
    let mut world = World::with_network(1, lan, uplink);
    let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
    world.run_until_peers(&[ann, ben]);
    let page = site::article(ORIGIN, "news");
    world.visit_and_settle(ann, &page);
    let changed = Rc::new((*page).clone().with_header(header.0, header.1));
    let visit = world.visit_and_settle(ben, &changed);
    (world, visit, ben)
}

#[test]
fn where_the_site_opted_out_before_the_member_answered() {
    let (world, visit, _) = late_answer(("slipstream", "none"));
    assert!(all_from_origin(&world, visit, &site::article(ORIGIN, "news")));
    assert_eq!(world.visited(visit).announced(), 0);
    assert_eq!(world.totals().wasted_bytes, 0);
}

#[test]
fn where_a_policy_came_before_the_member_answered_no_rule_carries_bytes() {
    let (world, visit, ben) = late_answer(("content-security-policy", "img-src 'self'"));
    assert_eq!(world.rules_with_bytes(ben), 0);
    assert!(world.visited(visit).announced() > 0, "pictures may still be swapped");
}
