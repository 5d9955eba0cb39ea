//! `cargo xtask nightly`: the long runs in real browsers, run by `slipstream-nightly` of the journeys' crate.

use std::ffi::OsString;

use crate::{Failure, build::Build, ensure, manifest::Hosts, process, workspace};

/// Which run, and flags for it.
#[derive(clap::Args, Clone, Debug)]
pub struct Nightly {
    /// Passed on to slipstream-nightly
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "RUN AND FLAGS")]
    pub arguments: Vec<OsString>,
}

impl Nightly {
    /// Builds the extension as it ships, makes sure of a browser, and runs.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub fn run(&self) -> Result<(), Failure> {
        let root = workspace::root()?;
        let only_asks = self.arguments.iter().any(|argument| argument == "--help" || argument == "-h");
        if !only_asks {
            ensure::chromium()?;
            Build { hosts: Hosts::Granted, ..Build::default() }.run()?;
        }
        let mut nightly = process::cargo(&root);
        nightly.args([
            "run",
            "--locked",
            "--package",
            "slipstream-journeys",
            "--bin",
            "slipstream-nightly",
            "--",
        ]);
        process::run(nightly.args(&self.arguments))
    }
}
