//! Where the engine stands: what the machine's circumstances allow just now, and what is kept across its lives.
//! A change of the allowance takes effect at once, and in order: first transfers end, then channels, then the socket.

use slipstream_wire::peer::{Message, No};

use super::Engine;
use crate::{
    address::{Origin, Url},
    benefit::Arm,
    fact::Tab,
    ledger::Ledger,
    limits,
    policy::{self, Allowance, Battery, Circumstances, Level, Reason, Speed},
    port::{ConnId, PageId, ToWorker},
    profile::Profile,
    refusal::Refusal,
};

/// See the module.
pub(super) struct Standing {
    facts: Circumstances,
    allowance: Allowance,
    ledger: Ledger,
    /// What was kept by the engine before this one has come.
    known: bool,
    /// Since when there is something to be kept, in ms.
    changed: Option<u64>,
    /// Sites that the service worker was told of.
    resting: Vec<String>,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            facts: Circumstances::default(),
            allowance: Allowance::NOTHING,
            ledger: Ledger::default(),
            known: false,
            changed: None,
            resting: Vec::new(),
        }
    }
}

impl Engine {
    /// What may be done now.
    pub(super) const fn allowance(&self) -> &Allowance {
        &self.standing.allowance
    }

    /// The group's secret, while peers may be met at all.
    pub(super) fn secret_in_use(&self) -> Option<[u8; 32]> {
        self.settings.shared_secret().filter(|_| self.allowance().level >= Level::Receive)
    }

    /// Peers would be met, but for the circumstances.
    pub(super) fn paused(&self) -> bool {
        self.settings.shared_secret().is_some() && self.secret_in_use().is_none()
    }

    /// Whether bodies, and words about them, may be given to peers.
    pub(super) fn may_send(&self) -> bool {
        self.allowance().level == Level::Both
    }

    /// Fewer peers than this are too few.
    pub(super) fn fewest_peers(&self) -> usize {
        self.settings.peers.min.min(self.allowance().peers)
    }

    /// Bytes that may still be sent, today and this month.
    pub(super) fn upload_left(&self) -> u64 {
        let mib = |count: u64| count.saturating_mul(1024 * 1024);
        let limits = &self.settings.limits;
        let (day, month) = self.standing.ledger.sent_lately();
        let day = mib(limits.upload_mib_per_day).saturating_sub(day);
        day.min(mib(limits.upload_mib_per_month).saturating_sub(month))
    }

    /// So many bytes of a body went to a peer.
    pub(super) fn note_upload(&mut self, conn: ConnId, bytes: u64) {
        self.flows.sent(conn, bytes);
        self.counts.uploaded += bytes;
        self.standing.ledger.sent(bytes);
        self.keep_soon();
    }

    /// Looks at the circumstances anew, and keeps what is due.
    pub(super) fn keep_standing(&mut self) {
        let now = self.now;
        self.standing.ledger.turn(now);
        let standing = &mut self.standing;
        (standing.facts.sent_today, standing.facts.sent_this_month) = standing.ledger.sent_lately();
        let next = policy::judge(&standing.facts, &self.settings);
        let before = std::mem::replace(&mut standing.allowance, next);
        if before.level != next.level {
            self.level_changed(next);
        }
        self.part_with_surplus(next.peers);
        if self.standing.changed.is_some_and(|since| now.ms >= since + limits::LEDGER_MS) {
            self.standing.changed = None;
            let mut ledger = Box::new(self.standing.ledger.clone());
            ledger.total = ledger.total.and(&self.counts);
            self.tell_worker(ToWorker::Keep { ledger });
        }
        self.tell_resting();
        self.tell_counts();
        self.flows.retain(|conn| self.meeting.peers.contains_key(&conn));
    }

    pub(super) fn standing_wake(&self) -> Option<u64> {
        let ledger = self.standing.changed.map(|since| since + limits::LEDGER_MS);
        let counts = self.loads.values().filter(|load| load.spared() != load.told_count.0);
        counts.map(|load| load.told_count.1 + limits::COUNT_MS).chain(ledger).min()
    }

    /// How many files each tab was spared, not more often than anybody could read.
    fn tell_counts(&mut self) {
        let now = self.now.ms;
        let mut news = Vec::new();
        for (tab, load) in &mut self.loads {
            let (told, at) = load.told_count;
            let count = load.spared();
            if count != told && now >= at + limits::COUNT_MS {
                load.told_count = (count, now);
                news.push(ToWorker::Count { tab: *tab, count });
            }
        }
        for message in news {
            self.tell_worker(message);
        }
    }

    fn level_changed(&mut self, next: Allowance) {
        // What was promised within a limit is within the limit.
        let spent = matches!(next.reason, Some(Reason::DayLimit | Reason::MonthLimit));
        if next.level < Level::Both && !spent {
            for (conn, transfer) in self.end_uploads() {
                self.tell(conn, &Message::No { ask: transfer, reason: No::Paused });
            }
        }
        if next.level < Level::Receive {
            self.give_up_downloads(Refusal::Paused);
        }
        self.settings_changed();
    }

    /// More peers than are allowed: who has no channel yet goes first, then who came last.
    fn part_with_surplus(&mut self, most: usize) {
        while self.meeting.peers.len() > most {
            let last = |ready: bool| {
                let mut peers = self.meeting.peers.iter().rev();
                peers.find(|(_, peer)| peer.is_ready() == ready).map(|(conn, _)| *conn)
            };
            let Some(conn) = last(false).or_else(|| last(true)) else { return };
            self.leave_peer(conn);
        }
    }

