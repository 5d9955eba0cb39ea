//! A thread that lives in a network namespace: its sockets are opened there, and so are those of what it starts.

use std::fs::File;
use std::future::Future;
use std::os::fd::AsFd as _;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::Fault;

/// Runs something to its end on a thread in the namespace.
pub(crate) fn live<F, T>(
    namespace: File,
    life: impl FnOnce() -> F + Send + 'static,
) -> thread::JoinHandle<Result<T, Fault>>
where
    F: Future<Output = Result<T, Fault>>,
    T: Send + 'static,
{
    thread::spawn(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        // One thread: others of a runtime would be where the first one was.
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(life())
    })
}
