//! `bench page`: what the extension costs a page that it can do nothing for.

use std::{cell::Cell, fs, path::PathBuf, time::Duration};

use clap::Args;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde::Serialize;
use slipstream_stage::{Fault, Protocol, Scene, Seat, Site, SiteBuilder, site_dir};

use crate::{
    link::Line,
    statistics::{median, median_interval, quantile},
    units,
};

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Pairs of visits, with and without the extension, for each protocol
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The line: Mbit/s and round-trip time in ms
    #[arg(long, value_name = "RATE,RTT", default_value = "5,80")]
    link: Line,
    /// What the page is like
    #[arg(long, value_name = "NAME", default_value = "median")]
    site: Content,
    /// Decides which of a pair comes first
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// A page whose files nobody may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Content {
    /// The byte mix of the median home page
    Median,
    /// Twenty small files: what is added to each request weighs most here
    Small,
}

/// The figures, in the shape that stays put.
#[derive(Debug, Serialize)]
struct Figures {
    bench: &'static str,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    ratio_to: Option<&'static str>,
    ratio: Option<f64>,
}

/// Load times of one protocol, in ms.
#[derive(Debug, Default)]
struct Pairs {
    without: Vec<f64>,
    with: Vec<f64>,
}

/// Measures over HTTP/2 and over HTTP/1.1, prints and writes.
///
/// # Errors
/// A browser or the origin did not do what it should, or the file cannot be written.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    println!("a page whose files nobody may keep ({:?}), over {}", options.site, options.link);
    let mut random = StdRng::seed_from_u64(options.seed);
    let mut rows = Vec::new();
    for (protocol, name) in [(Protocol::Http2, "h2"), (Protocol::Http1, "h1")] {
        let pairs = measure(options, protocol, name, &mut random).await?;
        println!("{}", pairs.in_words(name));
        rows.extend(pairs.rows(name));
    }
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&Figures { bench: "page", rows })? + "\n";
        fs::write(file, text).map_err(|fault| format!("{}: {fault}", file.display()))?;
    }
    Ok(())
}

async fn measure(
    options: &Options,
    protocol: Protocol,
    name: &str,
    random: &mut StdRng,
) -> Result<Pairs, Fault> {
    let scene = Scene::of(options.site.site(protocol)?).link(options.link.link()).build().await?;
    let (without, mut with) = (scene.plain().await?, scene.member().await?);
    with.leave_desk().await?;
    let with = Side { seat: &with, extension: true, files: Cell::default() };
    let without = Side { seat: &without, extension: false, files: Cell::default() };
    // The first visits warm up what is warm for somebody who has been browsing for a while, and stays on each page for
    // a moment.
    for _ in 0..WARM_UP {
        without.load(&scene, DWELL).await?;
        with.load(&scene, DWELL).await?;
    }
    let mut pairs = Pairs::default();
    for number in 1..=options.runs {
        let (a, b) = if random.random_bool(0.5) {
            let with = with.load(&scene, Duration::ZERO).await?;
            (without.load(&scene, Duration::ZERO).await?, with)
        } else {
            (without.load(&scene, Duration::ZERO).await?, with.load(&scene, Duration::ZERO).await?)
        };
        println!("  {name} {number:>3} of {}  {a:>7.1} ms  {b:>7.1} ms", options.runs);
        pairs.without.push(a);
        pairs.with.push(b);
    }
    Ok(pairs)
}

/// One of the two browsers.
struct Side<'a> {
    seat: &'a Seat,
    extension: bool,
    /// How many files its first load asked for: each has to ask for as many.
    files: Cell<Option<u64>>,
}

impl Side<'_> {
    /// One visit with an empty cache, left so long after its load event; the time to that event, in ms.
    async fn load(&self, scene: &Scene, stay: Duration) -> Result<f64, Fault> {
        let page = self.seat.browser().new_page().await?;
        page.clear_http_cache().await?;
        if self.extension {
            // An answer shows that the service worker is awake.
            self.seat.browser().evaluate_service_worker("true", PATIENCE).await?;
        }
        scene.origin().reset();
        let load = page.goto(scene.page(), PATIENCE).await?;
        tokio::time::sleep(stay).await;
        page.close().await?;
        // The browser asks for an icon when it pleases.
        let is_icon = |url: &str| url.ends_with("/favicon.ico") || url.ends_with("/icon.png");
        let asked = scene.origin().counters().sum(|url, _| !is_icon(url)).requests;
        let files = self.files.get().unwrap_or(asked);
        self.files.set(Some(files));
        if asked != files {
            return Err(format!("{asked} of {files} files came from the origin").into());
        }
        Ok(load.load_ms)
    }
}

impl Pairs {
    fn ratios(&self) -> Vec<f64> {
        self.with.iter().zip(&self.without).map(|(with, without)| with / without).collect()
    }

