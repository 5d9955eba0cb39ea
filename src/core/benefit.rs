//! What it brings, measured: of the loads of a site that could be helped, some are left to the network, and the two
//! kinds are compared. A site that gains nothing is left alone for a day.
//!
//! Times are compared by their logarithms, because pages differ by factors and not by milliseconds. The interval is
//! Welch's, with both variances estimated and Student's t at 95 %.

use serde::{Deserialize, Serialize};

/// As long as a site has fewer held-out loads than this, one in [`YOUNG_BLOCK`] is held out: one in twenty would need
/// hundreds of visits to notice that something makes them slower.
pub const YOUNG: f64 = 10.0;
/// One in so many, while young.
pub const YOUNG_BLOCK: u32 = 4;
/// Of both kinds, before anything is said or done.
const LEAST: f64 = 3.0;
/// Loads of one kind that count; beyond, the older ones fade, because lines and sites change.
const MOST: f64 = 200.0;
/// Standard errors by which helped loads are slower before the site is left alone. Well below what would prove it: to
/// leave a site alone for a day costs little, to slow it down for weeks costs more.
const HARM: f64 = 0.3;
/// Of helped loads, the share in which something had to be fetched again, beyond which the site is left alone.
const ERRORS: f64 = 0.2;
/// How long, in seconds.
pub const REST_S: u64 = 86_400;
/// 97.5 % of the normal distribution.
const Z: f64 = 1.959_964;

/// Which kind a load was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// It could be helped, and was.
    Helped,
    /// It could be helped, and was left to the network.
    Held,
}

/// One site's trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trial {
    helped: Sample,
    held: Sample,
    /// Loads left in this block.
    block: u32,
    /// Loads to come in this block before the one that is held out; beyond the block: none.
    pick: u32,
    /// Left alone until then, in seconds since the epoch.
    pub rests_until: u64,
    /// Of the last load, in seconds since the epoch.
    pub last: u64,
}

/// Loads of one kind: number, mean and spread of the logarithms of their times in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Sample {
    n: f64,
    mean: f64,
    squares: f64,
    errors: f64,
}

/// By how much shorter helped loads are, as a share of the time without help; below 0: longer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gain {
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The estimate.
    pub middle: f64,
    /// The upper end.
    pub high: f64,
    /// Loads of both kinds behind it.
    pub loads: f64,
    /// Seconds saved in all helped loads that were counted.
    pub saved_s: f64,
}

impl Trial {
    /// Which kind the next load of the site is to be.
    pub const fn next(&self) -> Arm {
        if self.block > 0 && self.pick == 0 { Arm::Held } else { Arm::Helped }
    }

    /// Whether the site is to be left alone now.
    pub const fn rests(&self, unix: u64) -> bool {
        unix < self.rests_until
    }

    /// A load of this kind took so many ms; `failed`: something of it had to be fetched again. `percent` is the share
    /// to hold out, `draw` a random number.
    pub fn note(&mut self, arm: Arm, took_ms: f64, failed: bool, percent: u8, draw: u32, unix: u64) {
        if self.rests_until > 0 && !self.rests(unix) {
            // A day is over: what was measured before is no reason to leave it alone again.
            *self = Self::default();
        }
        self.last = unix;
        if !took_ms.is_finite() || took_ms < 1.0 {
            return;
        }
        let sample = match arm {
            Arm::Helped => &mut self.helped,
            Arm::Held => &mut self.held,
        };
        sample.add(took_ms.ln(), failed);
        self.advance(percent, draw);
        if self.harms() {
            self.rests_until = unix + REST_S;
        }
    }

    /// One load of the block is over.
    fn advance(&mut self, percent: u8, draw: u32) {
        self.block = self.block.saturating_sub(1);
        self.pick = if self.pick == 0 { u32::MAX } else { self.pick.saturating_sub(1) };
        if percent == 0 {
            self.block = 0;
        } else if self.block == 0 {
            let long = 100 / u32::from(percent.min(100));
            self.block = if self.held.n < YOUNG { YOUNG_BLOCK.min(long) } else { long };
            self.pick = draw % self.block;
        }
    }

