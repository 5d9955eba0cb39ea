//! `cargo xtask fuzz`: libFuzzer over every target of the crate `slipstream-fuzz`, two at a time.
//!
//! Instrumentation is a pass of LLVM that the stable compiler has as well; only address sanitizing would need another
//! one, and the project has no `unsafe`. So neither a nightly compiler nor `cargo fuzz` is needed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{Failure, ensure, process, workspace};

/// What makes the compiler count edges and show comparisons, as libFuzzer wants it.
const INSTRUMENTED: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Each part of a program has its own counters, and the linker must not throw any of them away.
    "-Clink-dead-code",
    "-Ccodegen-units=1",
    "-Cforce-frame-pointers",
];
/// Targets that run at once.
const AT_ONCE: usize = 2;
/// One input may take so long, in seconds. The slowest is a virtual visit of half a minute.
const TIMEOUT: u64 = 10;
/// And the whole may hold so much memory, in MiB.
const MEMORY: u64 = 2_048;
/// How often the running targets are looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What to fuzz.
#[derive(clap::Args, Clone, Debug)]
pub struct Fuzz {
    /// Only this target
    pub target: Option<String>,
    /// For how many seconds, over all targets together
    #[arg(long, default_value_t = 300)]
    pub seconds: u64,
}

/// A target that the program named.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    name: String,
    /// Longest input, in bytes.
    longest: u64,
}

impl Fuzz {
    /// Builds the fuzzer, runs all targets or one, and says of each what it tried and found.
    ///
    /// # Errors
    /// [`Failure::Steps`] when a target found something; any other [`Failure`] when it cannot be run.
    pub fn run(&self) -> Result<(), Failure> {
        let root = workspace::root()?;
        ensure::cxx()?;
        let program = build(&root)?;
        let targets = self.chosen(&program)?;
        let rounds = targets.len().div_ceil(AT_ONCE).max(1) as u64;
        // Whatever libFuzzer calls no time, 0, means for ever to it.
        let seconds = (self.seconds / rounds).max(1);
        println!("{} targets, {AT_ONCE} at a time, {seconds} s each", targets.len());
        let mut failed = 0;
        let mut waiting = targets.into_iter();
        let mut running: Vec<Run> = Vec::new();
        loop {
            while running.len() < AT_ONCE {
                let Some(target) = waiting.next() else { break };
                running.push(Run::start(&root, &program, target, seconds)?);
            }
            if running.is_empty() {
                break;
            }
            std::thread::sleep(LOOK);
            let mut still = Vec::new();
            for run in running {
                match run.ended()? {
                    Ended::NotYet(run) => still.push(run),
                    Ended::Clean => {}
                    Ended::Found => failed += 1,
                }
            }
            running = still;
        }
        if failed == 0 { Ok(()) } else { Err(Failure::Steps { failed }) }
    }

    fn chosen(&self, program: &Path) -> Result<Vec<Target>, Failure> {
        let all = named(&process::output(Command::new(program).env_remove("SLIPSTREAM_FUZZ"))?);
        let Some(name) = &self.target else { return Ok(all) };
        match all.iter().find(|target| target.name == *name) {
            Some(target) => Ok(vec![target.clone()]),
            None => {
                let names: Vec<_> = all.into_iter().map(|target| target.name).collect();
                Err(Failure::content(program, format!("no target `{name}`, but {}", names.join(", "))))
            }
        }
    }
}

/// Reads what the program prints of its targets: a name and a length in each line.
fn named(text: &str) -> Vec<Target> {
    let target = |line: &str| {
        let (name, longest) = line.split_once(' ')?;
        Some(Target { name: name.to_owned(), longest: longest.parse().ok()? })
    };
    text.lines().filter_map(target).collect()
}

