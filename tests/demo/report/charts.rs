//! Load times as dots, bytes as bars.

use super::{
    markup::{at, escape, step},
    waterfall::class,
};
use crate::{record::Source, scenario::Scenario, summary::Summary, units};

/// A row for each scenario: a dot for each run, a bar at the median.
pub(super) fn load_times(summaries: &[Summary<'_>], spoken: &str) -> String {
    let drawn = draw_load_times(summaries);
    wrap(&drawn.svg, drawn.height, spoken)
}

/// A row for each scenario: what came over the line, from the peer and from the shelf.
pub(super) fn bytes(summaries: &[Summary<'_>]) -> String {
    let drawn = draw_bytes(summaries);
    let spared = |s: &Summary<'_>| s.served().peer + s.served().shelf;
    let line = |s: &Summary<'_>| {
        let (name, sent, spared) = (s.scenario.name(), s.origin().bytes, spared(s));
        format!("{name}: {} over the slow line, {} spared", units::bytes(sent), units::bytes(spared))
    };
    wrap(&drawn.svg, drawn.height, &summaries.iter().map(line).collect::<Vec<_>>().join("; "))
}

/// Both, as one picture that stands alone, with its own colours for light and dark.
pub(super) fn picture(title: &str, summaries: &[Summary<'_>]) -> String {
    let (times, bytes) = (draw_load_times(summaries), draw_bytes(summaries));
    let height = times.height.max(bytes.height);
    let right = WIDTH + 2.0 * MARGIN;
    let part = |x: f64, head: &str, svg: &str| {
        format!(
            "<g transform=\"translate({} {})\"><text class=\"head\" y=\"-14\">{head}</text>{svg}</g>\n",
            at(x),
            at(HEAD)
        )
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}</title>\n\
         <style>{PICTURE_STYLE}</style>\n<rect class=\"sheet\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n{}{}</svg>\n",
        at(right + WIDTH + MARGIN),
        at(HEAD + height + MARGIN / 2.0),
        escape(title),
        part(MARGIN, "Time to the load event", &times.svg),
        part(right, "Bytes of the page", &(bytes.svg + &legend(bytes.height - 4.0))),
    )
}

/// What the colours of the bytes say.
fn legend(y: f64) -> String {
    let sources =
        [(Source::Network, "slow line"), (Source::Peer, "other browser"), (Source::Shelf, "own shelf")];
    let item = |(at_x, (source, text)): (f64, (Source, &str))| {
        let (x, y, top, text_x) = (at(at_x), at(y), at(y - 9.0), at(at_x + 14.0));
        format!(
            "<rect class=\"{}\" x=\"{x}\" y=\"{top}\" width=\"10\" height=\"10\"/>\
             <text class=\"axis\" x=\"{text_x}\" y=\"{y}\">{text}</text>",
            class(source)
        )
    };
    [0.0, 84.0, 186.0].into_iter().zip(sources).map(item).collect()
}

const PICTURE_STYLE: &str = include_str!("picture.css");
const MARGIN: f64 = 24.0;
const HEAD: f64 = 52.0;

/// A chart without its frame.
struct Drawn {
    svg: String,
    height: f64,
}

fn draw_load_times(summaries: &[Summary<'_>]) -> Drawn {
    let longest = summaries.iter().flat_map(|s| &s.records).map(|record| record.load_ms).fold(1.0, f64::max);
    let end = longest * 1.04;
    let x = |ms: f64| LABELS + ms / end * (WIDTH - LABELS - FIGURE);
    let bottom = ROW * summaries.len() as f64;
    let step = step(end, 5.0);
    let mut svg = String::new();
    for count in 0..=20_u32 {
        let ms = f64::from(count) * step;
        if ms > end {
            break;
        }
        let (x, label) = (at(x(ms)), if count == 0 { "0".to_owned() } else { units_of_axis(ms, step) });
        svg += &format!(
            "<path class=\"grid\" d=\"M{x} 0V{}\"/><text class=\"axis\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
            at(bottom),
            at(bottom + 14.0)
        );
    }
    for (row, summary) in summaries.iter().enumerate() {
        let middle = ROW * (row as f64 + 0.5);
        svg += &label(summary.scenario, middle);
        for record in &summary.records {
            svg += &format!(
                "<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"4\"/>",
                at(x(record.load_ms)),
                at(middle)
            );
        }
        svg += &format!(
            "<path class=\"median\" d=\"M{} {}v18\"/>{}",
            at(x(summary.load_ms)),
            at(middle - 9.0),
            figure(&units::time(summary.load_ms), middle)
        );
    }
    Drawn { svg, height: bottom + 18.0 }
}

fn draw_bytes(summaries: &[Summary<'_>]) -> Drawn {
    let parts = |summary: &Summary<'_>| {
        let served = summary.served();
        [
            (Source::Network, summary.origin().bytes),
            (Source::Peer, served.peer),
            (Source::Shelf, served.shelf),
        ]
    };
    let sum = |summary: &Summary<'_>| parts(summary).iter().map(|(_, bytes)| *bytes).sum::<u64>();
    // Bytes of a page: exact as f64.
    let most = summaries.iter().map(sum).max().unwrap_or(0).max(1) as f64;
    let mut svg = String::new();
    for (row, summary) in summaries.iter().enumerate() {
        let middle = ROW * (row as f64 + 0.5);
        let mut left = LABELS;
        svg += &label(summary.scenario, middle);
        for (source, bytes) in parts(summary).into_iter().filter(|(_, bytes)| *bytes > 0) {
            let width = (bytes as f64 / most * (WIDTH - LABELS - 2.0 * FIGURE)).max(1.5);
            svg += &format!(
                "<g class=\"{}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"14\"/></g>",
                class(source),
                at(left),
                at(middle - 7.0),
                at(width)
            );
            left += width;
        }
        let (line, spared) = (summary.origin().bytes, summary.served().peer + summary.served().shelf);
        svg += &figure_at(&units::bytes(line), WIDTH - FIGURE, middle);
        svg += &figure(&units::bytes(spared), middle);
    }
    let bottom = ROW * summaries.len() as f64;
    for (x, head) in [(WIDTH - FIGURE, "slow line"), (WIDTH, "spared")] {
        let (x, y) = (at(x), at(bottom + 14.0));
        svg += &format!("<text class=\"axis\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{head}</text>");
    }
    Drawn { svg, height: bottom + 18.0 }
}

fn units_of_axis(ms: f64, step: f64) -> String {
    if step < 100.0 { format!("{} ms", at(ms)) } else { format!("{} s", at(ms / 1_000.0)) }
}

fn label(scenario: Scenario, middle: f64) -> String {
    let text = match scenario {
        Scenario::Plain => "no extension",
        Scenario::First => "A, first visit",
        Scenario::Near => "B, first visit",
        Scenario::Again => "B, second visit",
        Scenario::Gone => "B, A is gone",
    };
    format!("<text class=\"label\" x=\"0\" y=\"{}\">{}</text>", at(middle + 4.0), escape(text))
}

fn figure(text: &str, middle: f64) -> String {
    figure_at(text, WIDTH, middle)
}

fn figure_at(text: &str, end: f64, middle: f64) -> String {
    format!(
        "<text class=\"figure\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        at(end),
        at(middle + 4.0),
        escape(text)
    )
}

fn wrap(svg: &str, height: f64, spoken: &str) -> String {
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{svg}</svg>",
        at(WIDTH),
        at(height),
        escape(spoken)
    )
}

/// Units of the drawing; about pixels on a wide screen.
const WIDTH: f64 = 440.0;
const LABELS: f64 = 104.0;
const FIGURE: f64 = 62.0;
const ROW: f64 = 32.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::samples;

    #[test]
    fn each_run_is_a_dot() {
        let runs = [samples::run(7_000.0), samples::run(7_500.0), samples::run(6_900.0)];
        let chart = load_times(&Summary::of(&runs), "spoken");
        assert_eq!((chart.matches("<circle").count(), chart.matches("class=\"median\"").count()), (15, 5));
    }

    #[test]
    fn the_picture_needs_nothing_but_itself() {
        let runs = [samples::run(7_000.0)];
        let picture = picture("a <title>", &Summary::of(&runs));
        assert!(picture.starts_with("<svg xmlns") && picture.contains("<title>a &lt;title&gt;</title>"));
        assert!(!picture.contains("url(") && !picture.contains("href"));
        assert_eq!(picture.matches("class=\"median\"").count(), 5);
    }

    #[test]
    fn bars_have_the_colours_of_their_sources() {
        let runs = [samples::run(7_000.0)];
        let chart = bytes(&Summary::of(&runs));
        let count = |class: &str| chart.matches(&format!("<g class=\"{class}\"")).count();
        assert_eq!((count("network"), count("peer"), count("shelf")), (5, 1, 2));
    }
}
