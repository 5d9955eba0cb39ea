//! A virtual world: many cores, the real router, links with delay, rate, silence and corruption. Seeded.
//!
//! Nothing here is a socket, a disk, a page or a clock. A [`World`] holds browsers, each with a real engine of
//! `slipstream-core` and with a virtual database, service worker and pages; the real router of `slipstream-signal`;
//! a local network; and one uplink to the origin that all share. Of all events that could happen next it takes the
//! earliest, so a day passes in a moment, and the same seed gives the same day.
//!
//! It holds the promises while it runs: bytes that are not the origin's are never shown, every resource of every
//! page is loaded, and nothing spins. A run that breaks one panics, and names the seed that brings it back.
//!
//! ```
//! use slipstream_sim::{World, settings, site};
//!
//! let mut world = World::new(7);
//! let (ann, ben) = (world.browser(settings::member()), world.browser(settings::member()));
//! let page = site::gallery("https://www.gallery-demo.com", 4);
//! world.run_until_peers(&[ann, ben]);
//! let first = world.visit_and_settle(ann, &page);
//! let second = world.visit_and_settle(ben, &page);
//! assert_eq!(world.visited(first).bytes_from(slipstream_sim::Source::Peer), 0);
//! assert!(world.visited(second).bytes_from(slipstream_sim::Source::Peer) > 0);
//! ```

mod browser;
mod database;
mod ether;
mod faults;
mod introducer;
mod link;
mod origin;
mod page;
mod plot;
mod queue;
mod report;
pub mod scenario;
pub mod settings;
mod shareable;
mod shell;
pub mod site;
pub mod tamper;
mod visit;
mod worker;
mod world;

pub use browser::{BrowserId, Tally};
pub use ether::Between;
pub use introducer::Lie;
pub use link::{Lan, Uplink};
pub use page::Source;
pub use report::{Report, Shareable, Times, Totals, Without};
pub use visit::{Visit, VisitId};
pub use world::World;
