//! Medians, quantiles, and how far a median can be trusted.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// The middle of the values, and nothing for none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which the share `at` (0 to 1) of the values lies, linear between neighbours.
pub(crate) fn quantile(values: &[f64], at: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = at.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    // Neighbours are found by counting, because a float makes no index without a doubtful cast.
    let below = (0..sorted.len()).rev().find(|index| *index as f64 <= place)?;
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    Some((high - low).mul_add(place - below as f64, low))
}

/// The smallest and the largest.
pub(crate) fn extent(values: &[f64]) -> Option<(f64, f64)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(low, high), value| (low.min(*value), high.max(*value))))
}

/// The interval that holds the median with 95 % confidence, by drawing from the values again and again
/// (percentile bootstrap). The same values give the same interval.
pub(crate) fn median_interval(values: &[f64]) -> Option<(f64, f64)> {
    let mut random = StdRng::seed_from_u64(RESAMPLE_SEED);
    let mut medians = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let drawn: Vec<_> = (0..values.len()).map(|_| values[random.random_range(0..values.len())]).collect();
        medians.push(median(&drawn)?);
    }
    Some((quantile(&medians, 0.025)?, quantile(&medians, 0.975)?))
}

/// Enough for two steady digits at both ends.
const RESAMPLES: usize = 2_000;
const RESAMPLE_SEED: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn quantiles_reach_both_ends() {
        let values = [10.0, 20.0, 30.0, 40.0, 50.0];
        assert_eq!([0.0, 0.25, 0.9, 1.0].map(|at| quantile(&values, at).unwrap()), [10.0, 20.0, 46.0, 50.0]);
        assert_eq!(extent(&values), Some((10.0, 50.0)));
    }

    #[test]
    fn the_interval_of_a_median_holds_it_and_narrows_with_more_values() {
        let few: Vec<_> = (0..9).map(|n| f64::from(n * 37 % 9)).collect();
        let many: Vec<_> = (0..90).map(|n| f64::from(n * 37 % 9)).collect();
        let (low, high) = median_interval(&few).unwrap();
        let (low_of_many, high_of_many) = median_interval(&many).unwrap();
        assert!(low <= 4.0 && 4.0 <= high && high_of_many - low_of_many < high - low);
        assert_eq!(median_interval(&[]), None);
    }
}
