//! `cargo xtask nat`: two real browsers behind real address translation, run by the crate `slipstream-nat`.

use crate::{Failure, build::Build, ensure, manifest::Hosts, process, workspace};

/// Builds the extension, makes sure of a browser and of what the network is made of, and plays the matrix. Who is not root
/// is told so, and nothing is wrong.
///
/// # Errors
/// Any [`Failure`]; [`Failure::Command`] where somebody did not meet who should have, or the other way about.
pub fn run() -> Result<(), Failure> {
    ensure::chromium()?;
    ensure::address_translation()?;
    Build { hosts: Hosts::Granted, ..Build::default() }.run()?;
    let mut nat = process::cargo(&workspace::root()?);
    process::run(nat.args(["run", "--locked", "--package", "slipstream-nat"]))
}
