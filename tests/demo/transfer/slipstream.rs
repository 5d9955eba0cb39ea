//! Slipstream: a page with one image, which the other browser has on its shelf.

use slipstream_stage::{Fault, Scene, Seat};

use super::{PATIENCE, SIZES, Took, address, ms, offscreen};

/// Notes, from outside, when the engine asks for a body, when the first and the last of it comes, when it is handed to the
/// database, which is done once it is verified, and when it is written.
const WATCH: &str = include_str!("watch.js");

pub(super) struct Slipstream<'a> {
    taker: &'a Seat,
}

/// Looks on from now on, which has to be before the two have met.
pub(super) async fn watch(taker: &Seat) -> Result<(), Fault> {
    offscreen(taker, WATCH).await.map(drop)
}

impl<'a> Slipstream<'a> {
    /// The giver sees all pages.
    pub(super) async fn prepare(giver: &Seat, taker: &'a Seat, scene: &Scene) -> Result<Self, Fault> {
        for size in SIZES {
            see(giver, scene, size).await?;
        }
        Ok(Self { taker })
    }

    /// Nothing where the origin took over: on a machine that is busy enough the peer is given up for dead.
    pub(super) async fn take(&self, scene: &Scene, size: usize) -> Result<Option<Took>, Fault> {
        offscreen(self.taker, "transferWatch.reset()").await?;
        let page = self.taker.browser().new_page().await?;
        page.clear_http_cache().await?;
        scene.origin().reset();
        page.goto(&address(&format!("{size}.html")), PATIENCE).await?;
        let seen = offscreen(self.taker, "transferWatch.done()").await?;
        page.close().await?;
        // As a person clears what is stored: the next time it has to travel again.
        self.taker.desk()?.evaluate("chrome.runtime.sendMessage({type: 'clear'})").await?;
        let image = format!("/{size}.png");
        if scene.origin().counters().sum(|url, _| url.ends_with(&image)).requests > 0 {
            return Ok(None);
        }
        let steps =
            [&seen["first"], &seen["arrived"], &seen["verified"]].map(|time| ms(time).unwrap_or(f64::NAN));
        Ok(Some(Took { ms: ms(&seen["stored"])?, steps: Some(steps), cpu_s: 0.0 }))
    }
}

/// Visits a page until its image is on the shelf: a busy machine may let the moment for it pass.
async fn see(giver: &Seat, scene: &Scene, size: usize) -> Result<(), Fault> {
    let mut tab = serde_json::Value::Null;
    for _ in 0..VISITS {
        tab = giver.visit_at(scene, &address(&format!("{size}.html"))).await?.tab;
        if giver.stored().await?.iter().any(|body| body.bytes == size as u64) {
            return Ok(());
        }
    }
    Err(format!("{size} bytes were not stored: {tab}").into())
}

const VISITS: usize = 4;
