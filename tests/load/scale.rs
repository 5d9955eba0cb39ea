//! `bench signal-scale`: what more connections, and more members in one topic, cost.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep};

use crate::Fault;
use crate::dialect::Dialect;
use crate::exchange::{self, Load};
use crate::figures::{Figures, Row};
use crate::idle;
use crate::rivals::Rival;
use crate::server::Server;
use crate::statistics::median;

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw them here
    #[arg(long, value_name = "FILE", default_value = "signal-scale.svg")]
    svg: PathBuf,
}

/// Connections. Each needs a file here and one in the server, and 20,000 are what many systems allow.
const CONNECTIONS: [usize; 3] = [1_000, 10_000, 19_000];
/// Members of one topic.
const MEMBERS: [usize; 4] = [10, 100, 1_000, 10_000];
/// Joins that are timed for each.
const JOINS: usize = 300;

/// One line of the drawing.
struct Curve {
    title: &'static str,
    unit: &'static str,
    points: Vec<(usize, f64)>,
}

/// Measures, prints, writes and draws.
///
/// # Errors
/// The server did not do its work, or a file cannot be written.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    let ours = Rival::ours()?;
    let mut memory = Curve { title: "memory of the server", unit: "MB", points: Vec::new() };
    let mut relayed = Curve { title: "relayed beside idle connections", unit: "1/s", points: Vec::new() };
    for count in CONNECTIONS {
        let server = Server::start(|addr| ours.command(addr)).await?;
        // A pair is two connections, and some of them are at work.
        let load = Load { pairs: 400, every: Duration::from_millis(450), counted: Duration::from_secs(5) };
        let ends = idle::open(server.addr(), Dialect::Slipstream, count - 2 * load.pairs).await?;
        let outcome = exchange::run(&server, Dialect::Slipstream, load).await?;
        relayed.points.push((count, outcome.relayed() / load.counted.as_secs_f64()));
        memory.points.push((count, server.resident()? as f64 / 1e6));
        println!("  {count} connections");
        drop(ends);
    }
    let mut joined = Curve { title: "join, by members of the topic", unit: "µs", points: Vec::new() };
    for count in MEMBERS {
        joined.points.push((count, join(&ours, count).await?));
        println!("  {count} members");
    }
    let curves = [memory, relayed, joined];
    std::fs::write(&options.svg, draw(&curves))
        .map_err(|error| format!("{}: {error}", options.svg.display()))?;
    let rows = curves.iter().flat_map(rows).collect();
    Figures { bench: "signal-scale", rows }.show(options.json.as_deref())
}

/// Microseconds from a join to its answer, in a topic of so many.
async fn join(ours: &Rival, members: usize) -> Result<f64, Fault> {
    let server = Server::start(|addr| ours.command(addr)).await?;
    let dialect = Dialect::Slipstream;
    let mut all = Vec::with_capacity(members);
    for number in 0..members {
        let mut end = dialect.open(server.addr(), number).await?;
        dialect.settle(&mut end, 0).await?;
        all.push(end);
    }
    let mut times = Vec::with_capacity(JOINS);
    for number in 0..JOINS {
        let mut end = dialect.open(server.addr(), number).await?;
        // The server's first ping is out of the way by then.
        sleep(Duration::from_millis(2)).await;
        let asked = Instant::now();
        dialect.settle(&mut end, 0).await?;
        times.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    median(&times).ok_or_else(|| "no joins".into())
}

fn rows(curve: &Curve) -> Vec<Row> {
    let Some((least, first)) = curve.points.first().copied() else { return Vec::new() };
    let row = |(count, value): &(usize, f64)| Row {
        name: format!("{}, {count}", curve.title),
        value: *value,
        unit: curve.unit,
        ratio_to: (*count != least).then(|| format!("{least}")),
        ratio: (*count != least).then_some(*value / first),
    };
    curve.points.iter().map(row).collect()
}

/// One panel for each curve: counts on a logarithmic axis, values from zero.
fn draw(curves: &[Curve]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} 260\" font-family=\"sans-serif\" font-size=\"12\">\n",
        curves.len() * 300
    );
    for (panel, curve) in curves.iter().enumerate() {
        let left = panel as f64 * 300.0 + 50.0;
        let top = curve.points.iter().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max) * 1.15;
        let decades = |count: usize| (count as f64).log10();
        let (from, to) = (curve.points.first(), curve.points.last());
        let (from, to) = (from.map_or(0.0, |p| decades(p.0)), to.map_or(1.0, |p| decades(p.0)));
        let at = |(count, value): (usize, f64)| {
            (left + (decades(count) - from) / (to - from).max(0.1) * 210.0, 210.0 - value / top * 170.0)
        };
        let path: Vec<String> =
            curve.points.iter().map(|p| at(*p)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(svg, "<text x=\"{left}\" y=\"20\">{} ({})</text>", curve.title, curve.unit);
        let _ = writeln!(svg, "<path d=\"M{left} 40V210H{}\" fill=\"none\" stroke=\"#888\"/>", left + 220.0);
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#06c\" stroke-width=\"2\"/>",
            path.join(" ")
        );
        for point in &curve.points {
            let (x, y) = at(*point);
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#06c\"/>");
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0}</text>",
                y - 8.0,
                point.1
            );
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"228\" text-anchor=\"middle\">{}</text>", point.0);
        }
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_shows_each_point_once() {
        let curve = Curve { title: "t", unit: "u", points: vec![(10, 1.0), (100, 2.0), (1_000, 0.5)] };
        let svg = draw(&[curve]);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn rows_are_compared_with_the_smallest_case() {
        let rows = rows(&Curve { title: "join", unit: "µs", points: vec![(10, 50.0), (100, 60.0)] });
        assert_eq!((rows[0].ratio, rows[1].ratio), (None, Some(1.2)));
        assert_eq!(rows[1].name, "join, 100");
    }
}
