use std::time::Duration;

use slipstream_core::{refusal::Refusal, settings::Benefit};
use slipstream_sim::{BrowserId, Source, World, settings, site};

use crate::pair::ORIGIN;

const VISITS: usize = 60;

fn measuring() -> slipstream_core::settings::Settings {
    slipstream_core::settings::Settings { benefit: Benefit { hold_out_percent: 5 }, ..settings::alone() }
}

/// Visits to one page, and how many of them were left to the network on purpose.
fn visits(world: &mut World, browser: BrowserId, count: usize) -> usize {
    let page = site::gallery(ORIGIN, 6);
    let mut held = 0;
    for _ in 0..count {
        let visit = world.visit_and_settle(browser, &page);
        let refused = world.stats(browser).tab.and_then(|tab| tab.refused);
        if refused == Some(Refusal::HoldOut.name()) {
            held += 1;
            assert_eq!(world.visited(visit).count_from(Source::Network), page.resources.len());
        }
    }
    held
}

#[test]
fn and_what_is_gained_is_shown_with_its_bounds() {
    let mut world = World::new(1);
    let browser = world.browser(measuring());
    let held = visits(&mut world, browser, VISITS);
    assert!((10..=13).contains(&held), "{held}");
    let stats = world.stats(browser);
    let gain = stats.tab.and_then(|tab| tab.gain).expect("enough was seen");
    assert!(gain.low > 0.5 && gain.low <= gain.middle && gain.middle <= gain.high, "{gain:?}");
    assert!(stats.saved_s > 0.0);
}

#[test]
fn and_a_restart_remembers_what_was_measured() {
    let mut world = World::new(2);
    let browser = world.browser(measuring());
    visits(&mut world, browser, 30);
    world.run_for(Duration::from_secs(30));
    let before = world.stats(browser);
    world.kill(browser);
    world.restart(browser);
    visits(&mut world, browser, 1);
    let after = world.stats(browser);
    let loads =
        |stats: slipstream_core::stats::Stats| stats.tab.and_then(|tab| tab.gain).expect("known").loads;
    assert!(after.total.bytes.shelf >= before.total.bytes.shelf && before.total.bytes.shelf > 0);
    assert!((loads(after) - loads(before) - 1.0).abs() < 0.01);
}

#[test]
fn and_where_nothing_is_to_be_measured_none_is() {
    let mut world = World::new(3);
    let browser = world.browser(settings::alone());
    assert_eq!(visits(&mut world, browser, 20), 0);
    assert!(world.stats(browser).tab.expect("a tab").gain.is_none());
}
