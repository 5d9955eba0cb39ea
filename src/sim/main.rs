//! `slipstream-sim SCENARIO --seed N --peers N [--json FILE]`: runs a scenario and tells its figures.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use slipstream_sim::scenario::Scenario;

/// Runs many browsers in a virtual world.
#[derive(Parser)]
#[command(name = "slipstream-sim")]
struct Arguments {
    /// classroom, hostile or offline
    #[arg(value_parser = |name: &str| Scenario::named(name).ok_or("no scenario of this name"))]
    scenario: Scenario,
    /// What everything is made from; the same seed gives the same run
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many browsers
    #[arg(long)]
    peers: Option<usize>,
    /// Write the figures here as JSON, too
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { scenario, seed, peers, json } = Arguments::parse();
    let report = scenario.run(seed, peers.unwrap_or_else(|| scenario.usual_peers()));
    let written = serde_json::to_string_pretty(&report).map_err(|fault| fault.to_string()).and_then(|text| {
        println!("{text}");
        json.map_or(Ok(()), |file| std::fs::write(file, text + "\n").map_err(|fault| fault.to_string()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("slipstream-sim: {fault}");
            ExitCode::FAILURE
        }
    }
}
