//! The bytes of one connection in one direction: those that wait for the line and those in flight behind it.
//!
//! Pure code but for the signals; moments are durations since the lane's epoch.

use std::{collections::VecDeque, num::NonZeroU64, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

/// What one direction does to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneShape {
    /// Bits per second; `None` is unlimited.
    pub(crate) rate: Option<NonZeroU64>,
    /// From leaving the line to arriving.
    pub(crate) delay: Duration,
    /// At most this much more, drawn once for each run of bytes.
    pub(crate) jitter: Duration,
    pub(crate) seed: u64,
}

/// Bytes of one connection, in order.
#[derive(Debug)]
pub(crate) struct Traffic {
    waiting: BytesMut,
    /// In order of arrival.
    flying: VecDeque<(Duration, Bytes)>,
    flying_bytes: usize,
    last_arrival: Duration,
    extra: Duration,
    dice: u64,
    ended: bool,
    pub(crate) signals: Arc<Signals>,
}

/// Wakes the two ends of a connection's way; each has one waiter.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// There may be room for more.
    pub(crate) room: Notify,
    /// Something flies, or the end has come.
    pub(crate) arrival: Notify,
}

impl Traffic {
    pub(crate) fn new(dice: u64) -> Self {
        Self {
            waiting: BytesMut::new(),
            flying: VecDeque::new(),
            flying_bytes: 0,
            last_arrival: Duration::ZERO,
            extra: Duration::ZERO,
            dice,
            ended: false,
            signals: Arc::default(),
        }
    }

    /// Bytes that may be added now.
    pub(crate) fn room(&self, shape: &LaneShape) -> usize {
        let (waiting, flying) = bounds(shape);
        let flying_room = flying.saturating_sub(self.flying_bytes + self.waiting.len());
        waiting.saturating_sub(self.waiting.len()).min(flying_room)
    }

    /// `bytes` of those that wait have left the line.
    pub(crate) fn launch(&mut self, bytes: usize, left_at: Duration, shape: &LaneShape) {
        if self.flying.is_empty() {
            self.extra = shape.jitter.mul_f64(self.roll());
        }
        // A stream keeps its order, whatever the dice say.
        self.last_arrival = self.last_arrival.max(left_at + shape.delay + self.extra);
        let bytes = self.waiting.split_to(bytes.min(self.waiting.len())).freeze();
        self.flying_bytes += bytes.len();
        self.flying.push_back((self.last_arrival, bytes));
        self.signals.room.notify_one();
        self.signals.arrival.notify_one();
    }

    /// More bytes want to leave.
    pub(crate) fn wait(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// No more bytes will come.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether everything has landed, and the end has come.
    pub(crate) fn is_over(&self) -> bool {
        self.ended && self.waiting.is_empty() && self.flying.is_empty()
    }

    /// When the next bytes land.
    pub(crate) fn next_arrival(&self) -> Option<Duration> {
        self.flying.front().map(|(at, _)| *at)
    }

    /// Takes the next bytes out.
    pub(crate) fn land(&mut self) -> Option<Bytes> {
        let (_, bytes) = self.flying.pop_front()?;
        self.flying_bytes -= bytes.len();
        Some(bytes)
    }

    /// A number from 0 to 1 (splitmix64, Steele and others 2014).
    fn roll(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}

/// Bytes of one connection that may wait, and that may wait or fly.
fn bounds(shape: &LaneShape) -> (usize, usize) {
    let Some(rate) = shape.rate else { return (WAITING_MAX, FLYING_MIN) };
    let bytes_in = |time: Duration| {
        let bytes = u128::from(rate.get()) * time.as_micros() / 8_000_000;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    };
    let waiting = bytes_in(WAITING_TIME).clamp(WAITING_MIN, WAITING_MAX);
    let flying = bytes_in(2 * (shape.delay + shape.jitter + WAITING_TIME)).clamp(FLYING_MIN, FLYING_MAX);
    (waiting, flying)
}

/// What may wait of one connection, in time of the line: more than any wake-up is late.
const WAITING_TIME: Duration = Duration::from_millis(20);
/// Bytes: the largest TLS record, so that one never blocks itself.
const WAITING_MIN: usize = 16 * 1_024;
/// Bytes: with the buffers of TLS and HTTP, about 64 KiB that a reset cannot recall.
const WAITING_MAX: usize = 32 * 1_024;
/// Bytes: what a usual TCP window lets fly.
const FLYING_MIN: usize = 256 * 1_024;
/// Bytes: memory of one connection, whatever the link's product of rate and delay is.
const FLYING_MAX: usize = 4 * 1_024 * 1_024;
