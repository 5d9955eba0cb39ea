//! What came of the matrix, as a table for the terminal and as a page.

use std::fmt::Write as _;

use crate::{Row, Run, Sources};

/// One line for each case: how many of its resources came from where in each run.
#[must_use]
pub fn table(rows: &[Row], runs: &[Run]) -> String {
    let mut text = String::new();
    let _ = write!(text, "{:<12} {:<24}", "group", "case");
    for run in runs {
        let _ = write!(text, " {:>12}", run.name());
    }
    text.push('\n');
    for row in rows {
        let _ = write!(text, "{:<12} {:<24}", row.case.group, row.case.name);
        for run in runs {
            let cell = row.outcomes.get(run).map_or_else(
                || "–".to_owned(),
                |outcome| {
                    let wrong =
                        if outcome.faults.is_empty() && outcome.detours.is_empty() { "" } else { "!" };
                    format!("{wrong}{}", counts(&outcome.sources))
                },
            );
            let _ = write!(text, " {cell:>12}");
        }
        text.push('\n');
    }
    let wrong = rows.iter().filter(|row| row.faults().chain(row.detours()).next().is_some()).count();
    let _ = writeln!(text, "{} cases, {wrong} of them differ; peer/shelf/origin", rows.len());
    text
}

/// The same as a page, with what is wrong spelt out.
#[must_use]
pub fn page(rows: &[Row], runs: &[Run]) -> String {
    let wrong = rows.iter().filter(|row| row.faults().chain(row.detours()).next().is_some()).count();
    let mut body = String::new();
    let mut group = "";
    for row in rows {
        if row.case.group != group {
            group = &row.case.group;
            let _ =
                write!(body, "<tr><th colspan=\"{}\" scope=\"rowgroup\">{group}</th></tr>", runs.len() + 1);
        }
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><b>{}</b> {}</th>",
            row.case.name,
            escaped(&row.case.expected.sentence)
        );
        for run in runs {
            let Some(outcome) = row.outcomes.get(run) else {
                body.push_str("<td></td>");
                continue;
            };
            let class =
                if outcome.faults.is_empty() && outcome.detours.is_empty() { "" } else { " class=\"wrong\"" };
            let title = escaped(&named(&outcome.sources));
            let faults: String = outcome
                .faults
                .iter()
                .chain(&outcome.detours)
                .map(|fault| format!("<p>{}</p>", escaped(fault)))
                .collect();
            let _ = write!(body, "<td{class} title=\"{title}\">{}{faults}</td>", counts(&outcome.sources));
        }
        body.push_str("</tr>\n");
    }
    let heads: String = runs.iter().map(|run| format!("<th scope=\"col\">{}</th>", run.name())).collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Compatibility</title><style>{STYLE}</style>\
         <h1>Compatibility</h1><p>{} pages, {wrong} of them differ from the browser without Slipstream. In each field: \
         resources from a peer / from the shelf / asked of the origin.</p>\
         <table><thead><tr><th scope=\"col\">page</th>{heads}</tr></thead><tbody>\n{body}</tbody></table></html>\n",
        rows.len()
    )
}

fn counts(sources: &Sources) -> String {
    format!("{}/{}/{}", sources.peer.len(), sources.shelf.len(), sources.asked.len())
}

fn named(sources: &Sources) -> String {
    let parts = [("peer", &sources.peer), ("shelf", &sources.shelf), ("origin", &sources.asked)];
    let part = |(name, names): &(&str, &std::collections::BTreeSet<String>)| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        format!("{name}: {}", names.join(" "))
    };
    parts.iter().filter(|(_, names)| !names.is_empty()).map(part).collect::<Vec<_>>().join("; ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:15px/1.4 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}\
    table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:400}td{text-align:right}\
    td,th{padding:.2rem .5rem;border-bottom:1px solid #8884;vertical-align:top;font-variant-numeric:tabular-nums}\
    th[scope=rowgroup]{font-size:1.2rem;padding-top:1.2rem}.wrong{background:#c002}.wrong p{text-align:left;margin:.3rem 0}";
