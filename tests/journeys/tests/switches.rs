//! What a person switches off is off, and what a person clears is gone.

use std::time::Duration;

use serde_json::json;
use slipstream_journeys::{SHOP, SHOP_IS_PLANNED, differences, shop};
use slipstream_stage::{Fault, Outage, Page, Scene, Seat};

const PATIENCE: Duration = Duration::from_secs(20);

/// A scene and a browser that has been to the page before.
async fn prepared() -> Result<(Scene, Seat), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let browser = scene.alone().await?;
    browser.visit(&scene).await?;
    Ok((scene, browser))
}

/// The popup over a tab: in a tab of its own, read anew while the other one is in front, because the popup asks the
/// browser which tab that is.
async fn popup_over(browser: &Seat, tab: &str) -> Result<Page, Fault> {
    let popup = browser.browser().open_extension_page("popup/popup.html", PATIENCE).await?;
    let desk = browser.desk()?;
    let front = format!(
        "chrome.tabs.query({{url: {}}}).then(([tab]) => chrome.tabs.update(tab.id, {{active: true}})).then((tab) => tab.active)",
        json!(tab)
    );
    assert_eq!(desk.evaluate(&front).await?, json!(true));
    popup.reload(PATIENCE).await?;
    popup.wait_for("document.body.dataset.view !== undefined", PATIENCE).await?;
    Ok(popup)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_popup_tells_what_happened_on_the_tab_in_front() -> Result<(), Fault> {
    let (scene, browser) = prepared().await?;
    let page = browser.browser().new_page().await?;
    // The origin is as near as can be: without a pause it would win against the rules that are ready.
    scene.set_outage(Some(Outage::Silent))?;
    let speak = async {
        browser.desk()?.wait_for(SHOP_IS_PLANNED, PATIENCE).await?;
        scene.set_outage(None)
    };
    let (load, spoken) = tokio::join!(page.goto(scene.page(), PATIENCE), speak);
    spoken?;
    load?;
    let popup = popup_over(&browser, scene.page()).await?;
    popup.wait_for("document.body.dataset.view === 'on'", PATIENCE).await?;
    let host = popup.evaluate("document.getElementById('site').textContent").await?;
    assert_eq!(host, json!(SHOP));
    let numbers = "document.querySelector('#origins tr td').textContent.startsWith('3')";
    popup.wait_for(numbers, PATIENCE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_switched_off_in_the_popup_is_left_alone_from_its_next_load_on() -> Result<(), Fault> {
    let (scene, browser) = prepared().await?;
    let control = scene.plain().await?;
    let plain = control.visit(&scene).await?;
    control.close().await?;
    let page = browser.browser().new_page().await?;
    page.goto(scene.page(), PATIENCE).await?;
    let popup = popup_over(&browser, scene.page()).await?;
    popup.wait_for("!document.getElementById('site-choice').hidden", PATIENCE).await?;
    popup.evaluate("document.getElementById('site-on').click()").await?;
    let excluded = format!(
        "chrome.scripting.getRegisteredContentScripts({{ids: ['after']}})\
         .then(([script]) => script.excludeMatches.includes('https://{SHOP}/*'))"
    );
    browser.desk()?.wait_for(&excluded, PATIENCE).await?;
    popup.close().await?;
    page.close().await?;

    let visit = browser.visit(&scene).await?;
    assert_eq!(differences(&plain, &visit), Vec::<String>::new());
    assert_eq!(visit.images(), plain.images());
    assert_eq!(visit.tab["refused"], "off");
    assert_eq!(visit.served.shelf, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn switched_off_everywhere_it_leaves_nothing_running() -> Result<(), Fault> {
    let (scene, browser) = prepared().await?;
    let page = browser.browser().new_page().await?;
    page.goto(scene.page(), PATIENCE).await?;
    let popup = popup_over(&browser, scene.page()).await?;
    popup.evaluate("document.getElementById('enabled').click()").await?;
    let desk = browser.desk()?;
    for nothing in [
        "chrome.runtime.getContexts({contextTypes: ['OFFSCREEN_DOCUMENT']}).then((contexts) => contexts.length === 0)",
        "chrome.declarativeNetRequest.getSessionRules().then((rules) => rules.length === 0)",
        "chrome.scripting.getRegisteredContentScripts({ids: ['after']}).then((scripts) => scripts.length === 0)",
    ] {
        desk.wait_for(nothing, PATIENCE).await?;
    }
    popup.close().await?;
    page.close().await?;

    // A page that is loaded now starts nothing again.
    let after = browser.browser().new_page().await?;
    after.clear_http_cache().await?;
    scene.origin().reset();
    after.goto(scene.page(), PATIENCE).await?;
    assert_eq!(scene.origin().counters().of_type("image/").requests, 3);
    let stats = browser.stats().await?;
    assert_eq!(stats["engine"], "off", "{stats}");
    let contexts = "chrome.runtime.getContexts({contextTypes: ['OFFSCREEN_DOCUMENT']}).then((c) => c.length)";
    assert_eq!(desk.evaluate(contexts).await?, json!(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_everything_empties_the_shelf() -> Result<(), Fault> {
    let (scene, browser) = prepared().await?;
    assert_eq!(browser.stored().await?.len(), 3);
    let desk = browser.desk()?;
    desk.evaluate("document.getElementById('clear').click()").await?;
    desk.wait_for("document.getElementById('confirm').open", PATIENCE).await?;
    desk.evaluate("document.getElementById('confirm-yes').click()").await?;
    let empty = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.shelf?.bodies === 0)";
    desk.wait_for(empty, PATIENCE).await?;
    let gone = "new Promise((resolve) => { const request = indexedDB.open('slipstream'); \
                request.onsuccess = () => { const db = request.result; \
                const count = db.transaction('bodies').objectStore('bodies').count(); \
                count.onsuccess = () => { resolve(count.result === 0); db.close(); }; }; })";
    desk.wait_for(gone, PATIENCE).await?;

    let visit = browser.visit(&scene).await?;
    assert_eq!(visit.images().requests, 3, "{}", visit.tab);
    assert_eq!(visit.served.shelf, 0);
    Ok(())
}
