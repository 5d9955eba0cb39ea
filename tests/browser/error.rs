//! What can go wrong between a test and its browser.

use std::{error::Error, fmt, io, path::PathBuf, time::Duration};

/// Why a browser, a page or a picture did not do what it was asked.
///
/// The display text names the failure and keeps URLs, scripts and the browser's own output out; those stand in the
/// fields and are printed by the debug view, which is what a failing test shows.
#[derive(Debug)]
#[non_exhaustive]
pub enum BrowserError {
    /// The page's renderer crashed.
    Crashed,
    /// Something did not happen in time. Likely cause: the condition never came true, or a very busy machine.
    Deadline {
        /// What was waited for, in words.
        waited_for: &'static str,
        /// The same in detail: script, method, URL or selector.
        detail: String,
        /// How long.
        after: Duration,
    },
    /// The browser is gone: it crashed, was killed, or closed its connection.
    Ended {
        /// The last lines that it wrote to its standard error.
        stderr: Vec<String>,
    },
    /// A script threw, or its promise was rejected.
    Exception {
        /// The browser's description, as a rule message and stack.
        text: String,
    },
    /// Chromium could not be found or started.
    Missing {
        /// The program that was looked for.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The browser refused to go to the address.
    Navigation {
        /// Where to.
        url: String,
        /// The browser's own name for the failure, such as `net::ERR_CONNECTION_REFUSED`.
        reason: String,
    },
    /// No element matches the selector.
    NoElement {
        /// The CSS selector.
        selector: String,
    },
    /// No open page belongs to the extension; open one with `open_extension_page`.
    NoExtensionPage,
    /// The launch was described in a way that cannot work.
    Setting {
        /// What is wrong with it.
        fault: &'static str,
        /// The value.
        value: String,
    },
    /// A file or directory of the launch could not be used.
    Files {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The picture is not a PNG of the kind that browsers make, or is larger than the limit.
    Picture {
        /// The decoder's or encoder's words.
        reason: String,
    },
    /// The browser refused a command, or its answer has not the expected shape.
    Protocol {
        /// The command.
        method: &'static str,
        /// The browser's words.
        message: String,
    },
    /// The program started but ended, or never listened.
    Start {
        /// What happened.
        fault: String,
        /// The last lines that it wrote to its standard error.
        stderr: Vec<String>,
    },
    /// The page, worker or document that was spoken to went away before it answered.
    TargetGone {
        /// The command that stays without an answer.
        method: &'static str,
    },
}

impl BrowserError {
    /// A deadline within a longer wait, told as what the caller waited for. Other errors stay.
    pub(crate) fn while_waiting_for(self, waited_for: &'static str, after: Duration) -> Self {
        match self {
            Self::Deadline { detail, .. } => Self::Deadline { waited_for, detail, after },
            other => other,
        }
    }
}

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crashed => f.write_str("the page's renderer crashed"),
            Self::Deadline { waited_for, after, .. } => {
                write!(f, "waited {} ms in vain for {waited_for}", after.as_millis())
            }
            Self::Ended { .. } => f.write_str("the browser is gone"),
            Self::Exception { .. } => f.write_str("a script threw"),
            Self::Files { source, .. } => write!(f, "a file of the launch cannot be used: {source}"),
            Self::Missing { source, .. } => write!(
                f,
                "Chromium cannot be started ({source}); install it with `apt-get install chromium`, or name the \
                 program in the environment variable CHROMIUM"
            ),
            Self::Navigation { reason, .. } => write!(f, "the browser did not go there: {reason}"),
            Self::NoElement { .. } => f.write_str("no element matches the selector"),
            Self::NoExtensionPage => f.write_str("no page of the extension is open"),
            Self::Picture { reason } => write!(f, "the picture cannot be read or written: {reason}"),
            Self::Protocol { method, .. } => write!(f, "the browser refused {method}"),
            Self::Setting { fault, .. } => write!(f, "the launch cannot work: {fault}"),
            Self::Start { fault, .. } => write!(f, "the browser did not start: {fault}"),
            Self::TargetGone { method } => write!(f, "the target went away before it answered {method}"),
        }
    }
}

impl Error for BrowserError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Files { source, .. } | Self::Missing { source, .. } => Some(source),
            _ => None,
        }
    }
}
