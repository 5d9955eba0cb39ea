//! `cargo xtask build`: the unpacked extension, ready to be loaded by the browser.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    Failure,
    manifest::{self, Hosts},
    reach, tree,
    wasm::{self, Grade, Size},
    workspace,
};

/// The engine's budget, gzip, in bytes (DESIGN.md, budgets).
const WASM_BUDGET: usize = 250 * 1024;

/// The popup's budget in bytes (DESIGN.md, budgets), for all that it loads.
const POPUP_BUDGET: usize = 60 * 1024;

/// What an organisation may fix; the manifest names it.
const SCHEMA: &str = "managed_schema.json";

/// What to build.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Build {
    /// When the extension may touch sites; `granted` is for tests, the demo and managed machines
    #[arg(long, value_enum, default_value_t)]
    pub hosts: Hosts,
    /// An engine that is quick to build, has names in its stack traces, and no size limit
    #[arg(long)]
    pub dev: bool,
    /// Write the sizes to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Build {
    /// Builds the extension and prints its sizes. Where it lies.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::OverBudget`] comes last, when everything is written already.
    pub fn run(&self) -> Result<PathBuf, Failure> {
        let root = workspace::root()?;
        let all = workspace::target(&root).join("extension");
        let name = match self.hosts {
            Hosts::Asked => "chromium",
            Hosts::Granted => "chromium-granted",
        };
        let (fresh, done) = (all.join(format!(".{name}")), all.join(name));
        let size = self.fill(&root, &fresh)?;
        let popup = reach::weight(&fresh, "popup/popup.html")?;
        // The folder is replaced as a whole: nothing of an earlier build stays, and no half of this one shows.
        if done.exists() {
            fs::remove_dir_all(&done).map_err(Failure::file(&done))?;
        }
        fs::rename(&fresh, &done).map_err(Failure::file(&done))?;
        self.report(&done, size, popup)?;
        Ok(done)
    }

    fn fill(&self, root: &Path, package: &Path) -> Result<Size, Failure> {
        let grade = if self.dev { Grade::Dev } else { Grade::Shipped };
        tree::empty(package)?;
        let size = wasm::build(root, wasm::ENGINE, grade, package)?;
        wasm::build(root, wasm::QR, grade, &package.join("popup"))?;
        for (from, to) in [("extension", ""), ("popup", "popup"), ("manifest/_locales", "_locales")] {
            let copied = tree::copy(&root.join(from), &package.join(to))?;
            println!("{copied:>4} files from {from}/");
        }
        let schema = root.join("manifest").join(SCHEMA);
        tree::write(&package.join(SCHEMA), &fs::read(&schema).map_err(Failure::file(&schema))?)?;
        let manifest = manifest::chromium(root, self.hosts)?;
        let text = format!("{manifest:#}\n");
        tree::write(&package.join("manifest.json"), text.as_bytes())?;
        check_files_named(root, package, &manifest)?;
        Ok(size)
    }

    fn report(&self, done: &Path, size: Size, popup: usize) -> Result<(), Failure> {
        println!("engine  {:>8} bytes, {:>7} gzip, of {WASM_BUDGET} allowed", size.raw, size.gzip);
        println!("popup   {popup:>8} bytes,              of {POPUP_BUDGET} allowed");
        println!("wrote   {}", done.display());
        if let Some(file) = &self.json {
            let figures = json!({
                "wasm": {"raw_bytes": size.raw, "gzip_bytes": size.gzip, "gzip_budget_bytes": WASM_BUDGET},
                "popup": {"raw_bytes": popup, "raw_budget_bytes": POPUP_BUDGET},
            });
            tree::write(file, format!("{figures:#}\n").as_bytes())?;
        }
        if !self.dev && size.gzip > WASM_BUDGET {
            return Err(Failure::OverBudget {
                what: "the engine (gzip)",
                bytes: size.gzip,
                budget: WASM_BUDGET,
            });
        }
        if popup > POPUP_BUDGET {
            return Err(Failure::OverBudget { what: "the popup", bytes: popup, budget: POPUP_BUDGET });
        }
        Ok(())
    }
}

/// The browser refuses a package whose manifest names a file that is not there, with less helpful words.
fn check_files_named(root: &Path, package: &Path, manifest: &Value) -> Result<(), Failure> {
    let named = manifest::files_named(manifest);
    let missing: Vec<_> = named.into_iter().filter(|file| !package.join(file).is_file()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let problem = format!("names files that do not exist: {}", missing.join(", "));
    Err(Failure::content(root.join("manifest"), problem))
}
