//! What the extension costs when there is nothing to do, against an extension of the same make that does nothing.

use std::{collections::BTreeMap, fs, time::Duration};

use serde_json::json;
use slipstream_browser::{Chromium, Launch};
use slipstream_stage::{Fault, built_extension};

const PATIENCE: Duration = Duration::from_secs(20);
const SPAN: Duration = Duration::from_secs(60);
/// Of one core (the budget of an idle extension).
const MOST_CPU: f64 = 0.002;
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

/// Share of a core over the span, and memory at its end in MiB, of a browser with this extension and nothing to do.
async fn idle(extension: &std::path::Path, page: &str) -> Result<(f64, f64), Fault> {
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
    Ok((spent / SPAN.as_secs_f64(), memory))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_to_do_it_does_nothing() -> Result<(), Fault> {
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
    let (nothing, ours) = tokio::join!(idle(empty.path(), "page.html"), idle(&built, "popup/debug.html"));
    let ((nothing_cpu, nothing_memory), (cpu, memory)) = (nothing?, ours?);
    println!(
        "idle CPU over {} s: {:.3} % of a core, {:.3} % with an empty extension",
        SPAN.as_secs(),
        cpu * 100.0,
        nothing_cpu * 100.0
    );
    println!("idle memory: {memory:.1} MiB, {nothing_memory:.1} MiB with an empty extension");
    assert!(cpu < MOST_CPU, "{cpu} of a core");
    Ok(())
}
