//! The extension's pages in plain tabs, on the invented data of `tests/pages`: for pictures, and for checks that have to
//! see every state.

use std::{fs, path::Path};

use slipstream_stage::{Fault, Protocol, Site, built_extension};

const HOST: &str = "www.pages-demo.com";

/// A page in one state.
pub struct Staged {
    /// Name of its file in `popup/`.
    pub page: &'static str,
    /// A state of `tests/pages/states.js`.
    pub state: &'static str,
    /// Width of the window at 100 %, in CSS pixels.
    pub width: u32,
    /// What holds when all is shown.
    pub shown: &'static str,
}

const fn popup(state: &'static str) -> Staged {
    let shown =
        "document.body?.dataset.view !== undefined && document.getElementById('shelf').textContent !== ''";
    // At 200 % this is the width that the browser gives a popup at most.
    Staged { page: "popup", state, width: 720, shown }
}

const fn wide(page: &'static str, state: &'static str, shown: &'static str) -> Staged {
    Staged { page, state, width: 1280, shown }
}

const SETTINGS: &str = "/\\d/.test(document.getElementById('stored')?.textContent)";

/// Every page in every state that looks different.
pub const PAGES: [Staged; 24] = [
    popup("busy"),
    popup("fresh"),
    popup("hidden"),
    popup("foreign"),
    popup("off"),
    popup("site_off"),
    popup("refused"),
    popup("alone"),
    popup("unseen"),
    popup("waiting"),
    popup("long"),
    popup("battery"),
    popup("limited"),
    popup("unsure"),
    popup("managed"),
    wide("options", "busy", SETTINGS),
    wide("options", "fresh", SETTINGS),
    wide("options", "managed", SETTINGS),
    wide("options", "locked", SETTINGS),
    wide("welcome", "fresh", "document.querySelector('legend')?.textContent.length > 5"),
    wide("swarm", "flowing", "document.querySelectorAll('#minute rect').length >= 24"),
    wide("swarm", "fresh", "document.getElementById('state')?.textContent.length > 5"),
    wide("debug", "busy", "document.querySelectorAll('article').length === 2"),
    wide("debug", "fresh", "document.getElementById('none')?.hidden === false"),
];

/// The built extension with the stage beside it, as a site.
///
/// # Errors
/// The extension is not built, or a file cannot be read.
pub fn stage_of_pages() -> Result<Site, Fault> {
    let package = built_extension()?;
    let stage = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pages");
    let mut site = Site::builder(format!("https://{HOST}/stage/index.html")).host(HOST, Protocol::Http2);
    let folders = [
        (stage, "/stage".to_owned()),
        (package.join("popup"), "/popup".to_owned()),
        (package.clone(), String::new()),
    ];
    let locales = fs::read_dir(package.join("_locales"))?
        .flatten()
        .map(|entry| (entry.path(), format!("/_locales/{}", entry.file_name().display())));
    for (folder, below) in folders.into_iter().chain(locales) {
        for entry in fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_file()) {
            let path = format!("{below}/{}", entry.file_name().display());
            site = site.file(HOST, &path, fs::read(entry.path())?);
        }
    }
    Ok(site.build()?)
}

/// Where a page is shown in a state, in a language of `_locales`.
#[must_use]
pub fn stage_url(staged: &Staged, language: &str) -> String {
    let Staged { page, state, .. } = staged;
    format!("https://{HOST}/stage/index.html?page={page}&state={state}&lang={language}")
}
