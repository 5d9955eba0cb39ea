//! How quick a peer is, watched in passing from the bodies that it sends. Nothing is sent for the sake of measuring.

/// A peer's pace, from what it sent so far.
#[derive(Clone, Copy, Default)]
pub(super) struct Pace {
    /// In bytes per second; nothing before the first body.
    rate: Option<u64>,
}

impl Pace {
    /// A body of so many bytes came, so many ms after it was asked for. The mean moves a quarter of the way, so that one
    /// slow body does not make a slow peer.
    pub(super) fn note(&mut self, bytes: u64, ms: u64) {
        let now = bytes.saturating_mul(1_000) / ms.max(1);
        self.rate = Some(self.rate.map_or(now, |before| (before / 4).saturating_mul(3) + now / 4));
    }

    /// Whether it is far behind the others: at less than a quarter of the median of three or more.
    pub(super) fn is_far_behind(self, others: impl Iterator<Item = Self>) -> bool {
        let Some(rate) = self.rate else { return false };
        let (mut count, mut ahead) = (0_usize, 0_usize);
        for other in others.filter_map(|pace| pace.rate) {
            count += 1;
            ahead += usize::from(rate < other / 4);
        }
        // The median is far ahead where half of all are.
        count >= 3 && ahead >= count - count / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rate: u64) -> Pace {
        let mut pace = Pace::default();
        pace.note(rate, 1_000);
        pace
    }

    #[test]
    fn one_far_below_the_median_is_behind_and_one_that_is_only_slower_is_not() {
        let others = || [1_000, 2_000, 900].map(at).into_iter();
        assert!(at(200).is_far_behind(others()));
        assert!(!at(300).is_far_behind(others()));
        assert!(!Pace::default().is_far_behind(others()), "nothing is known of it");
        assert!(!at(1).is_far_behind(others().take(2)), "two are no crowd");
    }

    #[test]
    fn one_slow_body_does_not_make_a_slow_peer() {
        let mut pace = at(1_000);
        pace.note(10, 1_000);
        assert!(!pace.is_far_behind([1_000; 3].map(at).into_iter()));
        for _ in 0..8 {
            pace.note(10, 1_000);
        }
        assert!(pace.is_far_behind([1_000; 3].map(at).into_iter()));
    }
}
