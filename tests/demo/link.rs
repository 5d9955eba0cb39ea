//! The line, as it is named on the command line: `RATE,RTT`.

use std::{fmt, str::FromStr, time::Duration};

use slipstream_stage::Link;

/// Rate in Mbit/s and round-trip time in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    /// Mbit/s, in each direction.
    pub(crate) mbit: f64,
    /// There and back, in ms.
    pub(crate) rtt_ms: f64,
}

impl Line {
    /// The line that the project's figures are promised for.
    pub(crate) const PROMISED: Self = Self { mbit: 5.0, rtt_ms: 80.0 };

    /// For the origin.
    pub(crate) fn link(self) -> Link {
        Link::mbit(self.mbit, Duration::from_secs_f64(self.rtt_ms / 1_000.0))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Mbit/s, {} ms", self.mbit, self.rtt_ms)
    }
}

impl FromStr for Line {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rate, rtt) = text.split_once(',').ok_or("a line is RATE,RTT in Mbit/s and ms, such as 5,80")?;
        let mbit = rate.trim().parse().ok().filter(|rate: &f64| (RATE_MIN..=RATE_MAX).contains(rate));
        let rtt_ms = rtt.trim().parse().ok().filter(|rtt: &f64| (0.0..=RTT_MAX).contains(rtt));
        Ok(Self {
            mbit: mbit.ok_or("the rate is a number from 0.1 to 10000, in Mbit/s")?,
            rtt_ms: rtt_ms.ok_or("the round-trip time is a number from 0 to 10000, in ms")?,
        })
    }
}

/// Mbit/s: below this a page takes longer than anybody waits for a demo.
const RATE_MIN: f64 = 0.1;
/// Mbit/s: above this the machine itself is the line.
const RATE_MAX: f64 = 10_000.0;
/// In ms: nothing on earth is farther away.
const RTT_MAX: f64 = 10_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        assert_eq!("5,80".parse(), Ok(Line::PROMISED));
        assert_eq!(" 0.5 , 300".parse(), Ok(Line { mbit: 0.5, rtt_ms: 300.0 }));
    }

    #[test]
    fn what_cannot_be_a_line_is_refused() {
        for text in ["5", "0,80", "-5,80", "NaN,80", "5,-1", "5,80,1", "fast,80", ""] {
            assert!(text.parse::<Line>().is_err(), "{text}");
        }
    }
}
