//! Numbers that people see are those of what happened: the measured gain, the badge, and the popup, at once.

use std::time::Duration;

use serde_json::{Value, json};
use slipstream_journeys::shop;
use slipstream_stage::{Fault, Link, Scene};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn loads_that_are_held_out_come_from_the_origin_and_the_gain_is_told() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).link(Link::mbit(2.0, Duration::from_millis(80))).build().await?;
    let seat = scene.alone().await?;
    let settings = json!({ "developer": { "allowLoopback": true }, "benefit": { "holdOutPercent": 50 } });
    seat.set(&settings).await?;
    seat.visit(&scene).await?;
    let (mut helped, mut held) = (0, 0);
    // Of each two loads one is held out; more than three of both kinds are needed before anything is said.
    for _ in 0..14 {
        let visit = seat.visit(&scene).await?;
        if visit.tab["refused"] == "hold_out" {
            held += 1;
            assert_eq!(visit.images().requests, 3, "{}", visit.tab);
            assert_eq!(visit.served.shelf, 0, "{}", visit.tab);
        } else {
            helped += 1;
            assert_eq!(visit.images().requests, 0, "{}", visit.tab);
        }
    }
    assert!(helped >= 5 && held >= 5, "{helped} helped, {held} held out");
    let visit = seat.visit(&scene).await?;
    let gain = &visit.tab["gain"];
    println!("{helped} loads helped, {held} held out: {gain}");
    assert!(gain["low"].as_f64() > Some(0.0), "on a line of 2 Mbit/s it helps: {gain}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_badge_counts_what_was_not_downloaded_and_can_be_switched_off() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let seat = scene.alone().await?;
    seat.visit(&scene).await?;
    let page = seat.browser().new_page().await?;
    page.clear_http_cache().await?;
    page.goto(scene.page(), PATIENCE).await?;
    let desk = seat.desk()?;
    let url = json!(scene.page());
    let badge = format!(
        "chrome.tabs.query({{url: {url}}}).then((tabs) => chrome.action.getBadgeText({{ tabId: tabs.at(-1).id }}))"
    );
    desk.wait_for(&format!("{badge}.then((text) => text === '3')"), PATIENCE).await?;
    desk.evaluate("chrome.storage.local.get('settings').then(({ settings }) => chrome.storage.local.set({ settings: { ...settings, badge: false } }))").await?;
    desk.wait_for(&format!("{badge}.then((text) => text === '')"), PATIENCE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_popup_shows_itself_at_once() -> Result<(), Fault> {
    let scene = Scene::of(shop(&[])?).build().await?;
    let seat = scene.alone().await?;
    let popup = seat.browser().open_extension_page("popup/popup.html", PATIENCE).await?;
    let mut paints = Vec::new();
    for _ in 0..7 {
        popup.reload(PATIENCE).await?;
        popup.wait_for("document.body.dataset.view !== undefined", PATIENCE).await?;
        popup.wait_for("performance.getEntriesByName('first-contentful-paint').length > 0", PATIENCE).await?;
        let painted = "performance.getEntriesByName('first-contentful-paint')[0].startTime";
        paints.push(popup.evaluate(painted).await?.as_f64().unwrap_or(f64::MAX));
        let loaded =
            popup.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)").await?;
        let wasm = loaded
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|name| name.contains("wasm"));
        assert!(!wasm, "{loaded}");
    }
    paints.sort_by(f64::total_cmp);
    // A figure, and no verdict: other programs use the machine.
    println!("first contentful paint of the popup, ms, from the best to the worst of seven: {paints:.0?}");
    Ok(())
}
