//! `bench signal-hostile`: what attacks do to the relay latency of those who mean well, and to the server's memory.
//!
//! The server is as it is set by default. Each attack is compared with the quiet server just before it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::time::{interval, sleep};

use crate::Fault;
use crate::attack::{Attack, Siege};
use crate::dialect::Dialect;
use crate::exchange::{Crowd, Load, WARM_UP};
use crate::figures::{Figures, Row};
use crate::rivals::Rival;
use crate::server::Server;
use crate::statistics::median;

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Seconds of peace, and seconds of each attack, in turns
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=60))]
    turns: u32,
    /// Pairs of browsers that mean well: a server takes 500 connections in its first second
    #[arg(long, value_name = "N", default_value_t = 240, value_parser = clap::value_parser!(u32).range(1..=240))]
    pairs: u32,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What was seen of one attack.
struct Seen {
    attack: Attack,
    /// 99th percentiles in peace and in the attack that followed it, in ms.
    late: Vec<(f64, f64)>,
    /// Most memory of the server, in MB.
    memory: f64,
}

/// Measures, prints and writes.
///
/// # Errors
/// Those who mean well were refused, dropped or left without signals, or the file cannot be written.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    let ours = Rival::ours()?;
    println!("{} pairs introduce themselves, a second in peace and a second under attack.", options.pairs);
    let mut rows = Vec::new();
    for attack in Attack::ALL {
        rows.extend(measure(&ours, attack, options).await?.rows());
    }
    Figures { bench: "signal-hostile", rows }.show(options.json.as_deref())
}

async fn measure(ours: &Rival, attack: Attack, options: &Options) -> Result<Seen, Fault> {
    let server = Server::start(|addr| ours.guarded(addr)).await?;
    let load = Load { pairs: options.pairs as usize, every: EVERY, counted: SECOND * 2 * options.turns };
    let crowd = Crowd::open(&server, Dialect::Slipstream, load).await?;
    let siege = Siege::gather(attack, server.addr())?;
    let orders = async {
        sleep(WARM_UP).await;
        let mut at_work = interval(SECOND);
        for turn in 0..2 * options.turns {
            at_work.tick().await;
            siege.order(turn % 2 == 1);
        }
    };
    let (outcome, ()) = tokio::join!(crowd.work(&server), orders);
    let outcome = outcome?;
    let memory = server.most_resident()? as f64 / 1e6;
    let late = |turn: u32| {
        let begin = SECOND * turn;
        outcome.p99(begin + CHANGE..begin + SECOND)
    };
    // A machine that had no time for us for a whole second says nothing about the server.
    let late: Vec<_> = (0..options.turns).filter_map(|turn| late(2 * turn).zip(late(2 * turn + 1))).collect();
    if late.is_empty() {
        return Err("nothing was relayed".into());
    }
    let seen = Seen { attack, late, memory };
    println!("  {:<22} {:>7} attempts", attack.name(), siege.attempts());
    Ok(seen)
}

impl Seen {
    fn rows(&self) -> [Row; 3] {
        let name = self.attack.name();
        let middle = |of: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = self.late.iter().map(of).collect();
            median(&values).unwrap_or(f64::NAN)
        };
        [
            Row::alone(format!("99th percentile in peace, {name}"), middle(|(peace, _)| *peace), "ms"),
            Row {
                name: format!("99th percentile under attack, {name}"),
                value: middle(|(_, attacked)| *attacked),
                unit: "ms",
                ratio_to: Some("in peace".to_owned()),
                ratio: Some(middle(|(peace, attacked)| attacked / peace)),
            },
            Row::alone(format!("memory, {name}"), self.memory, "MB"),
        ]
    }
}

/// From one introduction of a pair to its next: a browser may join once a second for as long as it likes.
const EVERY: Duration = Duration::from_millis(1_100);
const SECOND: Duration = Duration::from_secs(1);
/// So much after a change of orders belongs to neither.
const CHANGE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_middle_of_the_turns_and_not_of_the_figures() {
        let late = vec![(1.0, 2.0), (10.0, 10.0), (2.0, 3.0)];
        let [_, attacked, _] = Seen { attack: Attack::Flood, late, memory: 0.0 }.rows();
        assert_eq!((attacked.value, attacked.ratio), (3.0, Some(1.5)));
    }
}
