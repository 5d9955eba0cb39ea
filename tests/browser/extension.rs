//! Reaching the parts of an extension: its pages, its service worker, its offscreen document.
//!
//! A browser should be launched with one extension for this. Whoever is attached to a service worker keeps it awake,
//! so each call here attaches, asks, and lets go again.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{BrowserError, Chromium, ConsoleEntry, Page, Target, connection::Session, console, evaluate};

impl Chromium {
    /// The extension's id, as its service worker's or any of its pages' address shows it. Known for good once seen.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] when no part of an extension shows up.
    pub async fn extension_id(&self, deadline: Duration) -> Result<&str, BrowserError> {
        if let Some(id) = self.extension.get() {
            return Ok(id);
        }
        let target = self.wait_for_target("an extension", deadline, |_, url| url.starts_with(SCHEME)).await?;
        let id = target.url.trim_start_matches(SCHEME).split('/').next().unwrap_or_default().to_owned();
        Ok(self.extension.get_or_init(|| id))
    }

    /// Opens a page of the extension, such as `popup/popup.html`, in a tab and waits until it has loaded.
    ///
    /// # Errors
    /// [`BrowserError::Navigation`] when the extension has no such page.
    pub async fn open_extension_page(&self, path: &str, deadline: Duration) -> Result<Page, BrowserError> {
        let url = format!("{SCHEME}{}/{}", self.extension_id(deadline).await?, path.trim_start_matches('/'));
        let page = self.new_page().await?;
        page.goto(&url, deadline).await?;
        Ok(page)
    }

    /// Evaluates in the extension's service worker, which is woken if it sleeps. See [`Page::evaluate`] for values.
    ///
    /// # Errors
    /// [`BrowserError::Exception`] when the script throws, [`BrowserError::TargetGone`] when the worker ended before
    /// it answered; the script may have run then.
    pub async fn evaluate_service_worker(&self, js: &str, deadline: Duration) -> Result<Value, BrowserError> {
        let end = Instant::now() + deadline;
        let session = self.attach_service_worker(end, deadline).await?;
        let value = evaluate::evaluate(&session, js, left(end)).await;
        session.detach().await;
        value
    }

    /// Evaluates in the extension's offscreen document, once there is one.
    ///
    /// # Errors
    /// As [`Self::evaluate_service_worker`]; [`BrowserError::Deadline`] when no offscreen document shows up.
    pub async fn evaluate_offscreen(&self, js: &str, deadline: Duration) -> Result<Value, BrowserError> {
        let end = Instant::now() + deadline;
        let session = self.attach_offscreen(end, deadline).await?;
        let value = evaluate::evaluate(&session, js, left(end)).await;
        session.detach().await;
        value
    }

    /// What the extension's offscreen document has complained about since it was made, once there is one.
    ///
    /// # Errors
    /// As [`Self::evaluate_offscreen`].
    pub async fn offscreen_console(&self, deadline: Duration) -> Result<Vec<ConsoleEntry>, BrowserError> {
        let session = self.attach_offscreen(Instant::now() + deadline, deadline).await?;
        let entries = console::replay(&session).await;
        session.detach().await;
        entries
    }

    /// What the extension's service worker has complained about since it last woke. It is woken if it sleeps.
    ///
    /// # Errors
    /// As [`Self::evaluate_service_worker`].
    pub async fn service_worker_console(
        &self,
        deadline: Duration,
    ) -> Result<Vec<ConsoleEntry>, BrowserError> {
        let session = self.attach_service_worker(Instant::now() + deadline, deadline).await?;
        let entries = console::replay(&session).await;
        session.detach().await;
        entries
    }

    /// Evaluates in a page of the extension that is open already, whichever it is. Opens nothing.
    ///
    /// # Errors
    /// [`BrowserError::NoExtensionPage`] when none is open; otherwise as [`Page::evaluate_within`].
    pub async fn evaluate_extension(&self, js: &str, deadline: Duration) -> Result<Value, BrowserError> {
        let end = Instant::now() + deadline;
        let prefix = self.prefix(deadline).await?;
        let targets = self.targets().await?;
        let page = targets.iter().find(|target| target.kind == "page" && target.url.starts_with(&prefix));
        let session = self.session().attach(&page.ok_or(BrowserError::NoExtensionPage)?.id).await?;
        let value = evaluate::evaluate(&session, js, left(end)).await;
        session.detach().await;
        value
    }

