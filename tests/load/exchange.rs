//! Pairs that introduce themselves over and over: join, offer, answer, ten candidates, leave.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::Fault;
use crate::dialect::{CANDIDATE, DESCRIPTION, Dialect, End, Signal};
use crate::server::Server;
use crate::statistics::per_mille;

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
    /// What arrived while it was counted.
    pub(crate) arrivals: Vec<Arrival>,
    /// Seconds of its core that the server used while it was counted.
    pub(crate) used: f64,
}

/// One signal that arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// Since the counting began.
    pub(crate) at: Duration,
    /// From its writing to its arrival, in microseconds.
    pub(crate) late: u32,
}

/// Opens all sockets, lets all pairs work, and counts.
///
/// Errors: a pair was refused, dropped or left without its signals.
pub(crate) async fn run(server: &Server, dialect: Dialect, load: Load) -> Result<Outcome, Fault> {
    Crowd::open(server, dialect, load).await?.work(server).await
}

impl Outcome {
    /// Signals that were relayed.
    pub(crate) const fn relayed(&self) -> f64 {
        self.arrivals.len() as f64
    }

    /// The 99th percentile of those that arrived in a span, in ms. Nothing when none did.
    pub(crate) fn p99(&self, span: std::ops::Range<Duration>) -> Option<f64> {
        let there = self.arrivals.iter().filter(|arrival| span.contains(&arrival.at));
        let mut late: Vec<u32> = there.map(|arrival| arrival.late).collect();
        per_mille(&mut late, 990).map(|micros| f64::from(micros) / 1_000.0)
    }
}

/// Pairs with open sockets.
#[derive(Debug)]
pub(crate) struct Crowd {
    pairs: Vec<Pair>,
    load: Load,
}

impl Crowd {
    /// Opens all sockets. Errors: a pair was refused.
    pub(crate) async fn open(server: &Server, dialect: Dialect, load: Load) -> Result<Self, Fault> {
        let mut pairs = Vec::with_capacity(load.pairs);
        for number in 0..load.pairs {
            pairs.push(Pair::open(server.addr(), dialect, number).await?);
        }
        Ok(Self { pairs, load })
    }

    /// Lets all pairs work, and counts. Errors: a pair was dropped or left without its signals.
    pub(crate) async fn work(self, server: &Server) -> Result<Outcome, Fault> {
        let Load { every, counted, .. } = self.load;
        let begin = Instant::now() + WARM_UP;
        let end = begin + counted;
        let (mut tasks, count) = (JoinSet::new(), self.pairs.len());
        for (number, pair) in self.pairs.into_iter().enumerate() {
            // Spread over one interval, so that they do not march in step.
            let first = every.mul_f64(number as f64 / count as f64);
            tasks.spawn(timeout_at(end + PATIENCE, pair.work(first, every, begin, end)));
        }
        sleep_until(begin).await;
        let before = server.used()?;
        sleep_until(end).await;
        let mut all = Outcome { used: server.used()? - before, ..Outcome::default() };
        while let Some(outcome) = tasks.join_next().await {
            let outcome = outcome?.map_err(|_| "a pair waited in vain for its signals")??;
            all.arrivals.extend(outcome.arrivals);
        }
        Ok(all)
    }
}

#[derive(Debug)]
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
                    let micros = arrived.duration_since(said).as_micros();
                    let late = u32::try_from(micros).unwrap_or(u32::MAX);
                    outcome.arrivals.push(Arrival { at: arrived - counted.0, late });
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
/// From the first introduction to the beginning of the counting.
pub(crate) const WARM_UP: Duration = Duration::from_millis(1_500);
/// How long a pair may wait for its last signals.
const PATIENCE: Duration = Duration::from_secs(20);
