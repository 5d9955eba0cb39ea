//! `cargo xtask doctor`: what this machine has, what it lacks, and the command for each lack.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    path::Path,
};

use crate::{Failure, ensure, manifest, manifest::Hosts, process, wasm, workspace};

/// Room for all that a build and the demo leave behind, in MiB: measured 6 GB, and some to spare.
const DISK_MIB: u64 = 8 * 1024;

/// One thing looked at.
#[derive(Debug)]
struct Finding {
    what: &'static str,
    /// What was found, or else what is wrong.
    state: Result<String, String>,
    /// How to get it.
    remedy: String,
    needed: bool,
}

/// Prints a line per thing looked at.
///
/// # Errors
/// [`Failure::Missing`] for the first needed thing that is missing.
pub fn run() -> Result<(), Failure> {
    let root = workspace::root()?;
    let findings = [
        rustc(),
        program("C compiler and linker", "cc", "sudo apt-get install -y gcc libc6-dev", true),
        wasm_target(),
        component("rustfmt", "cargo-fmt"),
        component("clippy", "cargo-clippy"),
        chromium(minimum_chromium(&root)?),
        program("ChromeDriver", "chromedriver", "sudo apt-get install -y chromium-driver", false),
        loopback(),
        disk(&root),
    ];
    for finding in &findings {
        println!("{}", line(finding));
    }
    let missing = findings.into_iter().find(|finding| finding.needed && finding.state.is_err());
    match missing {
        Some(missing) => Err(Failure::Missing { what: missing.what.into(), install: missing.remedy }),
        None => Ok(()),
    }
}

fn line(finding: &Finding) -> String {
    let Finding { what, state, remedy, needed } = finding;
    match (state, needed) {
        (Ok(found), _) => format!("ok       {what}: {found}"),
        (Err(problem), true) => format!("missing  {what}: {problem}\n         {remedy}"),
        (Err(problem), false) => format!("optional {what}: {problem}\n         {remedy}"),
    }
}

fn rustc() -> Finding {
    let state = match process::first_line("rustc", &["--version"]) {
        Some(line) if first_number(&line) >= first_number(workspace::RUST_VERSION) => Ok(line),
        Some(line) => Err(format!("{line}, needed is {}", workspace::RUST_VERSION)),
        None => Err("not found".into()),
    };
    Finding { what: "Rust", state, remedy: "rustup update stable".into(), needed: true }
}

fn wasm_target() -> Finding {
    let state = if ensure::has_wasm_target() { Ok(wasm::TARGET.into()) } else { Err("not installed".into()) };
    let remedy = format!("rustup target add {}", wasm::TARGET);
    Finding { what: "wasm target", state, remedy, needed: true }
}

fn component(what: &'static str, program: &str) -> Finding {
    let state = process::first_line(program, &["--version"]).ok_or_else(|| "not installed".to_owned());
    Finding { what, state, remedy: format!("rustup component add {what}"), needed: true }
}

fn program(what: &'static str, program: &str, remedy: &str, needed: bool) -> Finding {
    let state = process::first_line(program, &["--version"]).ok_or_else(|| "not found".to_owned());
    Finding { what, state, remedy: remedy.into(), needed }
}

fn chromium(minimum: String) -> Finding {
    let state = match ensure::find_chromium() {
        None => Err("not found".into()),
        Some(file) => match process::first_line(&file, &["--version"]) {
            Some(line) if first_number(&line) >= first_number(&minimum) => Ok(line),
            Some(line) => Err(format!("{line}, needed is {minimum}")),
            None => Err(format!("{} does not run", file.display())),
        },
    };
    Finding {
        what: "Chromium",
        state,
        remedy: format!("sudo sh -c '{}'", ensure::INSTALL_CHROMIUM),
        needed: true,
    }
}

fn minimum_chromium(root: &Path) -> Result<String, Failure> {
    let manifest = manifest::chromium(root, Hosts::Asked)?;
    let minimum = manifest["minimum_chrome_version"].as_str().map(str::to_owned);
    minimum.ok_or_else(|| Failure::content(root.join("manifest"), "no `minimum_chrome_version`"))
}

/// Origin, introduction server and browsers of demo and tests meet on 127.0.0.1, each on a free port.
fn loopback() -> Finding {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    let state = match (tcp, udp) {
        (Ok(_), Ok(_)) => Ok("TCP and UDP ports can be had on 127.0.0.1".into()),
        (Err(error), _) | (_, Err(error)) => Err(format!("no port on 127.0.0.1: {error}")),
    };
    Finding { what: "loopback", state, remedy: "sudo ip link set lo up".into(), needed: true }
}

fn disk(root: &Path) -> Finding {
    let state = match free_mib(root) {
        Some(free) if free >= DISK_MIB => Ok(format!("{free} MiB free")),
        Some(free) => Err(format!("{free} MiB free, {DISK_MIB} are needed for a whole build")),
        None => Err("`df` did not say how much is free".into()),
    };
    Finding { what: "disk", state, remedy: "cargo clean".into(), needed: false }
}

fn free_mib(root: &Path) -> Option<u64> {
    let text = process::output(std::process::Command::new("df").arg("-Pm").arg(root)).ok()?;
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// The first version number in `text`, as far as two parts go: `[1, 95]` of `rustc 1.95.0 (…)`.
fn first_number(text: &str) -> Vec<u32> {
    let starts = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[starts..].split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    number.split('.').take(2).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(first_number("rustc 1.95.0 (59807616e 2026-04-14)"), [1, 95]);
        assert!(first_number("rustc 1.100.0") > first_number("1.88"));
        assert!(first_number("Chromium 156.0.8078.79 built on Debian") >= first_number("148"));
        assert!(first_number("no number") < first_number("1"));
    }

    #[test]
    fn a_lack_comes_with_its_command() {
        let finding = component("no-such-component", "no-such-program-here");
        assert_eq!(
            line(&finding),
            "missing  no-such-component: not installed\n         rustup component add no-such-component"
        );
    }
}
