//! Two real browsers, each behind a router of its own that translates addresses, an introduction server and a relay
//! between them: `cargo xtask nat` prints who meets whom with which servers, and by which way.
//!
//! ```text
//!   left ── router ──┐
//!                    ├── middle: slipstream-signal, coturn
//!  right ── router ──┘
//! ```
//!
//! Each of the five is a network namespace of this machine. No packet leaves it.

use std::process::ExitCode;

mod bed;
mod inside;
mod matrix;
mod middle;
mod seat;

/// What went wrong, in words.
type Fault = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match matrix::run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("slipstream-nat: {fault}");
            ExitCode::FAILURE
        }
    }
}
