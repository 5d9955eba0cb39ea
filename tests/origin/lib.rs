//! A real HTTPS origin for tests: public-looking names, HTTP/1.1 and HTTP/2, shaped links, exact counters, faults.
//!
//! It runs inside the test's process on free ports of 127.0.0.1, under certificates made at its start. It never
//! listens elsewhere, writes nothing to disk and reads only the folders of its sites.
//!
//! ```
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! use std::time::Duration;
//! use slipstream_origin::{Link, Origin, OriginConfig, Protocol, Site};
//!
//! let site = Site::builder("https://www.shop-demo.com/")
//!     .host("www.shop-demo.com", Protocol::Http2)
//!     .file("www.shop-demo.com", "/index.html", "<p>hello")
//!     .build()?;
//! let config = OriginConfig::new()
//!     .link("uplink", Link::mbit(5.0, Duration::from_millis(80)))
//!     .site(site, "uplink");
//! let origin = Origin::start(config).await?;
//! // A browser takes origin.resolver_rules() and origin.spki(), and then:
//! assert_eq!(origin.counters().of_type("image/").requests, 0);
//! origin.shutdown().await;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! A link is shaped below TLS, as a stream of bytes: a new connection costs one round trip, its handshake and its
//! requests cost theirs, and all connections of a link take turns on it in each direction. What the counters call
//! handed over has left the server for the line, but for about 64 KiB of a connection at most.

mod answer;
mod body;
mod config;
mod connection;
mod content_type;
mod counters;
mod fault;
mod glob;
mod identity;
mod lane;
mod ledger;
mod line;
mod link;
mod origin;
mod site;
mod site_folder;
mod traffic;

pub use config::{ConfigError, OriginConfig};
pub use counters::{Count, Counters};
pub use fault::Fault;
pub use ledger::Exchange;
pub use link::{Link, Outage};
pub use origin::Origin;
pub use site::{Protocol, Site, SiteBuilder, SiteError, When};
