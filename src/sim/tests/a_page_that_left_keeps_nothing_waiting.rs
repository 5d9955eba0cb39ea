//! F3, F18: what a page wanted ends with it.

use std::time::Duration;

use slipstream_core::port::{Input, PageId};
use slipstream_sim::{World, settings};

use crate::pair::gallery;

#[test]
fn whenever_it_leaves() {
    let page = gallery();
    for ms in (0..3_000).step_by(50) {
        let mut world = World::new(ms);
        let ann = world.browser(settings::alone());
        world.visit(ann, &page);
        world.run_for(Duration::from_millis(ms));
        // The first page of this browser's life.
        world.happen(ann, Input::PageClosed { page: PageId(1) });
        world.run_for(Duration::from_secs(30));
        assert_eq!(world.stats(ann).harvest.pending, 0, "closed after {ms} ms");
    }
}
