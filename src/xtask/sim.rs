//! `cargo xtask sim SCENARIO`: many browsers in a virtual world, run by `slipstream-sim`, optimised.

use std::ffi::OsString;

use crate::{Failure, process, workspace};

/// Which scenario, and flags for it.
#[derive(clap::Args, Clone, Debug)]
pub struct Sim {
    /// The scenario's name and flags, passed on to slipstream-sim
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "SCENARIO [FLAGS]"
    )]
    pub arguments: Vec<OsString>,
}

impl Sim {
    /// Builds the simulator and runs the scenario.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub fn run(&self) -> Result<(), Failure> {
        let mut sim = process::cargo(&workspace::root()?);
        sim.args(["run", "--locked", "--release", "--package", "slipstream-sim", "--"]).args(&self.arguments);
        // File names among the flags are meant from where the person stands.
        let here = std::env::current_dir().map_err(Failure::file("."))?;
        process::run(sim.current_dir(here))
    }
}
