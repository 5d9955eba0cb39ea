use std::rc::Rc;

use slipstream_core::refusal::Refusal;
use slipstream_sim::{
    Source,
    site::{Page, Resource},
    tamper,
};
use slipstream_wire::peer::{Entry, Kind};

use crate::pair::{ORIGIN, first_has_seen, refused};

fn page() -> Rc<Page> {
    let picture = Resource::new(&format!("{ORIGIN}/img/one.png"), Kind::Image, 60_000, 0);
    let script = Resource::new(&format!("{ORIGIN}/app.js"), Kind::Script, 40_000, 0);
    Rc::new(Page::new(&format!("{ORIGIN}/app")).with(picture).with(script))
}

/// The page after the member's word was changed so; where the script came from is told.
fn with_forged(change: impl Fn(&mut Entry) + 'static) -> (Source, u64) {
    let page = page();
    let (mut world, ann, ben) = first_has_seen(1, &page);
    world.tamper(
        ann,
        tamper::entries(move |entries| {
            let mut forged = entries[0].clone();
            forged.url = format!("{ORIGIN}/app.js");
            change(&mut forged);
            entries.push(forged);
        }),
    );
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).source_of(&format!("{ORIGIN}/img/one.png")), Some(Source::Peer));
    let source =
        world.visited(visit).source_of(&format!("{ORIGIN}/app.js")).expect("a settled visit has all");
    (source, refused(&world, ben, Refusal::ScriptSource) + refused(&world, ben, Refusal::ContentType))
}

#[test]
fn an_honest_member_offers_none() {
    let page = page();
    let (mut world, ann, ben) = first_has_seen(2, &page);
    let visit = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(visit).source_of(&format!("{ORIGIN}/app.js")), Some(Source::Network));
    assert_eq!(world.tally(ann).uploaded, 60_000);
}

#[test]
fn a_forged_entry_is_refused_by_name() {
    let forged = with_forged(|entry| {
        entry.kind = Kind::Script;
        entry.mime = "text/javascript".to_owned();
    });
    assert_eq!(forged, (Source::Network, 1));
}

#[test]
fn a_script_called_a_picture_and_a_picture_called_a_script_are_refused_too() {
    assert_eq!(with_forged(|entry| entry.mime = "text/javascript".to_owned()), (Source::Network, 1));
    assert_eq!(with_forged(|entry| entry.kind = Kind::Script), (Source::Network, 1));
}
