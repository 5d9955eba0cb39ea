//! A tab: going somewhere, asking it something, listening to its complaints.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::{
    BrowserError, ConsoleEntry, Load,
    connection::{COMMAND_DEADLINE, Listener, Session},
    console::Console,
    evaluate,
    load::{Lifecycle, MEASURE},
};

/// A tab of its own, with a viewport of exactly the size that the launch asked for. Dropping it closes the tab.
#[derive(Debug)]
pub struct Page {
    pub(crate) session: Session,
    target: String,
    state: Arc<PageState>,
}

/// Which colours the page is told that the user prefers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ColorScheme {
    /// `prefers-color-scheme: dark`
    Dark,
    /// `prefers-color-scheme: light`
    Light,
}

impl Page {
    /// Opens a tab at `about:blank`. The Network domain stays disabled, because it changes timing (fact B102).
    pub(crate) async fn open(browser: &Session, window: (u32, u32)) -> Result<Self, BrowserError> {
        let method = "Target.createTarget";
        let mut answer = browser.call(method, json!({ "url": "about:blank" })).await?;
        let Value::String(target) = answer["targetId"].take() else {
            return Err(BrowserError::Protocol { method, message: "no target".into() });
        };
        let session = browser.attach(&target).await?;
        // A page's main frame has the same id as the page's target, whatever document it shows.
        let state = Arc::new(PageState::new(target.clone()));
        session.listen(Arc::clone(&state) as Arc<dyn Listener>);
        let page = Self { session, target, state };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Inspector.enable"] {
            page.session.call(domain, json!({})).await?;
        }
        page.session.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await?;
        // Keys and clicks reach a page that is not the foremost tab, too.
        page.session.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        page.set_viewport(window.0, window.1).await?;
        Ok(page)
    }

    /// Goes to an address and waits for the load event, or for that of a page that took its place meanwhile.
    ///
    /// # Errors
    /// [`BrowserError::Navigation`] when there is nothing to load, [`BrowserError::Deadline`] when it takes longer.
    pub async fn goto(&self, url: &str, deadline: Duration) -> Result<Load, BrowserError> {
        let load = self.load(url, deadline).await;
        if matches!(load, Err(BrowserError::Deadline { .. })) {
            // Otherwise it would arrive in the middle of what comes next.
            self.session.tell("Page.stopLoading", json!({}));
        }
        load
    }

    /// Loads the same address again, as the reload button does, and waits for the load event.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] when it takes longer.
    pub async fn reload(&self, deadline: Duration) -> Result<Load, BrowserError> {
        let end = Instant::now() + deadline;
        let old = self.state.lock().lifecycle.latest().unwrap_or_default().to_owned();
        self.session.call_within("Page.reload", json!({}), deadline).await?;
        let wait = Wait { waited_for: "the load event after a reload", detail: &old, end, after: deadline };
        self.state.until(wait, |state| state.lifecycle.loaded_since(&old)).await?;
        self.measure(end, deadline).await
    }

    /// The value of an expression in the page, its promise awaited. `undefined` is null; numbers that JSON lacks
    /// come as text. Takes at most 30 s.
    ///
    /// # Errors
    /// [`BrowserError::Exception`] when the script throws.
    pub async fn evaluate(&self, js: &str) -> Result<Value, BrowserError> {
        self.evaluate_within(js, COMMAND_DEADLINE).await
    }

    /// [`Self::evaluate`] for scripts that may take another time.
    ///
    /// # Errors
    /// The same.
    pub async fn evaluate_within(&self, js: &str, deadline: Duration) -> Result<Value, BrowserError> {
        if self.state.lock().crashed {
            return Err(BrowserError::Crashed);
        }
        evaluate::evaluate(&self.session, js, deadline).await
    }

    /// Waits until an expression is true. It may be a promise; while it throws it is not true yet.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] with the expression, [`BrowserError::Exception`] when it cannot be parsed.
    pub async fn wait_for(&self, condition: &str, deadline: Duration) -> Result<(), BrowserError> {
        if self.state.lock().crashed {
            return Err(BrowserError::Crashed);
        }
        evaluate::wait_for(&self.session, condition, deadline).await
    }

    /// Errors and warnings since the page was opened or [`Self::take_console`]; at most the latest 1,000.
    #[must_use]
    pub fn console(&self) -> Vec<ConsoleEntry> {
        self.state.lock().console.entries()
    }

    /// As [`Self::console`], and forgets them.
    #[must_use]
    pub fn take_console(&self) -> Vec<ConsoleEntry> {
        self.state.lock().console.take()
    }

    /// Gives the page a viewport of another size, in CSS pixels at device scale 1.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn set_viewport(&self, width: u32, height: u32) -> Result<(), BrowserError> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.session.call("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// Tells the page which colours the user prefers.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn emulate_color_scheme(&self, scheme: ColorScheme) -> Result<(), BrowserError> {
        let value = match scheme {
            ColorScheme::Dark => "dark",
            ColorScheme::Light => "light",
        };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.session.call("Emulation.setEmulatedMedia", media).await.map(drop)
    }

    /// Empties the HTTP cache of the profile. Cookies, storage, and pictures that a living page still holds in
    /// memory stay.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn clear_http_cache(&self) -> Result<(), BrowserError> {
        self.session.call("Network.clearBrowserCache", json!({})).await.map(drop)
    }

    /// Makes the page's process so many times slower than the machine is.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn slow_down(&self, times: f64) -> Result<(), BrowserError> {
        self.session.call("Emulation.setCPUThrottlingRate", json!({ "rate": times })).await.map(drop)
    }

    /// Lets the page's origin store so many bytes at most, or as many as the disk has room for; as long as the page is
    /// open.
    ///
    /// # Errors
    /// When the page or the browser is gone.
    pub async fn limit_storage(&self, bytes: Option<u64>) -> Result<(), BrowserError> {
        let origin = self.evaluate("location.origin").await?;
        let mut quota = json!({ "origin": origin });
        if let Some(bytes) = bytes {
            quota["quotaSize"] = json!(bytes);
        }
        self.session.call("Storage.overrideQuotaForOrigin", quota).await.map(drop)
    }

    /// Closes the tab and waits until it is gone. Handlers of `beforeunload` are not asked.
    ///
    /// # Errors
    /// [`BrowserError::Deadline`] when it does not go.
    pub async fn close(self) -> Result<(), BrowserError> {
        let end = Instant::now() + COMMAND_DEADLINE;
        match self.session.call("Target.closeTarget", json!({ "targetId": self.target })).await {
            Ok(_) | Err(BrowserError::TargetGone { .. }) => {}
            Err(error) => return Err(error),
        }
        let wait =
            Wait { waited_for: "the tab to close", detail: &self.target, end, after: COMMAND_DEADLINE };
        self.state.lock().crashed = false;
        self.state.until(wait, |state| state.over).await
    }

    async fn load(&self, url: &str, deadline: Duration) -> Result<Load, BrowserError> {
        let end = Instant::now() + deadline;
        let answer = self.session.call_within("Page.navigate", json!({ "url": url }), deadline).await;
        let answer = answer.map_err(|error| error.while_waiting_for("the document's answer", deadline))?;
        if let Some(reason) = answer["errorText"].as_str().filter(|text| !text.is_empty()) {
            return Err(BrowserError::Navigation { url: url.to_owned(), reason: reason.to_owned() });
        }
        // Without a loader the document stays the same: only the fragment changed.
        if let Some(loader) = answer["loaderId"].as_str() {
            let wait = Wait { waited_for: "the load event", detail: url, end, after: deadline };
            self.state.until(wait, |state| state.lifecycle.loaded(loader)).await?;
        }
        self.measure(end, deadline).await
    }

    async fn measure(&self, end: Instant, after: Duration) -> Result<Load, BrowserError> {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.evaluate_within(MEASURE, left).await {
                Ok(value) => {
                    return serde_json::from_value(value).map_err(|error| BrowserError::Protocol {
                        method: "Runtime.evaluate",
                        message: error.to_string(),
                    });
                }
                Err(error) if evaluate::is_between_documents(&error) && !left.is_zero() => {}
                Err(error) => return Err(error.while_waiting_for("the page's account of its load", after)),
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if !self.state.lock().over {
            self.session.tell("Target.closeTarget", json!({ "targetId": self.target }));
        }
    }
}

