//! A browser in a scene.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use slipstream_browser::{Chromium, ConsoleEntry, Launch, Page};

use crate::{
    Scene, Visit,
    scene::{Fault, PATIENCE, built_extension},
};

/// A Chromium, with or without the extension.
pub struct Seat {
    browser: Chromium,
    /// A page of the extension that stays open: settings are set and numbers are read from it, as a person would
    /// from the options page.
    desk: Option<Page>,
    /// How many times slower than the machine its pages are.
    slowness: f64,
}

/// A body on the shelf.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Stored {
    /// The name that the extension gave it: what it believes its SHA-256 to be, in hexadecimal.
    pub name: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Seat {
    pub(crate) async fn plain(scene: &Scene) -> Result<Self, Fault> {
        Ok(Self { browser: Chromium::launch(launch(scene)).await?, desk: None, slowness: 1.0 })
    }

    pub(crate) async fn with_extension(scene: &Scene, settings: Value) -> Result<Self, Fault> {
        Self::start(launch(scene), settings, true).await
    }

    pub(crate) async fn on_profile(scene: &Scene, settings: Value, profile: &Path) -> Result<Self, Fault> {
        let fresh = !profile.join("Default").exists();
        Self::start(launch(scene).profile(profile), settings, fresh).await
    }

    /// `fresh`: the extension is new to the profile. Then it welcomes, and as a person would, we close that page first:
    /// a tab that opens later takes the place of the one that is looked at.
    async fn start(launch: Launch, settings: Value, fresh: bool) -> Result<Self, Fault> {
        let launch = launch.extension(built_extension()?).loopback_peers(true);
        let browser = Chromium::launch(launch).await?;
        let desk = browser.open_extension_page("popup/options.html", PATIENCE).await?;
        if fresh {
            desk.wait_for(WELCOMED, PATIENCE).await?;
        }
        let seat = Self { browser, desk: Some(desk), slowness: 1.0 };
        seat.set(&settings).await?;
        Ok(seat)
    }

    /// From now on pages that it visits are so many times slower than the machine is.
    pub const fn slow_down(&mut self, times: f64) {
        self.slowness = times;
    }

    pub(crate) const fn slowness(&self) -> f64 {
        self.slowness
    }

    /// The browser itself.
    #[must_use]
    pub const fn browser(&self) -> &Chromium {
        &self.browser
    }

    /// The open options page.
    ///
    /// # Errors
    /// This browser has no extension.
    pub fn desk(&self) -> Result<&Page, Fault> {
        self.desk.as_ref().ok_or_else(|| "this browser has no extension".into())
    }

    /// What the extension's service worker and engine wrote to their consoles.
    pub async fn said(&self) -> Vec<ConsoleEntry> {
        let mut said = self.browser.service_worker_console(PATIENCE).await.unwrap_or_default();
        said.extend(self.browser.offscreen_console(PATIENCE).await.unwrap_or_default());
        said
    }

    /// Replaces the settings, and waits until the engine runs by them.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn set(&self, settings: &Value) -> Result<(), Fault> {
        let desk = self.desk()?;
        desk.evaluate(&format!("chrome.storage.local.set({{settings: {settings}}})")).await?;
        if settings["enabled"] != json!(false) {
            let running = "chrome.runtime.sendMessage({type: 'stats'}).then((s) => s.engine === 'on')";
            if let Err(fault) = desk.wait_for(running, PATIENCE).await {
                return Err(format!("{fault}; the extension said: {:?}", self.said().await).into());
            }
        }
        Ok(())
    }

    /// The numbers, as extension pages get them.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn stats(&self) -> Result<Value, Fault> {
        Ok(self.desk()?.evaluate("chrome.runtime.sendMessage({type: 'stats'})").await?)
    }

    /// Waits until so many peers are connected.
    ///
    /// # Errors
    /// It did not come to that.
    pub async fn wait_for_peers(&self, count: usize) -> Result<(), Fault> {
        let met = format!(
            "chrome.runtime.sendMessage({{type: 'stats'}}).then((s) => s.peers?.connected >= {count})"
        );
        // An introduction that comes to nothing on a busy machine is given up after ten seconds and tried again.
        Ok(self.desk()?.wait_for(&met, PATIENCE * 4).await?)
    }

    /// Opens the scene's page in a new tab with an empty HTTP cache, looks at it from top to bottom, and waits until
    /// what the visit taught is written down.
    ///
    /// # Errors
    /// The page did not load, or the extension did not settle.
    pub async fn visit(&self, scene: &Scene) -> Result<Visit, Fault> {
        self.visit_at(scene, scene.page()).await
    }

    /// The same with any other page of the scene.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub async fn visit_at(&self, scene: &Scene, url: &str) -> Result<Visit, Fault> {
        Visit::make(self, scene, url, None).await
    }

    /// The same, but the line stays silent until a condition holds that is asked of the extension: what it does
    /// before a page's first byte is done then, however busy the machine is. After a while the line works again in
    /// any case.
    ///
    /// # Errors
    /// As [`Self::visit`].
    pub async fn visit_once(&self, scene: &Scene, url: &str, ready: &str) -> Result<Visit, Fault> {
        Visit::make(self, scene, url, Some(ready)).await
    }

    /// Every stored body, as it lies on the disk now, hashed anew by the browser and not by the extension.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn stored(&self) -> Result<Vec<Stored>, Fault> {
        Ok(serde_json::from_value(self.desk()?.evaluate(&shelf(STORED)).await?)?)
    }

    /// Changes every stored body behind the extension's back, one byte each, and gives their number.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn corrupt_shelf(&self) -> Result<u64, Fault> {
        let changed = self.desk()?.evaluate(&shelf(CORRUPT)).await?;
        changed.as_u64().ok_or_else(|| format!("bodies could not be changed: {changed}").into())
    }

    /// Closes the options page: from now on nothing but the extension tells this browser from a plain one.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn leave_desk(&mut self) -> Result<(), Fault> {
        match self.desk.take() {
            Some(desk) => Ok(desk.close().await?),
            None => Ok(()),
        }
    }

    /// Ends the browser at once, as a crash would.
    pub fn kill(self) {
        drop(self.desk);
        self.browser.kill();
    }

    /// Ends the browser in order.
    ///
    /// # Errors
    /// It had to be killed.
    pub async fn close(self) -> Result<(), Fault> {
        drop(self.desk);
        Ok(self.browser.close().await?)
    }
}

