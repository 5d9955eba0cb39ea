//! `bench signal-restart`: a server is killed under its members and started again. How many call each second, and how
//! long it takes until all are back.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use crate::Fault;
use crate::figures::{Figures, Row};
use crate::member::{Member, News};
use crate::rivals::Rival;
use crate::server::Server;

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Members
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..=9_000))]
    members: u32,
    /// Seconds without a server
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=600))]
    dead: u64,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Members on their tasks, and what they tell; gone when dropped.
pub(crate) struct Members {
    _tasks: JoinSet<()>,
    news: UnboundedReceiver<(usize, Instant, News)>,
    connected: Vec<bool>,
    /// When somebody called.
    calls: Vec<(usize, Instant)>,
}

/// Measures, prints and writes.
///
/// # Errors
/// Not all came back within the longest pause, more called than a server takes, or the file cannot be written.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    let ours = Rival::ours()?;
    let server = Server::start(|addr| ours.guarded(addr)).await?;
    let addr = server.addr();
    let count = options.members as usize;
    let mut members = Members::gather(count, addr);
    members.all_connected(CAP).await?;
    println!("  {count} members are there");
    // Who was there for a while comes back soon; who has just come does not.
    sleep(STABLE).await;
    members.all_connected(CAP).await?;
    drop(server);
    members.all_lost(CAP).await?;
    sleep(Duration::from_secs(options.dead)).await;
    let server = Server::start_at(addr, |addr| ours.guarded(addr)).await?;
    let begin = Instant::now();
    members.all_connected(CAP).await?;
    let took = begin.elapsed();
    let peak = members.most_calls_a_second(begin);
    drop(server);

    let rows = vec![
        Row::alone(format!("until {count} were back"), took.as_secs_f64(), "s"),
        Row::alone("most calls in one second".to_owned(), peak as f64, "1/s"),
        Row::alone("of which a server takes".to_owned(), ARRIVALS as f64, "1/s"),
    ];
    Figures { bench: "signal-restart", rows }.show(options.json.as_deref())?;
    if options.dead >= 10 && peak > ARRIVALS {
        return Err(format!("{peak} called in one second").into());
    }
    Ok(())
}

impl Members {
    /// Starts so many, all at once, in the `LocalSet` that it is called in: engines stay on one thread.
    pub(crate) fn gather(count: usize, server: SocketAddr) -> Self {
        let (tell, news) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for number in 0..count {
            tasks.spawn_local(Member::new(number, server, tell.clone()).live());
        }
        Self { _tasks: tasks, news, connected: vec![false; count], calls: Vec::new() }
    }

    /// Waits until all are connected. Errors: it takes longer.
    pub(crate) async fn all_connected(&mut self, patience: Duration) -> Result<(), Fault> {
        self.wait(true, patience).await
    }

    /// Waits until none is. Errors: it takes longer.
    pub(crate) async fn all_lost(&mut self, patience: Duration) -> Result<(), Fault> {
        self.wait(false, patience).await
    }

    async fn wait(&mut self, connected: bool, patience: Duration) -> Result<(), Fault> {
        let end = Instant::now() + patience;
        loop {
            while let Ok(news) = self.news.try_recv() {
                self.note(news);
            }
            let missing = self.connected.iter().filter(|one| **one != connected).count();
            if missing == 0 {
                return Ok(());
            }
            let news = timeout_at(end, self.news.recv()).await;
            let late = || format!("{missing} of {} did not make it in time", self.connected.len());
            let news = news.map_err(|_| late())?.ok_or("the members have ended")?;
            self.note(news);
        }
    }

    fn note(&mut self, (number, at, news): (usize, Instant, News)) {
        match news {
            News::Calls => self.calls.push((number, at)),
            News::Connected => self.connected[number] = true,
            News::Lost => self.connected[number] = false,
        }
    }

    /// The most calls that fell into any second that begins with one, from a moment on.
    pub(crate) fn most_calls_a_second(&self, from: Instant) -> usize {
        let mut calls: Vec<Instant> = self.calls.iter().map(|(_, at)| *at).filter(|at| *at >= from).collect();
        calls.sort_unstable();
        let until = |begin: Instant| calls.partition_point(|at| *at < begin + Duration::from_secs(1));
        calls.iter().enumerate().map(|(at, begin)| until(*begin) - at).max().unwrap_or(0)
    }
}

/// Longest pause of a member between two calls, and a call (SECURITY.md §5.4).
const CAP: Duration = Duration::from_secs(302);
/// A connection that lasted so long counts as stable (SECURITY.md §5.4), and some to spare.
const STABLE: Duration = Duration::from_secs(65);
/// New connections each second that the server takes as it is set by default.
const ARRIVALS: usize = 500;

#[cfg(test)]
mod tests {
    use slipstream_signal::server::{Server, ServerConfig};
    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn all_come_back_to_a_server_that_was_killed_and_none_calls_twice_a_second() {
        LocalSet::new().run_until(come_back()).await;
    }

    async fn come_back() {
        let server = Server::start(ServerConfig::default()).await.unwrap();
        let addr = server.addr();
        let mut members = Members::gather(200, addr);
        members.all_connected(CAP).await.unwrap();
        server.kill().await;
        members.all_lost(CAP).await.unwrap();
        let server = Server::start(ServerConfig { listen: addr, ..ServerConfig::default() }).await.unwrap();
        members.all_connected(CAP).await.unwrap();
        assert_eq!(server.metrics().connections, 200);
        for number in 0..200 {
            let own: Vec<_> =
                members.calls.iter().filter(|call| call.0 == number).map(|call| call.1).collect();
            let pauses = own.windows(2).map(|two| two[1] - two[0]);
            // The engine's clock counts milliseconds.
            assert!(pauses.min() >= Some(Duration::from_millis(998)), "{number} called twice at once");
        }
        server.kill().await;
    }

    #[tokio::test]
    async fn the_fullest_second_may_begin_anywhere() {
        let begin = Instant::now();
        let mut members = Members::gather(0, ([127, 0, 0, 1], 9).into());
        members.calls = [0, 900, 1_800, 1_850, 5_000].map(|ms| (0, begin + Duration::from_millis(ms))).into();
        assert_eq!(members.most_calls_a_second(begin), 3);
        assert_eq!(members.most_calls_a_second(begin + Duration::from_millis(1_900)), 1);
    }
}
