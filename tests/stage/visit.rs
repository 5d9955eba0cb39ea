//! One visit to the scene's page, and everything that was seen of it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use slipstream_browser::{ConsoleEntry, Load, Page, Picture};
use slipstream_origin::{Counters, Exchange, Outage};

use crate::{Scene, Seat, scene::Fault};

/// What was seen of a visit.
pub struct Visit {
    /// Times of the load.
    pub load: Load,
    /// The whole page, after every image had its chance to load.
    pub picture: Picture,
    /// Warnings and errors that the page's console showed.
    pub console: Vec<ConsoleEntry>,
    /// What the page itself noted in `window.__events`, if it does.
    pub events: Vec<String>,
    /// What the page itself answered to `window.__report()` when all was shown, if it has that.
    pub report: Value,
    /// Requests and bytes that the origin counted.
    pub counters: Counters,
    /// When the origin answered what, from the beginning of the visit.
    pub exchanges: Vec<Exchange>,
    /// What the extension counted in this tab; zeros without it.
    pub served: Served,
    /// What the extension says of each resource; nothing without it.
    pub resources: BTreeMap<String, Resource>,
    /// The extension's numbers for this tab, whole.
    pub tab: Value,
}

/// Bytes by where they came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the statistics")]
pub struct Served {
    pub network: u64,
    pub shelf: u64,
    pub peer: u64,
}

/// Where one resource came from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// `network`, `shelf` or `peer`.
    pub from: String,
    /// Bytes.
    pub bytes: u64,
    /// From the navigation to the answer, in ms.
    pub after_ms: u64,
}

impl Visit {
    pub(crate) async fn make(
        seat: &Seat,
        scene: &Scene,
        url: &str,
        ready: Option<&str>,
    ) -> Result<Self, Fault> {
        let patience = scene.patience();
        let page = seat.browser().new_page().await?;
        page.clear_http_cache().await?;
        if seat.slowness() > 1.0 {
            page.slow_down(seat.slowness()).await?;
        }
        scene.origin().reset();
        scene.origin().mark();
        let load = match ready {
            Some(ready) => {
                scene.set_outage(Some(Outage::Silent))?;
                let (load, lifted) = tokio::join!(page.goto(url, patience), lift_outage(seat, scene, ready));
                lifted?;
                load?
            }
            None => page.goto(url, patience).await?,
        };
        page.scroll_through(patience).await?;
        page.wait_for(COMPLETE, patience).await?;
        let picture = page.screenshot_full().await?;
        let events = page.evaluate("window.__events ?? []").await?;
        let report = page.evaluate("window.__report?.() ?? null").await?;
        let answered_by_worker = page.evaluate(CONTROLLED).await? == Value::Bool(true);
        let (tab, resources) = match seat.desk() {
            // A page that a service worker answers for is a navigation that no extension is told of.
            Ok(desk) if answered_by_worker && unknown(desk, url).await? => (Value::Null, BTreeMap::new()),
            Ok(desk) => settled(desk, url, &scene.origin().counters(), patience).await?,
            Err(_) => (Value::Null, BTreeMap::new()),
        };
        let visit = Self {
            load,
            picture,
            console: page.take_console(),
            events: serde_json::from_value(events)?,
            report,
            counters: scene.origin().counters(),
            exchanges: scene.origin().exchanges(),
            served: serde_json::from_value(tab["counts"]["bytes"].clone()).unwrap_or_default(),
            resources,
            tab,
        };
        page.close().await?;
        Ok(visit)
    }

    /// Requests and bytes of images at the origin.
    #[must_use]
    pub fn images(&self) -> slipstream_origin::Count {
        self.counters.sum(|_, count| count.content_type.starts_with("image/"))
    }
}

/// Waits for a condition of the extension, but not for ever, and lets the line work again.
async fn lift_outage(seat: &Seat, scene: &Scene, ready: &str) -> Result<(), Fault> {
    let waited = seat.desk()?.wait_for(ready, READY).await;
    scene.set_outage(None)?;
    if let Err(fault) = waited {
        let (stats, said) = (seat.stats().await?, seat.said().await);
        let rules = seat.desk()?.evaluate("chrome.declarativeNetRequest.getSessionRules()").await?;
        return Err(format!("{fault}; rules: {rules}; numbers: {stats}; it said: {said:?}").into());
    }
    Ok(())
}

/// Whether the extension knows nothing of the tab that shows this page.
async fn unknown(desk: &Page, url: &str) -> Result<bool, Fault> {
    let url = Value::from(url);
    let known = format!(
        "chrome.tabs.query({{url: {url}}}).then((tabs) => \
         chrome.runtime.sendMessage({{type: 'stats', tab: tabs.at(-1).id}})).then((s) => Boolean(s.tab))"
    );
    Ok(desk.evaluate(&known).await? == Value::Bool(false))
}

/// Waits until the extension has written down what the visit taught, and gives its numbers for the page's tab.
async fn settled(
    desk: &Page,
    url: &str,
    answered: &Counters,
    patience: Duration,
) -> Result<(Value, BTreeMap<String, Resource>), Fault> {
    let url = Value::from(url);
    let tab = format!("chrome.tabs.query({{url: {url}}}).then((tabs) => tabs.at(-1).id)");
    let tab = desk.evaluate(&tab).await?;
    let stats = format!("chrome.runtime.sendMessage({{type: 'stats', tab: {tab}}})");
    let outcomes = format!("chrome.runtime.sendMessage({{type: 'outcomes', tab: {tab}}})");
    // On a busy machine the last word of a request may come when the page has long been loaded. Some are never told:
    // those of frames and workers.
    let told = answered.by_url.iter().filter(|(_, count)| {
        let kinds = ["image/", "font/", "text/javascript"];
        kinds.iter().any(|kind| count.content_type.starts_with(kind)) && count.statuses.contains_key(&200)
    });
    let told = Value::from(told.map(|(url, _)| url.as_str()).collect::<Vec<_>>());
    let heard = format!("{outcomes}.then((all) => {told}.every((url) => url in all))");
    drop(desk.wait_for(&heard, HEARD).await);
    let done = format!("{stats}.then((s) => s.tab?.settled || s.tab?.refused)");
    desk.wait_for(&done, patience).await?;
    desk.evaluate(WRITTEN).await?;
    let (stats, outcomes) = (desk.evaluate(&stats).await?, desk.evaluate(&outcomes).await?);
    Ok((stats["tab"].clone(), serde_json::from_value(outcomes)?))
}

/// How long is waited for the extension to hear of what the origin has answered.
const HEARD: Duration = Duration::from_millis(500);

/// How long a page may be kept waiting for the extension.
const READY: Duration = Duration::from_secs(10);

/// All that a picture should show is there. A page that draws by script after its load event says so beforehand
/// with `data-draws` on its root element, and when it is done with `data-drawn`.
const COMPLETE: &str = r"document.fonts.status === 'loaded' && [...document.images].every((i) => i.complete) &&
  document.querySelector('html[data-draws]:not([data-drawn])') === null";

/// A page in a sandbox may not even ask.
const CONTROLLED: &str =
    "(() => { try { return Boolean(navigator.serviceWorker?.controller) } catch { return false } })()";

/// A transaction over the whole database begins when those before it have ended: what was written is there then.
const WRITTEN: &str = r"new Promise((resolve, reject) => {
  const opening = indexedDB.open('slipstream');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const db = opening.result;
    const reading = db.transaction([...db.objectStoreNames]);
    reading.objectStore('profiles').count();
    reading.oncomplete = () => { db.close(); resolve(true); };
  };
})";
