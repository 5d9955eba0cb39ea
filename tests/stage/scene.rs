//! The scene: one origin on one link, one introduction server, and a group that browsers can be seated in.

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Duration,
};

use slipstream_origin::{Link, Origin, OriginConfig, Outage, Site};
use slipstream_signal::server::{Server, ServerConfig};
use tokio::sync::Mutex;

use crate::Seat;

/// Whatever went wrong; its text says what was being done.
pub type Fault = Box<dyn Error + Send + Sync>;

/// Name of the one link that all hosts of the site share.
const UPLINK: &str = "uplink";

/// A scene, until it is dropped.
pub struct Scene {
    origin: Origin,
    server: Mutex<Option<Server>>,
    signal_url: String,
    page: String,
    secret: String,
    headed: bool,
    patience: Duration,
}

/// What a scene is made of.
pub struct SceneBuilder {
    site: Site,
    link: Link,
    headed: bool,
}

impl SceneBuilder {
    /// The line that all hosts of the site share.
    #[must_use]
    pub const fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Shows the browsers' windows; needs a display.
    #[must_use]
    pub const fn headed(mut self, headed: bool) -> Self {
        self.headed = headed;
        self
    }

    /// Starts origin and server.
    ///
    /// # Errors
    /// The origin or the server could not be started.
    pub async fn build(self) -> Result<Scene, Fault> {
        let page = self.site.page().to_owned();
        let patience = PATIENCE + on_the_line(self.link);
        let config = OriginConfig::new().link(UPLINK, self.link).site(self.site, UPLINK);
        let origin = Origin::start(config).await?;
        let server = Server::start(ServerConfig::default()).await?;
        let signal_url = format!("ws://{}/v1", server.addr());
        // Any 32 bytes will do for a group that lives as long as a test.
        let secret = "c2xpcHN0cmVhbS10ZXN0LWdyb3VwLXNlY3JldC0wMDE".to_owned();
        let server = Mutex::new(Some(server));
        Ok(Scene { origin, server, signal_url, page, secret, headed: self.headed, patience })
    }
}

impl Scene {
    /// A scene for one of the sites under `tests/sites`.
    ///
    /// # Errors
    /// There is no such site, or it cannot be read.
    pub fn of_site(name: &str) -> Result<SceneBuilder, Fault> {
        let dir = site_dir(name);
        let site = Site::load(&dir).map_err(|fault| format!("site {name}: {fault}"))?;
        Ok(Self::of(site))
    }

    /// A scene for a site made by a test.
    #[must_use]
    pub const fn of(site: Site) -> SceneBuilder {
        SceneBuilder { site, link: Link::UNSHAPED, headed: false }
    }

    /// The origin, with its counters and faults.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// URL of the site's page.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }

    /// WebSocket URL of the introduction server.
    #[must_use]
    pub fn signal_url(&self) -> &str {
        &self.signal_url
    }

    /// The group's invite secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Whether browsers show their windows.
    pub(crate) const fn headed(&self) -> bool {
        self.headed
    }

    /// How long a visit may wait for any one thing: a slow line takes its time.
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// Changes the line while it is in use.
    ///
    /// # Errors
    /// The link's figures are impossible.
    pub fn set_link(&self, link: Link) -> Result<(), Fault> {
        Ok(self.origin.set_link(UPLINK, link)?)
    }

    /// Lets the line fail as a whole, or work again.
    ///
    /// # Errors
    /// The origin has ended.
    pub fn set_outage(&self, outage: Option<Outage>) -> Result<(), Fault> {
        Ok(self.origin.set_outage(UPLINK, outage)?)
    }

    /// Connections to the introduction server now.
    pub async fn introduced(&self) -> usize {
        self.server.lock().await.as_ref().map_or(0, |server| server.metrics().connections)
    }

    /// Ends the introduction server without a farewell.
    pub async fn kill_server(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.kill().await;
        }
    }

    /// A browser without the extension.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn plain(&self) -> Result<Seat, Fault> {
        Seat::plain(self).await
    }

    /// A browser with the extension and its default settings, but for loopback origins being allowed: here the
    /// public-looking names lead to this machine.
    ///
    /// # Errors
    /// The extension is not built, or the browser could not be started.
    pub async fn alone(&self) -> Result<Seat, Fault> {
        Seat::with_extension(self, setting(serde_json::json!({}))).await
    }

    /// A browser with the extension in the scene's group.
    ///
    /// # Errors
    /// The extension is not built, or the browser could not be started.
    pub async fn member(&self) -> Result<Seat, Fault> {
        Seat::with_extension(self, self.member_settings()).await
    }

    /// The same on a profile directory that outlives the browser: a second member on it is the first one, restarted.
    ///
    /// # Errors
    /// As [`Self::member`].
    pub async fn member_on(&self, profile: &Path) -> Result<Seat, Fault> {
        Seat::on_profile(self, self.member_settings(), profile).await
    }

    /// Settings of a member of the scene's group.
    #[must_use]
    pub fn member_settings(&self) -> serde_json::Value {
        setting(serde_json::json!({
            "sharing": "group",
            "signal": { "url": self.signal_url },
            "group": { "name": "scene", "secret": self.secret },
        }))
    }
}

/// What every browser in a scene has set: names that look public lead to this machine, no load is left to the network
/// to measure the others by, and a line that is slow on purpose is no reason to pause.
fn setting(mut settings: serde_json::Value) -> serde_json::Value {
    settings["developer"] = serde_json::json!({ "allowLoopback": true });
    settings["benefit"] = serde_json::json!({ "holdOutPercent": 0 });
    settings["policy"] = serde_json::json!({ "network": { "slow": "allow" } });
    settings
}

/// How long the largest page takes on a line that nobody else uses, at least.
fn on_the_line(link: Link) -> Duration {
    let bits = link.rate_bits_per_s.map_or(0.0, |rate| PAGE_BITS / rate as f64);
    Duration::try_from_secs_f64(bits).unwrap_or(Duration::MAX / 4) + link.rtt * ROUND_TRIPS
}

/// Folder of one of the sites under `tests/sites`, whether it exists or not.
#[must_use]
pub fn site_dir(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../sites")).join(name)
}

/// The extension that `cargo xtask build --hosts granted` made.
///
/// # Errors
/// It is not there.
pub fn built_extension() -> Result<PathBuf, Fault> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from);
    let dir = target.join("extension/chromium-granted");
    if dir.join("manifest.json").is_file() {
        Ok(dir.canonicalize()?)
    } else {
        Err("the extension is not built: cargo xtask build --hosts granted".into())
    }
}

/// How long anything that a scene waits for may take: generous, because machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// All sites together have at most 12 MB.
const PAGE_BITS: f64 = 12e6 * 8.0;
/// Round trips of a page on few connections, one resource after the other.
const ROUND_TRIPS: u32 = 100;
