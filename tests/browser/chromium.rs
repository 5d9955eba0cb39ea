//! A running browser.

use std::{path::Path, sync::OnceLock, time::Duration};

use serde::Deserialize;
use serde_json::json;

use crate::{
    BrowserError, Launch, Page,
    connection::{Connection, Session},
    process::Process,
};

/// A Chromium of its own. Dropping it kills it.
#[derive(Debug)]
pub struct Chromium {
    connection: Connection,
    process: Process,
    window: (u32, u32),
    pub(crate) extension: OnceLock<String>,
}

/// Something that the browser runs and that can be spoken to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The browser's id for it.
    #[serde(rename = "targetId")]
    pub id: String,
    /// `page`, `tab`, `iframe`, `service_worker`, `background_page` (an offscreen document, fact B103), `browser`…
    #[serde(rename = "type")]
    pub kind: String,
    /// What it shows or runs.
    pub url: String,
    /// Whether somebody is attached.
    pub attached: bool,
}

impl Chromium {
    /// Starts a browser and waits until it takes commands.
    ///
    /// # Errors
    /// [`BrowserError::Missing`] with the command that installs Chromium, [`BrowserError::Start`] with what the
    /// program wrote, [`BrowserError::Setting`] and [`BrowserError::Files`] for a launch that cannot work.
    pub async fn launch(launch: Launch) -> Result<Self, BrowserError> {
        let mut process = Process::spawn(&launch)?;
        let address = process.endpoint(launch.deadline).await?;
        let connection = Connection::open(&address, process.stderr()).await?;
        Ok(Self { connection, process, window: launch.window, extension: OnceLock::new() })
    }

    /// Opens a tab at `about:blank`.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn new_page(&self) -> Result<Page, BrowserError> {
        Page::open(&self.session(), self.window).await
    }

    /// All that runs, offscreen documents and workers included.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn targets(&self) -> Result<Vec<Target>, BrowserError> {
        let method = "Target.getTargets";
        // The empty filter admits the types that are left out by default.
        let mut answer = self.session().call(method, json!({ "filter": [{}] })).await?;
        serde_json::from_value(answer["targetInfos"].take())
            .map_err(|error| BrowserError::Protocol { method, message: error.to_string() })
    }

    /// Empties the HTTP cache of the profile, and nothing else.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn clear_http_cache(&self) -> Result<(), BrowserError> {
        let page = self.new_page().await?;
        page.clear_http_cache().await?;
        page.close().await
    }

    /// Name and version, such as `Chrome/156.0.8078.79`.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn version(&self) -> Result<String, BrowserError> {
        let answer = self.session().call("Browser.getVersion", json!({})).await?;
        Ok(answer["product"].as_str().unwrap_or_default().to_owned())
    }

    /// Asks the browser to end, as a user does, so that it writes down what it has to; waits until all its processes
    /// are gone. The profile is removed unless the launch named it.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] when it had to be killed.
    pub async fn close(mut self) -> Result<(), BrowserError> {
        // The connection may end before the answer arrives.
        let _ = self.session().call("Browser.close", json!({})).await;
        if self.process.ended(CLOSE_DEADLINE).await {
            return Ok(());
        }
        let detail = format!("profile {}", self.profile().display());
        Err(BrowserError::Deadline { waited_for: "the browser to close", detail, after: CLOSE_DEADLINE })
    }

    /// Kills all its processes at once, as a crash or a power cut does. Returns when they are gone.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// The number of its process group, which is the process id of the group's leader.
    #[must_use]
    pub fn process_group(&self) -> u32 {
        self.process.id()
    }

    /// The profile directory.
    #[must_use]
    pub fn profile(&self) -> &Path {
        self.process.profile()
    }

    /// The latest lines that the browser wrote to its standard error.
    #[must_use]
    pub fn stderr(&self) -> Vec<String> {
        self.process.stderr().lines()
    }

    pub(crate) fn session(&self) -> Session {
        self.connection.browser()
    }
}

const CLOSE_DEADLINE: Duration = Duration::from_secs(15);
