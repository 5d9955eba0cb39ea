//! Every page in every state: axe has nothing to say, nothing is wider than the window in any language, and every
//! control is reached by the keyboard alone.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use slipstream_browser::ColorScheme;
use slipstream_journeys::{PAGES, stage_of_pages, stage_url};
use slipstream_stage::{Fault, Page, Scene};
use xtask::{ensure, workspace};

const PATIENCE: Duration = Duration::from_secs(20);

async fn stage() -> Result<(Scene, Page), Fault> {
    let scene = Scene::of(stage_of_pages()?).build().await?;
    let seat = scene.plain().await?;
    let page = seat.browser().new_page().await?;
    // The browser lives as long as the test.
    std::mem::forget(seat);
    Ok((scene, page))
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_has_nothing_to_say_of_any_page_in_light_and_dark() -> Result<(), Fault> {
    let axe = tokio::task::block_in_place(|| ensure::axe(&workspace::root()?))?;
    let axe = fs::read_to_string(axe)?;
    let (_scene, page) = stage().await?;
    let mut found = Vec::new();
    for staged in &PAGES {
        for scheme in [ColorScheme::Light, ColorScheme::Dark] {
            page.emulate_color_scheme(scheme).await?;
            page.set_viewport(staged.width, 800).await?;
            page.goto(&stage_url(staged, "en"), PATIENCE).await?;
            page.wait_for(staged.shown, PATIENCE).await?;
            page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
                .await?;
            page.evaluate(&format!("{axe}; true")).await?;
            let violations = page.evaluate_within(RUN_AXE, PATIENCE).await?;
            for violation in violations.as_array().into_iter().flatten() {
                found.push(format!("{} {} {scheme:?}: {violation}", staged.page, staged.state));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_the_window_in_any_language_at_twice_the_size() -> Result<(), Fault> {
    let (_scene, page) = stage().await?;
    let mut wide = Vec::new();
    for language in ["en", "de", "es", "fr", "pt_BR"] {
        for staged in PAGES.iter().filter(|staged| staged.state != "flowing") {
            page.set_viewport(staged.width / 2, 400).await?;
            page.goto(&stage_url(staged, language), PATIENCE).await?;
            page.wait_for(staged.shown, PATIENCE).await?;
            let overflow = page.evaluate(OVERFLOW).await?;
            if overflow != json!([]) {
                wide.push(format!("{language} {} {}: {overflow}", staged.page, staged.state));
            }
        }
    }
    assert_eq!(wide, Vec::<String>::new());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_is_reached_by_the_tabulator() -> Result<(), Fault> {
    let (_scene, page) = stage().await?;
    for staged in PAGES.iter().filter(|staged| staged.state != "flowing") {
        page.set_viewport(staged.width, 800).await?;
        page.goto(&stage_url(staged, "en"), PATIENCE).await?;
        page.wait_for(staged.shown, PATIENCE).await?;
        let controls = page.evaluate(CONTROLS).await?.as_u64().unwrap_or(0);
        page.evaluate("document.activeElement.blur(), window.reached = new Set()").await?;
        for _ in 0..controls + 4 {
            page.press("Tab").await?;
            page.evaluate("reached.add(document.activeElement.dataset.control)").await?;
        }
        let missed = page.evaluate(MISSED).await?;
        assert_eq!(missed, json!([]), "{} {}", staged.page, staged.state);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_switches_the_site_that_the_popup_shows() -> Result<(), Fault> {
    let (_scene, page) = stage().await?;
    let popup = &PAGES[0];
    page.goto(&stage_url(popup, "en"), PATIENCE).await?;
    page.wait_for(popup.shown, PATIENCE).await?;
    page.wait_for("document.activeElement.id === 'site-on'", PATIENCE).await?;
    page.press("Space").await?;
    let off = "chrome.storage.local.get().then(({ settings }) => settings.sites['https://www.example.org'] === 'off')";
    page.wait_for(off, PATIENCE).await?;
    let says = page.evaluate("document.getElementById('state').textContent").await?;
    assert_eq!(says, Value::from("Reload the page to apply the change."));
    Ok(())
}

const RUN_AXE: &str = "axe.run(document, { resultTypes: ['violations', 'passes'] }).then(({ violations, passes }) =>
  passes.length < 5 ? ['it did not look'] : violations.map(
  ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} (${node.failureSummary})`).join(' | ')}`))";

/// Boxes that reach beyond the window, but for those that scroll by themselves or are there for screen readers.
const OVERFLOW: &str = "[...document.querySelectorAll('body *')]
  .filter((part) => !part.closest('.scroll, .unseen, svg') && part.getBoundingClientRect().right > innerWidth + 1)
  .map((part) => part.outerHTML.slice(0, 120))";

/// Numbers the controls that can be seen and used; of a group of radio buttons the tabulator stops at one.
const CONTROLS: &str = r"(() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter(
    (part) => !part.disabled && part.checkVisibility({ visibilityProperty: true }),
  );
  const stops = all.filter((part) => part.type !== 'radio' || part.checked);
  stops.forEach((part, at) => { part.dataset.control = String(at); });
  window.stops = stops;
  return stops.length;
})()";
const MISSED: &str =
    "stops.filter((part) => !reached.has(part.dataset.control)).map((part) => part.outerHTML.slice(0, 120))";
