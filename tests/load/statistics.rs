//! Medians and quantiles.

/// The middle of the values, and nothing for none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => None,
        1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// The value that so many of a thousand do not exceed.
pub(crate) fn per_mille(values: &mut [u32], share: usize) -> Option<u32> {
    let at = (values.len() * share).div_ceil(1_000).checked_sub(1)?;
    Some(*values.select_nth_unstable(at).1)
}

/// Smallest and largest.
pub(crate) fn extent(values: &[f64]) -> Option<(f64, f64)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(low, high), value| (low.min(*value), high.max(*value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_lies_between_the_two() {
        assert_eq!(
            [&[4.0, 1.0, 3.0, 2.0][..], &[9.0, 1.0, 5.0], &[]].map(median),
            [Some(2.5), Some(5.0), None]
        );
    }

    #[test]
    fn ninety_nine_of_a_hundred_do_not_exceed_the_99th() {
        let mut values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(per_mille(&mut values, 990), Some(99));
        assert_eq!(per_mille(&mut values, 1_000), Some(100));
        assert_eq!(per_mille(&mut [], 990), None);
        assert_eq!(extent(&[2.0, 1.0, 3.0]), Some((1.0, 3.0)));
    }
}
