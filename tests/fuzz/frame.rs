//! Frames of a data channel.

use slipstream_wire::frame::{Frame, HEADER, MAX_FRAME};

/// What is a frame is written as the very bytes that it was read from.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(frame) = Frame::parse(bytes) else { return };
    assert!((HEADER + 1..=MAX_FRAME).contains(&bytes.len()));
    assert_eq!(frame.to_vec(), bytes);
}
