//! `cargo xtask`: reads the command line and calls the task.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use xtask::{Failure, bench, build, demo, doctor, fuzz, matrix, nat, nightly, package, shots, sim, test};

/// Every task of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Xtask {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Run one benchmark: page, transfer, signal, signal-hostile, signal-restart or signal-scale (flags: `bench page --help`)
    #[command(disable_help_flag = true)]
    Bench(bench::Bench),
    /// Build the unpacked extension in target/extension/
    Build(build::Build),
    /// Run the main job: one slow uplink, two browsers, one download (its own flags: `demo --help`)
    #[command(disable_help_flag = true)]
    Demo(demo::Demo),
    /// Say what this machine has and lacks
    Doctor,
    /// Visit every page of the compatibility matrix in all surroundings, and draw the table
    Matrix(matrix::Matrix),
    /// Let two browsers meet through real address translation, in network namespaces (as root)
    Nat,
    /// Run libFuzzer over all that reads bytes of strangers
    Fuzz(fuzz::Fuzz),
    /// Long runs in real browsers: kills while storing, cycles of meeting and leaving, idling (flags: `nightly --help`)
    #[command(disable_help_flag = true)]
    Nightly(nightly::Nightly),
    /// Build the extension and pack it as a zip in target/package/, the same bytes every time
    Package,
    /// Run many browsers in a virtual world: `sim classroom` (its own flags: `sim --help`)
    #[command(disable_help_flag = true)]
    Sim(sim::Sim),
    /// Write pictures of every page of the extension to target/shots/
    Shots(shots::Shots),
    /// Run every check: format, lints, supply chain, tests, documentation, browser journeys
    Test(test::Test),
}

fn main() -> ExitCode {
    match run(Xtask::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Option<Task>) -> Result<(), Failure> {
    match task {
        None => Xtask::command().print_long_help().map_err(Failure::file("standard output")),
        Some(Task::Bench(bench)) => bench.run(),
        Some(Task::Build(build)) => build.run().map(drop),
        Some(Task::Demo(demo)) => demo.run(),
        Some(Task::Doctor) => doctor::run(),
        Some(Task::Matrix(matrix)) => matrix.run(),
        Some(Task::Nat) => nat::run(),
        Some(Task::Fuzz(fuzz)) => fuzz.run(),
        Some(Task::Nightly(nightly)) => nightly.run(),
        Some(Task::Package) => package::run(),
        Some(Task::Sim(sim)) => sim.run(),
        Some(Task::Shots(shots)) => shots.run(),
        Some(Task::Test(test)) => test.run(),
    }
}
