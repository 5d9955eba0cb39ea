//! The main job, run and drawn: one slow uplink, two browsers, one download. And the benchmarks that need browsers.
//!
//! `cargo xtask demo` calls `slipstream-demo run`, `cargo xtask bench NAME` calls `slipstream-demo bench NAME`; both
//! have built the extension before.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use slipstream_stage::Fault;

mod audit;
mod bench_page;
mod checks;
mod counted;
mod json;
mod link;
mod mishap;
mod play;
mod record;
mod report;
mod run;
mod scenario;
mod statistics;
mod summary;
mod table;
mod transfer;
mod units;

#[derive(Parser)]
#[command(name = "slipstream-demo", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one benchmark
    #[command(subcommand, disable_help_subcommand = true)]
    Bench(Bench),
    /// Run the main job: one slow uplink, two browsers, one download
    #[command(after_help = run::NOTES)]
    Run(run::Options),
}

#[derive(Subcommand)]
enum Bench {
    /// A page that has nothing to serve, with and without the extension
    Page(bench_page::Options),
    /// One body from browser to browser: a bare data channel, Slipstream, `WebTorrent`
    Transfer(transfer::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match obey(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("slipstream-demo: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(command: Command) -> Result<(), Fault> {
    match command {
        Command::Bench(Bench::Page(options)) => bench_page::run(&options).await,
        Command::Bench(Bench::Transfer(options)) => transfer::run(&options).await,
        Command::Run(options) => run::run(&options).await,
    }
}
