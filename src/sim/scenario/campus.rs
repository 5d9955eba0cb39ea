//! A thousand browsers behind one uplink of 100 Mbit/s, for a day. What is visited follows Zipf's law with the exponent
//! 0.8 that web proxies see (Breslau et al., "Web Caching and Zipf-like Distributions", INFOCOM 1999: 0.64 to 0.83).
//! People come in sessions: a few pages, a minute or so apart, then nothing for a while.

use std::{rc::Rc, time::Duration};

use slipstream_core::{fact::Tab, settings::Settings};

use crate::{
    link::{Lan, Uplink},
    site::{self, Page},
    world::World,
};

/// From eight in the morning to eight in the evening.
pub(super) const SPAN: Duration = Duration::from_secs(12 * 3_600);
/// Different pages.
const PAGES: u64 = 300;
/// Pages of one site.
const SITE: u64 = 10;
/// Zipf's exponent.
const EXPONENT: f64 = 0.8;
/// Sessions of one browser.
const SESSIONS: u64 = 3;
/// Most pages of one session; half as many on average.
const VIEWS: u64 = 8;
/// How long a browser stays open after its last page, at most, in ms.
const LINGERS: u64 = 1_800_000;
/// Longest time between two pages of a session, in ms.
const THINKING: u64 = 120_000;

/// A world in which all of it is planned.
pub(super) fn prepare(seed: u64, peers: usize, settings: &Settings) -> World {
    let uplink = Uplink { rate: 100_000_000 / 8, rtt: Duration::from_millis(30) };
    let mut world = World::with_network(seed, Lan::default(), uplink);
    let pages: Vec<Rc<Page>> =
        (0..PAGES).map(|n| site::small_page(&format!("https://www.site-{}-demo.com", n / SITE), n)).collect();
    let shares = shares(pages.len());
    let third = u64::try_from(SPAN.as_millis()).unwrap_or(u64::MAX) / SESSIONS;
    for _ in 0..peers {
        let id = world.browser(crate::settings::off());
        for session in 0..SESSIONS {
            let mut at = Duration::from_millis(third * session + world.random(third / 2));
            let settings = settings.clone();
            world.at(at, move |world| world.set(id, settings));
            for _ in 0..=world.random(VIEWS) {
                at += Duration::from_millis(5_000 + world.random(THINKING));
                let drawn = world.random(u64::from(u32::MAX));
                let rank = shares.partition_point(|share| *share <= drawn).min(pages.len() - 1);
                let page = Rc::clone(&pages[rank]);
                world.at(at, move |world| {
                    world.visit_in(id, Tab(1), &page);
                });
            }
            // The browser is closed a while after the last page; what it stored stays.
            let closes = at + Duration::from_millis(THINKING + world.random(LINGERS));
            world.at(closes, move |world| {
                world.close_tab(id, Tab(1));
                world.set(id, crate::settings::off());
            });
        }
    }
    world
}

/// For each page how much of `u32::MAX` it and all before it take.
fn shares(pages: usize) -> Vec<u64> {
    let weight = |rank: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let rank = (rank + 1) as f64;
        rank.powf(-EXPONENT)
    };
    let all: f64 = (0..pages).map(weight).sum();
    let mut sum = 0.0;
    (0..pages)
        .map(|rank| {
            sum += weight(rank) / all;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1")]
            let share = (sum * f64::from(u32::MAX)) as u64;
            share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_is_drawn_most_and_all_shares_are_given() {
        let shares = shares(300);
        let of = |rank: usize| shares[rank] - if rank == 0 { 0 } else { shares[rank - 1] };
        assert!((0..299).all(|rank| of(rank) >= of(rank + 1)));
        assert!(shares[299] >= u64::from(u32::MAX) - 1);
    }
}
