//! `slipstream-sim SCENARIO --seed N --peers N [--json FILE] [--svg FILE]`: runs a scenario and tells its figures.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use slipstream_sim::scenario::Scenario;

/// Runs many browsers in a virtual world.
#[derive(Parser)]
#[command(name = "slipstream-sim")]
struct Arguments {
    /// classroom, campus, crowd, hostile or offline
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
    /// Draw where the bytes came from, over time, into this file
    #[arg(long)]
    svg: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { scenario, seed, peers, json, svg } = Arguments::parse();
    let report = scenario.run(seed, peers.unwrap_or_else(|| scenario.usual_peers()));
    print!("{}", report.summary());
    let mut files = Vec::new();
    if let Some(file) = json {
        let text = serde_json::to_string_pretty(&report).map_err(std::io::Error::other);
        files.push((file, text.map(|text| text + "\n")));
    }
    if let Some(file) = svg {
        files.push((file, Ok(report.to_svg())));
    }
    for (file, text) in files {
        if let Err(fault) = text.and_then(|text| std::fs::write(&file, text)) {
            eprintln!("slipstream-sim: {}: {fault}", file.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
