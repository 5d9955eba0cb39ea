//! One direction of a shaped link: the bytes that wait for the line, and those in flight behind it.
//!
//! A connection enters a lane and gets a [`Passage`]. What it pushes waits (bounded) for its turn on the
//! [`Line`], then flies for the link's delay, then comes out in order. Under a paused tokio clock all of it runs
//! on virtual time.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::Notify,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    line::{Flow, Line},
    traffic::{LaneShape, Signals, Traffic},
};

/// One direction of a link, shared by all its connections.
#[derive(Debug)]
pub(crate) struct Lane {
    epoch: Instant,
    state: Mutex<State>,
    backlog: Notify,
}

/// One connection's way through a lane; dropping it drops whatever was still under way.
#[derive(Debug)]
pub(crate) struct Passage {
    lane: Arc<Lane>,
    flow: Flow,
    signals: Arc<Signals>,
}

/// Moves all that `from` gives through `passage` to `to`, and then the end of it.
///
/// # Errors
/// The first error of either side.
pub(crate) async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    passage: Passage,
) -> io::Result<()> {
    let intake = async {
        let mut buffer = BytesMut::new();
        loop {
            let room = passage.room().await;
            buffer.reserve(room);
            if (&mut from).take(room as u64).read_buf(&mut buffer).await? == 0 {
                passage.end();
                return io::Result::Ok(());
            }
            passage.push(&buffer.split());
        }
    };
    let outlet = async {
        while let Some(bytes) = passage.next().await {
            to.write_all(&bytes).await?;
            to.flush().await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(intake, outlet).map(|_| ())
}

impl Lane {
    pub(crate) fn new(shape: LaneShape) -> Arc<Self> {
        let state = State { shape, line: Line::new(shape.rate), flows: BTreeMap::new(), entered: 0 };
        Arc::new(Self { epoch: Instant::now(), state: Mutex::new(state), backlog: Notify::new() })
    }

    /// Bytes that leave from now on follow the new shape.
    pub(crate) fn reshape(&self, shape: LaneShape) {
        let mut state = self.state();
        state.shape = shape;
        state.line.change_rate(shape.rate);
        drop(state);
        self.backlog.notify_one();
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Passage {
        let mut state = self.state();
        let flow = Flow(state.entered);
        state.entered += 1;
        let traffic = Traffic::new(state.shape.seed ^ flow.0.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let signals = Arc::clone(&traffic.signals);
        state.flows.insert(flow, traffic);
        drop(state);
        Passage { lane: Arc::clone(self), flow, signals }
    }

    /// Lets bytes depart as their time comes; never returns. Exactly one task of a lane runs this.
    pub(crate) async fn drive(&self) {
        loop {
            let next = self.state().depart_until(self.now() + LOOKAHEAD);
            match next {
                Some(start) => {
                    // Woken early or by the clock: either way the state says what is to be done.
                    let _ = timeout_at(self.epoch + start - LOOKAHEAD, self.backlog.notified()).await;
                }
                None => self.backlog.notified().await,
            }
        }
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passage {
    /// Waits until some bytes may be pushed; says how many.
    async fn room(&self) -> usize {
        loop {
            {
                let state = self.lane.state();
                let room = state.flows.get(&self.flow).map_or(0, |traffic| traffic.room(&state.shape));
                if room > 0 {
                    return room;
                }
            }
            self.signals.room.notified().await;
        }
    }

    fn push(&self, bytes: &[u8]) {
        let now = self.lane.now();
        let mut state = self.lane.state();
        let was_idle = state.line.next_start().is_none();
        if let Some(traffic) = state.flows.get_mut(&self.flow) {
            traffic.wait(bytes);
            state.line.add(self.flow, bytes.len(), now);
        }
        drop(state);
        if was_idle {
            self.lane.backlog.notify_one();
        }
    }

    fn end(&self) {
        if let Some(traffic) = self.lane.state().flows.get_mut(&self.flow) {
            traffic.end();
        }
        self.signals.arrival.notify_one();
    }

    /// Waits for the next bytes to arrive; `None` once everything before the end has.
    async fn next(&self) -> Option<Bytes> {
        loop {
            let front = {
                let state = self.lane.state();
                let traffic = state.flows.get(&self.flow)?;
                if traffic.is_over() {
                    return None;
                }
                traffic.next_arrival()
            };
            let Some(at) = front else {
                self.signals.arrival.notified().await;
                continue;
            };
            sleep_until(self.lane.epoch + at).await;
            let mut state = self.lane.state();
            let bytes = state.flows.get_mut(&self.flow)?.land()?;
            drop(state);
            self.signals.room.notify_one();
            return Some(bytes);
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        state.flows.remove(&self.flow);
        state.line.forget(self.flow);
    }
}

#[derive(Debug)]
struct State {
    shape: LaneShape,
    line: Line,
    flows: BTreeMap<Flow, Traffic>,
    entered: u64,
}

impl State {
    /// Returns when the next quantum starts.
    fn depart_until(&mut self, until: Duration) -> Option<Duration> {
        while let Some(departure) = self.line.depart(until) {
            if let Some(traffic) = self.flows.get_mut(&departure.flow) {
                traffic.launch(departure.bytes, departure.left_at, &self.shape);
            }
        }
        self.line.next_start()
    }
}

/// Departures are computed this much early, so that a timer of one millisecond's grain is not late.
const LOOKAHEAD: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use tokio::{
        io::{DuplexStream, duplex},
        task::JoinSet,
    };

    use super::*;

    fn shape(mbit: u64, delay_ms: u64) -> LaneShape {
        LaneShape {
            rate: NonZeroU64::new(mbit * 1_000_000),
            delay: Duration::from_millis(delay_ms),
            jitter: Duration::ZERO,
            seed: 1,
        }
    }

    /// A lane with its driver, and a way to open connections on it.
    struct Bench {
        lane: Arc<Lane>,
        tasks: JoinSet<()>,
    }

    impl Bench {
        fn new(shape: LaneShape) -> Self {
            let lane = Lane::new(shape);
            let mut tasks = JoinSet::new();
            let driven = Arc::clone(&lane);
            tasks.spawn(async move { driven.drive().await });
            Self { lane, tasks }
        }

        fn connect(&mut self) -> (DuplexStream, DuplexStream) {
            let (sender, from) = duplex(8 * 1_024);
            let (to, receiver) = duplex(8 * 1_024);
            let passage = self.lane.enter();
            self.tasks.spawn(async move {
                let _ = carry(from, to, passage).await;
            });
            (sender, receiver)
        }

        /// Sends `bytes` on a connection of its own; the task gives the time until the last arrived.
        fn transfer(&mut self, bytes: usize) -> tokio::task::JoinHandle<Duration> {
            let (mut sender, mut receiver) = self.connect();
            self.tasks.spawn(async move {
                sender.write_all(&vec![7; bytes]).await.expect("receiver reads");
            });
            let start = Instant::now();
            tokio::spawn(async move {
                let mut received = Vec::new();
                receiver.read_to_end(&mut received).await.expect("sender ends");
                assert_eq!(received.len(), bytes);
                start.elapsed()
            })
        }
    }

    fn assert_near(actual: Duration, expected_ms: u64, slack_ms: u64) {
        let off = actual.abs_diff(Duration::from_millis(expected_ms));
        assert!(off <= Duration::from_millis(slack_ms), "{actual:?} instead of {expected_ms} ms");
    }

    #[tokio::test(start_paused = true)]
    async fn a_megabyte_at_five_megabit_keeps_the_rate() {
        let mut bench = Bench::new(shape(5, 40));
        let took = bench.transfer(1_000_000).await.expect("transfer ends");
        assert_near(took, 1_640, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_of_one_link_share_it_fairly() {
        let mut bench = Bench::new(shape(8, 10));
        let first = bench.transfer(300_000);
        let second = bench.transfer(300_000);
        let small = bench.transfer(30_000);
        // One third of 8 Mbit/s for 30 kB is 90 ms; the two big ones then end together at 630 ms.
        assert_near(small.await.expect("ends"), 100, 8);
        assert_near(first.await.expect("ends"), 640, 8);
        assert_near(second.await.expect("ends"), 640, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_message_takes_the_delay() {
        let mut bench = Bench::new(shape(100, 75));
        assert_near(bench.transfer(100).await.expect("ends"), 75, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn jitter_delays_by_its_bound_at_most_and_repeats_with_the_seed() {
        let mut runs = Vec::new();
        for seed in [1, 1, 2] {
            let jitter = Duration::from_millis(50);
            let mut bench = Bench::new(LaneShape { jitter, seed, ..shape(100, 10) });
            let mut times = Vec::new();
            for _ in 0..8 {
                times.push(bench.transfer(100).await.expect("ends").as_millis());
            }
            assert!(times.iter().all(|ms| (10..=61).contains(ms)), "{times:?}");
            runs.push(times);
        }
        assert_eq!(runs[0], runs[1]);
        assert_ne!(runs[0], runs[2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_gets_no_further_ahead_than_the_bound() {
        let mut bench = Bench::new(shape(1, 0));
        let (mut sender, receiver) = bench.connect();
        let mut written = 0;
        // Two milliseconds of virtual time: nothing to speak of leaves a line of 1 Mbit/s.
        let deadline = Instant::now() + Duration::from_millis(2);
        while let Ok(result) = timeout_at(deadline, sender.write(&[0; 1_024])).await {
            written += result.expect("open");
        }
        assert!((16_384..=64 * 1_024).contains(&written), "{written} bytes taken");
        drop(receiver);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_rate_holds_at_once() {
        let mut bench = Bench::new(shape(1, 0));
        let slow = bench.transfer(1_000_000);
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.lane.reshape(shape(100, 0));
        assert_near(slow.await.expect("ends"), 1_000 + 70, 10);
    }
}
