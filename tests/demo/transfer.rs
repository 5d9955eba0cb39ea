//! `bench transfer`: one body from one real browser to another, by three ways in turn: a bare data channel, Slipstream,
//! and `WebTorrent`. The ways are interleaved, so that whatever else the machine does falls on all of them.

mod cpu;
mod raw;
mod rival;
mod slipstream;
mod tracker;

use std::{fs, path::PathBuf, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::Args;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use serde_json::{Value, json};
use slipstream_stage::{Fault, Link, Protocol, Scene, Seat, Site};

use self::{cpu::Spent, raw::Raw, rival::Rival, slipstream::Slipstream};
use crate::statistics::{median, quantile};

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Transfers of each body by each way
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// `WebTorrent` for browsers, as npm has it; without it that way is left out
    #[arg(long, value_name = "FILE")]
    webtorrent: Option<PathBuf>,
    /// Decides over the order in each round
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// Sizes of the bodies, in bytes.
const SIZES: [usize; 4] = [20_000, 200_000, 2_000_000, 8_000_000];
const HOST: &str = "www.transfer-demo.com";
/// A picture of one pixel; what follows its end is not looked at by anybody.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// How a body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// A data channel with nothing on top: no hash, nothing stored.
    Raw,
    /// Verified and stored.
    Slipstream,
    /// Verified and stored.
    WebTorrent,
}

/// One transfer.
#[derive(Clone, Copy, Debug, Default)]
struct Took {
    /// From asking to the end, in ms.
    ms: f64,
    /// Until the first byte came, until the last came, and until all were verified, where that is known; in ms.
    steps: Option<[f64; 3]>,
    /// CPU time of both browsers, in seconds.
    cpu_s: f64,
}

/// All transfers of one body by one way.
#[derive(Debug, Serialize)]
struct Row {
    way: Way,
    bytes: usize,
    ms_p50: f64,
    ms_p99: f64,
    /// Medians of [`Took::steps`].
    steps_ms_p50: Option<[f64; 3]>,
    mb_per_s: f64,
    cpu_s: f64,
    /// Throughput, as a share of the bare channel's.
    to_raw: f64,
}

/// Measures, prints and writes.
///
/// # Errors
/// A browser did not do what it should, or a file cannot be read or written.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    let tracker = tracker::Tracker::start().await?;
    // The document takes its time: the member is asked before the image is.
    let line = Link::mbit(100.0, Duration::from_millis(100));
    let scene = Scene::of(site(options)?).link(line).build().await?;
    let mut settings = scene.member_settings();
    // As fast as it goes: what a group may use of its own network otherwise is a matter of courtesy.
    settings["limits"] =
        json!({ "uploadKiBps": 1 << 20, "uploadMiBPerDay": 1 << 20, "uploadMiBPerMonth": 1 << 20 });
    let (giver, taker) = (scene.member().await?, scene.alone().await?);
    giver.set(&settings).await?;
    slipstream::watch(&taker).await?;
    taker.set(&settings).await?;
    taker.wait_for_peers(1).await?;
    let raw = Raw::connect(&giver, &taker).await?;
    let slipstream = Slipstream::prepare(&giver, &taker, &scene).await?;
    let rival = match options.webtorrent {
        Some(_) => Some(Rival::prepare(&giver, &taker, tracker.url()).await?),
        None => None,
    };
    let round_trips = raw.round_trips(options.runs).await?;
    let mut random = StdRng::seed_from_u64(options.seed);
    let mut rows = Vec::new();
    for size in SIZES {
        let mut took: [Vec<Took>; 3] = Default::default();
        let mut given_up = 0;
        // The first round warms up and does not count.
        for round in 0..=options.runs {
            let first = random.random_range(0..3);
            for way in [0, 1, 2].map(|at| (first + at) % 3) {
                let spent = Spent::start(&[&giver, &taker]);
                let one = match way {
                    0 => Some(raw.take(size).await?),
                    1 => slipstream.take(&scene, size).await?,
                    _ => match &rival {
                        Some(rival) => Some(rival.take(size).await?),
                        None => None,
                    },
                };
                given_up += usize::from(way == 1 && one.is_none());
                if let Some(one) = one.filter(|_| round > 0) {
                    took[way].push(Took { cpu_s: spent.seconds(), ..one });
                }
            }
            println!("  {size:>9} bytes, round {round} of {}", options.runs);
        }
        if given_up > 0 {
            println!("  {given_up} times the origin took over from Slipstream's peer");
        }
        rows.extend(rows_of(size, &took));
    }
    report(&rows, &round_trips);
    if let Some(file) = &options.json {
        let figures = json!({ "bench": "transfer", "round_trip_ms": median(&round_trips), "rows": rows });
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        fs::write(file, text).map_err(|fault| format!("{}: {fault}", file.display()))?;
    }
    Ok(())
}

