//! The origin as a client meets it: over TCP, TLS and HTTP.

mod client;
mod faults;
mod serving;
mod shaping;
