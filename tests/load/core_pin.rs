//! One core for the server, one for the load.

use std::io;

use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the server that is measured.
pub(crate) const SERVER: usize = 0;
/// The core of this program.
pub(crate) const GENERATOR: usize = 1;

/// Keeps this program on a core. It has one thread.
///
/// Errors: the machine has no such core.
pub(crate) fn stay_on(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).map_err(|error| io::Error::new(error.kind(), "two cores are needed"))
}
