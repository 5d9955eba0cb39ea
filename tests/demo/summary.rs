//! Several runs put together: one summary for each scenario.

use slipstream_stage::Served;

use crate::{
    play::Run,
    record::{AtOrigin, Likeness, Record},
    scenario::Scenario,
    statistics::{extent, median},
};

/// One scenario over all runs.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    /// Which.
    pub(crate) scenario: Scenario,
    /// One visit of each run, in their order.
    pub(crate) records: Vec<&'a Record>,
    /// Time to the load event, in ms: the median.
    pub(crate) load_ms: f64,
    /// That, divided by the median without extension.
    pub(crate) ratio: f64,
    /// Smallest and largest of the ratios within one run.
    pub(crate) ratio_extent: (f64, f64),
}

impl<'a> Summary<'a> {
    /// One for each scenario, in their order; nothing when nothing was played.
    pub(crate) fn of(runs: &'a [Run]) -> Vec<Self> {
        let of_scenario = |scenario| -> Vec<&Record> {
            runs.iter()
                .filter_map(|run| run.records.iter().find(|record| record.scenario == scenario))
                .collect()
        };
        let loads = |records: &[&Record]| records.iter().map(|record| record.load_ms).collect::<Vec<_>>();
        let plain = loads(&of_scenario(Scenario::Plain));
        let summary = |scenario| {
            let records = of_scenario(scenario);
            let times = loads(&records);
            let ratios: Vec<_> = times.iter().zip(&plain).map(|(time, plain)| time / plain).collect();
            let (load_ms, ratio_extent) = (median(&times)?, extent(&ratios)?);
            Some(Self { scenario, records, load_ms, ratio: load_ms / median(&plain)?, ratio_extent })
        };
        Scenario::ALL.into_iter().filter_map(summary).collect()
    }

    /// The run with the most bytes from the origin: the least flattering one. All counts that are shown as one
    /// figure are its counts.
    pub(crate) fn worst(&self) -> &'a Record {
        let worst = self.records.iter().max_by_key(|record| record.origin.bytes);
        worst.expect("a summary is only made of records")
    }

    /// The run whose load time is the median, or next to it: the one to be drawn.
    pub(crate) fn typical(&self) -> &'a Record {
        let distance = |record: &Record| (record.load_ms - self.load_ms).abs();
        let typical = self.records.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        typical.expect("a summary is only made of records")
    }

    /// What the origin counted in the worst run.
    pub(crate) fn origin(&self) -> AtOrigin {
        self.worst().origin
    }

    /// Where the bytes came from in the worst run, as the extension counted them.
    pub(crate) fn served(&self) -> Served {
        self.worst().served
    }

    /// Wrong bytes of all runs.
    pub(crate) fn wrong_bytes(&self) -> u64 {
        self.records.iter().map(|record| record.audit.wrong_bytes).sum()
    }

    /// Whether the pictures of all runs are equal.
    pub(crate) fn pictures_equal(&self) -> bool {
        self.records.iter().all(|record| record.likeness == Likeness::Equal)
    }

    /// New complaints in the consoles of all runs.
    pub(crate) fn complaints(&self) -> impl Iterator<Item = &'a str> {
        self.records.iter().flat_map(|record| record.complaints.iter().map(String::as_str))
    }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Runs as they might have been.

    use super::*;
    use crate::{audit::Audit, counted::Counted};

    /// A visit with the load time and the bytes of images at the origin that are given, and nothing special else.
    pub(crate) fn record(scenario: Scenario, load_ms: f64, image_bytes: u64) -> Record {
        let mut served = Served::default();
        match scenario {
            Scenario::Plain => {}
            Scenario::First => served.network = image_bytes,
            Scenario::Near => served.peer = 4_000_000 - image_bytes,
            Scenario::Again | Scenario::Gone => served.shelf = 4_000_000 - image_bytes,
        }
        Record {
            scenario,
            load_ms,
            origin: AtOrigin {
                requests: 2 + image_bytes.div_ceil(1_000),
                bytes: image_bytes + 17_000,
                image_requests: image_bytes.div_ceil(1_000),
                image_bytes,
            },
            served,
            counted: Counted::default(),
            audit: Audit::default(),
            likeness: Likeness::Equal,
            complaints: Vec::new(),
            deliveries: Vec::new(),
            thumbnail: vec![1, 2, 3],
        }
    }

    /// A run that went as it should.
    pub(crate) fn run(plain_ms: f64) -> Run {
        let loads = [
            (Scenario::Plain, plain_ms, 4_000_000),
            (Scenario::First, plain_ms, 4_000_000),
            (Scenario::Near, plain_ms / 5.0, 1_000),
            (Scenario::Again, plain_ms / 20.0, 0),
            (Scenario::Gone, plain_ms / 20.0, 0),
        ];
        Run { records: loads.map(|(scenario, ms, bytes)| record(scenario, ms, bytes)).into(), fault: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_medians_and_its_extent_of_pairs() {
        let mut runs = vec![samples::run(1_000.0), samples::run(2_000.0), samples::run(3_000.0)];
        runs[0].records[2].load_ms = 800.0;
        let summaries = Summary::of(&runs);
        let near = &summaries[2];
        assert_eq!((near.scenario, near.load_ms, near.ratio), (Scenario::Near, 600.0, 0.3));
        assert_eq!(near.ratio_extent, (0.2, 0.8));
        assert_eq!(near.typical().load_ms, 600.0);
    }

    #[test]
    fn one_bad_run_is_not_hidden_by_the_others() {
        let mut runs = vec![samples::run(1_000.0), samples::run(1_000.0), samples::run(1_000.0)];
        runs[1].records[3] = samples::record(Scenario::Again, 50.0, 70_000);
        runs[1].records[3].likeness = Likeness::Different { pixels: 1 };
        let summaries = Summary::of(&runs);
        assert_eq!(summaries[3].origin().image_bytes, 70_000);
        assert!(!summaries[3].pictures_equal() && summaries[4].pictures_equal());
    }
}
