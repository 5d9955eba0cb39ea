//! The waterfall of one visit, as SVG.

use super::markup::{at, escape, step};
use crate::{
    record::{Delivery, Record, Source},
    summary::Summary,
    units,
};

/// The scale that all drawings share.
pub(super) struct Scale {
    /// The right end, in ms.
    end: f64,
    /// Height of one line, in units of the drawing.
    pitch: f64,
}

impl Scale {
    /// Room for all that the typical visits show.
    pub(super) fn of(summaries: &[Summary<'_>]) -> Self {
        let visits = || summaries.iter().map(Summary::typical);
        let last =
            |record: &Record| record.deliveries.iter().map(|d| d.done_ms).fold(record.load_ms, f64::max);
        let lines = visits().map(|record| record.deliveries.len()).max().unwrap_or(0).max(1);
        let end = visits().map(last).fold(1.0, f64::max) * 1.02;
        Self { end, pitch: (DRAWING_HEIGHT / lines as f64).clamp(PITCH_MIN, PITCH_MAX) }
    }

    fn x(&self, ms: f64) -> f64 {
        (ms / self.end).clamp(0.0, 1.0) * WIDTH
    }
}

/// One visit.
pub(super) fn draw(record: &Record, scale: &Scale) -> String {
    let bottom = TOP + scale.pitch * record.deliveries.len().max(LINES_MIN) as f64 + 3.0;
    let bars: String = record
        .deliveries
        .iter()
        .enumerate()
        .map(|(line, delivery)| bar(delivery, TOP + scale.pitch * line as f64, scale))
        .collect();
    format!(
        "<svg class=\"waterfall\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}{bars}{}</svg>",
        at(WIDTH),
        at(bottom + AXIS),
        escape(&spoken(record)),
        grid(scale, bottom),
        load_event(record, scale, bottom),
    )
}

/// What the drawing shows, for those who do not see it.
fn spoken(record: &Record) -> String {
    let of = |source| {
        let mine = || record.deliveries.iter().filter(move |delivery| delivery.source == source);
        let bytes = mine().map(|delivery| delivery.bytes).sum();
        format!(
            "{} with {} from {}",
            units::several(mine().count() as u64, "file"),
            units::bytes(bytes),
            name(source)
        )
    };
    let parts = [Source::Network, Source::Peer, Source::Shelf].map(of);
    format!("Waterfall: {}. Load event after {}.", parts.join(", "), units::time(record.load_ms))
}

fn grid(scale: &Scale, bottom: f64) -> String {
    let step = step(scale.end, 8.0);
    let mut marks = String::new();
    let mut count = 0.0;
    while count * step <= scale.end {
        let ms = count * step;
        let x = at(scale.x(ms));
        // The outermost labels stay inside the drawing.
        let anchor = match ms {
            0.0 => "start",
            ms if ms > scale.end * 0.97 => "end",
            _ => "middle",
        };
        let label = if ms == 0.0 { "0".to_owned() } else { format!("{} s", at(ms / 1_000.0)) };
        let label = if step < 100.0 { format!("{} ms", at(ms)) } else { label };
        marks += &format!(
            "<path class=\"grid\" d=\"M{x} {}V{}\"/><text class=\"axis\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{label}</text>",
            at(TOP - 4.0),
            at(bottom),
            at(bottom + AXIS - 3.0),
        );
        count += 1.0;
    }
    marks
}

fn bar(delivery: &Delivery, y: f64, scale: &Scale) -> String {
    let class = class(delivery.source);
    let (asked, first, done) =
        (scale.x(delivery.asked_ms), scale.x(delivery.first_ms), scale.x(delivery.done_ms));
    let height = scale.pitch * BAR_SHARE;
    let width = (done - first).max(SOLID_MIN);
    // What came at once is drawn up to the moment when it was there.
    let left = (done - width).max(0.0);
    let words = format!(
        "{}: {} from {}, there after {}",
        delivery.url,
        units::bytes(delivery.bytes),
        name(delivery.source),
        units::time(delivery.done_ms)
    );
    let (y, height) = (at(y), at(height));
    let mut bar = format!("<g class=\"{class}\"><title>{}</title>", escape(&words));
    if left > asked {
        bar += &format!(
            "<rect class=\"pale\" x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{height}\"/>",
            at(asked),
            at(left - asked)
        );
    }
    bar += &format!("<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{height}\"/></g>", at(left), at(width));
    bar
}

fn load_event(record: &Record, scale: &Scale, bottom: f64) -> String {
    let x = scale.x(record.load_ms);
    let (anchor, beside) = if x > WIDTH * 0.8 { ("end", -5.0) } else { ("start", 5.0) };
    format!(
        "<path class=\"event\" d=\"M{} 2V{}\"/><text class=\"event\" x=\"{}\" y=\"11\" text-anchor=\"{anchor}\">load \
         event {}</text>",
        at(x),
        at(bottom),
        at(x + beside),
        units::time(record.load_ms),
    )
}

/// Class of a source in the style sheet.
pub(super) const fn class(source: Source) -> &'static str {
    match source {
        Source::Network => "network",
        Source::Peer => "peer",
        Source::Shelf => "shelf",
    }
}

const fn name(source: Source) -> &'static str {
    match source {
        Source::Network => "the origin",
        Source::Peer => "the other browser",
        Source::Shelf => "its own shelf",
    }
}

/// Units of the drawing; about pixels on a wide screen.
const WIDTH: f64 = 640.0;
const DRAWING_HEIGHT: f64 = 190.0;
const PITCH_MIN: f64 = 1.5;
const PITCH_MAX: f64 = 8.0;
const BAR_SHARE: f64 = 0.72;
const TOP: f64 = 20.0;
const AXIS: f64 = 16.0;
const LINES_MIN: usize = 4;
/// Narrower than that nobody sees a bar.
const SOLID_MIN: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::Scenario, summary::samples};

    fn delivery(source: Source, done_ms: f64) -> Delivery {
        let url = "https://a.com/<b>".to_owned();
        Delivery { url, source, asked_ms: 100.0, first_ms: done_ms - 50.0, done_ms, bytes: 5_000 }
    }

    #[test]
    fn a_drawing_is_coloured_by_source_and_says_so() {
        let mut record = samples::record(Scenario::Near, 800.0, 0);
        record.deliveries = vec![delivery(Source::Network, 300.0), delivery(Source::Peer, 600.0)];
        let drawing = draw(&record, &Scale { end: 1_000.0, pitch: 4.0 });
        assert_eq!(
            (drawing.matches("class=\"network\"").count(), drawing.matches("class=\"peer\"").count()),
            (1, 1)
        );
        assert!(drawing.contains("1 file with 5 kB from the other browser"));
        assert!(drawing.contains("https://a.com/&lt;b&gt;: 5 kB") && !drawing.contains("<b>"));
    }

    #[test]
    fn nothing_is_drawn_outside_of_the_drawing() {
        let mut record = samples::record(Scenario::Again, 10.0, 0);
        record.deliveries = vec![delivery(Source::Shelf, 0.0)];
        let drawing = draw(&record, &Scale { end: 1_000.0, pitch: 4.0 });
        assert!(!drawing.contains("=\"-"), "{drawing}");
    }
}
