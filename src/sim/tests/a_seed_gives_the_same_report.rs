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
