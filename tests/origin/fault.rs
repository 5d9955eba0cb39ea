//! Faults: what goes wrong on purpose, by URL.

use crate::glob::Glob;

/// How an answer goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The body breaks off after this many bytes: HTTP/1.1 closes the connection, HTTP/2 resets the stream.
    Cut {
        /// Bytes of body that still go out.
        after: u64,
    },
    /// The headers come at once, the body so much later.
    Slow {
        /// Milliseconds between the two.
        ms: u32,
    },
    /// The headers come, the body never does.
    Stall,
    /// This status with an empty body, instead of the file. From 200 to 599.
    Status(u16),
    /// `Content-Length` says this many bytes; the body stays as it is. On HTTP/1.1 a smaller number truncates it.
    WrongLength {
        /// Bytes promised.
        declared: u64,
    },
}

/// The faults in force. A later one wins over an earlier one that matches as well.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Glob, Fault)>);

impl Faults {
    /// Replaces a fault with the very same pattern. `false`: there are too many already.
    pub(crate) fn set(&mut self, pattern: Glob, fault: Fault) -> bool {
        self.0.retain(|(known, _)| *known != pattern);
        let fits = self.0.len() < FAULTS_MAX;
        if fits {
            self.0.push((pattern, fault));
        }
        fits
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn of(&self, url: &str) -> Option<Fault> {
        self.0.iter().rev().find(|(pattern, _)| pattern.matches(url)).map(|(_, fault)| *fault)
    }
}

/// Patterns: each request looks at all of them.
const FAULTS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_matching_fault_holds() {
        let mut faults = Faults::default();
        faults.set(Glob::new("https://a.com/*"), Fault::Stall);
        faults.set(Glob::new("https://a.com/x.png"), Fault::Status(503));
        assert_eq!(faults.of("https://a.com/y.png"), Some(Fault::Stall));
        assert_eq!(faults.of("https://a.com/x.png"), Some(Fault::Status(503)));
        faults.set(Glob::new("https://a.com/*"), Fault::Cut { after: 3 });
        assert_eq!(faults.of("https://a.com/x.png"), Some(Fault::Cut { after: 3 }));
        faults.clear();
        assert_eq!(faults.of("https://a.com/x.png"), None);
    }

    #[test]
    fn faults_are_bounded() {
        let mut faults = Faults::default();
        assert!((0..FAULTS_MAX).all(|n| faults.set(Glob::new(n.to_string()), Fault::Stall)));
        assert!(!faults.set(Glob::new("one more"), Fault::Stall));
    }
}
