//! `cargo xtask test`: every check of the project, quick ones first.
//!
//! All native steps select the same packages, so that cargo builds each dependency once with one set of
//! features: for `clippy` and `doc` without code, for the tests with.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{Failure, build::Build, ensure, manifest::Hosts, process, wasm, workspace};

/// All crates but the two that exist as wasm only.
const NATIVE: [&str; 5] = ["--workspace", "--exclude", "slipstream-engine", "--exclude", "slipstream-qr"];
/// Those two.
const WASM: [&str; 6] =
    ["--package", "slipstream-engine", "--package", "slipstream-qr", "--target", wasm::TARGET];

/// Crates whose own integration tests drive a real browser.
const DRIVES_BROWSERS: [&str; 4] =
    ["slipstream-browser", "slipstream-demo", "slipstream-journeys", "slipstream-stage"];

/// What to check.
#[derive(clap::Args, Clone, Debug)]
pub struct Test {
    /// Only this step (`journeys` builds the extension before)
    #[arg(value_enum)]
    pub step: Option<Step>,
    /// Only tests whose name contains this
    #[arg(requires = "step")]
    pub filter: Option<String>,
}

/// A step, in the order they run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Step {
    /// Every file is formatted
    Format,
    /// No lint fires in native code
    Lints,
    /// No lint fires in the engine as wasm
    EngineLints,
    /// Dependencies: bans, licences, sources
    Deny,
    /// Tests of pure code, of servers, and of the house rules
    Tests,
    /// Examples in the documentation compile and hold
    Examples,
    /// The documentation is whole, private items included
    Docs,
    /// The extension builds and keeps its size
    Extension,
    /// Journeys in a real browser with the built extension
    Journeys,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::Format,
        Self::Lints,
        Self::EngineLints,
        Self::Deny,
        Self::Tests,
        Self::Examples,
        Self::Docs,
        Self::Extension,
        Self::Journeys,
    ];

    /// Steps that are not worth their time when one of these has failed.
    fn rests_on(self) -> &'static [Self] {
        match self {
            Self::Examples => &[Self::Tests],
            Self::Journeys => &[Self::Tests, Self::Extension],
            _ => &[],
        }
    }

    fn run(self, root: &Path, filter: Option<&str>) -> Result<(), Failure> {
        match self {
            Self::Format => format(root),
            Self::Lints => lints(root, &[&NATIVE[..], &["--all-targets"]].concat()),
            Self::EngineLints => lints(root, &WASM),
            Self::Deny => deny(root),
            Self::Tests => tests(root, filter),
            Self::Examples => process::run(cargo(root, "test", &NATIVE).arg("--doc").args(filter)),
            Self::Docs => docs(root),
            Self::Extension => extension(),
            Self::Journeys => journeys(root, filter),
        }
    }
}

impl Test {
    /// Runs the steps, prints a line for each with its time, and a closing line with their count: a step that
    /// was not run, because one that it rests on did not pass, has not passed either.
    ///
    /// # Errors
    /// [`Failure::Steps`] when at least one failed.
    pub fn run(&self) -> Result<(), Failure> {
        let root = workspace::root()?;
        let steps = match self.step {
            None => Step::ALL.to_vec(),
            Some(Step::Journeys) => vec![Step::Extension, Step::Journeys],
            Some(step) => vec![step],
        };
        let outcomes = run_steps(&steps, |step| {
            println!("\n== {step:?}");
            let start = Instant::now();
            let result = step.run(&root, self.filter.as_deref());
            (result.map_err(|failure| failure.to_string()), start.elapsed())
        });
        report(&outcomes)
    }
}

/// How a step went.
#[derive(Debug, PartialEq)]
enum Outcome {
    Passed(Duration),
    Failed(Duration, String),
    NotRun(Step),
}

fn run_steps(
    steps: &[Step],
    mut run: impl FnMut(Step) -> (Result<(), String>, Duration),
) -> Vec<(Step, Outcome)> {
    let mut outcomes: Vec<(Step, Outcome)> = Vec::new();
    for &step in steps {
        let broken = outcomes
            .iter()
            .find(|(done, how)| step.rests_on().contains(done) && !matches!(how, Outcome::Passed(_)));
        let outcome = match broken {
            Some((reason, _)) => Outcome::NotRun(*reason),
            None => match run(step) {
                (Ok(()), time) => Outcome::Passed(time),
                (Err(failure), time) => Outcome::Failed(time, failure),
            },
        };
        outcomes.push((step, outcome));
    }
    outcomes
}

fn report(outcomes: &[(Step, Outcome)]) -> Result<(), Failure> {
    println!();
    for (step, outcome) in outcomes {
        let name = format!("{step:?}");
        match outcome {
            Outcome::Passed(time) => println!("passed   {name:<12} {:>6.1} s", time.as_secs_f32()),
            Outcome::Failed(time, why) => {
                println!("FAILED   {name:<12} {:>6.1} s  {why}", time.as_secs_f32())
            }
            Outcome::NotRun(reason) => {
                println!("not run  {name:<12}           because {reason:?} did not pass")
            }
        }
    }
    let passed = outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Passed(_))).count();
    let failed = outcomes.len() - passed;
    println!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err(Failure::Steps { failed }) }
}

