//! How long an answer may be used (RFC 9111 §4.2, SECURITY.md §3.5), for a private cache and for a shared one.
//!
//! By hand, and not by crate http-cache-semantics: of several `max-age` that one keeps the first where SECURITY.md
//! wants the smallest, it knows directive names in lower case only, divides `Cache-Control` inside of quoted strings, and
//! cannot keep the heuristic to some types. It is the twin in this file's tests instead, so nothing of it is shipped.

use slipstream_wire::peer::Kind;

use crate::headers::Headers;

/// Until when an answer is fresh, in seconds since the epoch; 0 where it never was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// For this browser.
    pub private_until: u64,
    /// For others, too: no `private`, and no guess.
    pub shared_until: u64,
    /// No revalidation within the lifetime (RFC 8246).
    pub immutable: bool,
}

/// Longest lifetime that is believed, in seconds: 2³¹ (RFC 9111 §1.2.2).
const LONGEST: u64 = 1 << 31;
/// Longest lifetime that is guessed, in seconds.
const LONGEST_GUESS: u64 = 24 * 60 * 60;
/// An answer from further in the future means that our clock is wrong, in seconds.
const CLOCK_SLACK: u64 = 5 * 60;

/// Judges an answer with status 200 to a GET, whose head came at `fetched`, in seconds since the epoch.
///
/// All that cannot be read counts as stale.
pub fn judge(headers: &Headers, kind: Kind, fetched: u64) -> Freshness {
    let control = Control::read(headers);
    let never = Freshness { immutable: control.immutable, ..Freshness::default() };
    let Some(age) = initial_age(headers, fetched).filter(|_| !control.no_store && !control.no_cache) else {
        return never;
    };
    let until = |lifetime: u64| {
        let left = lifetime.min(LONGEST).saturating_sub(age);
        if left == 0 { 0 } else { fetched.saturating_add(left) }
    };
    let explicit = || control.max_age.or_else(|| expires(headers, fetched));
    let private = explicit().unwrap_or_else(|| guess(headers, kind, fetched));
    let shared = if control.private { 0 } else { control.s_maxage.or_else(explicit).unwrap_or(0) };
    Freshness { private_until: until(private), shared_until: until(shared), ..never }
}

/// Whether the answer may not be kept at all (row E09).
pub fn forbids_storing(headers: &Headers) -> bool {
    Control::read(headers).no_store
}

/// `Cache-Control`, over all its fields.
#[derive(Default)]
struct Control {
    no_store: bool,
    no_cache: bool,
    private: bool,
    immutable: bool,
    /// Smallest of all, in seconds; 0 if one of them is no number.
    max_age: Option<u64>,
    s_maxage: Option<u64>,
}

impl Control {
    fn read(headers: &Headers) -> Self {
        let mut control = Self {
            // A relic that old servers send in answers; it can only mean one thing.
            no_cache: headers.list("pragma").any(|word| word.eq_ignore_ascii_case("no-cache")),
            ..Self::default()
        };
        for directive in headers.list("cache-control") {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let shorten = |known: Option<u64>| Some(known.unwrap_or(u64::MAX).min(seconds(value)));
            match name.trim_end().to_ascii_lowercase().as_str() {
                "no-store" => control.no_store = true,
                // With field names they would forbid less; who sends such a list means care.
                "no-cache" => control.no_cache = true,
                "private" => control.private = true,
                "immutable" => control.immutable = true,
                "max-age" => control.max_age = shorten(control.max_age),
                "s-maxage" => control.s_maxage = shorten(control.s_maxage),
                _ => {}
            }
        }
        control
    }
}

/// Delta-seconds, with or without quotes; 0 for what is none.
fn seconds(value: &str) -> u64 {
    let value = value.trim_start();
    let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    delta(bare).unwrap_or(0)
}

fn delta(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Digits that do not fit mean "very long" (RFC 9111 §1.2.2).
    digits.then(|| text.parse().unwrap_or(LONGEST).min(LONGEST))
}

/// How old the answer was when it came (RFC 9111 §4.2.3), in seconds; nothing where its age or date cannot be read.
fn initial_age(headers: &Headers, fetched: u64) -> Option<u64> {
    // Not `list`: an empty member is unreadable here, too.
    let mut ages = headers.values("age").flat_map(|value| value.split(',')).map(|age| delta(age.trim()));
    let stated = ages.try_fold(0, |oldest, age| age.map(|age| age.max(oldest)))?;
    let date = date(headers, fetched)?;
    (date <= fetched.saturating_add(CLOCK_SLACK)).then(|| stated.max(fetched.saturating_sub(date)))
}

/// The answer's `Date`; when it came, if it has none; nothing if it cannot be read.
fn date(headers: &Headers, fetched: u64) -> Option<u64> {
    if headers.has("date") { headers.single("date").and_then(http_date) } else { Some(fetched) }
}

/// Lifetime by `Expires`, the earliest of several; 0 if one cannot be read; nothing if there is none.
fn expires(headers: &Headers, fetched: u64) -> Option<u64> {
    let date = date(headers, fetched).unwrap_or(u64::MAX);
    headers.values("expires").map(|text| http_date(text).map_or(0, |at| at.saturating_sub(date))).min()
}

/// A tenth of the time since the last change, for what can do no harm.
fn guess(headers: &Headers, kind: Kind, fetched: u64) -> u64 {
    if kind == Kind::Script {
        return 0;
    }
    let changed = headers.single("last-modified").and_then(http_date);
    let unchanged_for = date(headers, fetched).zip(changed).map_or(0, |(date, at)| date.saturating_sub(at));
    (unchanged_for / 10).min(LONGEST_GUESS)
}

/// Seconds since the epoch of an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). The two obsolete
/// forms count as unreadable, and so does all before 1970.
fn http_date(text: &str) -> Option<u64> {
    let bytes: &[u8; 29] = text.as_bytes().try_into().ok()?;
    let shape = b"AAA, 00 AAA 0000 00:00:00 GMT";
    let fits = bytes.iter().zip(shape).all(|(b, s)| match s {
        b'A' if b.is_ascii_alphabetic() => true,
        b'0' => b.is_ascii_digit(),
        _ => b == s,
    });
    if !fits || !text.is_ascii() {
        return None;
    }
    let number = |at: std::ops::Range<usize>| text.get(at)?.parse::<u64>().ok();
    let month = MONTHS.iter().position(|name| text.get(8..11) == Some(name))?;
    let (day, year) = (number(5..7)?, number(12..16)?);
    let (hour, minute, second) = (number(17..19)?, number(20..22)?, number(23..25)?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = |m: usize| if m == 1 && leap { 29 } else { MONTH_DAYS.get(m).copied().unwrap_or(0) };
    if year < 1970 || day == 0 || day > length(month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let leaps_before = |y: u64| (y - 1) / 4 - (y - 1) / 100 + (y - 1) / 400;
    let days =
        (year - 1970) * 365 + leaps_before(year) - leaps_before(1970) + (0..month).map(length).sum::<u64>();
    Some(((days + day - 1) * 24 + hour) * 3600 + minute * 60 + second)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH_DAYS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

#[cfg(test)]
mod tests;
