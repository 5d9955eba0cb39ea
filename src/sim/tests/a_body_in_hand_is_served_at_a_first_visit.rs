//! F2, N7: a body that lies here already is not asked for again, whatever its address.

use slipstream_sim::{Source, site};

use crate::pair::{ORIGIN, first_has_seen};

#[test]
fn also_what_only_a_rule_can_serve() {
    let (one, other) = (site::article(ORIGIN, "one"), site::article(ORIGIN, "other"));
    let (mut world, ann, ben) = first_has_seen(1, &one);
    world.visit_and_settle(ann, &other);
    world.visit_and_settle(ben, &one);
    let visit = world.visit_and_settle(ben, &other);
    for shared in ["https://fonts.type-demo.com/text.woff2", "https://www.gallery-demo.com/static/paper.png"]
    {
        assert_eq!(world.visited(visit).source_of(shared), Some(Source::Shelf), "{shared}");
    }
}
