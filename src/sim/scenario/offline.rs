//! The introduction server does not outlive the second minute.

use std::time::Duration;

use crate::world::World;

const GONE: Duration = Duration::from_secs(120);

/// Plans the server's end.
pub(super) fn lose_the_server(world: &mut World) {
    world.at(GONE, World::kill_server);
}
