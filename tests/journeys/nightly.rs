//! The long runs in real browsers, which no ordinary test has the time for. Called by `cargo xtask nightly`.

use clap::{Parser, ValueEnum};
use slipstream_journeys::{cycles, idle, kills};
use slipstream_stage::Fault;

/// Long runs in real browsers.
#[derive(Parser)]
#[command(name = "slipstream-nightly")]
struct Options {
    /// Only this run
    #[arg(value_enum)]
    run: Option<Run>,
    /// Browsers killed while they store bodies
    #[arg(long, default_value_t = 50)]
    kills: usize,
    /// Cycles of meeting, taking bodies and leaving
    #[arg(long, default_value_t = 200)]
    cycles: usize,
    /// Decides over the moments of the kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Run {
    Kills,
    Cycles,
    Idle,
}

/// From which cycle on memory must not grow: by then all that is made once has been made.
const WARM: usize = 20;
/// And by how much it may differ.
const GROWTH: f64 = 0.1;

/// Most of one core that an extension with nothing to do may take.
const IDLE_CPU: f64 = 0.002;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let options = Options::parse();
    let wanted = |run| options.run.is_none_or(|only| only == run);
    let say = |line: &str| println!("{line}");
    if wanted(Run::Kills) {
        let done = kills(options.kills, options.seed, say).await?;
        println!(
            "kills: {done:?}: every shelf opened, and all that points at a body points at the right one"
        );
    }
    if wanted(Run::Cycles) {
        let done = cycles(options.cycles, say).await?;
        match done.growth_since(WARM) {
            Some(growth) if growth > GROWTH => {
                return Err(format!("memory grew by {:.1} % since cycle {WARM}", growth * 100.0).into());
            }
            Some(growth) => println!("cycles: memory grew by {:.1} % since cycle {WARM}", growth * 100.0),
            None => println!("cycles: fewer than {WARM}, so nothing is said of memory"),
        }
    }
    if wanted(Run::Idle) {
        let [ours, nothing] = idle().await?;
        println!(
            "idle: {:.3} % of a core and {:.1} MiB, an empty extension {:.3} % and {:.1} MiB",
            ours.cpu * 100.0,
            ours.memory,
            nothing.cpu * 100.0,
            nothing.memory
        );
        if ours.cpu >= IDLE_CPU {
            return Err(format!("{} of a core with nothing to do", ours.cpu).into());
        }
    }
    Ok(())
}
