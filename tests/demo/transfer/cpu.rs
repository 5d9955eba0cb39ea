//! CPU time of whole browsers, as the system counts it.

use std::fs;

use slipstream_stage::Seat;

/// Ticks of a second in `/proc` (Linux: `USER_HZ`, 100 on every architecture that Chromium is built for).
const TICKS: f64 = 100.0;

/// What some browsers have used since a moment.
pub(super) struct Spent {
    groups: Vec<u32>,
    before: u64,
}

impl Spent {
    pub(super) fn start(seats: &[&Seat]) -> Self {
        let groups: Vec<_> = seats.iter().map(|seat| seat.browser().process_group()).collect();
        Self { before: ticks(&groups), groups }
    }

    pub(super) fn seconds(&self) -> f64 {
        ticks(&self.groups).saturating_sub(self.before) as f64 / TICKS
    }
}

/// Of all processes of these groups; what has ended in between is not counted.
fn ticks(groups: &[u32]) -> u64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    stats.filter_map(|stat| of_groups(&stat, groups)).sum()
}

/// The fields behind the name, which may hold anything: state, parent, group, and ten later user and system time.
fn of_groups(stat: &str, groups: &[u32]) -> Option<u64> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let group: u32 = fields.get(2)?.parse().ok()?;
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    if groups.contains(&group) { Some(ticks(11)? + ticks(12)?) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_read_past_any_name() {
        let stat = "17 (a (strange) name) S 1 42 42 0 -1 4194560 1 2 3 4 250 50 7 8 20 0 1 0 9 0 0";
        assert_eq!(of_groups(stat, &[42]), Some(300));
        assert_eq!(of_groups(stat, &[43]), None);
    }
}
