//! Candidate lines of the own browser.

use slipstream_core::description::Candidate;
use slipstream_wire::codec::{self, Limits};

/// What is a candidate is written as one plain line, and travels as it is.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(candidate) = Candidate::parse(text) else { return };
    let line = candidate.to_line();
    assert!(line.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{line}");
    assert_eq!(Candidate::parse(&line).as_ref(), Ok(&candidate));
    assert_eq!(codec::decode(&codec::encode(&candidate), &Limits::SERVER), Ok(candidate));
}
