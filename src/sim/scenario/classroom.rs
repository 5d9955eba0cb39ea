//! Thirty browsers, one uplink of 10 Mbit/s, five pages within three minutes.

use std::{rc::Rc, time::Duration};

use slipstream_core::{fact::Tab, settings::Settings};

use crate::{
    link::{Lan, Uplink},
    site::{self, Page},
    world::World,
};

/// The whole of it.
pub(super) const LESSON: Duration = Duration::from_secs(210);
/// Pages that the teacher shows.
const PAGES: u64 = 5;
/// From one page to the next.
const PAGE: Duration = Duration::from_secs(30);
/// Within so much time of the first, in ms, the last of the class has opened a page.
const SLOWEST: u64 = 20_000;
/// Before the first page the browsers are opened, within so many ms.
const ARRIVAL: u64 = 20_000;

/// A world in which all of it is planned.
pub(super) fn prepare(seed: u64, peers: usize, settings: &Settings) -> World {
    let uplink = Uplink { rate: 10_000_000 / 8, rtt: Duration::from_millis(60) };
    let mut world = World::with_network(seed, Lan::default(), uplink);
    let pages: Vec<Rc<Page>> =
        (1..=PAGES).map(|n| site::article("https://www.lesson-demo.com", &format!("page-{n}"))).collect();
    for pupil in 0..peers {
        let settings = settings.clone();
        let comes = Duration::from_millis(world.random(ARRIVAL));
        // Everybody is there from the beginning; only then do browsers have their numbers.
        let id = world.browser(crate::settings::off());
        debug_assert_eq!(id.0, pupil, "browsers are numbered in their order");
        world.at(comes, move |world| world.set(id, settings));
        for (n, page) in (1..).zip(&pages) {
            let opens = PAGE * n + Duration::from_millis(world.random(SLOWEST));
            let page = Rc::clone(page);
            world.at(opens, move |world| {
                world.visit_in(id, Tab(1), &page);
            });
        }
    }
    world
}
