//! The figures in words: headline, tiles, the fault, the judgement, the table.

use super::markup::escape;
use crate::{
    checks::Check, mishap::Mishap, play::Run, run::Options, scenario::Scenario, summary::Summary, units,
};

fn of<'a, 'b>(summaries: &'b [Summary<'a>], scenario: Scenario) -> Option<&'b Summary<'a>> {
    summaries.iter().find(|summary| summary.scenario == scenario)
}

/// Headline and lead.
pub(super) fn header(options: &Options, runs: &[Run], summaries: &[Summary<'_>]) -> String {
    let (Some(plain), Some(near), Some(again)) =
        (of(summaries, Scenario::Plain), of(summaries, Scenario::Near), of(summaries, Scenario::Again))
    else {
        return String::new();
    };
    let whole = summaries.iter().all(Summary::pictures_equal);
    let headline = match options.fault {
        Some(kind) if whole => format!("{}, and the page is whole", capital(kind.title())),
        Some(kind) => format!("{}, and the page suffered", capital(kind.title())),
        None if near.ratio < NOTICEABLE => format!(
            "A new browser loads the page in {} instead of {}",
            units::time(near.load_ms),
            units::time(plain.load_ms)
        ),
        None => format!(
            "A new browser loads the page in {}; without the extension it is {}",
            units::time(near.load_ms),
            units::time(plain.load_ms)
        ),
    };
    let lead = format!(
        "On its first visit, browser B had {} from browser A and {} over the slow line, which would have carried {} \
         without the extension. On its second visit it loaded in {} and had {} from its own shelf.",
        units::bytes(near.served().peer),
        units::bytes(near.origin().bytes),
        units::bytes(plain.origin().bytes),
        units::time(again.load_ms),
        units::bytes(again.served().shelf),
    );
    format!(
        "<header>\n<p class=\"kicker\">Slipstream demo · {} · {} · {}</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n\
         </header>\n",
        options.site.name(),
        escape(&options.link.to_string()),
        units::several(runs.len() as u64, "run"),
        escape(&headline),
        escape(&lead),
    )
}

/// The four figures that matter most.
pub(super) fn tiles(summaries: &[Summary<'_>]) -> String {
    let (Some(plain), Some(near), Some(again)) =
        (of(summaries, Scenario::Plain), of(summaries, Scenario::Near), of(summaries, Scenario::Again))
    else {
        return String::new();
    };
    let all: usize = summaries.iter().map(|summary| summary.records.len()).sum();
    let different = summaries.iter().filter(|summary| !summary.pictures_equal()).count();
    let pictures = if different == 0 { format!("{all} of {all}") } else { "differ".to_owned() };
    let time = |summary: &Summary<'_>| {
        format!("{} instead of {}", units::time(summary.load_ms), units::time(plain.load_ms))
    };
    let tile = |name: &str, figure: &str, note: &str| {
        format!(
            "<div><dt>{}</dt><dd><b>{}</b> <span>{}</span></dd></div>\n",
            escape(name),
            escape(figure),
            escape(note)
        )
    };
    let tiles = [
        tile("Load event, B's first visit", &units::ratio(near.ratio), &time(near)),
        tile("Load event, B's second visit", &units::ratio(again.ratio), &time(again)),
        tile(
            "Slow line, B's first visit",
            &units::bytes(near.origin().bytes),
            &format!("instead of {}", units::bytes(plain.origin().bytes)),
        ),
        tile("Pictures", &pictures, "equal to the page without the extension"),
    ];
    format!("<dl class=\"tiles\">\n{}</dl>\n", tiles.concat())
}

/// What went wrong on purpose, if anything did.
pub(super) fn mishaps(runs: &[Run]) -> String {
    let said = |mishap: &Mishap| {
        let mut counted = format!("<li>B counted: {}</li>", escape(&mishap.counted_by_b.in_words()));
        if let Some(a) = &mishap.counted_by_a {
            counted += &format!("<li>A counted: {}</li>", escape(&a.in_words()));
        }
        format!("<p>{}</p><ul>{counted}</ul>\n", escape(&mishap.done))
    };
    let Some(kind) = runs.iter().find_map(|run| run.fault.as_ref()).map(|mishap| mishap.kind) else {
        return String::new();
    };
    let all: String = runs.iter().filter_map(|run| run.fault.as_ref()).map(said).collect();
    format!(
        "<section class=\"notice\" aria-label=\"Fault\">\n<h2>Fault on purpose: {}</h2>\n{all}</section>\n",
        kind.name(),
    )
}

/// What is not as it should be, in front of all else.
pub(super) fn unmet(checks: &[Check]) -> String {
    let unmet: String = checks.iter().filter(|check| !check.met).map(item).collect();
    if unmet.is_empty() {
        return String::new();
    }
    format!(
        "<section class=\"notice bad\">\n<h2>Not as it should be</h2>\n<ul class=\"checks\">{unmet}</ul>\n</section>\n"
    )
}

/// Every check with what was found.
pub(super) fn verdict(checks: &[Check]) -> String {
    let all: String = checks.iter().map(item).collect();
    format!("<section>\n<h2>What was checked</h2>\n<ul class=\"checks\">\n{all}</ul>\n</section>\n")
}

fn item(check: &Check) -> String {
    let (class, word) = match (check.met, check.binding) {
        (true, _) => ("met", "✓ yes"),
        (false, true) => ("failed", "✗ no"),
        (false, false) => ("missed", "– not met"),
    };
    format!(
        "<li class=\"{class}\"><b>{word}</b><span>{}<small>{}</small></span></li>\n",
        escape(&check.name),
        escape(&check.found)
    )
}

/// All figures once more, as a table.
pub(super) fn table(summaries: &[Summary<'_>]) -> String {
    let row = |summary: &Summary<'_>| {
        let (origin, served) = (summary.origin(), summary.served());
        let plain = summary.scenario == Scenario::Plain;
        let (low, high) = summary.ratio_extent;
        let cells = [
            units::time(summary.load_ms),
            if plain {
                "1".to_owned()
            } else {
                format!("{} ({low:.2}–{high:.2})", units::ratio(summary.ratio))
            },
            origin.requests.to_string(),
            origin.image_requests.to_string(),
            units::bytes(origin.bytes),
            units::bytes(origin.image_bytes),
            if plain { "–".to_owned() } else { units::bytes(served.peer) },
            if plain { "–".to_owned() } else { units::bytes(served.shelf) },
            if plain { "–".to_owned() } else { summary.worst().counted.verified.to_string() },
        ];
        let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(summary.scenario.title()))
    };
    let rows: String = summaries.iter().map(row).collect();
    format!(
        "<section>\n<h2>All figures</h2>\n<div class=\"scroll\"><table>\n<thead><tr><td></td><th scope=\"col\">Load \
         event</th><th scope=\"col\">Ratio (least–most)</th><th scope=\"col\">Requests at the origin</th>\
         <th scope=\"col\">of images</th><th scope=\"col\">Bytes from it</th><th scope=\"col\">of images</th>\
         <th scope=\"col\">From the peer</th><th scope=\"col\">From the shelf</th><th scope=\"col\">Bodies \
         verified</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Closer to 1 than this is no news.
const NOTICEABLE: f64 = 0.95;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{counted::Counted, run::samples::options, scenario::FaultKind, summary::samples};

    #[test]
    fn the_headline_says_the_medians() {
        let runs = [samples::run(7_000.0)];
        let header = header(&options(), &runs, &Summary::of(&runs));
        assert!(header.contains("A new browser loads the page in 1.40 s instead of 7.00 s"), "{header}");
    }

    #[test]
    fn a_fault_is_named_with_what_was_counted() {
        let mut run = samples::run(7_000.0);
        let counted_by_b = Counted { refusals: [("peer_late".to_owned(), 3)].into(), ..Counted::default() };
        run.fault = Some(Mishap {
            kind: FaultKind::PeerDies,
            done: "A was killed.".into(),
            came_to_pass: true,
            counted_by_a: None,
            counted_by_b,
        });
        let notice = mishaps(&[run]);
        assert!(notice.contains("Fault on purpose: peer-dies") && notice.contains("peer_late 3"), "{notice}");
    }

    #[test]
    fn without_anything_unmet_there_is_no_notice() {
        let met = Check { name: "a".into(), met: true, found: "b".into(), binding: true };
        assert_eq!(unmet(std::slice::from_ref(&met)), "");
        assert!(unmet(&[Check { met: false, ..met }]).contains("Not as it should be"));
    }
}
