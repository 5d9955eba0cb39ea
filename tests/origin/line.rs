//! The arithmetic of one direction of a line: who may send next, and when the last bit has left.
//!
//! Pure code on virtual time. Moments are durations since an epoch that the owner chooses. The line does not hold
//! bytes, only how many wait; [`crate::lane`] holds them. Because departures are computed from when bytes *could*
//! leave and not from when somebody woke up, a late timer costs no rate as long as bytes wait.

use std::{collections::VecDeque, num::NonZeroU64, time::Duration};

/// Name of one connection on one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Flow(pub(crate) u64);

/// Bytes of one flow that have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Departure {
    pub(crate) flow: Flow,
    pub(crate) bytes: usize,
    /// When the last of them was on the line.
    pub(crate) left_at: Duration,
}

/// One direction of a line, shared by turns.
#[derive(Debug)]
pub(crate) struct Line {
    rate: Option<NonZeroU64>,
    free_at: Duration,
    turns: VecDeque<Turn>,
}

#[derive(Debug)]
struct Turn {
    flow: Flow,
    bytes: usize,
    since: Duration,
}

impl Line {
    /// A line of `rate` bits per second; `None` is as fast as one likes.
    pub(crate) fn new(rate: Option<NonZeroU64>) -> Self {
        Self { rate, free_at: Duration::ZERO, turns: VecDeque::new() }
    }

    /// What departs from now on goes at the new rate.
    pub(crate) fn change_rate(&mut self, rate: Option<NonZeroU64>) {
        self.rate = rate;
    }

    /// `bytes` more of `flow` wait since `now`. A flow that already waits keeps its turn.
    pub(crate) fn add(&mut self, flow: Flow, bytes: usize, now: Duration) {
        match self.turns.iter_mut().find(|turn| turn.flow == flow) {
            Some(turn) => turn.bytes += bytes,
            None if bytes > 0 => self.turns.push_back(Turn { flow, bytes, since: now }),
            None => {}
        }
    }

    /// Nothing of `flow` waits any longer.
    pub(crate) fn forget(&mut self, flow: Flow) {
        self.turns.retain(|turn| turn.flow != flow);
    }

    /// The next quantum, if its first bit leaves at `until` or before.
    pub(crate) fn depart(&mut self, until: Duration) -> Option<Departure> {
        if self.next_start()? > until {
            return None;
        }
        let start = self.next_start()?;
        let mut turn = self.turns.pop_front()?;
        let bytes = turn.bytes.min(self.quantum());
        let left_at = start + self.time_of(bytes);
        self.free_at = left_at;
        let flow = turn.flow;
        turn.bytes -= bytes;
        if turn.bytes > 0 {
            self.turns.push_back(turn);
        }
        Some(Departure { flow, bytes, left_at })
    }

    /// When the first bit of the next quantum leaves; `None` when nothing waits.
    pub(crate) fn next_start(&self) -> Option<Duration> {
        self.turns.front().map(|turn| turn.since.max(self.free_at))
    }

    fn time_of(&self, bytes: usize) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let bit_nanos = bytes as u128 * 8 * 1_000_000_000;
        let nanos = bit_nanos.div_ceil(u128::from(rate.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Bytes of one turn: half a millisecond of the line, but a packet at least.
    fn quantum(&self) -> usize {
        let Some(rate) = self.rate else { return usize::MAX };
        usize::try_from(rate.get() / 16_000).unwrap_or(usize::MAX).clamp(QUANTUM_MIN, QUANTUM_MAX)
    }
}

/// Bytes: the payload of one Ethernet packet.
const QUANTUM_MIN: usize = 1_460;
/// Bytes: above this a turn would be felt by the others, below it a fast line would be all book-keeping.
const QUANTUM_MAX: usize = 8 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    const A: Flow = Flow(1);
    const B: Flow = Flow(2);

    fn mbit(n: u64) -> Option<NonZeroU64> {
        NonZeroU64::new(n * 1_000_000)
    }

    fn drain(line: &mut Line, until: Duration) -> Vec<Departure> {
        std::iter::from_fn(|| line.depart(until)).collect()
    }

    #[test]
    fn a_megabyte_at_five_megabit_takes_its_exact_time() {
        let mut line = Line::new(mbit(5));
        line.add(A, 1_000_000, Duration::ZERO);
        let last = drain(&mut line, Duration::MAX).pop().expect("bytes left");
        let off = last.left_at.abs_diff(Duration::from_millis(1_600));
        assert!(off < Duration::from_micros(1), "off by {off:?}");
    }

    #[test]
    fn a_late_wake_up_loses_no_time_while_bytes_wait() {
        let mut line = Line::new(mbit(5));
        line.add(A, 10_000, Duration::ZERO);
        // Nobody asks for 12 ms, then all that could have left in between has left when it would have.
        let left = drain(&mut line, Duration::from_millis(12));
        assert_eq!(left.len(), 6);
        assert_eq!(left[0].left_at, Duration::from_nanos(2_336_000));
        assert_eq!(left[5].left_at, Duration::from_nanos(6 * 2_336_000));
    }

    #[test]
    fn an_idle_line_saves_nothing_up() {
        let mut line = Line::new(mbit(8));
        line.add(A, 1_000, Duration::from_secs(5));
        assert_eq!(line.next_start(), Some(Duration::from_secs(5)));
        let left = line.depart(Duration::from_secs(5)).expect("may start");
        assert_eq!(left.left_at, Duration::from_secs(5) + Duration::from_millis(1));
    }

    #[test]
    fn two_flows_take_turns_whatever_they_have_waiting() {
        let mut line = Line::new(mbit(5));
        line.add(A, 100_000, Duration::ZERO);
        line.add(B, 20_000, Duration::ZERO);
        let left = drain(&mut line, Duration::MAX);
        let sent = |flow| left[..20].iter().filter(|d| d.flow == flow).map(|d| d.bytes).sum::<usize>();
        assert_eq!((sent(A), sent(B)), (14_600, 14_600));
        assert_eq!(left.iter().map(|d| d.bytes).sum::<usize>(), 120_000);
    }

    #[test]
    fn a_forgotten_flow_leaves_the_line_to_the_others() {
        let mut line = Line::new(mbit(5));
        line.add(A, 100_000, Duration::ZERO);
        line.add(B, 3_000, Duration::ZERO);
        line.forget(A);
        assert!(drain(&mut line, Duration::MAX).iter().all(|d| d.flow == B));
        assert_eq!(line.next_start(), None);
    }

    #[test]
    fn a_line_without_a_rate_takes_no_time() {
        let mut line = Line::new(None);
        line.add(A, 5_000_000, Duration::from_millis(3));
        let left = line.depart(Duration::from_millis(3)).expect("may start");
        assert_eq!((left.bytes, left.left_at), (5_000_000, Duration::from_millis(3)));
    }
}
