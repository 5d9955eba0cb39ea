//! The report: one HTML file that needs nothing else, no script and no network.

mod charts;
mod figures;
mod markup;
mod shots;
mod waterfall;

use crate::{
    checks::Check, play::Run, run::Options, scenario::Scenario, summary::Summary, table::spread, units,
};
use markup::escape;
use shots::Shots;

const STYLE: &str = include_str!("report/style.css");

/// The whole page.
pub(crate) fn page(options: &Options, runs: &[Run], summaries: &[Summary<'_>], checks: &[Check]) -> String {
    let shots = Shots::of(summaries);
    let title = format!("Slipstream: {} over {}", options.site.name(), options.link);
    let body = [
        figures::header(options, runs, summaries),
        figures::tiles(summaries),
        figures::mishaps(runs),
        figures::unmet(checks),
        waterfalls(summaries, &shots),
        charts(summaries),
        figures::verdict(checks),
        figures::table(summaries),
        method(options, runs),
    ]
    .concat();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{STYLE}{}</style>\n\
         </head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(&title),
        shots.style(),
    )
}

/// The two charts as one picture.
pub(crate) fn picture(options: &Options, summaries: &[Summary<'_>]) -> String {
    charts::picture(&format!("Slipstream: {} over {}", options.site.name(), options.link), summaries)
}

fn waterfalls(summaries: &[Summary<'_>], shots: &Shots<'_>) -> String {
    let scale = waterfall::Scale::of(summaries);
    let plain_ms =
        summaries.iter().find(|s| s.scenario == Scenario::Plain).map(|plain| plain.typical().load_ms);
    let panel = |summary: &Summary<'_>| {
        let typical = summary.typical();
        format!(
            "<article class=\"panel\">\n<div class=\"words\"><h3>{}</h3><p class=\"load\">{}{}</p><p>{}</p></div>\n\
             {}\n{}\n</article>\n",
            escape(summary.scenario.title()),
            units::time(typical.load_ms),
            ratio_beside(summary, plain_ms),
            escape(summary.scenario.story()),
            waterfall::draw(typical, &scale),
            shots.picture(summary.scenario),
        )
    };
    let panels: String = summaries.iter().map(panel).collect();
    let note = if summaries.iter().any(|summary| summary.records.len() > 1) {
        " Of several runs, the one whose load time is the median is drawn."
    } else {
        ""
    };
    format!(
        "<section>\n<h2>What came when, and from where</h2>\n<p>Each line is one file of the page. All five drawings \
         share one scale.{note} What comes after the load event is what a reader meets while scrolling.</p>\n\
         <ul class=\"legend\"><li><i class=\"network\"></i>origin, over the slow line</li><li><i class=\"peer\"></i>the \
         other browser</li><li><i class=\"shelf\"></i>its own shelf</li><li><i class=\"waiting\"></i>pale: asked for, \
         not yet coming</li></ul>\n{panels}</section>\n"
    )
}

/// Against the visit without extension that is drawn.
fn ratio_beside(summary: &Summary<'_>, plain_ms: Option<f64>) -> String {
    match plain_ms {
        Some(plain_ms) if summary.scenario != Scenario::Plain => {
            format!(" <span>{}</span>", units::ratio(summary.typical().load_ms / plain_ms))
        }
        _ => String::new(),
    }
}

fn charts(summaries: &[Summary<'_>]) -> String {
    let spoken: Vec<_> = summaries.iter().map(|s| format!("{}: {}", s.scenario.name(), spread(s))).collect();
    format!(
        "<section class=\"two\">\n<div>\n<h2>Time to the load event</h2>\n<p>A dot for each run, a bar at the \
         median.</p>\n{}\n</div>\n<div>\n<h2>Bytes of the page</h2>\n<p>What crossed the slow line, and what did not \
         have to.</p>\n{}\n</div>\n</section>\n",
        charts::load_times(summaries, &spoken.join("; ")),
        charts::bytes(summaries),
    )
}

fn method(options: &Options, runs: &[Run]) -> String {
    format!(
        "<footer>\n<h2>How this was measured</h2>\n<p>{} of five visits, in the order of the drawings, in real Chromium \
         browsers with fresh profiles and an empty HTTP cache before every visit. The site “{}” is served over HTTPS by \
         an origin on this machine; all its host names share one line of {} Mbit/s in \
         each direction and {} ms there and back. Requests and bytes are \
         the origin's own counts. Browsers A and B are in one group and were introduced by the real server; what they \
         send each other does not cross the slow line. The picture is of the whole page, after scrolling through it. \
         Stored bodies were read back after every visit, hashed by the browser, and compared with the origin's files. \
         Where one figure stands for several runs, it is that of the run in which the origin had to send the most.</p>\n\
         </footer>\n",
        units::several(runs.len() as u64, "run"),
        options.site.name(),
        options.link.mbit,
        options.link.rtt_ms,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checks, run::samples::options, summary::samples};

    fn sample() -> String {
        let runs = [samples::run(7_000.0), samples::run(7_200.0)];
        let summaries = Summary::of(&runs);
        page(&options(), &runs, &summaries, &checks::judge(&options(), &runs, &summaries))
    }

    #[test]
    fn the_page_needs_nothing_but_itself() {
        let page = sample();
        assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src="));
        let addresses: Vec<_> = page.match_indices("url(").map(|(at, _)| &page[at..at + 9]).collect();
        assert!(
            !addresses.is_empty() && addresses.iter().all(|address| *address == "url(data:"),
            "{addresses:?}"
        );
    }

    #[test]
    fn every_scenario_has_a_drawing_and_a_picture() {
        let page = sample();
        for scenario in Scenario::ALL {
            assert!(page.contains(&format!("<h3>{}</h3>", scenario.title())), "{}", scenario.name());
        }
        assert_eq!(page.matches("class=\"waterfall\"").count(), 5);
        assert_eq!(page.matches("class=\"shot ").count(), 5);
    }

    #[test]
    fn equal_pictures_are_kept_once() {
        assert_eq!(sample().matches("url(data:").count(), 1);
    }
}
