use std::rc::Rc;

use slipstream_sim::{Source, site::Page};

use crate::pair::{all_from_origin, first_has_seen, gallery};

#[test]
fn a_page_with_a_field_for_a_password_stays_with_its_visitor() {
    let page = Rc::new(Page { sensitive: true, ..(*gallery()).clone() });
    let (mut world, ann, ben) = first_has_seen(1, &page);
    let visit = world.visit_and_settle(ben, &page);
    assert!(all_from_origin(&world, visit, &page));
    assert_eq!(world.tally(ann).uploaded, 0);
    let again = world.visit_and_settle(ben, &page);
    assert_eq!(world.visited(again).count_from(Source::Shelf), 6, "its own store may serve it");
}

#[test]
fn what_was_loaded_with_a_cookie_is_not_even_kept() {
    let mut page = (*gallery()).clone();
    for resource in &mut page.resources {
        resource.cookie = true;
    }
    let page = Rc::new(page);
    let (mut world, ann, ben) = first_has_seen(2, &page);
    assert_eq!(world.stats(ann).shelf.bodies, 0);
    let visit = world.visit_and_settle(ben, &page);
    assert!(all_from_origin(&world, visit, &page));
}

#[test]
fn a_private_answer_is_kept_and_not_offered() {
    let mut page = (*gallery()).clone();
    for resource in &mut page.resources {
        resource.headers = vec![("cache-control".to_owned(), "private, max-age=86400".to_owned())];
    }
    let page = Rc::new(page);
    let (mut world, ann, ben) = first_has_seen(3, &page);
    let visit = world.visit_and_settle(ben, &page);
    assert!(all_from_origin(&world, visit, &page));
    assert_eq!(world.tally(ann).uploaded, 0);
    let own = world.visit_and_settle(ann, &page);
    assert_eq!(world.visited(own).count_from(Source::Shelf), 6);
}