    /// Whether the extension's service worker runs just now.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn service_worker_runs(&self) -> Result<bool, BrowserError> {
        Ok(self.targets().await?.iter().any(|target| self.is_worker(&target.kind, &target.url)))
    }

    /// Stops the extension's service worker, as the browser does after 30 idle seconds, and waits until it is gone
    /// (fact B104). The next event wakes it.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] when it does not stop.
    pub async fn stop_service_worker(&self, deadline: Duration) -> Result<(), BrowserError> {
        let end = Instant::now() + deadline;
        let page = self.worker_control(deadline).await?;
        page.session.call("ServiceWorker.stopAllWorkers", json!({})).await?;
        while self.service_worker_runs().await? {
            if Instant::now() > end {
                let waited_for = "the service worker to stop";
                return Err(BrowserError::Deadline { waited_for, detail: String::new(), after: deadline });
            }
            sleep(POLL).await;
        }
        page.close().await
    }

    /// A session with a service worker that is past its installation: before that, the browser may replace it, and
    /// then promises of the first one never settle (fact B102).
    async fn attach_service_worker(&self, end: Instant, after: Duration) -> Result<Session, BrowserError> {
        self.extension_id(after).await?;
        loop {
            if !self.service_worker_runs().await? {
                self.start_service_worker(left(end)).await?;
            }
            let target = self
                .wait_for_target("the service worker", left(end), |kind, url| self.is_worker(kind, url))
                .await?;
            let ready = async {
                let session = self.session().attach(&target.id).await?;
                let active = evaluate::wait_for(&session, ACTIVE, left(end)).await;
                active.map_err(|error| error.while_waiting_for("an active service worker", after))?;
                Ok(session)
            };
            match ready.await {
                // It went away between two of our steps; nothing has been asked of it yet.
                Err(BrowserError::TargetGone { .. } | BrowserError::Protocol { .. })
                    if Instant::now() < end =>
                {
                    sleep(POLL).await;
                }
                other => return other,
            }
        }
    }

    pub(crate) async fn attach_offscreen(
        &self,
        end: Instant,
        after: Duration,
    ) -> Result<Session, BrowserError> {
        let prefix = self.prefix(left(end)).await?;
        // Offscreen documents have the type of what came before them (fact B103).
        let is_offscreen = |kind: &str, url: &str| kind == "background_page" && url.starts_with(&prefix);
        let target = self.wait_for_target("an offscreen document", left(end), is_offscreen).await?;
        let session = self.session().attach(&target.id).await?;
        let loaded = evaluate::wait_for(&session, LOADED, left(end)).await;
        loaded.map_err(|error| error.while_waiting_for("an offscreen document to load", after))?;
        Ok(session)
    }

    async fn start_service_worker(&self, deadline: Duration) -> Result<(), BrowserError> {
        let page = self.worker_control(deadline).await?;
        let scope = self.prefix(deadline).await?;
        page.session.call("ServiceWorker.startWorker", json!({ "scopeURL": scope })).await?;
        page.close().await
    }

    /// A page whose session commands the extension's workers: it has to be of the extension, and to run nothing.
    async fn worker_control(&self, deadline: Duration) -> Result<Page, BrowserError> {
        let page = self.open_extension_page("manifest.json", deadline).await?;
        page.session.call("ServiceWorker.enable", json!({})).await?;
        Ok(page)
    }

    async fn prefix(&self, deadline: Duration) -> Result<String, BrowserError> {
        Ok(format!("{SCHEME}{}/", self.extension_id(deadline).await?))
    }

    fn is_worker(&self, kind: &str, url: &str) -> bool {
        let rest = if kind == "service_worker" { url.strip_prefix(SCHEME) } else { None };
        rest.is_some_and(|rest| self.extension.get().is_none_or(|id| rest.starts_with(id.as_str())))
    }

    /// The first target whose type and address are right.
    async fn wait_for_target(
        &self,
        waited_for: &'static str,
        deadline: Duration,
        is_right: impl Fn(&str, &str) -> bool,
    ) -> Result<Target, BrowserError> {
        let end = Instant::now() + deadline;
        loop {
            let targets = self.targets().await?;
            if let Some(target) = targets.iter().find(|target| is_right(&target.kind, &target.url)) {
                return Ok(target.clone());
            }
            if Instant::now() > end {
                let detail = format!("{targets:?}");
                return Err(BrowserError::Deadline { waited_for, detail, after: deadline });
            }
            sleep(POLL).await;
        }
    }
}

fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

const ACTIVE: &str = "self.registration?.active?.state === 'activated'";
/// A new target shows an empty document before its own.
const LOADED: &str = "location.protocol === 'chrome-extension:' && document.readyState === 'complete'";
const SCHEME: &str = "chrome-extension://";
const POLL: Duration = Duration::from_millis(20);
