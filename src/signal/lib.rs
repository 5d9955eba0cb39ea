//! The introduction server: it pairs browsers and relays their sealed signals.
//!
//! It never sees what browsers exchange: a topic is a blinded bucket, a signal an opaque payload, a peer id a random
//! name for one connection. It writes nothing to disk and puts no address, topic or peer id into a log line. What it
//! does not do has a name, [`refusal::Refusal`], and `/metrics` counts each.
//!
//! Map, inside out: [`router`] decides, as a pure state machine; a hub puts it behind a lock, with a short outbox
//! for each connection; a session keeps one connection to the form and to the clock; [`server`] listens.
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
mod hub;
mod members;
pub mod metrics;
pub mod origin;
mod outbox;
pub mod refusal;
pub mod router;
pub mod server;
mod session;

pub use members::MAX_MEMBERS;