    fn in_words(&self, name: &str) -> String {
        let ratios = self.ratios();
        let (low, high) = median_interval(&ratios).unwrap_or((f64::NAN, f64::NAN));
        let quarter = |at| quantile(&ratios, at).unwrap_or(f64::NAN);
        let ratio = quarter(0.5);
        format!(
            "{name}: {} without, {} with the extension. Ratio of pairs: median {ratio:.3}, middle half {:.3} to {:.3}, \
             the median lies between {low:.3} and {high:.3} with 95 % confidence. At most {LIMIT} is promised: {}.",
            units::time(median(&self.without).unwrap_or(f64::NAN)),
            units::time(median(&self.with).unwrap_or(f64::NAN)),
            quarter(0.25),
            quarter(0.75),
            if ratio <= LIMIT { "met" } else { "not met" },
        )
    }

    fn rows(&self, protocol: &str) -> Vec<Row> {
        let ratios = self.ratios();
        let row = |name: &str, at: f64| {
            Some(Row {
                name: format!("nothing to serve, warm, {protocol}, {name}"),
                value: rounded(quantile(&self.with, at)?, 10.0),
                unit: "ms",
                ratio_to: Some(BASELINE),
                ratio: Some(rounded(quantile(&ratios, at)?, 1_000.0)),
            })
        };
        let baseline = median(&self.without).map(|value| Row {
            name: format!("{BASELINE}, {protocol}, median"),
            value: rounded(value, 10.0),
            unit: "ms",
            ratio_to: None,
            ratio: None,
        });
        [row("median", 0.5), row("25th percentile", 0.25), row("75th percentile", 0.75), baseline]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn rounded(value: f64, to: f64) -> f64 {
    (value * to).round() / to
}

impl Content {
    /// None of its files may be kept by anybody: the extension looks at all and takes none.
    fn site(self, protocol: Protocol) -> Result<Site, Fault> {
        let site = match self {
            Self::Median => Site::open(site_dir("median"))?.protocol(protocol),
            Self::Small => small(protocol),
        };
        Ok(site.header("*", "/*", "cache-control", Some("no-store")).build()?)
    }
}

/// Sheets, scripts and images.
fn small(protocol: Protocol) -> SiteBuilder {
    const HOST: &str = "www.plain-demo.com";
    let mut head = String::new();
    let mut body = String::new();
    let mut site = Site::builder(format!("https://{HOST}/")).host(HOST, protocol);
    for number in 0..SUBRESOURCES {
        let (path, content) = match number % 5 {
            0 => (
                format!("/{number}.css"),
                format!(".c{number} {{ margin: {number}px; color: #123 }}\n").repeat(60),
            ),
            1 => (format!("/{number}.js"), format!("globalThis.n{number} = {number};\n").repeat(100)),
            _ => (format!("/{number}.svg"), figure(number)),
        };
        match number % 5 {
            0 => head += &format!("<link rel=\"stylesheet\" href=\"{path}\">\n"),
            1 => head += &format!("<script src=\"{path}\" defer></script>\n"),
            _ => body += &format!("<img src=\"{path}\" width=\"120\" height=\"80\" alt=\"\">\n"),
        }
        site = site.file(HOST, &path, content);
    }
    let html = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Nothing to serve</title>\n{head}<h1>A page</h1>\n{body}"
    );
    site.file(HOST, "/index.html", html)
}

fn figure(number: usize) -> String {
    let circles: String = (0..40)
        .map(|at| {
            format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"#{number:02}8\"/>\n",
                at * 3,
                at * 2,
                at % 7 + 1
            )
        })
        .collect();
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 120 80\">\n{circles}</svg>\n")
}

const SUBRESOURCES: usize = 20;
const BASELINE: &str = "no extension";
const WARM_UP: u32 = 3;
/// Longer than what the extension does after a load.
const DWELL: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(20);
/// Issue 2, point 6.
const LIMIT: f64 = 1.05;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_is_named_after_its_whole_case() {
        let pairs = Pairs { without: vec![100.0, 100.0, 200.0], with: vec![101.0, 103.0, 204.0] };
        let rows = serde_json::to_value(pairs.rows("h2")).expect("plain figures");
        let first = json!({
            "name": "nothing to serve, warm, h2, median", "value": 103.0, "unit": "ms",
            "ratio_to": "no extension", "ratio": 1.02,
        });
        assert_eq!(rows[0], first);
        assert_eq!(rows[3]["name"], "no extension, h2, median");
    }

    #[test]
    fn the_pages_can_be_served() {
        for content in [Content::Median, Content::Small] {
            assert!(content.site(Protocol::Http2).is_ok() && content.site(Protocol::Http1).is_ok());
        }
    }
}
