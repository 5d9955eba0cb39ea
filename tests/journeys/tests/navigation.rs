//! Whatever way a person goes to a page and leaves it, it is the page.

use std::time::Duration;

use slipstream_journeys::{SHOP, shop};
use slipstream_stage::{Fault, Page, Picture, Scene, Seat};

const PATIENCE: Duration = Duration::from_secs(20);
const SHOWN: &str = "[...document.images].every((image) => image.complete && image.naturalWidth > 0)";

/// A scene, the page's picture without the extension, and a browser that has been to both pages before.
async fn prepared() -> Result<(Scene, Picture, Seat), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let control = scene.plain().await?;
    let plain = control.visit(&scene).await?.picture;
    control.close().await?;
    let browser = scene.alone().await?;
    browser.visit(&scene).await?;
    browser.visit_at(&scene, &second()).await?;
    Ok((scene, plain, browser))
}

fn second() -> String {
    format!("https://{SHOP}/second.html")
}

async fn looks_like(page: &Page, expected: &Picture) -> Result<(), Fault> {
    page.wait_for(SHOWN, PATIENCE).await?;
    let diff = expected.diff(&page.screenshot_full().await?);
    assert_eq!(diff.different_pixels, 0, "{diff:?}");
    let complaints = page.take_console();
    assert!(complaints.is_empty(), "{complaints:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_load_a_page_at_once_both_show_it() -> Result<(), Fault> {
    let (scene, plain, browser) = prepared().await?;
    let (one, two) = (browser.browser().new_page().await?, browser.browser().new_page().await?);
    let (first, other) = tokio::join!(one.goto(scene.page(), PATIENCE), two.goto(scene.page(), PATIENCE));
    first?;
    other?;
    looks_like(&two, &plain).await?;
    // Only a tab that can be seen is drawn.
    let front =
        "chrome.tabs.query({title: 'Shop'}).then(([first]) => chrome.tabs.update(first.id, {active: true}))";
    browser.desk()?.evaluate(front).await?;
    looks_like(&one, &plain).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_asks_the_origin() -> Result<(), Fault> {
    let (scene, plain, browser) = prepared().await?;
    let page = browser.browser().new_page().await?;
    page.goto(scene.page(), PATIENCE).await?;
    looks_like(&page, &plain).await?;
    page.clear_http_cache().await?;
    scene.origin().reset();
    page.reload(PATIENCE).await?;
    looks_like(&page, &plain).await?;
    let images = scene.origin().counters().of_type("image/");
    assert_eq!(images.requests, 3, "{:?}", scene.origin().counters().by_url);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_shows_the_page_again() -> Result<(), Fault> {
    let (scene, plain, browser) = prepared().await?;
    let page = browser.browser().new_page().await?;
    page.goto(scene.page(), PATIENCE).await?;
    page.goto(&second(), PATIENCE).await?;
    page.wait_for(SHOWN, PATIENCE).await?;
    page.evaluate("history.back()").await?;
    page.wait_for("document.title === 'Shop' && document.readyState === 'complete'", PATIENCE).await?;
    looks_like(&page, &plain).await?;
    page.evaluate("history.forward()").await?;
    page.wait_for("document.title === 'Second' && document.readyState === 'complete'", PATIENCE).await?;
    page.wait_for(SHOWN, PATIENCE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_left_while_its_images_are_pending_leaves_nothing_behind() -> Result<(), Fault> {
    let (scene, plain, browser) = prepared().await?;
    let page = browser.browser().new_page().await?;
    page.goto("about:blank", PATIENCE).await?;
    // The second page is left as soon as anything of it is there.
    page.evaluate(&format!("location.href = '{}'", second())).await?;
    page.wait_for("document.title === 'Second'", PATIENCE).await?;
    page.goto(scene.page(), PATIENCE).await?;
    looks_like(&page, &plain).await?;
    page.close().await?;
    // With the tab go its rules.
    let gone = "chrome.declarativeNetRequest.getSessionRules().then((rules) => rules.length === 0)";
    Ok(browser.desk()?.wait_for(gone, PATIENCE).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_of_an_image_comes_from_the_origin() -> Result<(), Fault> {
    let (scene, plain, browser) = prepared().await?;
    let page = browser.browser().new_page().await?;
    page.clear_http_cache().await?;
    page.goto(scene.page(), PATIENCE).await?;
    looks_like(&page, &plain).await?;
    scene.origin().reset();
    page.evaluate("document.querySelector('#download').click()").await?;
    let asked = scene
        .origin()
        .until(PATIENCE, |counters| counters.url(&format!("https://{SHOP}/a.png")).requests == 1);
    asked.await.map_err(|counters| format!("{:?}", counters.by_url))?;
    looks_like(&page, &plain).await
}
