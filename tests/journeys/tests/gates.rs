//! A page whose policy has become stricter since the last visit loses nothing: its browser closes the gate itself.

use slipstream_journeys::{SHOP_IS_PLANNED, differences, shop};
use slipstream_stage::{Fault, Scene, Visit};

/// The visit to a page that has this header now and had none before, beside the one without the extension.
async fn with_new_header(name: &str, value: &str) -> Result<(Visit, Visit), Fault> {
    let profile = tempfile::tempdir()?;
    let before = Scene::of(shop(&[])?).build().await?;
    let browser = before.member_on(profile.path()).await?;
    browser.visit(&before).await?;
    let served = browser.visit_once(&before, before.page(), SHOP_IS_PLANNED).await?;
    assert_eq!(served.images().requests, 0, "without the header all comes from the shelf: {}", served.tab);
    browser.close().await?;
    drop(before);

    let after = Scene::of(shop(&[(name, value)])?).build().await?;
    let control = after.plain().await?;
    let plain = control.visit(&after).await?;
    control.close().await?;
    let browser = after.member_on(profile.path()).await?;
    let visit = browser.visit_once(&after, after.page(), SHOP_IS_PLANNED).await?;
    Ok((plain, visit))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gains_a_policy_without_data_loses_nothing() -> Result<(), Fault> {
    let (plain, visit) = with_new_header(
        "content-security-policy",
        "default-src 'none'; img-src 'self'; script-src 'unsafe-inline'",
    )
    .await?;
    assert_eq!(differences(&plain, &visit), Vec::<String>::new());
    assert_eq!(visit.images().body_bytes, plain.images().body_bytes, "{}", visit.tab);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_only_reports_has_nothing_to_report() -> Result<(), Fault> {
    let (plain, visit) = with_new_header(
        "content-security-policy-report-only",
        "default-src 'none'; img-src 'self'; script-src 'unsafe-inline'; report-uri /report",
    )
    .await?;
    assert_eq!(differences(&plain, &visit), Vec::<String>::new());
    // The page's icon breaks its own policy; nothing else does.
    let reports = |visit: &Visit| visit.counters.sum(|url, _| url.ends_with("/report")).requests;
    assert_eq!(reports(&visit), reports(&plain), "{:?}", visit.counters.by_url);
    Ok(())
}
