//! The engine's state and its one entrance and exit: [`Engine::handle`] takes what happened, [`Engine::poll`] gives
//! what is to be done. The work itself stands in the modules below, one concern each.

mod answers;
mod delivery;
mod document;
mod downloads;
mod following;
mod harvest;
mod introductions;
mod leading;
mod load;
mod meeting;
mod pace;
mod pages;
mod peer;
mod planning;
mod referrals;
mod relays;
mod report;
mod standing;
mod uploads;

use std::collections::{BTreeMap, VecDeque};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    body::ContentId,
    fact::{Fact, PageFact, Tab},
    port::{ConnId, Input, Output, PageId, ToWorker},
    refusal::Refusal,
    settings::Settings,
    shelf::{Shelf, Snapshot},
    stats::{self, Counts, Stats},
    time::Now,
};
pub use report::{LoadReport, PeerReport, Planned};

use downloads::Downloads;
use load::{Load, PageSeen};
use meeting::Meeting;
use pages::Pages;
use report::Flows;
use standing::Standing;
use uploads::Uploads;

/// One browser's engine. Drive it so: after each [`Self::handle`], call [`Self::poll`] until it gives nothing, then
/// ask [`Self::next_wake`] when to hand it [`Input::Wake`]. Nothing happens in between.
pub struct Engine {
    now: Now,
    began: u64,
    rng: StdRng,
    out: VecDeque<Output>,
    settings: Settings,
    link: Link,
    /// Image types that this browser was seen to ask for.
    image_accept: Option<u8>,
    shelf: Shelf,
    reads: BTreeMap<ContentId, Vec<Reader>>,
    loads: BTreeMap<Tab, Load>,
    pages: Pages,
    meeting: Meeting,
    downloads: Downloads,
    uploads: Uploads,
    /// Whether the service worker was told that any page may be held.
    attending: bool,
    standing: Standing,
    flows: Flows,
    /// Number of the last update of rules.
    rule_serial: u32,
    counts: Counts,
}

/// What the browser estimates of its network.
#[derive(Clone, Copy)]
struct Link {
    rtt_ms: u64,
    bytes_per_s: u64,
}

/// Who waits for a body from the shelf.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Load(Tab),
    Upload(ConnId, u32),
}

impl Engine {
    /// Starts from what lay in the database. `seed` must come from a source fit for keys: nonces are made of it.
    pub fn new(seed: [u8; 32], snapshot: Snapshot, now: Now) -> Self {
        let (shelf, orphans) = Shelf::open(snapshot);
        let mut out = VecDeque::new();
        if !orphans.is_empty() {
            out.push_back(Output::Store { body: None, rows: Vec::new(), drop: orphans });
        }
        Self {
            now,
            began: now.ms,
            rng: StdRng::from_seed(seed),
            out,
            settings: Settings { enabled: false, ..Settings::default() },
            link: Link { rtt_ms: 100, bytes_per_s: 10_000_000 / 8 },
            image_accept: None,
            shelf,
            reads: BTreeMap::new(),
            loads: BTreeMap::new(),
            pages: Pages::default(),
            meeting: Meeting::new(slipstream_wire::id::PeerId::new([0; 16])),
            downloads: Downloads::default(),
            uploads: Uploads::default(),
            attending: false,
            standing: Standing::default(),
            flows: Flows::default(),
            rule_serial: 0,
            counts: Counts::default(),
        }
    }

