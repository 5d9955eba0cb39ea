//! `cargo xtask bench NAME`: a benchmark, run by the crate `slipstream-demo`, optimised.

use std::ffi::OsString;

use crate::{Failure, demo};

/// Which benchmark, and flags for it.
#[derive(clap::Args, Clone, Debug)]
pub struct Bench {
    /// The benchmark's name and flags, passed on to slipstream-demo
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "NAME [FLAGS]")]
    pub arguments: Vec<OsString>,
}

impl Bench {
    /// Builds the extension, makes sure of a browser, and runs the benchmark.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub fn run(&self) -> Result<(), Failure> {
        demo::play("release", "bench", &self.arguments)
    }
}
