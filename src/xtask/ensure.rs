//! What tasks need from the machine: found, or installed where a package manager can, or named with the
//! exact command. Installing shows its own progress.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Failure, process, wasm, workspace};

/// The command that installs the browser on Debian and its descendants.
pub const INSTALL_CHROMIUM: &str = "apt-get update && apt-get install -y chromium chromium-driver";

/// The version of cargo-deny whose configuration `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

/// The version of axe-core whose rules the pages keep.
const AXE: &str = "4.14.1";

/// The version of `WebTorrent` that `bench transfer` compares with.
const WEBTORRENT: &str = "2.8.5";

/// The browser, if there is one: what `$CHROMIUM` names, or else `chromium`, as in the crate `slipstream-browser`.
///
/// Chrome under its own brand is not looked for: it refuses unpacked extensions.
#[must_use]
pub fn find_chromium() -> Option<PathBuf> {
    let name = env::var("CHROMIUM").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "chromium".into());
    if name.contains('/') {
        Some(name.into()).filter(|file: &PathBuf| file.is_file())
    } else {
        process::on_path(&name)
    }
}

/// Makes sure of a browser.
///
/// # Errors
/// [`Failure::Missing`] when it cannot be installed from here.
pub fn chromium() -> Result<PathBuf, Failure> {
    if let Some(found) = find_chromium() {
        return Ok(found);
    }
    if process::on_path("apt-get").is_some() && is_root() {
        println!("Chromium is missing: installing Debian's");
        apt_get(&["update"])?;
        apt_get(&["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"])?;
    }
    find_chromium().ok_or_else(|| Failure::Missing {
        what: "Chromium".into(),
        install: format!("sudo sh -c '{INSTALL_CHROMIUM}'"),
    })
}

/// Makes sure that the compiler can make wasm.
///
/// # Errors
/// [`Failure::Missing`] without rustup, [`Failure::Command`] when rustup fails.
pub fn wasm_target() -> Result<(), Failure> {
    if has_wasm_target() {
        return Ok(());
    }
    rustup(&["target", "add", wasm::TARGET], "the compiler's wasm target")
}

/// Whether the compiler's library for wasm is installed.
#[must_use]
pub fn has_wasm_target() -> bool {
    let library = process::first_line("rustc", &["--print", "target-libdir", "--target", wasm::TARGET]);
    library.is_some_and(|folder| Path::new(&folder).is_dir())
}

/// Makes sure of a part of the tool chain that rustup's minimal profile leaves out.
///
/// # Errors
/// As [`wasm_target`].
pub fn component(name: &str, program: &str) -> Result<(), Failure> {
    if process::first_line(program, &["--version"]).is_some() {
        return Ok(());
    }
    rustup(&["component", "add", name], name)
}

/// Makes sure of a C++ compiler, which only the fuzzer needs.
///
/// # Errors
/// [`Failure::Missing`] when it cannot be installed from here.
pub fn cxx() -> Result<(), Failure> {
    if process::on_path("c++").is_none() && process::on_path("apt-get").is_some() && is_root() {
        apt_get(&["install", "-y", "--no-install-recommends", "g++"])?;
    }
    match process::on_path("c++") {
        Some(_) => Ok(()),
        None => Err(Failure::Missing {
            what: "C++ compiler".into(),
            install: "sudo apt-get install -y g++".into(),
        }),
    }
}

/// Makes sure of cargo-deny, in the version we are written for.
///
/// Built without optimisation: a check takes a second either way, and the build a third of the time.
///
/// # Errors
/// [`Failure::Command`] when it cannot be built.
pub fn cargo_deny(root: &Path) -> Result<PathBuf, Failure> {
    let own = workspace::tools(root).join("bin/cargo-deny");
    let wanted = format!("cargo-deny {CARGO_DENY}");
    for program in [PathBuf::from("cargo-deny"), own.clone()] {
        if process::first_line(&program, &["--version"]).as_ref() == Some(&wanted) {
            return Ok(program);
        }
    }
    println!("{wanted} is missing: building it once");
    let mut install = process::cargo(root);
    install.args(["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--debug", "--force"]);
    install.arg("--root").arg(workspace::tools(root));
    process::run(&mut install)?;
    Ok(own)
}

/// Makes sure of axe, which looks for what shuts people out of a page: one file of JavaScript. Only tests use it.
///
/// # Errors
/// [`Failure::Missing`] without npm, [`Failure::Command`] when npm fails.
pub fn axe(root: &Path) -> Result<PathBuf, Failure> {
    npm_file(root, "axe-core", AXE, "axe.min.js")
}

/// Makes sure of `WebTorrent` for browsers, which `bench transfer` compares with: one file of JavaScript.
///
/// # Errors
/// As [`axe`].
pub fn webtorrent(root: &Path) -> Result<PathBuf, Failure> {
    npm_file(root, "webtorrent", WEBTORRENT, "dist/webtorrent.min.js")
}

/// One file of a package of npm, in a folder of its own. Nothing of the package is run.
fn npm_file(root: &Path, name: &str, version: &str, path: &str) -> Result<PathBuf, Failure> {
    let folder = workspace::tools(root).join(format!("{name}-{version}"));
    let file = folder.join("node_modules").join(name).join(path);
    if file.is_file() {
        return Ok(file);
    }
    if process::on_path("npm").is_none() {
        if process::on_path("apt-get").is_none() || !is_root() {
            return Err(Failure::Missing {
                what: "npm".into(),
                install: "sudo apt-get install -y npm".into(),
            });
        }
        apt_get(&["install", "-y", "--no-install-recommends", "npm"])?;
    }
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
    process::run(npm.arg(&folder).arg(format!("{name}@{version}")))?;
    Ok(file)
}

/// Makes sure of what a network with address translation is made of, where we may make one.
///
/// # Errors
/// [`Failure::Command`] when the package manager fails.
pub fn address_translation() -> Result<(), Failure> {
    let programs = ["ip", "nft", "turnserver"];
    let complete = programs.iter().all(|program| process::on_path(program).is_some());
    if complete || !is_root() || process::on_path("apt-get").is_none() {
        return Ok(());
    }
    println!("ip, nft or turnserver is missing: installing Debian's");
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "--no-install-recommends", "iproute2", "nftables", "coturn"])
}

/// Whether we may install packages.
#[must_use]
pub fn is_root() -> bool {
    process::first_line("id", &["-u"]).as_deref() == Some("0")
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    process::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn rustup(arguments: &[&str], what: &str) -> Result<(), Failure> {
    if process::on_path("rustup").is_none() {
        let install = format!("rustup {}", arguments.join(" "));
        return Err(Failure::Missing { what: what.into(), install });
    }
    process::run(Command::new("rustup").args(arguments))
}