    /// What was gained so far, where enough is known.
    pub fn gain(&self) -> Option<Gain> {
        let (difference, error) = self.difference()?;
        let reach = self.quantile() * error;
        let share = |log: f64| 1.0 - log.exp();
        let saved_ms = (self.held.mean.exp() - self.helped.mean.exp()) * self.helped.n;
        Some(Gain {
            low: share(difference + reach),
            middle: share(difference),
            high: share(difference - reach),
            loads: self.helped.n + self.held.n,
            saved_s: saved_ms / 1_000.0,
        })
    }

    /// Whether helped loads are slower, or fail more.
    fn harms(&self) -> bool {
        let fails = self.helped.share_of_errors() - self.held.share_of_errors() > ERRORS;
        self.difference().is_some_and(|(difference, error)| fails || difference > HARM * error)
    }

    /// Mean of the logarithms with help less that without, and its standard error.
    fn difference(&self) -> Option<(f64, f64)> {
        let enough = self.helped.n >= LEAST && self.held.n >= LEAST;
        let error = (self.helped.variance() + self.held.variance()).sqrt();
        enough.then_some((self.helped.mean - self.held.mean, error))
    }

    /// Student's t at 97.5 % for the degrees of freedom of Welch and Satterthwaite, by the expansion of Cornish and
    /// Fisher (Abramowitz and Stegun 26.7.5); from 2 degrees on it is wrong by less than 4 %.
    fn quantile(&self) -> f64 {
        let (a, b) = (self.helped.variance(), self.held.variance());
        let parts = a * a / (self.helped.n - 1.0) + b * b / (self.held.n - 1.0);
        let freedom = if parts > 0.0 { ((a + b) * (a + b) / parts).max(2.0) } else { f64::MAX };
        let z2 = Z * Z;
        let first = Z * (z2 + 1.0) / 4.0;
        let second = Z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
        let third = Z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
        Z + (first + (second + third / freedom) / freedom) / freedom
    }
}

impl Sample {
    fn add(&mut self, log: f64, failed: bool) {
        if self.n >= MOST {
            let keep = (MOST - 1.0) / MOST;
            self.n *= keep;
            self.squares *= keep;
            self.errors *= keep;
        }
        self.n += 1.0;
        let off = log - self.mean;
        self.mean += off / self.n;
        self.squares += off * (log - self.mean);
        self.errors += f64::from(u8::from(failed));
    }

    /// Of the mean.
    fn variance(&self) -> f64 {
        if self.n > 1.0 { self.squares / (self.n - 1.0) / self.n } else { 0.0 }
    }

