//! What the extension costs when there is nothing to do, against an extension of the same make that does nothing.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde_json::json;
use slipstream_browser::{Chromium, Launch};
use slipstream_stage::{Fault, built_extension};

const PATIENCE: Duration = Duration::from_secs(20);
/// So long it is looked at.
const SPAN: Duration = Duration::from_secs(60);
/// The kernel counts time of processes in hundredths of a second.
const TICKS_PER_S: f64 = 100.0;

/// CPU time in seconds and memory in MiB of the extension's processes in a process group, by process.
fn cost(group: u32) -> BTreeMap<u32, (f64, f64)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let command = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
        if !command.contains("--extension-process") {
            continue;
        }
        // The name of the program may have blanks and brackets in it.
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<f64> = rest.split(' ').map(|field| field.parse().unwrap_or(0.0)).collect();
        if fields.get(2) == Some(&f64::from(group)) {
            let smaps = fs::read_to_string(entry.path().join("smaps_rollup")).unwrap_or_default();
            let pss = smaps
                .lines()
                .find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok());
            found.insert(pid, ((fields[11] + fields[12]) / TICKS_PER_S, pss.unwrap_or(0.0) / 1024.0));
        }
    }
    found
}

/// Of a browser with this extension: over the span, and at its end.
async fn rest(extension: &Path, page: &str) -> Result<Idle, Fault> {
    let browser = Chromium::launch(Launch::new().extension(extension)).await?;
    let opened = browser.open_extension_page(page, PATIENCE).await?;
    opened.goto("about:blank", PATIENCE).await?;
    // Whatever belongs to starting is over.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let before = cost(browser.process_group());
    tokio::time::sleep(SPAN).await;
    let after = cost(browser.process_group());
    let spent: f64 =
        after.iter().map(|(pid, (cpu, _))| cpu - before.get(pid).map_or(0.0, |(cpu, _)| *cpu)).sum();
    let memory = after.values().map(|(_, memory)| memory).sum();
    browser.close().await?;
    Ok(Idle { cpu: spent / SPAN.as_secs_f64(), memory })
}

/// What an extension costs that has nothing to do.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// Share of one core.
    pub cpu: f64,
    /// In MiB.
    pub memory: f64,
}

/// The built extension, and beside it one of the same make that does nothing.
///
/// # Errors
/// A browser could not be started, or nothing is built.
pub async fn idle() -> Result<[Idle; 2], Fault> {
    let empty = tempfile::tempdir()?;
    let manifest = json!({
        "manifest_version": 3, "name": "Nothing", "version": "1", "permissions": ["offscreen", "storage"],
        "background": { "service_worker": "worker.js" },
    });
    fs::write(empty.path().join("manifest.json"), manifest.to_string())?;
    fs::write(
        empty.path().join("worker.js"),
        "chrome.offscreen.createDocument({ url: 'page.html', reasons: ['WEB_RTC'], justification: 'as ours' });",
    )?;
    fs::write(empty.path().join("page.html"), "<!doctype html><title>Nothing</title>")?;
    let built = built_extension()?;
    // Both at once: neither does anything that the other could feel.
    let (ours, nothing) = tokio::join!(rest(&built, "popup/debug.html"), rest(empty.path(), "page.html"));
    Ok([ours?, nothing?])
}
