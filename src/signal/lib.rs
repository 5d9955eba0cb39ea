//! The introduction server: it pairs browsers and relays their sealed signals.
//!
//! It never sees what browsers exchange: a topic is a blinded bucket, a signal an opaque payload, a peer id a random
//! name for one connection. It writes nothing to disk and puts no address, topic or peer id into a log line. What it
//! does not do has a name, [`refusal::Refusal`], and `/metrics` counts each.
//!
//! Map, inside out: [`router`] decides who meets whom, and [`conduct`] what a connection may send and for how long,
//! both as pure state machines; a hub puts the router behind a lock, with a short outbox for each connection; a session
//! carries bytes between a socket and these; [`server`] listens; a bus joins several nodes.
//!
//! ```
//! use slipstream_signal::server::{Server, ServerConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = Server::start(ServerConfig::default()).await?;
//! assert_eq!(server.metrics().connections, 0);
//! server.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod address;
pub mod bucket;
mod bus;
pub mod conduct;
mod hub;
pub mod ice;
mod members;
pub mod metrics;
mod names;
pub mod origin;
mod outbox;
pub mod place;
mod pool;
pub mod proxy;
pub mod refusal;
pub mod router;
pub mod server;
mod session;
pub mod tls;

pub use members::{INTRODUCED, MAX_MEMBERS};
