use proptest::prelude::*;

use super::*;
use crate::settings::{Bound, Limits, Peers};

fn sharing() -> Settings {
    Settings { sharing: Sharing::Group, ..Settings::default() }
}

fn on_battery(percent: u8) -> Circumstances {
    Circumstances { battery: Some(Battery { percent, charging: false }), ..Circumstances::default() }
}

/// The table once more, as a person would say it: what may happen at most, one sentence after the other.
fn naive(facts: &Circumstances, settings: &Settings) -> (Level, bool, Vec<Reason>) {
    let mut level = Level::Both;
    let mut limited = false;
    let mut at_level: Vec<(Level, bool, Reason)> = Vec::new();
    let mut say = |most: Level, slower: bool, why: Reason| {
        if most < level {
            level = most;
        }
        limited = limited || slower;
        at_level.push((most, slower, why));
    };
    let act = |action: Action| match action {
        Action::Allow => None,
        Action::Limit => Some((Level::Both, true)),
        Action::Receive => Some((Level::Receive, false)),
        Action::Pause => Some((Level::Shelf, false)),
    };
    if !settings.enabled {
        say(Level::Off, false, Reason::Off);
    }
    if settings.sharing != Sharing::Group {
        say(Level::Shelf, false, Reason::SharingOff);
    }
    if let Some(Battery { percent, charging: false }) = facts.battery {
        if percent < settings.policy.battery.pause_below_percent {
            say(Level::Shelf, false, Reason::BatteryLow);
        }
        if let Some((most, slower)) = act(settings.policy.battery.when_discharging) {
            say(most, slower, Reason::Discharging);
        }
    }
    let rank = |speed: Speed| ["slow", "2", "3", "4"].iter().position(|s| *s == short(speed)).unwrap();
    let slow = match (facts.speed, settings.policy.network.slower_than) {
        (Some(speed), Bound::Is2g) => rank(speed) < 1,
        (Some(speed), Bound::Is3g) => rank(speed) < 2,
        (Some(speed), Bound::Is4g) => rank(speed) < 3,
        (None, _) | (_, Bound::Never) => false,
    };
    for (applies, action, why) in [
        (facts.cellular, settings.policy.network.cellular, Reason::Cellular),
        (facts.save_data, settings.policy.network.save_data, Reason::SaveData),
        (slow, settings.policy.network.slow, Reason::SlowNetwork),
        (facts.hidden, settings.policy.visibility.hidden, Reason::Hidden),
        (facts.idle, settings.policy.idle, Reason::Idle),
        (facts.small, settings.policy.device.small, Reason::SmallDevice),
    ] {
        if let Some((most, slower)) = act(action).filter(|_| applies) {
            say(most, slower, why);
        }
    }
    if facts.disk_low {
        say(Level::Shelf, false, Reason::DiskLow);
    }
    if facts.sent_today + (64 << 10) > settings.limits.upload_mib_per_day << 20 {
        say(Level::Receive, false, Reason::DayLimit);
    }
    if facts.sent_this_month.saturating_add(64 << 10) > settings.limits.upload_mib_per_month << 20 {
        say(Level::Receive, false, Reason::MonthLimit);
    }
    let strictest = at_level.iter().filter(|(most, _, _)| *most == level);
    let reasons = if level == Level::Both {
        strictest.filter(|(_, slower, _)| *slower).map(|(_, _, why)| *why).collect()
    } else {
        strictest.map(|(_, _, why)| *why).collect()
    };
    (level, limited, reasons)
}

fn short(speed: Speed) -> &'static str {
    match speed {
        Speed::Slow2g => "slow",
        Speed::Is2g => "2",
        Speed::Is3g => "3",
        Speed::Is4g => "4",
    }
}

fn check(facts: &Circumstances, settings: &Settings) {
    let allowance = judge(facts, settings);
    let (level, limited, reasons) = naive(facts, settings);
    assert_eq!((allowance.level, allowance.limited), (level, limited), "{facts:?} {settings:?}");
    match allowance.reason {
        Some(why) => assert!(reasons.contains(&why), "{why:?} is none of {reasons:?}"),
        None => assert_eq!(reasons, []),
    }
    assert_eq!(allowance.reason.is_none(), level == Level::Both && !limited);
    assert!(allowance.peers <= settings.peers.max);
    assert_eq!(allowance.peers == 0, level <= Level::Shelf || settings.peers.max == 0);
    assert_eq!(allowance.keep, level != Level::Off && !facts.disk_low);
}

const ACTIONS: [Action; 4] = [Action::Allow, Action::Limit, Action::Receive, Action::Pause];
const SPEEDS: [Option<Speed>; 5] =
    [None, Some(Speed::Slow2g), Some(Speed::Is2g), Some(Speed::Is3g), Some(Speed::Is4g)];
const BOUNDS: [Bound; 4] = [Bound::Never, Bound::Is2g, Bound::Is3g, Bound::Is4g];

