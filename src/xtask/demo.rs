//! `cargo xtask demo`: the main job, run by the crate `slipstream-demo` with what it needs built before.

use std::ffi::OsString;

use crate::{Failure, build::Build, ensure, manifest::Hosts, process, workspace};

/// Flags for the demo.
#[derive(clap::Args, Clone, Debug)]
pub struct Demo {
    /// Passed on to slipstream-demo
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FLAGS")]
    pub arguments: Vec<OsString>,
}

impl Demo {
    /// Builds the extension, makes sure of a browser, and runs the demo.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub fn run(&self) -> Result<(), Failure> {
        play("dev", "run", &self.arguments)
    }
}

/// Runs `slipstream-demo COMMAND ARGUMENTS` in the folder of the caller, built with `profile`.
///
/// # Errors
/// Any [`Failure`].
pub(crate) fn play(profile: &str, command: &str, arguments: &[OsString]) -> Result<(), Failure> {
    let root = workspace::root()?;
    let only_asks = arguments.iter().any(|argument| argument == "--help" || argument == "-h");
    if !only_asks {
        ensure::chromium()?;
        Build { hosts: Hosts::Granted, ..Build::default() }.run()?;
    }
    let mut demo = process::cargo(&root);
    demo.args(["run", "--locked", "--profile", profile, "--package", "slipstream-demo", "--", command]);
    // File names among the flags are meant from where the person stands.
    let here = std::env::current_dir().map_err(Failure::file("."))?;
    process::run(demo.args(arguments).current_dir(here))
}