    /// Takes what happened. `now` must not go back.
    pub fn handle(&mut self, input: Input, now: Now) {
        self.now = now;
        match input {
            Input::Fact(fact) => self.fact(fact),
            Input::PageOpened { page, tab, url } => self.page_opened(page, tab, &url),
            Input::Page { page, fact } => self.page_fact(page, fact),
            Input::Harvested { page, url, bytes } => self.harvested(page, &url, bytes),
            Input::PageClosed { page } => self.page_closed(page),
            Input::Read { id, bytes } => self.read(id, bytes),
            Input::StoreFailed { id } => {
                let lost = self.shelf.lose(id);
                self.out.push_back(lost);
                self.counts.refused(Refusal::ShelfFull);
            }
            Input::SocketOpen => self.socket_open(),
            Input::SocketMessage(bytes) => self.socket_message(&bytes),
            Input::SocketClosed => self.socket_closed(),
            Input::Described { conn, sdp } => self.described(conn, &sdp),
            Input::Candidate { conn, line } => self.candidate(conn, &line),
            Input::ChannelOpen { conn, max_message } => self.channel_open(conn, max_message),
            Input::Frame { conn, bytes } => self.frame(conn, &bytes),
            Input::Drained { conn } => self.drained(conn),
            Input::ChannelClosed { conn } => self.channel_closed(conn),
            Input::Wake => {}
        }
        // Whatever happened, time has passed: every deadline is looked at on every input, so none can be missed.
        self.keep_standing();
        self.keep_meeting();
        self.attend();
        self.keep_downloads();
        self.keep_loads();
        self.keep_following();
        self.keep_harvest();
        self.pump_downloads();
        self.pump_uploads();
    }

