//! The long runs of `cargo xtask nightly`, short: that they run at all, and what a few rounds already show.

use slipstream_journeys::{cycles, kills};
use slipstream_stage::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_killed_while_it_stores_has_a_whole_shelf() -> Result<(), Fault> {
    let done = kills(3, 7, |line| println!("{line}")).await?;
    assert_eq!(done.kills, 3);
    assert!(done.bodies > 0, "something was stored before each end: {done:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_connection_outlives_it() -> Result<(), Fault> {
    let done = cycles(5, |line| println!("{line}")).await?;
    assert_eq!(done.memory.len(), 5);
    Ok(())
}
