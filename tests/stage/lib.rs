//! Origin, introduction server and browsers together: what demo, benchmarks and journeys play on.
//!
//! Everything on it is real: a TLS origin under public-looking names behind a shaped link, the introduction server,
//! Chromium browsers with the built extension. Settings are set as users set them, through the settings object.

mod scene;
mod seat;
mod visit;

pub use scene::{Fault, Scene, SceneBuilder, built_extension, site_dir};
pub use seat::{Seat, Stored};
pub use slipstream_browser::{ConsoleEntry, ConsoleLevel, Load, Memory, Page, Picture};
pub use slipstream_origin::{
    Count, Counters, Exchange, Link, Origin, OriginConfig, Outage, Protocol, Site, SiteBuilder,
};
pub use visit::{Resource, Served, Visit};
