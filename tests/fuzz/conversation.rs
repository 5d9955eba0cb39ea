//! A member of the group who has proven itself, and then says anything at all while another visits a page.

use std::{rc::Rc, time::Duration};

use slipstream_sim::{
    World, settings,
    site::{self, Page},
};
use slipstream_wire::frame::Frame;

/// Answers of an engine to one frame.
const MOST_OUTPUTS: usize = 200;
/// Bytes that a visit alone may cost its browser's channels.
const QUIET: u64 = 4_096;

/// The bytes are frames, each behind its length: `kind u8 | length u8 | bytes`. The kinds are a control frame, a chunk
/// of one of the first transfers, and whatever it is.
pub(crate) fn run(mut bytes: &[u8]) {
    let mut frames = Vec::new();
    while let Some((&[kind, length], rest)) = bytes.split_first_chunk::<2>() {
        let (payload, rest) = rest.split_at(rest.len().min(length.into()));
        bytes = rest;
        frames.push(match kind {
            0..100 => Frame::Control(payload).to_vec(),
            100..200 => {
                let (transfer, offset) = (u32::from(kind % 8), u64::from(kind / 8 % 4) * 1_000);
                Frame::Chunk { transfer, offset, bytes: payload }.to_vec()
            }
            200.. => payload.to_vec(),
        });
    }
    survives(&frames);
}

/// The world itself panics where a wrong byte is shown, a resource is never loaded or an engine spins.
fn survives(frames: &[Vec<u8>]) {
    let page: Rc<Page> = site::gallery("https://www.gallery-demo.com", 2);
    let mut world = World::new(7);
    let (liar, visitor) = (world.browser(settings::member()), world.browser(settings::member()));
    world.run_until_peers(&[liar, visitor]);
    world.visit_and_settle(liar, &page);
    let before = world.tally(visitor).sent;
    let visit = world.visit(visitor, &page);
    for frame in frames {
        world.inject(liar, visitor, frame.clone());
        world.run_for(Duration::from_millis(7));
    }
    world.run_for(Duration::from_secs(30));
    assert!(world.visited(visit).load_time().is_some());
    let said: u64 = frames.iter().map(|frame| frame.len() as u64 + 100).sum();
    assert!(world.tally(visitor).sent - before < QUIET + said, "answers are not longer than questions");
    assert!(world.tally(visitor).most_outputs < MOST_OUTPUTS);
}
