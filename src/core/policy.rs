//! What may be done just now: a table from the machine's circumstances and the user's settings to an allowance, with
//! the reason by name. Pure; the engine asks again whenever a fact or a setting has changed.

use serde::{Deserialize, Serialize};

use crate::{
    limits,
    settings::{Action, Settings, Sharing},
};

/// What is known of the machine. Nothing known means nothing that speaks against anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The battery, where there is one.
    pub battery: Option<Battery>,
    /// The way to the internet is a cellular one, where the browser knows (facts W47: not on desktops).
    pub cellular: bool,
    /// The user asked the browser to save data.
    pub save_data: bool,
    /// How fast the network seems, where the browser says so.
    pub speed: Option<Speed>,
    /// No window of the browser can be seen.
    pub hidden: bool,
    /// Nobody is at the machine.
    pub idle: bool,
    /// A telephone, or a machine with little memory.
    pub small: bool,
    /// Bytes sent to peers today.
    pub sent_today: u64,
    /// Bytes sent to peers this month.
    pub sent_this_month: u64,
    /// The disk has hardly any room left.
    pub disk_low: bool,
}

/// A battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Battery {
    /// From 0 to 100.
    pub percent: u8,
    /// It is being charged, or full and plugged in.
    pub charging: bool,
}

/// The classes of `effectiveType` in the Network Information API, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum Speed {
    #[serde(rename = "slow-2g")]
    Slow2g,
    #[serde(rename = "2g")]
    Is2g,
    #[serde(rename = "3g")]
    Is3g,
    #[serde(rename = "4g")]
    Is4g,
}

/// How far the engine may go; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Nothing is touched.
    Off,
    /// This browser's own bodies are served; nobody is contacted.
    Shelf,
    /// Bodies are taken from peers, too.
    Receive,
    /// And given to them.
    Both,
}

/// Why not everything is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// Everything is switched off.
    Off,
    /// The user has not switched sharing on.
    SharingOff,
    /// The battery is below the user's bound, and not being charged.
    BatteryLow,
    /// The machine runs on its battery.
    Discharging,
    /// The network is a cellular one.
    Cellular,
    /// The browser is to save data.
    SaveData,
    /// The network is slower than the user's bound.
    SlowNetwork,
    /// No window can be seen.
    Hidden,
    /// Nobody is at the machine.
    Idle,
    /// The machine is a small one.
    SmallDevice,
    /// The day's upload is used up.
    DayLimit,
    /// The month's upload is used up.
    MonthLimit,
    /// The disk has hardly any room left.
    DiskLow,
}

impl Reason {
    /// Every reason, so that a test can demand a sentence for each.
    pub const ALL: &'static [Self] = &[
        Self::Off,
        Self::SharingOff,
        Self::BatteryLow,
        Self::Discharging,
        Self::Cellular,
        Self::SaveData,
        Self::SlowNetwork,
        Self::Hidden,
        Self::Idle,
        Self::SmallDevice,
        Self::DayLimit,
        Self::MonthLimit,
        Self::DiskLow,
    ];
}

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowance {
    /// How far the engine may go.
    pub level: Level,
    /// Half the peers, a quarter of the rate.
    pub limited: bool,
    /// What stands most in the way; nothing where everything is allowed.
    pub reason: Option<Reason>,
    /// The battery's percentage, where it is the reason.
    pub percent: Option<u8>,
    /// Connections to peers at most.
    pub peers: usize,
    /// New bodies may be kept.
    pub keep: bool,
}

impl Allowance {
    /// What holds before anything is known: nothing is allowed.
    pub const NOTHING: Self = Self {
        level: Level::Off,
        limited: false,
        reason: Some(Reason::Off),
        percent: None,
        peers: 0,
        keep: false,
    };

    /// Of a rate, the part that is allowed.
    pub const fn rate(&self, full: u64) -> u64 {
        if self.limited { full / 4 } else { full }
    }
}

/// The table. Each row says what one circumstance allows; the strictest counts, and of equals the first.
pub fn judge(facts: &Circumstances, settings: &Settings) -> Allowance {
    let policy = &settings.policy;
    let discharging = facts.battery.filter(|battery| !battery.charging);
    let low = discharging.is_some_and(|battery| battery.percent < policy.battery.pause_below_percent);
    let slow = facts.speed.is_some_and(|speed| policy.network.slower_than.exceeds(speed));
    let day = mib(settings.limits.upload_mib_per_day);
    let month = mib(settings.limits.upload_mib_per_month);
    let rows = [
        (!settings.enabled, Reason::Off, Verdict::OFF),
        (settings.sharing == Sharing::Off, Reason::SharingOff, Verdict::SHELF),
        (low, Reason::BatteryLow, Verdict::SHELF),
        (discharging.is_some(), Reason::Discharging, policy.battery.when_discharging.into()),
        (facts.cellular, Reason::Cellular, policy.network.cellular.into()),
        (facts.save_data, Reason::SaveData, policy.network.save_data.into()),
        (slow, Reason::SlowNetwork, policy.network.slow.into()),
        (facts.disk_low, Reason::DiskLow, Verdict::SHELF),
        (used_up(facts.sent_today, day), Reason::DayLimit, Verdict::RECEIVE),
        (used_up(facts.sent_this_month, month), Reason::MonthLimit, Verdict::RECEIVE),
        (facts.hidden, Reason::Hidden, policy.visibility.hidden.into()),
        (facts.idle, Reason::Idle, policy.idle.into()),
        (facts.small, Reason::SmallDevice, policy.device.small.into()),
    ];
    let mut verdict = Verdict::ALL;
    let mut reason = None;
    let mut limited = false;
    for (applies, why, says) in rows {
        if applies {
            limited |= says.limited;
            if says.strictness() > verdict.strictness() {
                (verdict, reason) = (says, Some(why));
            }
        }
    }
    let of_battery = matches!(reason, Some(Reason::BatteryLow | Reason::Discharging));
    let most = settings.peers.max;
    Allowance {
        level: verdict.level,
        limited,
        reason,
        percent: facts.battery.filter(|_| of_battery).map(|battery| battery.percent),
        peers: match (verdict.level, limited) {
            (Level::Off | Level::Shelf, _) => 0,
            (_, true) => most.div_ceil(2),
            (_, false) => most,
        },
        keep: verdict.level != Level::Off && !facts.disk_low,
    }
}

/// What one row allows.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Verdict {
    level: Level,
    limited: bool,
}

impl Verdict {
    const OFF: Self = Self { level: Level::Off, limited: false };
    const SHELF: Self = Self { level: Level::Shelf, limited: false };
    const RECEIVE: Self = Self { level: Level::Receive, limited: false };
    const LIMITED: Self = Self { level: Level::Both, limited: true };
    const ALL: Self = Self { level: Level::Both, limited: false };

    const fn strictness(self) -> u8 {
        match (self.level, self.limited) {
            (Level::Both, false) => 0,
            (Level::Both, true) => 1,
            (Level::Receive, _) => 2,
            (Level::Shelf, _) => 3,
            (Level::Off, _) => 4,
        }
    }
}

impl From<Action> for Verdict {
    fn from(action: Action) -> Self {
        match action {
            Action::Allow => Self::ALL,
            Action::Limit => Self::LIMITED,
            Action::Receive => Self::RECEIVE,
            Action::Pause => Self::SHELF,
        }
    }
}

const fn used_up(sent: u64, limit: u64) -> bool {
    limit.saturating_sub(sent) < limits::UPLOAD_REST
}

const fn mib(count: u64) -> u64 {
    count.saturating_mul(1024 * 1024)
}

#[cfg(test)]
mod tests;
