//! `run`: the main job from flags to report.

use std::{fs, path::PathBuf, time::Instant};

use clap::{Args, ValueEnum};
use slipstream_stage::{Fault, site_dir};

use crate::{
    audit::Truth,
    checks::{self, Check},
    json::Figures,
    link::Line,
    play, report,
    scenario::FaultKind,
    summary::Summary,
    table, units,
};

/// Shown after the flags.
pub(crate) const NOTES: &str = "\
Ends with exit status 1 when a picture differs, a console shows something new, a byte is wrong, or nothing was served. \
The figures that are promised for the gallery (shares and times) are printed as met or not met; with --strict they \
count as well.";

/// Flags.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Write the figures to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// The fixture site to visit
    #[arg(long, value_enum, default_value_t = Site::Gallery)]
    pub(crate) site: Site,
    /// The uplink that all hosts of the site share: Mbit/s and round-trip time in ms
    #[arg(long, value_name = "RATE,RTT", default_value = "5,80")]
    pub(crate) link: Line,
    /// How often to play everything [default: 5, with --fault 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: Option<u32>,
    /// Show the browsers' windows; needs a display
    #[arg(long)]
    pub(crate) headed: bool,
    /// Let something go wrong
    #[arg(long, value_enum)]
    pub(crate) fault: Option<FaultKind>,
    /// Folder for report.html, the chart of it, and for pictures that differ [default: target/demo of the project]
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Fail when a promised figure is not met
    #[arg(long)]
    pub(crate) strict: bool,
}

/// The fixture sites under `tests/sites`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Site {
    /// A magazine of 60 photographs, about 4 MB
    Gallery,
    /// The byte mix of the median home page
    Median,
    /// A chapter with web fonts, figures and mathematics, under a strict policy
    Textbook,
}

impl Site {
    /// Name of its folder.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gallery => "gallery",
            Self::Median => "median",
            Self::Textbook => "textbook",
        }
    }
}

impl Options {
    /// How often everything is played.
    pub(crate) fn runs(&self) -> u32 {
        self.runs.unwrap_or_else(|| if self.fault.is_some() { 1 } else { 5 })
    }

    /// Makes the folder for the report, and gives its plain name.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn report_dir(&self) -> Result<PathBuf, Fault> {
        let of_project = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/demo"));
        let dir = self.report.clone().unwrap_or_else(of_project);
        let made = fs::create_dir_all(&dir).and_then(|()| dir.canonicalize());
        Ok(made.map_err(|fault| format!("{}: {fault}", dir.display()))?)
    }
}

/// Plays, prints, writes, judges.
///
/// # Errors
/// Something could not be played or written, or a check that binds was not met.
pub(crate) async fn run(options: &Options) -> Result<(), Fault> {
    let began = Instant::now();
    // What cannot be written is better known before several minutes have passed.
    options.report_dir()?;
    let truth = Truth::of_site(&site_dir(options.site.name()))?;
    println!("{} over {}, every visit with an empty HTTP cache", options.site.name(), options.link);
    if let Some(kind) = options.fault {
        println!("fault: {}", kind.title());
    }
    let mut runs = Vec::new();
    for number in 1..=options.runs() {
        runs.push(play::play(options, number, &truth).await?);
    }
    let summaries = Summary::of(&runs);
    let checks = checks::judge(options, &runs, &summaries);
    println!("\n{}", table::table(&summaries));
    for mishap in runs.iter().filter_map(|run| run.fault.as_ref()) {
        println!("fault {}: {}", mishap.kind.name(), mishap.done);
        println!("  B counted: {}", mishap.counted_by_b.in_words());
        if let Some(counted) = &mishap.counted_by_a {
            println!("  A counted: {}", counted.in_words());
        }
    }
    println!("{}", table::verdict(options, &checks));
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_string_pretty(&Figures::of(options, &runs, &summaries))? + "\n")
            .map_err(|fault| format!("{}: {fault}", file.display()))?;
    }
    let dir = options.report_dir()?;
    let picture = dir.join(format!("{}.svg", options.site.name()));
    fs::write(&picture, report::picture(options, &summaries))
        .map_err(|fault| format!("{}: {fault}", picture.display()))?;
    let file = dir.join("report.html");
    fs::write(&file, report::page(options, &runs, &summaries, &checks))
        .map_err(|fault| format!("{}: {fault}", file.display()))?;
    println!("{}  ({})", file.display(), units::time(began.elapsed().as_secs_f64() * 1_000.0));
    end(&checks)
}

fn end(checks: &[Check]) -> Result<(), Fault> {
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check.binding && !check.met)
        .map(|c| format!("{}: {}", c.name, c.found))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("not as it should be. {}", failed.join("; ")).into()) }
}

#[cfg(test)]
pub(crate) mod samples {
    //! Flags as they are without any.

    use super::*;

    pub(crate) fn options() -> Options {
        Options {
            json: None,
            site: Site::Gallery,
            link: Line::PROMISED,
            runs: None,
            headed: false,
            fault: None,
            report: None,
            strict: false,
        }
    }
}
