//! What hostile or broken browsers do to the frames that they send.

use slipstream_wire::{
    codec,
    frame::Frame,
    peer::{Entry, Message},
};

/// Turns a frame into what is sent instead: the same, another, several or none.
pub type Tamper = Box<dyn FnMut(Vec<u8>) -> Vec<Vec<u8>>>;

/// Flips a bit in every chunk of a body.
pub fn wrong_bytes() -> Tamper {
    Box::new(|mut frame| {
        if let Ok(Frame::Chunk { .. }) = Frame::parse(&frame)
            && let Some(last) = frame.last_mut()
        {
            *last ^= 1;
        }
        vec![frame]
    })
}

/// Says that a body is coming, and sends only the first chunk of it.
pub fn stall() -> Tamper {
    Box::new(|frame| match Frame::parse(&frame) {
        Ok(Frame::Chunk { offset, .. }) if offset > 0 => Vec::new(),
        _ => vec![frame],
    })
}

/// Announces other lengths than the bodies have: none, one more, and as many as there can be.
pub fn wrong_lengths() -> Tamper {
    let mut turn = 0_usize;
    control(move |message| {
        if let Message::Begin { length, .. } = message {
            *length = [0, *length + 1, u64::from(u32::MAX), u64::MAX][turn % 4];
            turn += 1;
        }
    })
}

/// Changes what it says about a page's resources.
pub fn entries(mut change: impl FnMut(&mut Vec<Entry>) + 'static) -> Tamper {
    control(move |message| {
        if let Message::Page { entries, .. } = message {
            change(entries);
        }
    })
}

/// Changes control messages; chunks pass as they are.
pub fn control(mut change: impl FnMut(&mut Message) + 'static) -> Tamper {
    Box::new(move |frame| {
        let Ok(Frame::Control(bytes)) = Frame::parse(&frame) else { return vec![frame] };
        let Ok(mut message) = codec::decode::<Message>(bytes, &codec::Limits::PEER) else {
            return vec![frame];
        };
        change(&mut message);
        vec![Frame::Control(&codec::encode(&message)).to_vec()]
    })
}
