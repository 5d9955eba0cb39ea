//! What the terminal shows: a line for each visit, and a table at the end.

use crate::{
    checks::Check,
    record::{Likeness, Record},
    run::Options,
    scenario::Scenario,
    statistics,
    summary::Summary,
    units,
};

/// One visit, as it ends; `plain` is that without extension of the same run.
pub(crate) fn line(record: &Record, plain: Option<&Record>) -> String {
    let ratio = plain.map_or_else(String::new, |plain| units::ratio(record.load_ms / plain.load_ms));
    let origin = format!(
        "{}, {}",
        units::several(record.origin.requests, "request"),
        units::bytes(record.origin.bytes)
    );
    let mut words = format!("{:>7}  {ratio:>7}  origin {origin:<22}", units::time(record.load_ms));
    for (bytes, from) in [(record.served.peer, "from the peer"), (record.served.shelf, "from the shelf")] {
        if bytes > 0 {
            words += &format!("  {} {from}", units::bytes(bytes));
        }
    }
    if let Likeness::Different { pixels } = record.likeness {
        words += &format!("  PICTURE DIFFERS in {}", units::several(pixels, "pixel"));
    }
    for complaint in &record.complaints {
        words += &format!("\n  NEW IN THE CONSOLE: {complaint}");
    }
    words.trim_end().to_owned()
}

/// The table at the end.
pub(crate) fn table(summaries: &[Summary<'_>]) -> String {
    let head = [
        "",
        "load",
        "ratio",
        "least–most",
        "requests",
        "images",
        "uplink",
        "network",
        "peer",
        "shelf",
        "verified",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for summary in summaries {
        let (origin, served) = (summary.origin(), summary.served());
        let plain = summary.scenario == Scenario::Plain;
        let count = |bytes| if plain { String::new() } else { units::bytes(bytes) };
        let (low, high) = summary.ratio_extent;
        rows.push(vec![
            summary.scenario.name().to_owned(),
            units::time(summary.load_ms),
            units::ratio(summary.ratio),
            if plain { String::new() } else { format!("{low:.2}–{high:.2}") },
            origin.requests.to_string(),
            origin.image_requests.to_string(),
            units::bytes(origin.bytes),
            count(served.network),
            count(served.peer),
            count(served.shelf),
            if plain { String::new() } else { summary.worst().counted.verified.to_string() },
        ]);
    }
    aligned(&rows)
}

/// The judgement, a line each.
pub(crate) fn verdict(options: &Options, checks: &[Check]) -> String {
    let line = |check: &Check| {
        let word = match (check.met, check.binding) {
            (true, _) => "ok      ",
            (false, true) => "FAILED  ",
            (false, false) => "not met ",
        };
        format!("{word}{}: {}\n", check.name, check.found)
    };
    let mut text: String = checks.iter().map(line).collect();
    if checks.iter().any(|check| !check.met && !check.binding) && !options.strict {
        text += "What is not met fails only with --strict.\n";
    }
    text
}

/// Times of all runs of a scenario in words: `1.30 s (1.14 s to 1.52 s)`.
pub(crate) fn spread(summary: &Summary<'_>) -> String {
    let times: Vec<_> = summary.records.iter().map(|record| record.load_ms).collect();
    match statistics::extent(&times) {
        Some((low, high)) if times.len() > 1 => {
            format!("{} ({} to {})", units::time(summary.load_ms), units::time(low), units::time(high))
        }
        _ => units::time(summary.load_ms),
    }
}

/// Columns as wide as their widest cell; the first to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            line += &if column == 0 { format!("{cell}{pad}") } else { format!("  {pad}{cell}") };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::samples;

    #[test]
    fn columns_stand_under_each_other() {
        let text = aligned(&[vec!["".into(), "µs".into()], vec!["near".into(), "1 000".into()]]);
        assert_eq!(text, "         µs\nnear  1 000\n");
    }

    #[test]
    fn a_line_says_where_bytes_came_from() {
        let run = samples::run(7_000.0);
        let text = line(&run.records[2], run.records.first());
        assert_eq!(text, " 1.40 s   0.20 ×  origin 3 requests, 18 kB       4.00 MB from the peer");
    }
}
