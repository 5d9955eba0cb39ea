//! `cargo xtask bench NAME`: a benchmark, optimised, run by the crate `slipstream-demo` if it needs browsers and by
//! `slipstream-load` if it needs none.

use std::ffi::OsString;

use crate::{Failure, demo, ensure, process, workspace};

/// Which benchmark, and flags for it.
#[derive(clap::Args, Clone, Debug)]
pub struct Bench {
    /// The benchmark's name (page, transfer, signal, signal-hostile, signal-restart, signal-scale) and flags for it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "NAME [FLAGS]")]
    pub arguments: Vec<OsString>,
}

impl Bench {
    /// Builds what the benchmark needs and runs it.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub fn run(&self) -> Result<(), Failure> {
        if self.arguments.first().is_some_and(|name| LOADS.iter().any(|load| name == load)) {
            load(&self.arguments)
        } else if self.arguments.first().is_some_and(|name| name == "transfer") {
            let rival = ensure::webtorrent(&workspace::root()?)?;
            let flags = [OsString::from("--webtorrent"), rival.into()];
            demo::play("release", "bench", &[self.arguments.clone(), flags.into()].concat())
        } else {
            demo::play("release", "bench", &self.arguments)
        }
    }
}

/// Benchmarks of `slipstream-load`.
const LOADS: [&str; 4] = ["signal", "signal-hostile", "signal-restart", "signal-scale"];

fn load(arguments: &[OsString]) -> Result<(), Failure> {
    let root = workspace::root()?;
    // Both in one go: the one starts the other from beside itself.
    let packages = ["--package", "slipstream-signal", "--package", "slipstream-load"];
    process::run(process::cargo(&root).args(["build", "--locked", "--release"]).args(packages))?;
    let mut load = process::cargo(&root);
    load.args(["run", "--locked", "--release", "--package", "slipstream-load", "--"]);
    // File names among the flags are meant from where the person stands.
    let here = std::env::current_dir().map_err(Failure::file("."))?;
    process::run(load.args(arguments).current_dir(here))
}
