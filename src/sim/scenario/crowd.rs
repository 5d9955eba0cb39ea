//! Ten thousand browsers open one page within a minute. They belong to groups of a thousand, because an introduction
//! server keeps at most 2,000 members in one topic (SECURITY.md §5.1).

use std::time::Duration;

use slipstream_core::{fact::Tab, settings::Settings};

use crate::{
    link::{Lan, Uplink},
    settings, site,
    world::World,
};

/// The whole of it.
pub(super) const SPAN: Duration = Duration::from_secs(600);
/// Members of one group.
const GROUP: usize = 1_000;
/// What groups' secrets are made of, one digit each.
const DIGITS: &[u8] = b"BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Before the page is opened the browsers are, within so many ms.
const ARRIVAL: u64 = 60_000;
/// When the page is opened first.
const OPENS: Duration = Duration::from_secs(120);
/// And how much later last, in ms.
const RAMP: u64 = 60_000;

/// A world in which all of it is planned.
pub(super) fn prepare(seed: u64, peers: usize, on: &Settings) -> World {
    // A line that ten thousand browsers without the extension fill for two minutes; the round trip of the project's
    // budgets.
    let uplink = Uplink { rate: 200_000_000 / 8, rtt: Duration::from_millis(80) };
    let mut world = World::with_network(seed, Lan::default(), uplink);
    let page = site::front_page("https://www.news-demo.com");
    for at in 0..peers {
        let digit = DIGITS[at / GROUP % DIGITS.len()];
        let group = settings::member_of(char::from(digit)).group;
        let settings = Settings { group, ..on.clone() };
        let comes = Duration::from_millis(world.random(ARRIVAL));
        let opens = OPENS + Duration::from_millis(world.random(RAMP));
        let id = world.browser(settings::off());
        let page = std::rc::Rc::clone(&page);
        world.at(comes, move |world| world.set(id, settings));
        world.at(opens, move |world| {
            world.visit_in(id, Tab(1), &page);
        });
    }
    world
}