#[test]
fn every_combination_of_circumstances_is_judged_as_the_sentences_say() {
    let batteries = [None, Some((18, false)), Some((18, true)), Some((30, false)), Some((95, false))];
    let mut count = 0_u32;
    for bits in 0..1_u32 << 9 {
        let bit = |n: u32| bits & (1 << n) != 0;
        for battery in batteries {
            for speed in SPEEDS {
                let facts = Circumstances {
                    battery: battery.map(|(percent, charging)| Battery { percent, charging }),
                    cellular: bit(0),
                    save_data: bit(1),
                    speed,
                    hidden: bit(2),
                    idle: bit(3),
                    small: bit(4),
                    sent_today: if bit(5) { 200 << 20 } else { (200 << 20) - (64 << 10) },
                    sent_this_month: if bit(6) { u64::MAX } else { 0 },
                    disk_low: bit(7),
                };
                let sharing = if bit(8) { Sharing::Group } else { Sharing::Off };
                check(&facts, &Settings { sharing, ..Settings::default() });
                count += 1;
            }
        }
    }
    assert_eq!(count, 512 * 25);
}

fn any_action() -> impl Strategy<Value = Action> {
    prop::sample::select(&ACTIONS[..])
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let actions =
        (any_action(), any_action(), any_action(), any_action(), any_action(), any_action(), any_action());
    let numbers = (0..=100_u8, 0..33_usize, 0..3_u64, 0..3_u64);
    (any::<(bool, bool)>(), actions, numbers, prop::sample::select(&BOUNDS[..])).prop_map(
        |((enabled, group), (a, b, c, d, e, f, g), (percent, max, day, month), bound)| {
            let mut settings = Settings {
                enabled,
                sharing: if group { Sharing::Group } else { Sharing::Off },
                peers: Peers { max, ..Peers::default() },
                limits: Limits { upload_mib_per_day: day, upload_mib_per_month: month, ..Limits::default() },
                ..Settings::default()
            };
            let policy = &mut settings.policy;
            policy.battery.pause_below_percent = percent;
            policy.battery.when_discharging = a;
            policy.network.cellular = b;
            policy.network.save_data = c;
            policy.network.slow = d;
            policy.network.slower_than = bound;
            policy.visibility.hidden = e;
            policy.idle = f;
            policy.device.small = g;
            settings
        },
    )
}

fn any_facts() -> impl Strategy<Value = Circumstances> {
    let battery = prop::option::of((0..=100_u8, any::<bool>()));
    let bits = any::<(bool, bool, bool, bool, bool, bool)>();
    (battery, prop::sample::select(&SPEEDS[..]), bits, 0..3_u64 << 20, 0..3_u64 << 20).prop_map(
        |(
            battery,
            speed,
            (cellular, save_data, hidden, idle, small, disk_low),
            sent_today,
            sent_this_month,
        )| {
            Circumstances {
                battery: battery.map(|(percent, charging)| Battery { percent, charging }),
                cellular,
                save_data,
                speed,
                hidden,
                idle,
                small,
                sent_today,
                sent_this_month,
                disk_low,
            }
        },
    )
}

proptest! {
    #[test]
    fn any_circumstances_under_any_settings_are_judged_as_the_sentences_say(
        facts in any_facts(), settings in any_settings(),
    ) {
        check(&facts, &settings);
    }

    #[test]
    fn a_circumstance_more_never_allows_more(facts in any_facts(), settings in any_settings()) {
        let before = judge(&facts, &settings);
        for worse in [
            Circumstances { cellular: true, ..facts },
            Circumstances { save_data: true, ..facts },
            Circumstances { hidden: true, ..facts },
            Circumstances { idle: true, ..facts },
            Circumstances { small: true, ..facts },
            Circumstances { disk_low: true, ..facts },
            Circumstances { sent_today: u64::MAX, ..facts },
        ] {
            let after = judge(&worse, &settings);
            prop_assert!(after.level <= before.level && after.peers <= before.peers);
            prop_assert!(after.rate(1_000) <= before.rate(1_000));
        }
    }
}

#[test]
fn a_low_battery_pauses_until_it_is_charged_and_says_how_low_it_is() {
    let low = judge(&on_battery(18), &sharing());
    assert_eq!((low.level, low.reason, low.percent), (Level::Shelf, Some(Reason::BatteryLow), Some(18)));
    let half = judge(&on_battery(50), &sharing());
    assert_eq!((half.level, half.limited, half.percent), (Level::Both, true, Some(50)));
    let plugged = Battery { percent: 18, charging: true };
    let facts = Circumstances { battery: Some(plugged), ..Circumstances::default() };
    let charged = judge(&facts, &sharing());
    assert_eq!((charged.level, charged.reason, charged.percent), (Level::Both, None, None));
}

#[test]
fn limited_means_half_the_peers_and_a_quarter_of_the_rate() {
    let facts = Circumstances { hidden: true, ..Circumstances::default() };
    let allowance = judge(&facts, &sharing());
    assert_eq!((allowance.peers, allowance.rate(1_000)), (4, 250));
    let free = judge(&Circumstances::default(), &sharing());
    assert_eq!((free.peers, free.rate(1_000)), (8, 1_000));
}

#[test]
fn before_sharing_is_switched_on_nothing_else_counts() {
    let allowance = judge(&Circumstances::default(), &Settings::default());
    assert_eq!((allowance.level, allowance.reason), (Level::Shelf, Some(Reason::SharingOff)));
}
