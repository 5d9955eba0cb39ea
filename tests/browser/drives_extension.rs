//! The parts of an extension that have no page can be reached, and are left alone otherwise.

use std::{fs, io, path::Path, time::Duration};

use serde_json::json;
use slipstream_browser::{BrowserError, Chromium, ConsoleEntry, Launch};
use tempfile::TempDir;

type Done = Result<(), Box<dyn std::error::Error>>;

const SOON: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn worker_offscreen_document_and_pages_are_reached() -> Done {
    let directory = TempDir::new()?;
    write_extension(directory.path())?;
    let chromium = Chromium::launch(Launch::new().extension(directory.path())).await?;
    let id = chromium.extension_id(SOON).await?.to_owned();
    assert_eq!(id.len(), 32);
    assert_eq!(
        chromium.evaluate_service_worker("Promise.resolve(chrome.runtime.id)", SOON).await?,
        json!(id)
    );
    assert_eq!(
        chromium.evaluate_offscreen("[document.title, location.host]", SOON).await?,
        json!(["off", id])
    );
    let worker_throws = chromium.evaluate_service_worker("document.title", SOON).await;
    assert!(matches!(worker_throws, Err(BrowserError::Exception { .. })), "{worker_throws:?}");
    let endless = chromium.evaluate_offscreen("new Promise(() => {})", MOMENT).await;
    assert!(matches!(endless, Err(BrowserError::Deadline { .. })), "{endless:?}");

    chromium.evaluate_service_worker("console.error('worker')", SOON).await?;
    let texts = |entries: Vec<ConsoleEntry>| entries.into_iter().map(|entry| entry.text).collect::<Vec<_>>();
    assert_eq!(texts(chromium.service_worker_console(SOON).await?), ["worker"]);
    assert_eq!(texts(chromium.offscreen_console(SOON).await?), ["said before anybody listened"]);

    let closed = chromium.evaluate_extension("document.title", SOON).await;
    assert!(matches!(closed, Err(BrowserError::NoExtensionPage)), "{closed:?}");
    let page = chromium.open_extension_page("popup/popup.html", SOON).await?;
    page.evaluate("chrome.storage.local.set({ on: true })").await?;
    let settings = chromium.evaluate_extension("chrome.storage.local.get()", SOON).await?;
    assert_eq!(settings, json!({ "on": true }));
    page.close().await?;
    let absent = chromium.open_extension_page("absent.html", SOON).await;
    assert!(matches!(absent, Err(BrowserError::Navigation { .. })), "{absent:?}");
    Ok(())
}

#[tokio::test]
async fn a_stopped_worker_stays_stopped_until_it_is_spoken_to() -> Done {
    let directory = TempDir::new()?;
    write_extension(directory.path())?;
    let chromium = Chromium::launch(Launch::new().extension(directory.path())).await?;
    chromium.evaluate_service_worker("globalThis.memory = 1", SOON).await?;
    chromium.stop_service_worker(SOON).await?;
    // Asking others does not wake it.
    chromium.evaluate_offscreen("1", SOON).await?;
    assert!(!chromium.service_worker_runs().await?);
    assert_eq!(chromium.evaluate_service_worker("typeof memory", SOON).await?, json!("undefined"));
    assert!(chromium.service_worker_runs().await?);
    let attached =
        chromium.targets().await?.into_iter().find(|target| target.attached && target.kind != "page");
    assert_eq!(attached, None, "whoever stays attached keeps the worker awake");
    Ok(())
}

#[tokio::test]
async fn a_store_of_the_extension_survives_the_browser() -> Done {
    let (directory, profile) = (TempDir::new()?, TempDir::new()?);
    write_extension(directory.path())?;
    let launch = Launch::new().extension(directory.path()).profile(profile.path());
    let first = Chromium::launch(launch.clone()).await?;
    first.evaluate_offscreen(PUT, SOON).await?;
    first.close().await?;
    let second = Chromium::launch(launch).await?;
    assert_eq!(second.evaluate_offscreen(FETCH, SOON).await?, json!("kept"));
    Ok(())
}

#[tokio::test]
async fn a_directory_without_manifest_is_refused() -> Done {
    let directory = TempDir::new()?;
    let refused = Chromium::launch(Launch::new().extension(directory.path())).await;
    assert!(matches!(refused, Err(BrowserError::Files { .. })), "{refused:?}");
    Ok(())
}

const PUT: &str = r"new Promise((resolve, reject) => {
  const open = indexedDB.open('store', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('bodies');
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const write = open.result.transaction('bodies', 'readwrite');
    write.objectStore('bodies').put('kept', 1);
    write.oncomplete = () => resolve();
    write.onabort = () => reject(write.error);
  };
})";

const FETCH: &str = r"new Promise((resolve, reject) => {
  const open = indexedDB.open('store', 1);
  open.onerror = () => reject(open.error);
  open.onsuccess = () => {
    const read = open.result.transaction('bodies').objectStore('bodies').get(1);
    read.onsuccess = () => resolve(read.result);
  };
})";

fn write_extension(directory: &Path) -> io::Result<()> {
    let manifest = json!({
        "manifest_version": 3,
        "name": "Throw-away",
        "version": "1",
        "permissions": ["offscreen", "storage"],
        "background": { "service_worker": "worker.js" },
    });
    let worker = "const open = () => chrome.offscreen.createDocument({
        url: 'off.html', reasons: ['WEB_RTC'], justification: 'test' }).catch(() => {});
        chrome.runtime.onInstalled.addListener(open); chrome.runtime.onStartup.addListener(open);";
    fs::write(directory.join("manifest.json"), manifest.to_string())?;
    fs::write(directory.join("worker.js"), worker)?;
    fs::write(directory.join("off.html"), "<!doctype html><title>off</title><script src=off.js></script>")?;
    fs::write(directory.join("off.js"), "console.warn('said before anybody listened')")?;
    fs::create_dir_all(directory.join("popup"))?;
    fs::write(directory.join("popup/popup.html"), "<!doctype html><title>popup</title>")
}