fn format(root: &Path) -> Result<(), Failure> {
    ensure::component("rustfmt", "cargo-fmt")?;
    process::run(process::cargo(root).args(["fmt", "--all", "--check"]))
}

fn lints(root: &Path, selection: &[&str]) -> Result<(), Failure> {
    ensure::component("clippy", "cargo-clippy")?;
    ensure::wasm_target()?;
    process::run(cargo(root, "clippy", selection).args(["--", "-D", "warnings"]))
}

fn deny(root: &Path) -> Result<(), Failure> {
    let program = ensure::cargo_deny(root)?;
    process::run(Command::new(program).current_dir(root).args(["check", "bans", "licenses", "sources"]))
}

fn tests(root: &Path, filter: Option<&str>) -> Result<(), Failure> {
    let mut command = cargo(root, "test", &NATIVE);
    command.args(["--no-fail-fast", "--lib", "--bins"]);
    command.args(selected(root, Needs::NoBrowser)?);
    process::run(command.args(filter))
}

fn journeys(root: &Path, filter: Option<&str>) -> Result<(), Failure> {
    ensure::chromium()?;
    let selected = selected(root, Needs::Browser)?;
    if selected.is_empty() {
        println!("there are no journeys");
        return Ok(());
    }
    let mut command = cargo(root, "test", &NATIVE);
    command.arg("--no-fail-fast").args(selected).args(filter);
    // One at a time: each has browsers of its own, and two cores are the least we run on.
    process::run(command.args(["--", "--test-threads=1"]))
}

fn docs(root: &Path) -> Result<(), Failure> {
    for selection in [&NATIVE[..], &WASM[..]] {
        let mut command = cargo(root, "doc", selection);
        command.args(["--no-deps", "--document-private-items"]).env("RUSTDOCFLAGS", "-D warnings");
        process::run(&mut command)?;
    }
    Ok(())
}

fn extension() -> Result<(), Failure> {
    for hosts in [Hosts::Asked, Hosts::Granted] {
        Build { hosts, ..Build::default() }.run()?;
    }
    Ok(())
}

fn cargo(root: &Path, task: &str, selection: &[&str]) -> Command {
    let mut command = process::cargo(root);
    command.arg(task).arg("--locked").args(selection);
    command
}

/// Which integration tests are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Browser,
    NoBrowser,
}

/// The flags that select the integration tests that need what `needs` says.
fn selected(root: &Path, needs: Needs) -> Result<Vec<String>, Failure> {
    let mut metadata = process::cargo(root);
    metadata.args(["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    let text = process::output(&mut metadata)?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::content(root.join("Cargo.toml"), format!("cargo metadata: {error}")))?;
    Ok(tests_in(&metadata, needs).into_iter().flat_map(|name| ["--test".to_owned(), name]).collect())
}

/// The names of integration tests in what `cargo metadata` said; a house test never needs a browser.
fn tests_in(metadata: &Value, needs: Needs) -> Vec<String> {
    let mut names = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let drives = DRIVES_BROWSERS.contains(&package["name"].as_str().unwrap_or_default());
        for target in package["targets"].as_array().into_iter().flatten() {
            let name = target["name"].as_str().unwrap_or_default();
            let browser = drives && !name.starts_with("house_");
            if target["kind"][0] == "test" && browser == (needs == Needs::Browser) {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_integration_test_runs_in_exactly_one_step() {
        let metadata = json!({"packages": [
            {"name": "slipstream-journeys", "targets": [
                {"name": "gallery", "kind": ["test"]},
                {"name": "house_arrows", "kind": ["test"]},
                {"name": "slipstream_journeys", "kind": ["lib"]},
            ]},
            {"name": "slipstream-signal", "targets": [{"name": "limits", "kind": ["test"]}]},
        ]});
        assert_eq!(tests_in(&metadata, Needs::Browser), ["gallery"]);
        assert_eq!(tests_in(&metadata, Needs::NoBrowser), ["house_arrows", "limits"]);
    }

    #[test]
    fn a_failure_stops_only_what_rests_on_it() {
        let outcomes = run_steps(&Step::ALL, |step| {
            let result = if step == Step::Extension { Err("too big".into()) } else { Ok(()) };
            (result, Duration::ZERO)
        });
        let not_passed: Vec<_> =
            outcomes.iter().filter(|(_, outcome)| *outcome != Outcome::Passed(Duration::ZERO)).collect();
        assert_eq!(
            not_passed,
            [
                &(Step::Extension, Outcome::Failed(Duration::ZERO, "too big".into())),
                &(Step::Journeys, Outcome::NotRun(Step::Extension)),
            ]
        );
        assert!(matches!(report(&outcomes), Err(Failure::Steps { failed: 2 })));
    }

    #[test]
    fn all_steps_passing_is_a_success() {
        let outcomes = run_steps(&Step::ALL, |_| (Ok(()), Duration::ZERO));
        assert!(report(&outcomes).is_ok());
    }
}
