//! Every fifth browser does what it can to spoil the others' pages.

use crate::{browser::BrowserId, tamper, world::World};

/// Gives each fifth browser a way to cheat, from the first on: the others learn most from who was there first.
pub(super) fn corrupt_every_fifth(world: &mut World) {
    for (turn, at) in (0..world.browsers.len()).step_by(5).enumerate() {
        let way = match turn % 3 {
            0 => tamper::wrong_bytes(),
            1 => tamper::stall(),
            _ => tamper::wrong_lengths(),
        };
        world.tamper(BrowserId(at), way);
    }
}
