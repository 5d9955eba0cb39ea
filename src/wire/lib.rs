//! Messages between browsers, and between a browser and the introduction server.
//!
//! This crate holds shapes and the bounded codec that reads and writes them. It opens no connection, keeps no
//! state and knows no clock. [`codec::decode`] refuses by size, depth and count before anything is allocated, so a
//! hostile sender costs a scan of what it sent and nothing more.

pub mod codec;
pub mod frame;
pub mod id;
pub mod peer;
pub mod server;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod samples;

/// Version of both vocabularies. It stands in the first message of each side.
pub const VERSION: u16 = 1;