/// The fuzzer, instrumented. It has a target folder of its own, for its flags would build all else anew.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    let host = process::first_line("rustc", &["--print", "host-tuple"])
        .ok_or_else(|| Failure::Missing { what: "Rust".into(), install: "rustup update stable".into() })?;
    let folder = folder(root);
    let mut cargo = process::cargo(root);
    cargo.args(["build", "--locked", "--package", "slipstream-fuzz", "--features", "libfuzzer"]);
    // With a target named, build scripts and macros are not instrumented.
    cargo.args(["--profile", "fuzz", "--target", &host, "--target-dir"]).arg(&folder);
    process::run(cargo.env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTED.join("\x1f")))?;
    Ok(folder.join(host).join("fuzz/slipstream-fuzz"))
}

fn folder(root: &Path) -> PathBuf {
    workspace::target(root).join("fuzz")
}

/// One target at work.
struct Run {
    target: Target,
    child: Child,
    log: PathBuf,
}

enum Ended {
    NotYet(Run),
    Clean,
    Found,
}

impl Run {
    fn start(root: &Path, program: &Path, target: Target, seconds: u64) -> Result<Self, Failure> {
        let folder = folder(root).join("runs").join(&target.name);
        // What earlier runs learnt is kept; what is committed is only read.
        let learnt = folder.join("corpus");
        fs::create_dir_all(&learnt).map_err(Failure::file(&learnt))?;
        let seeds = root.join("tests/fuzz/corpus").join(&target.name);
        let log = folder.join("log");
        let output = fs::File::create(&log).map_err(Failure::file(&log))?;
        let mut command = Command::new(program);
        command.env("SLIPSTREAM_FUZZ", &target.name).args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={}", target.longest),
            format!("-timeout={TIMEOUT}"),
            format!("-rss_limit_mb={MEMORY}"),
            format!("-artifact_prefix={}/", folder.display()),
            "-print_final_stats=1".to_owned(),
            "-use_value_profile=1".to_owned(),
        ]);
        command.args([&learnt, &seeds]);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = command.spawn().map_err(Failure::file(program))?;
        Ok(Self { target, child, log })
    }

    /// Whether it has ended by now; then what it did is printed.
    fn ended(mut self) -> Result<Ended, Failure> {
        let Some(status) = self.child.try_wait().map_err(Failure::file(&self.log))? else {
            return Ok(Ended::NotYet(self));
        };
        let bytes = fs::read(&self.log).map_err(Failure::file(&self.log))?;
        let log = String::from_utf8_lossy(&bytes);
        let name = &self.target.name;
        if status.success() {
            let [inputs, rate] = ["stat::number_of_executed_units:", "stat::average_exec_per_sec:"]
                .map(|what| figure(&log, what).unwrap_or("?").to_owned());
            println!("clean    {name:<14} {inputs:>10} inputs {rate:>8} a second");
            return Ok(Ended::Clean);
        }
        let input = figure(&log, "Test unit written to").unwrap_or("no file");
        println!("FOUND    {name:<14} {input}\n         what broke: {}", self.log.display());
        println!("         replay: put it into tests/fuzz/corpus/{name}/, cargo test -p slipstream-fuzz");
        Ok(Ended::Found)
    }
}

/// The word behind `label` in what libFuzzer printed.
fn figure<'a>(log: &'a str, label: &str) -> Option<&'a str> {
    let (_, rest) = log.rsplit_once(label)?;
    rest.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_from_what_the_program_prints() {
        let frame = Target { name: "frame".into(), longest: 256 };
        assert_eq!(named("frame 256\nnonsense\n"), [frame]);
    }

    #[test]
    fn figures_are_read_from_the_end_of_the_log() {
        let log = "stat::new_units_added: 3\nartifact_prefix='./'; Test unit written to ./crash-1\n";
        assert_eq!(figure(log, "stat::new_units_added:"), Some("3"));
        assert_eq!(figure(log, "Test unit written to"), Some("./crash-1"));
        assert_eq!(figure(log, "stat::peak_rss_mb:"), None);
    }
}
