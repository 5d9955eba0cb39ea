//! Times, bytes and ratios as people read them.

/// Milliseconds: `357 ms`, `1.30 s`.
pub(crate) fn time(ms: f64) -> String {
    if ms < 999.5 { format!("{ms:.0} ms") } else { format!("{:.2} s", ms / 1_000.0) }
}

/// Bytes: `0`, `512 B`, `19 kB`, `4.00 MB`.
pub(crate) fn bytes(count: u64) -> String {
    // Beyond 2^53 bytes the last digits would be off; none of them is shown.
    let size = count as f64;
    match count {
        0 => "0".to_owned(),
        1..1_000 => format!("{count} B"),
        1_000..999_500 => format!("{:.0} kB", size / 1e3),
        _ => format!("{:.2} MB", size / 1e6),
    }
}

/// A ratio: `0.19 ×`.
pub(crate) fn ratio(ratio: f64) -> String {
    format!("{ratio:.2} ×")
}

/// A share: `99.9 %`. It is cut, not rounded, so that 100 % means all.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1_000.0).floor() / 10.0)
}

/// A number with its noun: `1 request`, `3 requests`.
pub(crate) fn several(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_change_their_unit_at_a_second() {
        assert_eq!(
            (time(357.4), time(999.4), time(999.6)),
            ("357 ms".into(), "999 ms".into(), "1.00 s".into())
        );
    }

    #[test]
    fn bytes_change_their_unit_without_a_gap() {
        let all = [0, 999, 1_000, 18_955, 999_499, 999_500, 3_998_664].map(bytes);
        assert_eq!(all, ["0", "999 B", "1 kB", "19 kB", "999 kB", "1.00 MB", "4.00 MB"]);
    }

    #[test]
    fn a_share_is_never_rounded_up_to_all() {
        assert_eq!((percent(0.9999), percent(1.0)), ("99.9 %".into(), "100.0 %".into()));
    }
}
