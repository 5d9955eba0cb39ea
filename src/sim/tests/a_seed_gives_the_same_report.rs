//! N6: one core, many browsers, the same figures to the byte.

use slipstream_sim::scenario::Scenario;

fn report(scenario: Scenario, seed: u64, peers: usize) -> String {
    serde_json::to_string_pretty(&scenario.run(seed, peers)).expect("a report is JSON")
}

#[test]
fn to_the_byte_and_another_seed_another() {
    for scenario in Scenario::ALL {
        assert_eq!(report(scenario, 3, 8), report(scenario, 3, 8), "{}", scenario.name());
    }
    assert_ne!(report(Scenario::Classroom, 3, 8), report(Scenario::Classroom, 4, 8));
}

#[test]
fn a_class_costs_its_uplink_less_and_waits_less() {
    let report = Scenario::Classroom.run(1, 20);
    assert_eq!((report.visits, report.totals.wrong_bytes), (100, 0));
    assert!(report.totals.origin_bytes * 3 < report.without.origin_bytes * 2, "{report:?}");
    assert!(report.load_ms.median < report.without.load_ms.median, "{report:?}");
    assert!(report.load_ms.p95 < report.without.load_ms.p95, "{report:?}");
}

#[test]
fn a_class_draws_what_may_be_shared_hardly_more_than_once() {
    let mut percents: Vec<_> = (1..=8)
        .map(|seed| {
            let shareable = Scenario::Classroom.run(seed, 30).shareable;
            shareable.origin_bytes * 100 / shareable.alone_bytes
        })
        .collect();
    percents.sort_unstable();
    assert!(percents[4] <= 130, "{percents:?}");
    // A class that three introductions each leave in two parts for its first pages draws these twice, and no more.
    assert!(percents[7] <= 200, "{percents:?}");
}

#[test]
fn a_crowd_draws_a_fiftieth_of_what_may_be_shared() {
    let shareable = Scenario::Crowd.run(1, 250).shareable;
    assert!(shareable.origin_bytes * 50 <= shareable.wanted_bytes, "{shareable:?}");
}

#[test]
fn liars_waste_little_and_are_gone_after_three_transfers() {
    for seed in 1..4 {
        let report = Scenario::Hostile.run(seed, 30);
        assert_eq!(report.totals.wrong_bytes, 0);
        assert!(report.wasted_permille <= 50, "seed {seed}: {} of 1000", report.wasted_permille);
        assert!(report.most_spoiled_by_one <= 3, "seed {seed}");
    }
}

#[test]
fn a_class_that_loses_the_server_is_served_as_well_as_one_that_keeps_it() {
    let with = Scenario::Classroom.run(1, 30).totals.peer_bytes;
    let without = Scenario::Offline.run(1, 30).totals.peer_bytes;
    assert!(without * 10 >= with * 9, "{without} against {with}");
}

#[test]
fn a_class_with_liars_in_it_is_still_better_off() {
    for seed in 0..4 {
        let report = Scenario::Hostile.run(seed, 20);
        assert_eq!(report.totals.wrong_bytes, 0);
        assert!(report.totals.origin_bytes < report.without.origin_bytes, "{report:?}");
        assert!(report.load_ms.p95 <= report.without.load_ms.p95, "{report:?}");
    }
}

#[test]
fn a_class_that_loses_the_server_goes_on() {
    let report = Scenario::Offline.run(1, 20);
    assert!(report.totals.origin_bytes * 3 < report.without.origin_bytes * 2, "{report:?}");
}
