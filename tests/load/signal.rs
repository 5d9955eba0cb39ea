//! `bench signal`: who relays how much on one core, how late, and what an idle connection costs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::Fault;
use crate::dialect::Dialect;
use crate::exchange::{self, Load, RELAYED};
use crate::figures::{Figures, Row};
use crate::idle;
use crate::rivals::Rival;
use crate::server::Server;
use crate::statistics::{extent, median};

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Measurements of each server, in turns
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// Pairs of browsers
    #[arg(long, value_name = "N", default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=9_000))]
    pairs: u32,
    /// Seconds that are counted
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=8))]
    seconds: u64,
    /// Idle connections
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=19_000))]
    idle: u32,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What was seen of one server.
struct Seen {
    rival: Rival,
    relayed: Vec<f64>,
    /// Signals for each second of its core that it used: what it could do if nothing else held it up.
    per_core: Vec<f64>,
    /// 99th percentile at half of the most, in ms.
    late: Vec<f64>,
    idle: Vec<f64>,
}

/// Measures in turns, prints and writes.
///
/// # Errors
/// A server did not do its work, or the file cannot be written.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    let rivals = Rival::all()?;
    let mut seen: Vec<Seen> = rivals
        .into_iter()
        .map(|rival| Seen {
            rival,
            relayed: Vec::new(),
            per_core: Vec::new(),
            late: Vec::new(),
            idle: Vec::new(),
        })
        .collect();
    println!(
        "{} pairs introduce themselves: join, offer, answer, ten candidates, leave. One core each for server and load.",
        options.pairs
    );
    for turn in 1..=options.runs {
        for one in &mut seen {
            one.measure(options).await?;
            let last = |values: &[f64]| values.last().copied().unwrap_or(f64::NAN);
            println!(
                "  {turn} of {}  {:<31} {:>8.0} relayed/s {:>8.0} per core second   p99 {:>8.2} ms   {:>7.0} B idle",
                options.runs,
                one.rival.name,
                last(&one.relayed),
                last(&one.per_core),
                last(&one.late),
                last(&one.idle)
            );
        }
    }
    let figures = Figures { bench: "signal", rows: rows(&seen) };
    figures.show(options.json.as_deref())
}

impl Seen {
    async fn measure(&mut self, options: &Options) -> Result<(), Fault> {
        let dialect = self.rival.dialect;
        let counted = Duration::from_secs(options.seconds);
        let server = Server::start(|addr| self.rival.command(addr)).await?;
        let most = Load { pairs: options.pairs as usize, every: FASTEST, counted };
        let outcome = exchange::run(&server, dialect, most).await?;
        let relayed = outcome.relayed() / counted.as_secs_f64();
        self.relayed.push(relayed);
        self.per_core.push(outcome.relayed() / outcome.used);
        drop(server);

        let server = Server::start(|addr| self.rival.command(addr)).await?;
        let every = Duration::from_secs_f64(most.pairs as f64 * RELAYED as f64 / (relayed / 2.0));
        let half = Load { every: every.max(FASTEST), ..most };
        let outcome = exchange::run(&server, dialect, half).await?;
        self.late.push(outcome.p99(Duration::ZERO..counted).ok_or("nothing was relayed at half load")?);
        drop(server);

        let server = Server::start(|addr| self.rival.command(addr)).await?;
        self.idle.push(idle::bytes_each(&server, dialect, options.idle as usize).await?);
        Ok(())
    }
}

fn rows(seen: &[Seen]) -> Vec<Row> {
    let Some((ours, others)) = seen.split_first() else { return Vec::new() };
    let mut rows = Vec::new();
    for one in seen {
        let name = one.rival.name;
        for (what, of) in KINDS {
            // Ours is compared with the best of those that did the same work.
            let same = others.iter().filter(|one| one.rival.dialect != Dialect::MatchboxStaying);
            let best = same.max_by(|a, b| middle(of(a)).total_cmp(&middle(of(b))));
            let best = best.filter(|_| one.is(ours));
            rows.push(Row {
                name: format!("{what}, {name}"),
                value: middle(of(one)).round(),
                unit: "1/s",
                ratio_to: best.map(|best| best.rival.name.to_owned()),
                ratio: best.map(|best| middle(of(one)) / middle(of(best))),
            });
            if let Some((low, high)) = extent(of(one)) {
                rows.push(Row::alone(format!("{what}, {name}, least"), low.round(), "1/s"));
                rows.push(Row::alone(format!("{what}, {name}, most"), high.round(), "1/s"));
            }
        }
        rows.push(Row::alone(format!("99th percentile at half load, {name}"), middle(&one.late), "ms"));
        rows.push(Row::alone(format!("idle connection, {name}"), middle(&one.idle).round(), "B"));
    }
    rows
}

/// Figures of one kind.
type Of = fn(&Seen) -> &[f64];
/// What is compared. On a machine that does something else as well, the second one is the sturdier.
const KINDS: [(&str, Of); 2] =
    [("messages per second", |seen| &seen.relayed), ("messages per core second", |seen| &seen.per_core)];

impl Seen {
    fn is(&self, other: &Self) -> bool {
        self.rival.dialect == other.rival.dialect
    }
}

fn middle(values: &[f64]) -> f64 {
    median(values).unwrap_or(f64::NAN)
}

/// No pair begins more often: a connection of ours may join and send only so much (SECURITY.md §5.1), and the burst that
/// is forgiven covers the seconds that are counted.
const FASTEST: Duration = Duration::from_millis(450);
