//! A token bucket: how often something may happen, with room for a burst.

/// A rate and the burst that it forgives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back each minute.
    pub per_minute: u32,
    /// Tokens of a full bucket.
    pub burst: u32,
}

impl Rate {
    /// So many each second.
    pub const fn per_second(tokens: u32, burst: u32) -> Self {
        Self { per_minute: tokens.saturating_mul(60), burst }
    }

    /// So many each minute.
    pub const fn per_minute(tokens: u32, burst: u32) -> Self {
        Self { per_minute: tokens, burst }
    }
}

/// What is left of a [`Rate`]. Starts full.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Sixty-thousandths of a token: one millisecond brings back `per_minute` of them.
    level: u64,
    /// When `level` was right, in milliseconds.
    at: u64,
}

impl Bucket {
    /// A full bucket at `now` (milliseconds).
    pub const fn full(rate: Rate, now: u64) -> Self {
        Self { level: rate.burst as u64 * TOKEN, at: now }
    }

    /// Takes one token, if there is one. Time that runs backwards brings nothing back.
    pub fn take(&mut self, rate: Rate, now: u64) -> bool {
        let back = now.saturating_sub(self.at).saturating_mul(rate.per_minute.into());
        self.level = self.level.saturating_add(back).min(u64::from(rate.burst) * TOKEN);
        self.at = self.at.max(now);
        let enough = self.level >= TOKEN;
        if enough {
            self.level -= TOKEN;
        }
        enough
    }

    /// Whether nothing would be missing at `now`: such a bucket need not be kept.
    pub fn is_full(&self, rate: Rate, now: u64) -> bool {
        let back = now.saturating_sub(self.at).saturating_mul(rate.per_minute.into());
        self.level.saturating_add(back) >= u64::from(rate.burst) * TOKEN
    }
}

const TOKEN: u64 = 60_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate::per_second(20, 40);

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let mut bucket = Bucket::full(RATE, 0);
        assert_eq!((0..100).filter(|_| bucket.take(RATE, 0)).count(), 40);
        assert!(!bucket.take(RATE, 49));
        assert!(bucket.take(RATE, 50));
        assert!(!bucket.take(RATE, 50));
    }

    #[test]
    fn a_bucket_is_full_again_after_its_burst_came_back() {
        let mut bucket = Bucket::full(RATE, 0);
        assert!(bucket.is_full(RATE, 0));
        assert!(bucket.take(RATE, 0));
        assert!(!bucket.is_full(RATE, 49));
        assert!(bucket.is_full(RATE, 50));
    }

    proptest! {
        #[test]
        fn never_more_than_burst_and_rate(mut times in proptest::collection::vec(0..20_000u64, 0..600)) {
            times.sort_unstable();
            let mut bucket = Bucket::full(RATE, 0);
            let taken: Vec<u64> = times.into_iter().filter(|&now| bucket.take(RATE, now)).collect();
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let most = 40 + (to - from) * 20 / 1000 + 1;
                    prop_assert!((last - first + 1) as u64 <= most);
                }
            }
        }

        #[test]
        fn no_time_is_too_odd(times in proptest::collection::vec(any::<u64>(), 0..50)) {
            let mut bucket = Bucket::full(RATE, u64::MAX);
            for now in times {
                let _ = bucket.take(RATE, now);
            }
        }
    }
}
