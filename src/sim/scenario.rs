//! Whole days in the life of many browsers, each a function of a seed and a number of browsers.

mod classroom;
mod hostile;
mod offline;

use std::time::Duration;

use crate::{
    report::{Report, Times, Without},
    settings,
    world::World,
};

/// A scenario by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A class opens the same five pages, one after the other, behind one uplink of 10 Mbit/s.
    Classroom,
    /// The same, and every fifth browser sends wrong bytes, stalls, or lies about lengths.
    Hostile,
    /// The same, and the introduction server is gone from the second minute on.
    Offline,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Classroom, Self::Hostile, Self::Offline];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classroom => "classroom",
            Self::Hostile => "hostile",
            Self::Offline => "offline",
        }
    }

    /// The scenario of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// Browsers where no number is given.
    pub const fn usual_peers(self) -> usize {
        30
    }

    /// Runs it, and once more without the extension.
    ///
    /// # Panics
    /// When a promise is broken: the message names the seed.
    pub fn run(self, seed: u64, peers: usize) -> Report {
        let with = self.play(seed, peers, true);
        let without = self.play(seed, peers, false);
        let uploads: Vec<_> = with.browsers.iter().map(|browser| browser.tally.uploaded).collect();
        let (most, all) = (uploads.iter().max().copied().unwrap_or(0), uploads.iter().sum::<u64>());
        let engines = with.browsers.iter().filter_map(|browser| browser.engine.as_ref());
        Report {
            scenario: self.name(),
            seed,
            peers,
            totals: with.totals(),
            without: Without { origin_bytes: without.totals().origin_bytes, load_ms: times(&without) },
            visits: with.visits.len(),
            load_ms: times(&with),
            origin_requests: with.origin_requests(),
            busiest_uploader_percent: (most * 100).checked_div(all).unwrap_or(0),
            verifications_failed: engines.map(|engine| engine.stats(None).all.verifications_failed).sum(),
        }
    }

    fn play(self, seed: u64, peers: usize, extension: bool) -> World {
        let settings = if extension { settings::member() } else { settings::off() };
        let mut world = classroom::prepare(seed, peers, &settings);
        match self {
            Self::Classroom => {}
            Self::Hostile => hostile::corrupt_every_fifth(&mut world),
            Self::Offline => offline::lose_the_server(&mut world),
        }
        world.run_for(classroom::LESSON);
        // Pages that were opened late on a busy link get their time; who never gets there breaks a promise.
        let loaded = |world: &World| world.visits.iter().all(|visit| visit.over || visit.loaded.is_some());
        world.run_until(Duration::from_secs(7_200), "all pages are loaded", loaded);
        world
    }
}

fn times(world: &World) -> Times {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Times::of(world.visits.iter().filter_map(|visit| visit.load_time()).map(ms).collect())
}