fn launch(scene: &Scene) -> Launch {
    let launch = Launch::new().resolver_rules(scene.origin().resolver_rules()).spki(scene.origin().spki());
    launch.headed(scene.headed())
}

/// A script that gets the shelf's database as `db` and every body's key as `keys`, and gives what `steps` returns.
fn shelf(steps: &str) -> String {
    format!(
        "new Promise((resolve, reject) => {{
  const opening = indexedDB.open('slipstream');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = async () => {{
    const read = (request) => new Promise((done) => {{ request.onsuccess = () => done(request.result); }});
    const db = opening.result;
    const bodies = (mode) => db.transaction('bodies', mode).objectStore('bodies');
    const keys = await read(bodies('readonly').getAllKeys());
    const work = async () => {{ {steps} }};
    resolve(await work());
    db.close();
  }};
}})"
    )
}

const CORRUPT: &str = r"
    for (const key of keys) {
      const blob = await read(bodies('readonly').get(key));
      const bytes = new Uint8Array(await blob.arrayBuffer());
      bytes[bytes.length >> 1] ^= 1;
      await read(bodies('readwrite').put(new Blob([bytes]), key));
    }
    return keys.length;";

const STORED: &str = r"
    const all = [];
    for (const name of keys) {
      const blob = await read(bodies('readonly').get(name));
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
      all.push({ name, sha256: digest.toHex(), bytes: blob.size });
    }
    return all;";

/// The welcome page has opened, and is closed.
const WELCOMED: &str = r"chrome.tabs.query({}).then(async (tabs) => {
  const welcome = tabs.filter(({ url, pendingUrl }) => (url || pendingUrl)?.endsWith('popup/welcome.html'));
  await chrome.tabs.remove(welcome.map(({ id }) => id));
  return welcome.length > 0;
})";