    fn share_of_errors(&self) -> f64 {
        if self.n > 0.0 { self.errors / self.n } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    use super::*;

    const RUNS: u32 = 1_000;
    /// Spread of the logarithm of a load's time: two thirds of all loads within 15 % of the middle.
    const SPREAD: f64 = 0.15;
    const NOW: u64 = 1_800_000_000;

    struct World {
        rng: StdRng,
        trial: Trial,
        /// Share of the time that help saves.
        gain: f64,
        /// Load after which the site was left alone.
        off_at: Option<u32>,
        held: u32,
    }

    impl World {
        fn new(seed: u64, gain: f64) -> Self {
            let (rng, trial) = (StdRng::seed_from_u64(seed), Trial::default());
            Self { rng, trial, gain, off_at: None, held: 0 }
        }

        /// Normally distributed, by the sum of twelve.
        fn noise(&mut self) -> f64 {
            (0..12).map(|_| self.rng.random_range(0.0..1.0)).sum::<f64>() - 6.0
        }

        fn run(mut self, loads: u32) -> Self {
            for load in 1..=loads {
                let arm = self.trial.next();
                let factor = if arm == Arm::Helped { 1.0 - self.gain } else { 1.0 };
                self.held += u32::from(arm == Arm::Held);
                let took = 2_000.0 * factor * (SPREAD * self.noise()).exp();
                let draw = self.rng.random();
                self.trial.note(arm, took, false, 5, draw, NOW);
                if self.trial.rests(NOW) {
                    self.off_at = Some(load);
                    break;
                }
            }
            self
        }
    }

    fn covered(gain: f64, loads: u32) -> u32 {
        let covers = |seed: &u32| {
            let world = World::new(u64::from(*seed), gain).run(loads);
            world.trial.gain().is_some_and(|shown| shown.low <= gain && gain <= shown.high)
        };
        u32::try_from((0..RUNS).filter(covers).count()).unwrap()
    }

    #[test]
    fn the_interval_that_is_shown_covers_the_truth() {
        for gain in [0.2, 0.0, -0.1] {
            for loads in [40, 200] {
                let covered = covered(gain, loads);
                println!("gain {gain:+.2}, at most {loads} loads: covered in {covered} of {RUNS} runs");
                assert!(covered >= RUNS * 9 / 10, "gain {gain}, {loads} loads: {covered} of {RUNS}");
            }
        }
    }

    #[test]
    fn a_site_that_is_slowed_down_is_left_alone_within_40_loads_and_one_that_gains_is_not() {
        let off = |gain: f64| {
            let off = (0..RUNS).filter(|seed| World::new(u64::from(*seed), gain).run(40).off_at.is_some());
            u32::try_from(off.count()).unwrap()
        };
        let (harmful, useful) = (off(-0.1), off(0.2));
        println!("left alone within 40 loads: gain -10 %: {harmful}, gain +20 %: {useful} of {RUNS}");
        assert!(harmful >= RUNS * 95 / 100, "{harmful} of {RUNS}");
        assert!(useful <= RUNS * 3 / 100, "{useful} of {RUNS}");
    }

    #[test]
    fn in_the_long_run_the_share_that_was_set_is_held_out() {
        let world = World::new(7, 0.3).run(2_040);
        assert_eq!(world.off_at, None);
        // The first ten took one in four.
        assert!((105..=115).contains(&world.held), "{}", world.held);
    }

    #[test]
    fn nothing_is_held_out_where_nothing_is_to_be_measured() {
        let mut trial = Trial::default();
        for draw in 0..200 {
            assert_eq!(trial.next(), Arm::Helped);
            trial.note(Arm::Helped, 1_000.0, false, 0, draw, NOW);
        }
        assert_eq!(trial.gain(), None);
    }

    #[test]
    fn loads_that_fail_more_with_help_end_it_however_fast_they_are() {
        let mut trial = Trial::default();
        for n in 0..20 {
            let arm = trial.next();
            let took = if arm == Arm::Helped { 500.0 } else { 1_000.0 };
            trial.note(arm, took, arm == Arm::Helped && n % 2 == 0, 5, 0, NOW);
        }
        assert!(trial.rests(NOW));
    }

    #[test]
    fn after_a_day_it_is_tried_anew() {
        let mut trial = Trial { rests_until: NOW + REST_S, ..Trial::default() };
        assert!(trial.rests(NOW + REST_S - 1) && !trial.rests(NOW + REST_S));
        trial.note(Arm::Helped, 900.0, false, 5, 1, NOW + REST_S);
        assert_eq!((trial.rests_until, trial.gain()), (0, None));
    }

    #[test]
    fn a_time_that_cannot_be_is_not_counted() {
        let mut trial = Trial::default();
        for took in [f64::NAN, f64::INFINITY, -3.0, 0.0] {
            trial.note(Arm::Helped, took, false, 5, 1, NOW);
        }
        assert_eq!(trial.helped.n, 0.0);
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, table) in [(2.0, 4.303), (3.0, 3.182), (5.0, 2.571), (10.0, 2.228), (60.0, 2.000)] {
            // Both kinds alike: freedom = 2 (n − 1).
            let n = freedom / 2.0 + 1.0;
            let sample = Sample { n, mean: 0.0, squares: n - 1.0, errors: 0.0 };
            let found = Trial { helped: sample, held: sample, ..Trial::default() }.quantile();
            assert!((found / table - 1.0).abs() < 0.04, "{freedom}: {found} and {table}");
        }
    }
}
