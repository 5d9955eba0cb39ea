//! How long a page took to load, as the page itself measured it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The times of one load in milliseconds, from the start of the navigation (Navigation Timing, Paint Timing).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Load {
    /// Until the load event began: all that the document asked for had arrived.
    pub load_ms: f64,
    /// Until the handlers of DOMContentLoaded were done.
    pub dom_content_loaded_ms: f64,
    /// Until the first byte of the document's answer.
    pub ttfb_ms: f64,
    /// Until the first text or image was painted. A page without either has none.
    pub first_contentful_paint_ms: Option<f64>,
}

/// Evaluated after the load event. The paint is reported a frame or two after it happened; a page that paints
/// nothing is given up after some frames.
pub(crate) const MEASURE: &str = r"(async () => {
  const paint = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null;
  const giveUp = performance.now() + 500;
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 100); });
  for (let frames = 0; paint() === null && frames < 6 && performance.now() < giveUp; frames += 1) await frame();
  const navigation = performance.getEntriesByType('navigation')[0];
  return {
    load_ms: navigation?.loadEventStart ?? 0,
    dom_content_loaded_ms: navigation?.domContentLoadedEventEnd ?? 0,
    ttfb_ms: navigation?.responseStart ?? 0,
    first_contentful_paint_ms: paint(),
  };
})()";

/// The latest steps in the lives of a page's documents, in the order in which the browser reported them.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    steps: VecDeque<Step>,
}

#[derive(Debug)]
struct Step {
    /// The browser's id of the document's load.
    loader: String,
    loaded: bool,
}

impl Lifecycle {
    /// Notes a `Page.lifecycleEvent` of the frame `main_frame`; others are not the page's own.
    pub(crate) fn note(&mut self, main_frame: &str, event: &Value) {
        let Some(loader) = event["loaderId"].as_str() else { return };
        if event["frameId"].as_str() != Some(main_frame) {
            return;
        }
        if self.steps.len() == STEPS {
            self.steps.pop_front();
        }
        self.steps.push_back(Step { loader: loader.to_owned(), loaded: event["name"] == "load" });
    }

    /// Whether the document of this loader, or one that replaced it before it was complete, has loaded.
    pub(crate) fn loaded(&self, loader: &str) -> bool {
        self.steps.iter().skip_while(|step| step.loader != loader).any(|step| step.loaded)
    }

    /// Whether a document has loaded that came after this loader's.
    pub(crate) fn loaded_since(&self, loader: &str) -> bool {
        self.steps.iter().rev().take_while(|step| step.loader != loader).any(|step| step.loaded)
    }

    /// The latest document's loader.
    pub(crate) fn latest(&self) -> Option<&str> {
        self.steps.back().map(|step| step.loader.as_str())
    }
}

/// A document reports about ten steps; a dozen replacements in a row are no page that a test means to load.
const STEPS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn steps(of: &[(&str, &str)]) -> Lifecycle {
        let mut lifecycle = Lifecycle::default();
        for (loader, name) in of {
            lifecycle.note("main", &json!({ "frameId": "main", "loaderId": loader, "name": name }));
        }
        lifecycle
    }

    #[test]
    fn an_earlier_document_does_not_count_as_loaded() {
        assert!(!steps(&[("old", "load"), ("new", "init")]).loaded("new"));
        assert!(steps(&[("old", "load"), ("new", "init"), ("new", "load")]).loaded("new"));
    }

    #[test]
    fn a_replacement_counts_for_what_it_replaced() {
        assert!(steps(&[("first", "init"), ("second", "init"), ("second", "load")]).loaded("first"));
    }

    #[test]
    fn frames_inside_the_page_do_not_count() {
        let mut lifecycle = steps(&[("page", "init")]);
        lifecycle.note("main", &json!({ "frameId": "inner", "loaderId": "page", "name": "load" }));
        assert!(!lifecycle.loaded("page"));
    }

    #[test]
    fn only_the_latest_steps_are_kept() {
        let mut lifecycle = steps(&[("first", "load")]);
        for _ in 0..STEPS {
            lifecycle.note("main", &json!({ "frameId": "main", "loaderId": "later", "name": "init" }));
        }
        assert_eq!(lifecycle.steps.len(), STEPS);
        assert!(!lifecycle.loaded("first"));
    }
}