    /// Ends a connection after what is under way on it: the other side need not wait for what will not come.
    fn leave_peer(&mut self, conn: ConnId) {
        for transfer in self.end_uploads_to(conn) {
            self.tell(conn, &Message::No { ask: transfer, reason: No::Paused });
        }
        self.part(conn);
    }

    fn keep_soon(&mut self) {
        if self.standing.known {
            self.standing.changed.get_or_insert(self.now.ms);
        }
    }

    /// The engine before this one left something.
    pub(super) fn absorb(&mut self, ledger: Ledger) {
        if !std::mem::replace(&mut self.standing.known, true) {
            self.standing.ledger.absorb(ledger, self.now);
        }
    }

    /// Everything is to be forgotten; what was sent still counts.
    pub(super) fn clear_standing(&mut self) {
        self.standing.ledger.clear();
        self.keep_soon();
    }

    /// One site is to be forgotten.
    pub(super) fn forget_site(&mut self, site: &Origin) {
        self.standing.ledger.forget(site);
        self.keep_soon();
    }

    pub(super) fn battery(&mut self, level: f64, charging: bool) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
        let percent = (level.clamp(0.0, 1.0) * 100.0).round() as u8;
        self.standing.facts.battery = level.is_finite().then_some(Battery { percent, charging });
    }

    pub(super) const fn network(&mut self, cellular: bool, save_data: bool, speed: Option<Speed>) {
        let facts = &mut self.standing.facts;
        (facts.cellular, facts.save_data, facts.speed) = (cellular, save_data, speed);
    }

    pub(super) const fn presence(&mut self, hidden: bool, idle: bool) {
        (self.standing.facts.hidden, self.standing.facts.idle) = (hidden, idle);
    }

    pub(super) fn device(&mut self, small: bool, free: f64) {
        let facts = &mut self.standing.facts;
        #[expect(clippy::cast_precision_loss, reason = "a bound of some MiB")]
        let least = limits::DISK_FREE as f64;
        (facts.small, facts.disk_low) = (small, free < least);
    }
}

/// The trial of each site.
impl Engine {
    /// Why a load that is about to begin is left to the network as a whole, if it is.
    pub(super) fn left_alone(&self, site: &Origin, page: &Url, reload: bool) -> Option<Refusal> {
        let trial =
            self.standing.ledger.trial(site).filter(|_| self.settings.benefit.hold_out_percent > 0)?;
        if trial.rests(self.now.unix) {
            return Some(Refusal::NoGain);
        }
        let could_be_helped = !reload && self.shelf.profile(page).is_some_and(|p| self.helps(p));
        (could_be_helped && trial.next() == Arm::Held).then_some(Refusal::HoldOut)
    }

    /// Whether a load counts in its site's trial, and as which kind: only where something could be served at all.
    pub(super) fn arm_of(&self, page: &Url, reload: bool, refused: Option<Refusal>) -> Option<Arm> {
        let counts = !reload && self.settings.benefit.hold_out_percent > 0;
        self.shelf.profile(page).filter(|profile| counts && self.helps(profile))?;
        match refused {
            None => Some(Arm::Helped),
            Some(Refusal::HoldOut) => Some(Arm::Held),
            Some(_) => None,
        }
    }

    fn helps(&self, profile: &Profile) -> bool {
        let partition = profile.page.origin();
        let held = |url: &Url| self.shelf.record(&partition, url).is_some_and(|r| self.shelf.has(r.id));
        profile.resources.iter().any(held)
    }

    /// A page took so long.
    pub(super) fn took(&mut self, page: PageId, ms: f64) {
        let Some(tab) = self.pages.tab(page) else { return };
        let Some(load) = self.loads.get_mut(&tab) else { return };
        let Some(arm) = load.arm.take() else { return };
        // A policy or a status that was not known before left a helped load without help.
        if arm == Arm::Helped && load.refused.is_some() {
            return;
        }
        let (site, failed) = (load.partition.clone(), load.fell_back);
        let percent = self.settings.benefit.hold_out_percent;
        let draw = u32::from_le_bytes(self.random());
        let trial = self.standing.ledger.trial_mut(&site);
        trial.note(arm, ms, failed, percent, draw, self.now.unix);
        self.keep_soon();
    }

    /// A rule served something in a load that was to be left alone: it is of neither kind.
    pub(super) fn spoil(&mut self, tab: Tab) {
        if let Some(load) = self.loads.get_mut(&tab)
            && load.arm == Some(Arm::Held)
        {
            load.arm = None;
        }
    }

    /// The service worker installs plans on its own: it must know which sites' next load is to have none.
    fn tell_resting(&mut self) {
        let measured = self.settings.benefit.hold_out_percent > 0;
        let sites = if measured { self.standing.ledger.resting(self.now.unix) } else { Vec::new() };
        if self.standing.known && sites != self.standing.resting {
            self.standing.resting.clone_from(&sites);
            self.tell_worker(ToWorker::Rest { sites });
        }
    }

    /// What a site gains.
    pub(super) fn gain(&self, site: &Origin) -> Option<crate::benefit::Gain> {
        self.standing.ledger.trial(site)?.gain()
    }

    /// Seconds that were saved on all sites where that was measured.
    pub(super) fn saved_s(&self) -> f64 {
        self.standing.ledger.trials().filter_map(|(_, trial)| trial.gain()).map(|gain| gain.saved_s).sum()
    }

    /// Sums since everything was last cleared.
    pub(super) const fn totals(&self) -> crate::ledger::Totals {
        self.standing.ledger.total.and(&self.counts)
    }
}
