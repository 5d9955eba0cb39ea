//! The fuzzer: libFuzzer around the one target that `SLIPSTREAM_FUZZ` names. Without it, the names are printed.
//!
//! One program for all targets, because linking it is what takes its time.
#![no_main]

use std::{env, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use slipstream_fuzz::{TARGETS, Target};

static TARGET: OnceLock<&Target> = OnceLock::new();

fn choose() {
    let name = env::var("SLIPSTREAM_FUZZ").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        for target in &TARGETS {
            println!("{} {}", target.name, target.longest);
        }
        process::exit(0);
    };
    // It is set once, before the first input.
    let _ = TARGET.set(target);
}

fuzz_target!(init: choose(), |data: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.run)(data);
    }
});
