//! A browser that meets another, takes bodies from it and leaves, again and again: what of it stays in memory.

use std::time::Duration;

use serde_json::json;
use slipstream_stage::{Fault, Link, Memory, Protocol, Scene, Seat, Site};

use crate::{SHOP, noise};

const PATIENCE: Duration = Duration::from_secs(20);
const PAGE: &str = "/index.html";
/// Images of the page.
const IMAGES: u64 = 6;
/// What belongs to one connection. None of it may outlive it.
const OF_A_CONNECTION: [&str; 2] = ["RTCPeerConnection", "RTCDataChannel"];

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Cycles {
    /// Memory of the offscreen document after each cycle.
    pub memory: Vec<Memory>,
}

impl Cycles {
    /// How much larger it was after the last cycle than after cycle `from`, as a share of that.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "bytes of one document")]
    pub fn growth_since(&self, from: usize) -> Option<f64> {
        let (first, last) = (self.memory.get(from.checked_sub(1)?)?.total(), self.memory.last()?.total());
        Some(last as f64 / first as f64 - 1.0)
    }
}

/// Goes through so many cycles, and looks at the memory after each. `say` hears of it.
///
/// # Errors
/// A connection outlives its end, the bodies do not come from the peer, or a browser does not do what it should.
pub async fn cycles(count: usize, say: impl Fn(&str)) -> Result<Cycles, Fault> {
    // The document takes its time: the member is asked before the first image is.
    let line = Link::mbit(40.0, Duration::from_millis(80));
    let scene = Scene::of(page()?).link(line).build().await?;
    let giver = scene.member().await?;
    giver.visit(&scene).await?;
    let taker = scene.alone().await?;
    let mut alone = scene.member_settings();
    alone["sharing"] = json!("off");
    let mut done = Cycles::default();
    for number in 1..=count {
        taker.set(&scene.member_settings()).await?;
        taker.wait_for_peers(1).await?;
        take(&taker, &scene).await.map_err(|fault| format!("cycle {number}: {fault}"))?;
        taker.set(&alone).await?;
        let left = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.peers.connected === 0)";
        taker.desk()?.wait_for(left, PATIENCE).await?;
        // As a person clears what is stored: the next cycle has to take it all again.
        taker.desk()?.evaluate("chrome.runtime.sendMessage({type: 'clear'})").await?;
        for class in OF_A_CONNECTION {
            gone(&taker, class).await.map_err(|fault| format!("cycle {number}: {fault}"))?;
        }
        let memory = taker.browser().offscreen_memory(PATIENCE).await?;
        say(&format!("cycle {number} of {count}: {} KiB, {memory:?}", memory.total() / 1024));
        done.memory.push(memory);
    }
    taker.close().await?;
    giver.close().await?;
    Ok(done)
}

/// Visits the page; what the peer has must come from there.
async fn take(taker: &Seat, scene: &Scene) -> Result<(), Fault> {
    let page = taker.browser().new_page().await?;
    page.clear_http_cache().await?;
    scene.origin().reset();
    page.goto(scene.page(), PATIENCE).await?;
    page.wait_for(
        "[...document.images].every((image) => image.complete && image.naturalWidth > 0)",
        PATIENCE,
    )
    .await?;
    page.close().await?;
    let from_origin = scene.origin().counters().sum(|url, _| url.ends_with(".png")).requests;
    if from_origin >= IMAGES {
        return Err("no image came from the peer".into());
    }
    Ok(())
}

/// Waits until the collector has taken all objects of a class.
async fn gone(seat: &Seat, class: &str) -> Result<(), Fault> {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let count = seat.browser().offscreen_objects(class, PATIENCE).await?;
        if count == 0 {
            return Ok(());
        }
        if tokio::time::Instant::now() > end {
            return Err(format!("{count} of {class} are still there").into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn page() -> Result<Site, Fault> {
    let mut site = Site::builder(format!("https://{SHOP}/")).host(SHOP, Protocol::Http2);
    let mut html = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Again</title>\n".to_owned();
    for image in 0..IMAGES {
        let path = format!("/{image}.png");
        html += &format!("<img src=\"{path}\" width=\"180\" height=\"120\" alt=\"\">\n");
        site = site.file(SHOP, &path, noise(180, 120, &path));
    }
    let site = site.file(SHOP, PAGE, html);
    Ok(site.header(SHOP, "*.png", "cache-control", Some("public, max-age=31536000")).build()?)
}
