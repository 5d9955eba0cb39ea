//! The wasm shell around the core: adapters that turn one browser object each into inputs and outputs. It decides
//! nothing. It lives in the extension's offscreen document, off every page, and is driven by `offscreen.js`.

mod channel;
mod database;
mod listener;
mod shell;
mod socket;
mod timer;

pub use shell::Shell;
