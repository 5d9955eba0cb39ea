//! How a browser is to be started.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::BrowserError;

/// The description of a browser that is about to be launched; see [`Chromium::launch`](crate::Chromium::launch).
///
/// The default is headless, 1280×800 at device scale 1, a fresh profile, no extension.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(crate) extensions: Vec<PathBuf>,
    pub(crate) profile: Option<PathBuf>,
    pub(crate) window: (u32, u32),
    pub(crate) deadline: Duration,
    pub(crate) env: Vec<(String, String)>,
    resolver_rules: Option<String>,
    spki: Option<String>,
    headed: bool,
    loopback_peers: bool,
    args: Vec<String>,
    program: Option<PathBuf>,
}

impl Default for Launch {
    fn default() -> Self {
        Self {
            extensions: Vec::new(),
            profile: None,
            window: (1280, 800),
            deadline: START_DEADLINE,
            env: Vec::new(),
            resolver_rules: None,
            spki: None,
            headed: false,
            loopback_peers: false,
            args: Vec::new(),
            program: None,
        }
    }
}

impl Launch {
    /// The default launch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts this program instead of the one that the environment variable `CHROMIUM` names, or `chromium`.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Loads the unpacked extension in `directory`. May be said several times.
    #[must_use]
    pub fn extension(mut self, directory: impl Into<PathBuf>) -> Self {
        self.extensions.push(directory.into());
        self
    }

    /// Uses (and keeps) this profile directory instead of one that vanishes with the browser. A second launch on it
    /// finds what the first has stored.
    #[must_use]
    pub fn profile(mut self, directory: impl Into<PathBuf>) -> Self {
        self.profile = Some(directory.into());
        self
    }

    /// Sends names to other addresses, in the syntax of `--host-resolver-rules`:
    /// `MAP *.shop-demo.com:443 127.0.0.1:4711` (fact S1).
    #[must_use]
    pub fn resolver_rules(mut self, rules: impl Into<String>) -> Self {
        self.resolver_rules = Some(rules.into());
        self
    }

    /// Accepts certificates under the key with this base64 SHA-256 fingerprint (facts S2, S3).
    #[must_use]
    pub fn spki(mut self, fingerprint: impl Into<String>) -> Self {
        self.spki = Some(fingerprint.into());
        self
    }

    /// Size of every page's viewport, in CSS pixels.
    #[must_use]
    pub fn window(mut self, width: u32, height: u32) -> Self {
        self.window = (width, height);
        self
    }

    /// Shows a window; needs a display.
    #[must_use]
    pub fn headed(mut self, headed: bool) -> Self {
        self.headed = headed;
        self
    }

    /// Lets WebRTC use loopback addresses, so that browsers on one machine find each other without a network.
    #[must_use]
    pub fn loopback_peers(mut self, allowed: bool) -> Self {
        self.loopback_peers = allowed;
        self
    }

    /// A further argument for the program. Where two arguments contradict each other, the browser takes the later.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// A further environment variable for the program.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// How long the start may take; 60 s unless said otherwise.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// What to start; a bare name is looked up on the path.
    pub(crate) fn command(&self) -> PathBuf {
        let from_environment = || env::var_os("CHROMIUM").filter(|name| !name.is_empty()).map(PathBuf::from);
        self.program.clone().or_else(from_environment).unwrap_or_else(|| "chromium".into())
    }

    /// All arguments. Facts: `browser-platform.md` §13, S2. Nothing here may disable a browser feature by name: the
    /// last `--disable-features` wins, so that switch belongs to the caller, and some features break storage (B101).
    pub(crate) fn arguments(&self, profile: &Path) -> Result<Vec<String>, BrowserError> {
        let mut args: Vec<String> = BASE.iter().map(ToString::to_string).collect();
        let (width, height) = self.window;
        args.push(format!("--window-size={width},{height}"));
        args.push(format!("--user-data-dir={}", profile.display()));
        if !self.headed {
            args.push("--headless=new".into());
        }
        if rustix::process::geteuid().is_root() {
            args.push("--no-sandbox".into());
        }
        if self.loopback_peers {
            args.push("--allow-loopback-in-peer-connection".into());
        }
        if let Some(rules) = &self.resolver_rules {
            args.push(format!("--host-resolver-rules={rules}"));
        }
        if let Some(spki) = &self.spki {
            args.push(format!("--ignore-certificate-errors-spki-list={spki}"));
        }
        if !self.extensions.is_empty() {
            let list = self.extension_list()?;
            args.push(format!("--disable-extensions-except={list}"));
            args.push(format!("--load-extension={list}"));
        }
        args.extend(self.args.iter().cloned());
        args.push("about:blank".into());
        Ok(args)
    }

    fn extension_list(&self) -> Result<String, BrowserError> {
        let mut list = Vec::new();
        for directory in &self.extensions {
            let absolute = fs::canonicalize(directory.join("manifest.json"))
                .map_err(|source| BrowserError::Files { path: directory.join("manifest.json"), source })?;
            let parent = absolute.parent().unwrap_or(directory).display().to_string();
            if parent.contains(',') {
                let fault = "the browser would split an extension's path at its comma";
                return Err(BrowserError::Setting { fault, value: parent });
            }
            list.push(parent);
        }
        Ok(list.join(","))
    }
}

/// A cold start takes about a second; the rest is for machines that build at the same time.
const START_DEADLINE: Duration = Duration::from_secs(60);

const BASE: &[&str] = &[
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--password-store=basic",
    "--mute-audio",
    // The crash handler leaves the process group, so a killed browser would leave it behind for a moment.
    "--disable-breakpad",
    "--disable-crash-reporter",
    // Pictures of the same page are to be the same bytes.
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
];
