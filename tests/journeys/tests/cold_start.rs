//! What a browser has learnt outlives it.

use slipstream_journeys::{SHOP_IS_PLANNED, differences, shop};
use slipstream_stage::{Fault, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_was_closed_and_started_anew_serves_from_its_shelf() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let control = scene.plain().await?;
    let plain = control.visit(&scene).await?;
    control.close().await?;
    let profile = tempfile::tempdir()?;
    let before = scene.member_on(profile.path()).await?;
    before.visit(&scene).await?;
    assert_eq!(before.stored().await?.len(), 3, "all images are on the shelf");
    before.close().await?;

    let after = scene.member_on(profile.path()).await?;
    let again = after.visit_once(&scene, scene.page(), SHOP_IS_PLANNED).await?;
    assert_eq!(differences(&plain, &again), Vec::<String>::new());
    assert_eq!(
        again.images().requests,
        0,
        "{:?} {} {:?}",
        again.counters.by_url,
        again.tab,
        after.said().await
    );
    assert_eq!(again.served.shelf, plain.images().body_bytes, "{}", again.tab);
    Ok(())
}