fn rows_of(bytes: usize, took: &[Vec<Took>; 3]) -> Vec<Row> {
    let times = |took: &[Took]| took.iter().map(|took| took.ms).collect::<Vec<_>>();
    let raw = median(&times(&took[0]));
    let ways = [Way::Raw, Way::Slipstream, Way::WebTorrent];
    let row = |(way, took): (Way, &Vec<Took>)| {
        let times = times(took);
        let ms = median(&times)?;
        let step =
            |at: usize| median(&took.iter().filter_map(|took| Some(took.steps?[at])).collect::<Vec<_>>());
        Some(Row {
            way,
            bytes,
            ms_p50: ms,
            ms_p99: quantile(&times, 0.99)?,
            steps_ms_p50: step(0)
                .zip(step(1))
                .zip(step(2))
                .map(|((first, last), verified)| [first, last, verified]),
            mb_per_s: bytes as f64 / 1e3 / ms,
            cpu_s: median(&took.iter().map(|took| took.cpu_s).collect::<Vec<_>>())?,
            to_raw: raw? / ms,
        })
    };
    ways.into_iter().zip(took).filter_map(row).collect()
}

fn report(rows: &[Row], round_trips: &[f64]) {
    println!("round trip of the bare channel: {:.2} ms (p50)", median(round_trips).unwrap_or(f64::NAN));
    println!(
        "{:>9}  {:<10} {:>9} {:>9} {:>20} {:>8} {:>8} {:>7}",
        "bytes", "way", "p50 ms", "p99 ms", "1st/last/verified", "MB/s", "CPU s", "to raw"
    );
    for row in rows {
        let steps =
            row.steps_ms_p50.map(|[first, last, verified]| format!("{first:.1}/{last:.1}/{verified:.1}"));
        let steps = steps.unwrap_or_else(|| "-".to_owned());
        println!(
            "{:>9}  {:<10} {:>9.1} {:>9.1} {steps:>20} {:>8.1} {:>8.2} {:>7.2}",
            row.bytes,
            format!("{:?}", row.way).to_lowercase(),
            row.ms_p50,
            row.ms_p99,
            row.mb_per_s,
            row.cpu_s,
            row.to_raw,
        );
    }
}

/// A page for each body with the body as its one image, and a page for the rival.
fn site(options: &Options) -> Result<Site, Fault> {
    let mut site = Site::builder(format!("https://{HOST}/")).host(HOST, Protocol::Http2);
    site = site.file(HOST, "/index.html", "<!doctype html>\n<title>Nothing</title>\n");
    let mut random = StdRng::seed_from_u64(options.seed);
    for size in SIZES {
        let mut body = BASE64_STANDARD.decode(PIXEL)?;
        body.extend(std::iter::repeat_with(|| random.random::<u8>()).take(size - body.len()));
        let html = format!("<!doctype html>\n<title>{size}</title>\n<img src=\"/{size}.png\" alt=\"\">\n");
        site = site.file(HOST, &format!("/{size}.html"), html).file(HOST, &format!("/{size}.png"), body);
    }
    if let Some(file) = &options.webtorrent {
        let script = fs::read(file).map_err(|fault| format!("{}: {fault}", file.display()))?;
        site = site.file(HOST, "/webtorrent.js", script).file(HOST, "/rival.html", "<!doctype html>\n");
    }
    Ok(site.header(HOST, "*.png", "cache-control", Some("public, max-age=31536000")).build()?)
}

fn address(path: &str) -> String {
    format!("https://{HOST}/{path}")
}

/// A number that a script gave.
fn ms(value: &Value) -> Result<f64, Fault> {
    value.as_f64().ok_or_else(|| format!("not a time: {value}").into())
}

/// Evaluates in the extension's offscreen document, where the engine and its channels live.
async fn offscreen(seat: &Seat, script: &str) -> Result<Value, Fault> {
    Ok(seat.browser().evaluate_offscreen(script, PATIENCE).await?)
}

const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throughput_is_compared_with_the_bare_channels() {
        let took = |ms| vec![Took { ms, ..Took::default() }; 3];
        let rows = rows_of(2_000_000, &[took(100.0), took(125.0), Vec::new()]);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].mb_per_s, rows[1].mb_per_s, rows[1].to_raw), (20.0, 16.0, 0.8));
    }
}
