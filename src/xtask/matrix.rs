//! `cargo xtask matrix`: every page of the compatibility matrix in all surroundings, as a table and as a page.

use crate::{
    Failure,
    build::Build,
    ensure,
    manifest::Hosts,
    process::{self, cargo},
    workspace,
};

/// What to visit.
#[derive(clap::Args, Clone, Debug)]
pub struct Matrix {
    /// Only the group of this name, or pages whose names contain this
    #[arg(default_value = "")]
    pub filter: String,
}

impl Matrix {
    /// Builds the extension, visits the pages, and writes `target/matrix/index.html`.
    ///
    /// # Errors
    /// Any [`Failure`]; a page that differs from the one without the extension is one.
    pub fn run(&self) -> Result<(), Failure> {
        ensure::chromium()?;
        Build { hosts: Hosts::Granted, dev: true, ..Build::default() }.run()?;
        let root = workspace::root()?;
        let file = workspace::target(&root).join("matrix/index.html");
        let mut matrix = cargo(&root);
        matrix.args(["run", "--locked", "--quiet", "--package", "slipstream-journeys"]);
        process::run(matrix.args(["--bin", "slipstream-matrix", "--"]).arg(file).arg(&self.filter))
    }
}
