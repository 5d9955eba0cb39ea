//! Pairs that introduce themselves over and over: join, offer, answer, ten candidates, leave.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::Fault;
use crate::dialect::{CANDIDATE, DESCRIPTION, Dialect, End, Signal};
use crate::server::Server;

/// Signals that one round relays.
pub(crate) const RELAYED: u64 = 2 + 2 * CANDIDATES;
/// Candidates of each side: ten in all.
const CANDIDATES: u64 = 5;

/// How hard a server is worked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Pairs at it.
    pub(crate) pairs: usize,
    /// From the beginning of one round of a pair to that of the next, if it is done by then.
    pub(crate) every: Duration,
    /// How long it is counted.
    pub(crate) counted: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Signals that arrived while it was counted.
    pub(crate) relayed: u64,
    /// From the writing of a signal to its arrival, in microseconds.
    pub(crate) latencies: Vec<u32>,
    /// Seconds of its core that the server used while it was counted.
    pub(crate) used: f64,
}

/// Opens all sockets, lets all pairs work, and counts.
///
/// Errors: a pair was refused, dropped or left without its signals.
pub(crate) async fn run(server: &Server, dialect: Dialect, load: Load) -> Result<Outcome, Fault> {
    let mut pairs = Vec::with_capacity(load.pairs);
    for number in 0..load.pairs {
        pairs.push(Pair::open(server.addr(), dialect, number).await?);
    }
    let begin = Instant::now() + WARM_UP;
    let end = begin + load.counted;
    let mut tasks = JoinSet::new();
    for (number, pair) in pairs.into_iter().enumerate() {
        // Spread over one interval, so that they do not march in step.
        let first = load.every.mul_f64(number as f64 / load.pairs as f64);
        tasks.spawn(timeout_at(end + PATIENCE, pair.work(first, load.every, begin, end)));
    }
    sleep_until(begin).await;
    let before = server.used()?;
    sleep_until(end).await;
    let mut all = Outcome { used: server.used()? - before, ..Outcome::default() };
    while let Some(outcome) = tasks.join_next().await {
        let outcome = outcome?.map_err(|_| "a pair waited in vain for its signals")??;
        all.relayed += outcome.relayed;
        all.latencies.extend(outcome.latencies);
    }
    Ok(all)
}

struct Pair {
    dialect: Dialect,
    one: End,
    two: End,
    round: u64,
    frames: Vec<u8>,
}

impl Pair {
    async fn open(server: SocketAddr, dialect: Dialect, number: usize) -> io::Result<Self> {
        let one = dialect.open(server, 2 * number).await?;
        let two = dialect.open(server, 2 * number + 1).await?;
        // Topics of different pairs never meet.
        Ok(Self { dialect, one, two, round: number as u64 * 1_000_000, frames: Vec::new() })
    }

    async fn work(
        mut self,
        first: Duration,
        every: Duration,
        begin: Instant,
        end: Instant,
    ) -> io::Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut next = Instant::now() + first;
        loop {
            sleep_until(next).await;
            if Instant::now() >= end {
                return Ok(outcome);
            }
            // Whoever is late does not catch up: a closed loop finds the most that a server does.
            next = Instant::now() + every;
            self.round += 1;
            let counted = (begin, end);
            self.introduce(counted, &mut outcome).await?;
        }
    }

    async fn introduce(&mut self, counted: (Instant, Instant), outcome: &mut Outcome) -> io::Result<()> {
        let (description, candidate) = (&WORDS[..DESCRIPTION], &WORDS[..CANDIDATE]);
        let (dialect, round) = (self.dialect, self.round);
        let offered = Instant::now();
        dialect.meet(&mut self.one, &mut self.two, round, description).await?;
        let met = if dialect == Dialect::Tracker { offered } else { Instant::now() };

        let Self { one, two, frames, .. } = self;
        let steps = [
            (false, Signal::Offer, 1, description),
            (true, Signal::Answer, 1, description),
            (true, Signal::Candidate, CANDIDATES, candidate),
            (false, Signal::Candidate, CANDIDATES, candidate),
        ];
        for (from_one, what, count, body) in steps {
            let (from, to) = if from_one { (&mut *one, &mut *two) } else { (&mut *two, &mut *one) };
            frames.clear();
            for _ in 0..count {
                dialect.signal((from, to), round, what, body, frames);
            }
            let said = if what == Signal::Offer { met } else { Instant::now() };
            if !frames.is_empty() {
                from.send(frames).await?;
            }
            for _ in 0..count {
                while !dialect.is_signal(to.next().await?) {}
                let arrived = Instant::now();
                if arrived >= counted.0 && arrived < counted.1 {
                    outcome.relayed += 1;
                    let micros = arrived.duration_since(said).as_micros();
                    outcome.latencies.push(u32::try_from(micros).unwrap_or(u32::MAX));
                }
            }
        }
        dialect.part(&mut self.one, &mut self.two, round).await
    }
}

/// What descriptions and candidates are made of.
const WORDS: &str = match std::str::from_utf8(&[b'd'; DESCRIPTION]) {
    Ok(words) => words,
    Err(_) => "",
};
const WARM_UP: Duration = Duration::from_millis(1_500);
/// How long a pair may wait for its last signals.
const PATIENCE: Duration = Duration::from_secs(20);
