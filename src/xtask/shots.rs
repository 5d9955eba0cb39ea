//! `cargo xtask shots`: pictures of every page of the extension, in every state.

use crate::{
    Failure,
    build::Build,
    ensure,
    manifest::Hosts,
    process::{self, cargo},
    workspace,
};

/// What to show.
#[derive(clap::Args, Clone, Debug)]
pub struct Shots {
    /// A language of manifest/_locales
    #[arg(long, default_value = "en")]
    pub language: String,
    /// Only pages and states whose names, such as popup-busy, contain this
    #[arg(default_value = "")]
    pub filter: String,
}

impl Shots {
    /// Builds the extension and writes the pictures to `target/shots/LANGUAGE/`.
    ///
    /// # Errors
    /// Any [`Failure`].
    pub fn run(&self) -> Result<(), Failure> {
        ensure::chromium()?;
        Build { hosts: Hosts::Granted, dev: true, ..Build::default() }.run()?;
        let root = workspace::root()?;
        let folder = workspace::target(&root).join("shots").join(&self.language);
        let mut shots = cargo(&root);
        shots.args([
            "run",
            "--locked",
            "--quiet",
            "--package",
            "slipstream-journeys",
            "--bin",
            "slipstream-shots",
            "--",
        ]);
        process::run(shots.arg(folder).args([&self.language, &self.filter]))
    }
}
