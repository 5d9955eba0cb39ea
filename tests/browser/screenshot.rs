//! Pictures of whole pages.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{BrowserError, Page, Picture};

impl Page {
    /// Takes a picture of the whole page from its top, one pixel per CSS pixel, at most 16,384 of them high. Waits
    /// until fonts and the pictures that have arrived can be drawn; see [`Self::scroll_through`] for the others.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn screenshot_full(&self) -> Result<Picture, BrowserError> {
        self.evaluate(SETTLE).await?;
        let metrics = self.session.call("Page.getLayoutMetrics", json!({})).await?;
        let size = &metrics["cssContentSize"];
        let (Some(width), Some(height)) = (size["width"].as_f64(), size["height"].as_f64()) else {
            return Err(BrowserError::Protocol {
                method: "Page.getLayoutMetrics",
                message: "no size".into(),
            });
        };
        let clip = json!({
            "x": 0, "y": 0, "width": width.clamp(1.0, SIDE_PIXELS), "height": height.clamp(1.0, SIDE_PIXELS), "scale": 1,
        });
        let method = "Page.captureScreenshot";
        let params =
            json!({ "format": "png", "captureBeyondViewport": true, "optimizeForSpeed": true, "clip": clip });
        let answer = self.session.call_within(method, params, SCREENSHOT_DEADLINE).await?;
        let png = BASE64_STANDARD
            .decode(answer["data"].as_str().unwrap_or_default())
            .map_err(|error| BrowserError::Protocol { method, message: error.to_string() })?;
        Picture::from_png(png)
    }

    /// Scrolls to the end of the page in steps smaller than a screen, waits at each until the images near the
    /// viewport are complete, and scrolls back to the top: afterwards lazy images have loaded, or failed.
    ///
    /// A page that grows while it is scrolled is followed for 200 steps.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] when an image stays incomplete.
    pub async fn scroll_through(&self, deadline: Duration) -> Result<(), BrowserError> {
        let scrolled = self.scroll_steps(Instant::now() + deadline).await;
        scrolled.map_err(|error| error.while_waiting_for("the images of the page", deadline))
    }

    async fn scroll_steps(&self, end: Instant) -> Result<(), BrowserError> {
        let left = || end.saturating_duration_since(Instant::now());
        self.evaluate_within(&format!("({SCROLL_TO})(0)"), left()).await?;
        for _ in 0..SCROLL_STEPS {
            self.wait_for(NEAR_IMAGES_COMPLETE, left()).await?;
            let next = format!("({SCROLL_TO})(scrollY + innerHeight * 0.75)");
            if self.evaluate_within(&next, left()).await? == Value::Bool(false) {
                break;
            }
        }
        self.wait_for(NEAR_IMAGES_COMPLETE, left()).await?;
        self.evaluate_within(&format!("({SCROLL_TO})(0)"), left()).await?;
        self.wait_for(NEAR_IMAGES_COMPLETE, left()).await
    }
}

/// To the top, fonts there, pictures decoded. None of this may hang: what never ends is given up after 5 s, and shows
/// in the picture.
const SETTLE: &str = r"(async () => {
  scrollTo({ top: 0, left: 0, behavior: 'instant' });
  const shown = [...document.images].filter((image) => image.complete && image.naturalWidth > 0);
  const decoded = shown.map((image) => image.decode().catch(() => {}));
  const giveUp = new Promise((resolve) => { setTimeout(resolve, 5000); });
  await Promise.race([Promise.all([document.fonts.ready, ...decoded]), giveUp]);
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 200); });
  await frame();
  await frame();
})()";

/// Scrolls, lets observers run (they do so once per frame), and says whether the page moved.
const SCROLL_TO: &str = r"async (top) => {
  const before = scrollY;
  scrollTo({ top, behavior: 'instant' });
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 200); });
  await frame();
  await frame();
  return scrollY !== before;
}";

/// Lazy images that are far away or not displayed at all are not expected to load.
const NEAR_IMAGES_COMPLETE: &str = r"[...document.images].every((image) => {
  if (image.complete) return true;
  if (image.loading !== 'lazy') return false;
  if (image.getClientRects().length === 0) return true;
  const box = image.getBoundingClientRect();
  return box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth;
})";

/// The tallest surface that the browser draws in one piece without a graphics card.
const SIDE_PIXELS: f64 = 16_384.0;
const SCROLL_STEPS: usize = 200;
/// Encoding a page of full height takes seconds on a busy machine.
const SCREENSHOT_DEADLINE: Duration = Duration::from_secs(60);
