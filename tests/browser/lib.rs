//! Drives a real Chromium over the DevTools protocol.
//!
//! Each [`Chromium`] is a process group of its own with a profile of its own, told what to do over one WebSocket. A
//! [`Page`] is a tab: it goes to addresses and says how long that took, evaluates scripts, keeps its console's
//! complaints, takes real clicks and keys, and gives a [`Picture`] of itself. The parts of an extension that have no
//! page, service worker and offscreen document, can be reached too.
//!
//! Nothing waits without a deadline, and a deadline that passes says what was waited for. The crate knows neither
//! Slipstream nor its test origin, downloads nothing, and never enables the Network domain, because that changes the
//! timing of pages (fact B102). A browser is killed when its owner is dropped; if the test's own process is killed,
//! its browsers stay.
//!
//! ```no_run
//! # async fn example() -> Result<(), slipstream_browser::BrowserError> {
//! use std::time::Duration;
//! use slipstream_browser::{Chromium, Launch};
//!
//! let deadline = Duration::from_secs(20);
//! let chromium = Chromium::launch(Launch::new().extension("extension")).await?;
//! let page = chromium.new_page().await?;
//! let load = page.goto("https://www.shop-demo.com/", deadline).await?;
//! page.wait_for("document.images.length > 3", deadline).await?;
//! println!("loaded in {} ms, title {}", load.load_ms, page.evaluate("document.title").await?);
//! chromium.close().await?;
//! # Ok(())
//! # }
//! ```

mod chromium;
mod connection;
mod console;
mod error;
mod evaluate;
mod extension;
mod input;
mod launch;
mod load;
mod memory;
mod page;
mod picture;
mod process;
mod screenshot;

pub use chromium::{Chromium, Target};
pub use console::{ConsoleEntry, ConsoleLevel};
pub use error::BrowserError;
pub use launch::Launch;
pub use load::Load;
pub use memory::Memory;
pub use page::{ColorScheme, Page};
pub use picture::{Picture, PictureDiff};
