//! Every task of the project as one command, one file per task.
//!
//! `main.rs` reads the command line and calls one of them. What a task needs and the machine lacks is
//! installed by [`ensure`] where the system's package manager can do that, and otherwise named with the
//! exact command. A task prints what it calls, shows the output of what it calls, and its [`Failure`] says
//! what to do.
//!
//! It is a library as well, so that the house tests look at the very manifest that is built.
//!
//! ```
//! let version = xtask::workspace::VERSION;
//! assert_eq!(version.split('.').count(), 3);
//! ```

pub mod bench;
pub mod build;
pub mod demo;
pub mod doctor;
pub mod ensure;
mod failure;
pub mod fuzz;
pub mod manifest;
pub mod matrix;
pub mod nat;
pub mod nightly;
pub mod package;
pub mod process;
pub mod reach;
pub mod shots;
pub mod sim;
pub mod test;
pub mod tree;
pub mod wasm;
pub mod workspace;

pub use failure::Failure;
