//! Benchmarks of the introduction server: `cargo xtask bench signal`, `signal-hostile`, `signal-restart` and
//! `signal-scale`.
//!
//! The server runs on one core and this program on another. Nothing here is a WebSocket library: a load generator that
//! costs as much as the server measures itself.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::task::LocalSet;

mod attack;
mod core_pin;
mod dialect;
mod exchange;
mod figures;
mod hostile;
mod idle;
mod member;
mod restart;
mod rivals;
mod scale;
mod server;
mod signal;
mod socket;
mod statistics;

/// What went wrong, in words.
type Fault = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(name = "slipstream-load", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// slipstream-signal, bittorrent-tracker and matchbox_server at the same work, in turns
    Signal(signal::Options),
    /// What hostile clients do to the others' relay latency at slipstream-signal
    SignalHostile(hostile::Options),
    /// slipstream-signal killed and started again under its members
    SignalRestart(restart::Options),
    /// slipstream-signal with more and more connections, and more and more members in one topic
    SignalScale(scale::Options),
}

fn main() -> ExitCode {
    match obey(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("slipstream-load: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn obey(command: Bench) -> Result<(), Fault> {
    core_pin::stay_on(core_pin::GENERATOR)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match command {
        Bench::Signal(options) => runtime.block_on(signal::run(&options)),
        Bench::SignalHostile(options) => runtime.block_on(hostile::run(&options)),
        Bench::SignalRestart(options) => LocalSet::new().block_on(&runtime, restart::run(&options)),
        Bench::SignalScale(options) => runtime.block_on(scale::run(&options)),
    }
}
