//! The engine as WebAssembly: compiled by cargo, then bound to JavaScript by the generator in its library
//! form, whose version the lock file keeps equal to the one that the engine links.
//!
//! The same sources give the same bytes wherever the checkout lies: paths are remapped, names and producers
//! are removed. The flags go to the wasm target alone, so no native crate is built again because of them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use wasm_bindgen_cli_support::Bindgen;

use crate::{Failure, ensure, process, workspace};

/// The target of everything that runs in the browser.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A crate that becomes a wasm file.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    package: &'static str,
    /// The compiler's file name without its ending.
    library: &'static str,
    /// The name of the JavaScript file without its ending, and the start of the wasm file's.
    name: &'static str,
}

/// The engine.
pub const ENGINE: Module =
    Module { package: "slipstream-engine", library: "slipstream_engine", name: "engine" };
/// QR codes.
pub const QR: Module = Module { package: "slipstream-qr", library: "slipstream_qr", name: "qr" };

/// How well the engine is optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Quick to build, with names in its stack traces.
    Dev,
    /// As it ships.
    Shipped,
}

/// A module's size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The wasm file as it is.
    pub raw: usize,
    /// What a store or server would send: deflate at its best level and a gzip frame.
    pub gzip: usize,
}

/// Compiles a module and writes its `NAME.js` and `NAME_bg.wasm` into `folder`.
///
/// # Errors
/// [`Failure`] of cargo, of the generator, or of the file system.
pub fn build(root: &Path, module: Module, grade: Grade, folder: &Path) -> Result<Size, Failure> {
    ensure::wasm_target()?;
    let compiled = compile(root, module, grade)?;
    eprintln!("> wasm-bindgen (in this process) {}", compiled.display());
    bind(&compiled, module, grade, folder)
}

/// What [`Size::gzip`] says of `bytes`: the deflated length, header and trailer of the frame.
#[must_use]
pub fn gzip_size(bytes: &[u8]) -> usize {
    const FRAME: usize = 18;
    const BEST: u8 = 9;
    miniz_oxide::deflate::compress_to_vec(bytes, BEST).len() + FRAME
}

fn compile(root: &Path, module: Module, grade: Grade) -> Result<PathBuf, Failure> {
    let (profile, folder) = match grade {
        Grade::Dev => ("dev", "debug"),
        Grade::Shipped => ("wasm", "wasm"),
    };
    let mut cargo = process::cargo(root);
    cargo.args(["build", "--locked", "--package", module.package, "--target", TARGET]);
    cargo.args(["--profile", profile]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remapped_paths(root)?.join("\u{1f}"));
    cargo.env_remove("RUSTFLAGS");
    process::run(&mut cargo)?;
    Ok(workspace::target(root).join(TARGET).join(folder).join(format!("{}.wasm", module.library)))
}

fn bind(compiled: &Path, module: Module, grade: Grade, folder: &Path) -> Result<Size, Failure> {
    let shipped = grade == Grade::Shipped;
    let wrong = |error| Failure::content(compiled, format!("wasm-bindgen: {error:#}"));
    let mut bindgen = Bindgen::new();
    bindgen.input_path(compiled).out_name(module.name).typescript(false).keep_debug(false);
    bindgen.remove_name_section(shipped).remove_producers_section(true);
    bindgen.web(true).map_err(wrong)?;
    bindgen.generate(folder).map_err(wrong)?;
    let wasm = folder.join(format!("{}_bg.wasm", module.name));
    let bytes = fs::read(&wasm).map_err(Failure::file(&wasm))?;
    Ok(Size { raw: bytes.len(), gzip: gzip_size(&bytes) })
}

/// Flags that take this machine out of the engine's panic messages. Of several that fit, the last one wins.
fn remapped_paths(root: &Path) -> Result<Vec<String>, Failure> {
    let home = env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root))?;
    let version = process::output(Command::new("rustc").arg("-vV").current_dir(root))?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    // With the component rust-src installed, the compiler names the library's files where they lie here.
    let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
    let names = [
        (home, "/home".to_owned()),
        (cargo_home, "/cargo".to_owned()),
        (library, format!("/rustc/{commit}")),
        (root.to_owned(), "/slipstream".to_owned()),
    ];
    Ok(names.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gzip_file_of_nothing_has_twenty_bytes() {
        assert_eq!(gzip_size(b""), 20);
    }

    #[test]
    fn what_repeats_weighs_little() {
        assert!(gzip_size(&[7; 100_000]) < 200);
    }
}
