//! Whatever goes wrong between two members, the page of the second one is whole, and the numbers say what it was.

use std::{pin::pin, time::Duration};

use serde_json::Value;
use slipstream_journeys::{album, differences};
use slipstream_stage::{Fault, Link, Scene, Visit};

async fn scene() -> Result<(Scene, Visit), Fault> {
    let scene = Scene::of(album()?).link(Link::mbit(40.0, Duration::from_millis(80))).build().await?;
    let control = scene.plain().await?;
    let plain = control.visit(&scene).await?;
    control.close().await?;
    Ok((scene, plain))
}

fn refusals(counts: &Value, name: &str) -> u64 {
    counts["refusals"][name].as_u64().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_dies_while_it_sends_leaves_the_page_to_the_origin() -> Result<(), Fault> {
    let (scene, plain) = scene().await?;
    let a = scene.member().await?;
    a.visit(&scene).await?;
    let b = scene.member().await?;
    b.wait_for_peers(1).await?;

    let mut visiting = pin!(b.visit(&scene));
    let sending = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.all.uploaded > 0)";
    let sends = async { a.desk()?.wait_for(sending, Duration::from_secs(20)).await.map_err(Fault::from) };
    tokio::select! {
        visit = &mut visiting => drop(visit.map(|visit| panic!("A was never asked: {:?}", visit.tab))?),
        sends = sends => sends?,
    }
    tokio::task::block_in_place(|| a.kill());
    let near = visiting.await?;

    assert_eq!(differences(&plain, &near), Vec::<String>::new());
    assert!(near.images().body_bytes > 0, "A died too late: {:?}", near.tab);
    assert!(refusals(&near.tab["counts"], "peer_late") > 0, "{}", near.tab);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_after_the_introduction_is_not_missed() -> Result<(), Fault> {
    let (scene, plain) = scene().await?;
    let a = scene.member().await?;
    a.visit(&scene).await?;
    let b = scene.member().await?;
    b.wait_for_peers(1).await?;
    scene.kill_server().await;
    let gone = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.server !== 'connected')";
    b.desk()?.wait_for(gone, Duration::from_secs(20)).await?;

    let near = b.visit(&scene).await?;
    assert_eq!(differences(&plain, &near), Vec::<String>::new());
    assert!(near.served.peer * 10 >= plain.images().body_bytes * 9, "{}", near.tab);
    let server = &b.stats().await?["server"];
    assert!(server == "waiting" || server == "connecting", "{server}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shelf_that_was_altered_behind_its_back_gives_nothing_away() -> Result<(), Fault> {
    let (scene, plain) = scene().await?;
    let profile = tempfile::tempdir()?;
    let a = scene.member_on(profile.path()).await?;
    a.visit(&scene).await?;
    // Started anew, so that nothing is left in its memory.
    a.close().await?;
    let a = scene.member_on(profile.path()).await?;
    assert!(a.corrupt_shelf().await? > 20);
    let b = scene.member().await?;
    b.wait_for_peers(1).await?;

    let near = b.visit(&scene).await?;
    assert_eq!(differences(&plain, &near), Vec::<String>::new());
    assert_eq!(near.served.peer, 0, "{}", near.tab);
    assert_eq!(near.images().body_bytes, plain.images().body_bytes);
    // A found out by itself, and says so; B got nothing to find out.
    let of_a = &a.stats().await?["all"];
    assert!(refusals(of_a, "shelf_corrupt") > 0, "{of_a}, and B: {}", near.tab);
    assert!(refusals(&near.tab["counts"], "no_peer") > 0, "{}", near.tab);
    let wrong = b.stored().await?.into_iter().filter(|body| body.name != body.sha256).count();
    assert_eq!(wrong, 0);

    // On a slow machine requests that rules end take their time to fail, and images were asked for anew by then.
    let mut c = scene.member().await?;
    c.wait_for_peers(1).await?;
    c.slow_down(8.0);
    assert_eq!(differences(&plain, &c.visit(&scene).await?), Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_shelf_that_was_altered_is_not_shown() -> Result<(), Fault> {
    let (scene, plain) = scene().await?;
    let profile = tempfile::tempdir()?;
    let a = scene.member_on(profile.path()).await?;
    a.visit(&scene).await?;
    a.close().await?;
    let a = scene.member_on(profile.path()).await?;
    a.corrupt_shelf().await?;

    let again = a.visit(&scene).await?;
    assert_eq!(differences(&plain, &again), Vec::<String>::new());
    assert_eq!(again.served.shelf, 0, "{}", again.tab);
    assert!(refusals(&again.tab["counts"], "shelf_corrupt") > 0, "{}", again.tab);
    // What the origin sent anew has taken the place of what was wrong.
    let healed = a.visit(&scene).await?;
    assert_eq!(differences(&plain, &healed), Vec::<String>::new());
    assert!(healed.served.shelf * 10 >= plain.images().body_bytes * 9, "{}", healed.tab);
    Ok(())
}
