//! Where things lie: the root of the project, cargo's target folder, the folders that we write to.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// The version of the whole project, as the workspace's `Cargo.toml` has it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The lowest compiler the project is written for, `major.minor`.
pub const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// The root of the checkout: the nearest folder upwards that has this very crate in it.
///
/// Found at run time, not compiled in: a target folder that is shared or moved must not point
/// to another checkout.
///
/// # Errors
/// [`Failure::Content`] when called outside of the project.
pub fn root() -> Result<PathBuf, Failure> {
    let here = env::current_dir().map_err(Failure::file("."))?;
    let found = here.ancestors().find(|folder| folder.join("src/xtask/Cargo.toml").is_file());
    match found {
        Some(folder) => Ok(folder.to_owned()),
        None => Err(Failure::content(here.clone(), "not inside a checkout of the project")),
    }
}

/// Cargo's target folder for the checkout at `root`.
#[must_use]
pub fn target(root: &Path) -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root.join(folder),
        None => root.join("target"),
    }
}

/// Where the project's own tools are installed that no package manager has.
#[must_use]
pub fn tools(root: &Path) -> PathBuf {
    target(root).join("tools")
}
