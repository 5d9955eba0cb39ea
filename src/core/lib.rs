//! The engine: a state machine without I/O, clock or randomness of its own.
//!
//! [`Engine::handle`] takes what happened (a page navigates, bytes came, a peer left, a timer rang) and the time;
//! [`Engine::poll`] gives what is to be done until it gives nothing. The same core runs in the browser, in the
//! simulator and under tests. It never touches a page, a socket or a disk, and it never looks at a clock.
//!
//! ```
//! use slipstream_core::{Engine, fact::Fact, port::Input, settings::Settings, shelf::Snapshot, time::Now};
//!
//! let now = Now { ms: 0, unix: 1_800_000_000 };
//! let mut engine = Engine::new([7; 32], Snapshot::default(), now);
//! engine.handle(Input::Fact(Fact::Settings { settings: Box::new(Settings::default()) }), now);
//! assert!(engine.poll().is_none(), "sharing is off: nobody is contacted");
//! ```

pub mod address;
pub mod benefit;
pub mod body;
pub mod capability;
pub mod capture;
pub mod description;
pub mod eligibility;
mod engine;
pub mod fact;
pub mod freshness;
pub mod group;
pub mod headers;
pub mod inflate;
pub mod ledger;
pub mod limits;
pub mod mime;
pub mod policy;
pub mod port;
pub mod profile;
pub mod record;
pub mod refusal;
pub mod settings;
pub mod shelf;
pub mod sri;
pub mod stats;
pub mod time;

pub use engine::{Engine, LoadReport, PeerReport, Planned};
