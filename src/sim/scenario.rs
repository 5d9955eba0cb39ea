//! Whole days in the life of many browsers, each a function of a seed and a number of browsers.

mod campus;
mod classroom;
mod crowd;
mod hostile;
mod offline;

use std::{collections::BTreeSet, time::Duration};

use crate::{
    page::Source,
    report::{Report, Times, Without},
    settings,
    world::World,
};

/// A scenario by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A class opens the same five pages, one after the other, behind one uplink of 10 Mbit/s.
    Classroom,
    /// A thousand browsers behind 100 Mbit/s, for a day: pages by Zipf's law, in sessions.
    Campus,
    /// Ten thousand browsers open one page within a minute.
    Crowd,
    /// The class, and every fifth browser sends wrong bytes, stalls, or lies about lengths.
    Hostile,
    /// The class, and the introduction server is gone from the second minute on.
    Offline,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Classroom, Self::Campus, Self::Crowd, Self::Hostile, Self::Offline];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classroom => "classroom",
            Self::Campus => "campus",
            Self::Crowd => "crowd",
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
        match self {
            Self::Classroom | Self::Hostile | Self::Offline => 30,
            Self::Campus => 1_000,
            Self::Crowd => 10_000,
        }
    }

    /// Runs it, and once more without the extension.
    ///
    /// # Panics
    /// When a promise is broken: the message names the seed.
    pub fn run(self, seed: u64, peers: usize) -> Report {
        let without = self.play(seed, peers, false);
        let without = Without { origin_bytes: without.totals().origin_bytes, load_ms: times(&without) };
        let with = self.play(seed, peers, true);
        let uploads: Vec<_> = with.browsers.iter().map(|browser| browser.tally.uploaded).collect();
        let (most, all) = (uploads.iter().max().copied().unwrap_or(0), uploads.iter().sum::<u64>());
        let engines = || with.browsers.iter().filter_map(|browser| browser.engine.as_ref());
        let spoiled = with.browsers.iter().flat_map(|browser| browser.tally.spoiled.values());
        let totals = with.totals();
        let carried = totals.peer_bytes + totals.wasted_bytes;
        Report {
            scenario: self.name(),
            seed,
            peers,
            totals,
            shareable: with.shareable(),
            without,
            visits: with.visits.len(),
            load_ms: times(&with),
            origin_requests: with.origin_requests(),
            wasted_permille: (totals.wasted_bytes * 1_000).checked_div(carried).unwrap_or(0),
            busiest_uploader_permille: (most * 1_000).checked_div(all).unwrap_or(0),
            most_spoiled_by_one: spoiled.map(BTreeSet::len).max().unwrap_or(0),
            verifications_failed: engines().map(|engine| engine.stats(None).all.verifications_failed).sum(),
            timeline: timeline(&with),
        }
    }

    fn play(self, seed: u64, peers: usize, extension: bool) -> World {
        let settings = if extension { settings::member() } else { settings::off() };
        let (mut world, span) = match self {
            Self::Campus => (campus::prepare(seed, peers, &settings), campus::SPAN),
            Self::Crowd => (crowd::prepare(seed, peers, &settings), crowd::SPAN),
            _ => (classroom::prepare(seed, peers, &settings), classroom::LESSON),
        };
        match self {
            Self::Hostile => hostile::corrupt_every_fifth(&mut world),
            Self::Offline => offline::lose_the_server(&mut world),
            Self::Classroom | Self::Campus | Self::Crowd => {}
        }
        world.run_for(span);
        // Pages that were opened late on a busy link get their time; who never gets there breaks a promise.
        let loaded = |world: &World| world.visits.iter().all(|visit| visit.over || visit.loaded.is_some());
        world.run_until(Duration::from_secs(7_200), "all pages are loaded", loaded);
        world
    }
}

/// Points of the plot.
const POINTS: u128 = 120;

/// Bytes that pages got, by where from, in equal pieces of the time in which there was any.
fn timeline(world: &World) -> Vec<[u64; 3]> {
    let items = || {
        world.visits.iter().flat_map(|visit| {
            let resources = visit.page.resources.iter().zip(&visit.items);
            resources.filter_map(|(resource, item)| Some((item.done, item.source?, resource.length())))
        })
    };
    let began = world.visits.iter().map(|visit| visit.began).min().unwrap_or_default();
    let ended = items().map(|(done, ..)| done).max().unwrap_or(began);
    let piece = ((ended - began).as_micros() / POINTS).max(1);
    let mut points = vec![[0; 3]; usize::try_from(POINTS).unwrap_or(0) + 1];
    for (done, source, length) in items() {
        let at = usize::try_from(done.saturating_sub(began).as_micros() / piece).unwrap_or(usize::MAX);
        let column = match source {
            Source::Network => 0,
            Source::Peer => 1,
            Source::Shelf => 2,
        };
        if let Some(point) = points.get_mut(at) {
            point[column] += length;
        }
    }
    points
}

fn times(world: &World) -> Times {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Times::of(world.visits.iter().filter_map(|visit| visit.load_time()).map(ms).collect())
}