/// What the page's events have said so far.
#[derive(Debug)]
struct PageState {
    main_frame: String,
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Inner {
    lifecycle: Lifecycle,
    console: Console,
    crashed: bool,
    over: bool,
}

struct Wait<'a> {
    waited_for: &'static str,
    detail: &'a str,
    end: Instant,
    after: Duration,
}

impl PageState {
    fn new(main_frame: String) -> Self {
        Self { main_frame, inner: Mutex::default(), changed: watch::Sender::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn until(&self, wait: Wait<'_>, condition: impl Fn(&Inner) -> bool) -> Result<(), BrowserError> {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let inner = self.lock();
                if condition(&inner) {
                    return Ok(());
                }
                if inner.crashed {
                    return Err(BrowserError::Crashed);
                }
                if inner.over {
                    return Err(BrowserError::TargetGone { method: wait.waited_for });
                }
            }
            if timeout_at(wait.end, changed.changed()).await.is_err() {
                let Wait { waited_for, detail, after, .. } = wait;
                return Err(BrowserError::Deadline { waited_for, detail: detail.to_owned(), after });
            }
        }
    }
}

impl Listener for PageState {
    fn event(&self, method: &str, params: &Value) -> Option<(&'static str, Value)> {
        let mut inner = self.lock();
        let mut reaction = None;
        match method {
            "Page.lifecycleEvent" => inner.lifecycle.note(&self.main_frame, params),
            "Inspector.targetCrashed" => inner.crashed = true,
            "Inspector.targetReloadedAfterCrash" => inner.crashed = false,
            // Nobody is there to answer; an open dialog would stop every script.
            "Page.javascriptDialogOpening" => {
                reaction = Some(("Page.handleJavaScriptDialog", json!({ "accept": true })));
            }
            _ => inner.console.note(method, params),
        }
        drop(inner);
        self.changed.send_replace(());
        reaction
    }

    fn over(&self) {
        self.lock().over = true;
        self.changed.send_replace(());
    }
}