    /// The next thing to be done, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to hand over [`Input::Wake`] at the latest, on the clock of [`Now::ms`].
    pub fn next_wake(&self) -> Option<u64> {
        [
            self.meeting_wake(),
            self.downloads_wake(),
            self.loads_wake(),
            self.following_wake(),
            self.harvest_wake(),
            self.uploads_wake(),
            self.standing_wake(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The numbers that extension pages show.
    pub fn stats(&self, tab: Option<Tab>) -> Stats {
        let (bodies, bytes) = self.shelf.size();
        Stats {
            version: 1,
            engine: "on",
            server: self.meeting.server_state(),
            peers: self.meeting.stats(self.began),
            shelf: stats::ShelfStats { bodies, bytes, limit: self.store_limit() },
            harvest: stats::HarvestStats { pending: self.loads.values().map(Load::harvest_pending).sum() },
            all: self.counts.clone(),
            total: self.totals(),
            saved_s: self.saved_s(),
            policy: *self.allowance(),
            tab: tab.and_then(|tab| self.loads.get(&tab)).map(|load| stats::TabStats {
                gain: self.gain(&load.partition),
                ..load.stats(&self.settings)
            }),
        }
    }

    /// Bodies under way: to this browser, and from it.
    pub fn under_way(&self) -> (usize, usize) {
        (self.downloads.count(), self.uploads.count())
    }

    /// Where each resource of a tab's load came from: for those who want to look at one load closely.
    pub fn outcomes(&self, tab: Tab) -> impl Iterator<Item = (&str, stats::Outcome)> {
        let load = self.loads.get(&tab).into_iter();
        load.flat_map(|load| load.outcomes.iter().map(|(url, outcome)| (url.as_str(), *outcome)))
    }

    fn fact(&mut self, fact: Fact) {
        match fact {
            Fact::Settings { settings } => self.set(*settings),
            Fact::Link { rtt, downlink } => self.estimate(rtt, downlink),
            Fact::Navigate { tab, url, reload, attended } => self.navigate(tab, &url, reload, attended),
            Fact::Ledger { ledger } => self.absorb(*ledger),
            Fact::Battery { level, charging } => self.battery(level, charging),
            Fact::Network { cellular, save_data, speed } => self.network(cellular, save_data, speed),
            Fact::Presence { hidden, idle } => self.presence(hidden, idle),
            Fact::Device { small, free } => self.device(small, free),
            Fact::Head { tab, url, status, headers } => self.head(tab, &url, status, &headers),
            Fact::Substituted { tab, url } => self.substituted(tab, &url),
            Fact::Responses { responses } => {
                for response in responses {
                    self.response(response);
                }
            }
            Fact::Reported { tab } => self.reported(tab),
            Fact::Applied { tab, serial } => self.applied(tab, serial),
            Fact::TabClosed { tab } => {
                if let Some(load) = self.loads.remove(&tab) {
                    self.leave_load(load);
                }
            }
            Fact::ClearSite { site } => {
                if let Ok(url) = crate::address::Url::parse(&site) {
                    let stored = self.shelf.clear_site(&url.origin());
                    self.out.push_back(stored);
                    self.forget_site(&url.origin());
                }
            }
            Fact::Clear => {
                let wipe = self.shelf.clear();
                self.out.push_back(wipe);
                self.loads.clear();
                self.counts = Counts::default();
                self.clear_standing();
            }
        }
    }

    fn page_fact(&mut self, page: PageId, fact: PageFact) {
        match fact {
            PageFact::Seen { meta_csp, service_worker, sensitive, images, scripts, loaded } => {
                let seen = PageSeen { meta_csp, service_worker, sensitive, images, scripts, loaded };
                self.page_seen(page, seen);
            }
            PageFact::Scripts { scripts } => self.page_runs(page, &scripts),
            PageFact::Planned { serial } => self.page_planned(page, serial),
            PageFact::Took { ms } => self.took(page, ms),
            PageFact::Shown { url } => self.shown(page, &url),
            PageFact::FellBack { url } => self.fell_back(page, &url),
        }
    }

    fn set(&mut self, settings: Settings) {
        self.settings = settings;
        self.keep_standing();
        self.settings_changed();
    }

    fn estimate(&mut self, rtt: f64, downlink: f64) {
        // The browser rounds both; anything outside these bounds is a fault of the estimate. Casts saturate.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
        let whole = |value: f64, low: f64, high: f64| value.clamp(low, high) as u64;
        if rtt.is_finite() && downlink.is_finite() {
            self.link = Link {
                rtt_ms: whole(rtt, 10.0, 3_000.0),
                bytes_per_s: whole(downlink * 125_000.0, 4_000.0, 12_500_000.0),
            };
        }
    }

    /// What the origin would take for so many bytes, in ms, as far as the browser's estimate goes.
    const fn origin_ms(&self, bytes: u64) -> u64 {
        2 * self.link.rtt_ms + bytes.saturating_mul(1_000) / self.link.bytes_per_s
    }

    const fn store_limit(&self) -> u64 {
        self.settings.limits.store_mib.saturating_mul(1024 * 1024)
    }

    /// Asks for a body, once however many wait for it.
    fn want_read(&mut self, id: ContentId, reader: Reader) {
        let waiting = self.reads.entry(id).or_default();
        if waiting.is_empty() {
            self.out.push_back(Output::Read { id });
        }
        if !waiting.contains(&reader) {
            waiting.push(reader);
        }
    }

    /// A body came from the database: it is hashed before anybody gets it.
    fn read(&mut self, id: ContentId, bytes: Option<Vec<u8>>) {
        let readers = self.reads.remove(&id).unwrap_or_default();
        let checked = bytes.map(|bytes| crate::body::Verified::check(id, bytes));
        let body = match checked {
            Some(Ok(body)) => {
                self.counts.verified += 1;
                self.shelf.touch(id, self.now.unix);
                self.shelf.cache(&body);
                Ok(body)
            }
            Some(Err(_)) => {
                self.counts.verifications_failed += 1;
                Err(Refusal::ShelfCorrupt)
            }
            None => Err(Refusal::ShelfCorrupt),
        };
        if let Err(why) = body {
            self.counts.refused(why);
            let lost = self.shelf.lose(id);
            self.out.push_back(lost);
        }
        for reader in readers {
            match reader {
                Reader::Load(tab) => self.shelf_gave(tab, id, body.clone()),
                Reader::Upload(conn, transfer) => self.upload_read(conn, transfer, body.clone().ok()),
            }
        }
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    const fn next_serial(&mut self) -> u32 {
        self.rule_serial = self.rule_serial.wrapping_add(1);
        self.rule_serial
    }

    fn tell_worker(&mut self, message: ToWorker) {
        self.out.push_back(Output::Worker(message));
    }
}
