use std::time::{Duration, UNIX_EPOCH};

use http_cache_semantics::{CacheOptions, CachePolicy};
use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_700_000_000;
const NOW_TEXT: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

fn headers(fields: &[(&str, &str)]) -> Headers {
    Headers::new(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
}

/// Lifetimes left at [`NOW`], private and shared.
fn left(kind: Kind, fields: &[(&str, &str)]) -> (u64, u64) {
    let found = judge(&headers(fields), kind, NOW);
    (found.private_until.saturating_sub(NOW), found.shared_until.saturating_sub(NOW))
}

#[test]
fn explicit_lifetimes_are_those_of_the_rfc() {
    for (fields, expected) in [
        (&[("cache-control", "max-age=60")][..], (60, 60)),
        (&[("cache-control", "Max-Age=60")], (60, 60)),
        (&[("cache-control", "max-age=\"60\"")], (60, 60)),
        (&[("cache-control", "public, s-maxage=90, max-age=60")], (60, 90)),
        (&[("cache-control", "s-maxage=0, max-age=60")], (60, 0)),
        (&[("cache-control", "s-maxage=90")], (0, 90)),
        (&[("cache-control", "private, max-age=60")], (60, 0)),
        (&[("cache-control", "private=\"set-cookie\", max-age=60, s-maxage=9")], (60, 0)),
        (&[("cache-control", "max-age=60, max-age=30")], (30, 30)),
        (&[("cache-control", "max-age=60"), ("cache-control", "max-age=90")], (60, 60)),
        (&[("cache-control", "max-age=60, max-age=x")], (0, 0)),
        (&[("cache-control", "max-age=-1")], (0, 0)),
        (&[("cache-control", "max-age=6.5")], (0, 0)),
        (&[("cache-control", "max-age")], (0, 0)),
        (&[("cache-control", "max-age=60, s-maxage=x")], (60, 0)),
        (&[("cache-control", "max-age=99999999999999999999")], (1 << 31, 1 << 31)),
        (&[("cache-control", "x=\", max-age=60\"")], (0, 0)),
        (&[("cache-control", "no-cache, max-age=60")], (0, 0)),
        (&[("cache-control", "no-cache=\"set-cookie\", max-age=60")], (0, 0)),
        (&[("cache-control", "no-store, max-age=60")], (0, 0)),
        (&[("pragma", "no-cache"), ("cache-control", "max-age=60")], (0, 0)),
        (&[("cache-control", "max-age=0")], (0, 0)),
        (&[], (0, 0)),
    ] {
        assert_eq!(left(Kind::Image, fields), expected, "{fields:?}");
    }
}

#[test]
fn expires_counts_from_the_date_and_only_without_max_age() {
    let later = ("expires", "Tue, 14 Nov 2023 22:14:20 GMT");
    let latest = ("expires", "Tue, 14 Nov 2023 22:15:20 GMT");
    let date = ("date", NOW_TEXT);
    for (fields, expected) in [
        (&[date, later][..], (60, 60)),
        (&[later], (60, 60)),
        (&[date, latest, later], (60, 60)),
        (&[date, later, ("expires", "0")], (0, 0)),
        (&[date, ("expires", "-1")], (0, 0)),
        (&[date, ("expires", NOW_TEXT)], (0, 0)),
        (&[date, later, ("cache-control", "max-age=5")], (5, 5)),
        (&[date, later, ("cache-control", "s-maxage=5")], (60, 5)),
        (&[date, later, ("cache-control", "private")], (60, 0)),
        (&[("date", "yesterday"), later], (0, 0)),
        (&[date, date, later], (0, 0)),
        // The origin's clock is an hour behind: what counts is the difference, but the answer looks an hour old.
        (&[("date", "Tue, 14 Nov 2023 21:13:20 GMT"), later], (60, 60)),
    ] {
        assert_eq!(left(Kind::Script, fields), expected, "{fields:?}");
    }
}

#[test]
fn age_is_taken_off_whichever_way_it_is_told() {
    let max_age = ("cache-control", "max-age=100");
    for (fields, expected) in [
        (&[max_age, ("age", "40")][..], 60),
        (&[max_age, ("age", "40"), ("age", "70")], 30),
        (&[max_age, ("age", "40, 70")], 30),
        (&[max_age, ("age", "100")], 0),
        (&[max_age, ("age", "x")], 0),
        (&[max_age, ("age", "")], 0),
        (&[max_age, ("age", "40,")], 0),
        (&[max_age, ("age", "-5")], 0),
        (&[max_age, ("date", "Tue, 14 Nov 2023 22:12:30 GMT")], 50),
        (&[max_age, ("date", "Tue, 14 Nov 2023 22:12:30 GMT"), ("age", "90")], 10),
        (&[max_age, ("date", "Tue, 14 Nov 2023 22:18:20 GMT")], 100),
        (&[max_age, ("date", "Tue, 14 Nov 2023 22:18:21 GMT")], 0),
        (&[max_age, ("date", "soon")], 0),
    ] {
        assert_eq!(left(Kind::Font, fields), (expected, expected), "{fields:?}");
    }
}

#[test]
fn a_guess_is_a_tenth_at_most_a_day_and_never_for_scripts_or_others() {
    let changed = |text| [("date", NOW_TEXT), ("last-modified", text)];
    let hour = changed("Tue, 14 Nov 2023 21:13:20 GMT");
    for kind in [Kind::Image, Kind::Detached, Kind::Font] {
        assert_eq!(left(kind, &hour), (360, 0));
    }
    assert_eq!(left(Kind::Script, &hour), (0, 0));
    assert_eq!(left(Kind::Image, &changed("Sat, 14 Nov 2020 21:13:20 GMT")), (86_400, 0));
    assert_eq!(left(Kind::Image, &changed("Tue, 14 Nov 2023 22:14:20 GMT")), (0, 0));
    assert_eq!(left(Kind::Image, &changed("long ago")), (0, 0));
    let explicit = [hour[0], hour[1], ("cache-control", "max-age=0")];
    assert_eq!(left(Kind::Image, &explicit), (0, 0));
}

#[test]
fn immutable_is_told_and_no_store_forbids_keeping() {
    assert!(judge(&headers(&[("cache-control", "max-age=9, Immutable")]), Kind::Font, NOW).immutable);
    assert!(judge(&headers(&[("cache-control", "no-cache, immutable")]), Kind::Font, NOW).immutable);
    assert!(!judge(&headers(&[("cache-control", "x=immutable")]), Kind::Font, NOW).immutable);
    assert!(forbids_storing(&headers(&[("cache-control", "max-age=9"), ("cache-control", "No-Store")])));
    assert!(!forbids_storing(&headers(&[("cache-control", "x=\"no-store\"")])));
}

#[test]
fn dates_are_read_to_the_second_and_only_in_the_one_form() {
    for (text, at) in [
        (NOW_TEXT, Some(NOW)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
        ("Tue, 29 Feb 2000 23:59:59 GMT", Some(951_868_799)),
        ("Mon, 01 Mar 2100 00:00:00 GMT", Some(4_107_542_400)),
        ("Sat, 31 Dec 2016 23:59:60 GMT", Some(1_483_228_800)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
        ("Mon, 29 Feb 2100 00:00:00 GMT", None),
        ("Wed, 31 Dec 1969 23:59:59 GMT", None),
        ("Sun, 00 Nov 1994 08:49:37 GMT", None),
        ("Sun, 31 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 24:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:60:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:61 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 UTC", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT ", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun Nov  6 08:49:37 1994", None),
        ("Su\u{e9}, 6 Nov 1994 08:49:37 GMT", None),
        ("0", None),
        ("", None),
    ] {
        assert_eq!(http_date(text), at, "{text}");
    }
}

/// One field's value as a generator made it: text, and what a careful reader would make of it.
#[derive(Clone, Debug)]
struct Told {
    text: String,
    meant: Option<u64>,
}

#[derive(Clone, Debug)]
struct Response {
    words: Vec<&'static str>,
    max_age: Vec<Told>,
    s_maxage: Vec<Told>,
    age: Vec<Told>,
    date: Option<Told>,
    expires: Vec<Told>,
    last_modified: Option<Told>,
    kind: Kind,
}

impl Response {
    fn headers(&self) -> Headers {
        let directive =
            |name: &str, told: &Told| ("cache-control".to_owned(), format!("{name}={}", told.text));
        let field = |name: &str, told: &Told| (name.to_owned(), told.text.clone());
        let words = self.words.iter().map(|word| ("cache-control".to_owned(), (*word).to_owned()));
        Headers::new(
            words
                .chain(self.max_age.iter().map(|t| directive("max-age", t)))
                .chain(self.s_maxage.iter().map(|t| directive("s-maxage", t)))
                .chain(self.age.iter().map(|t| field("age", t)))
                .chain(self.date.iter().map(|t| field("date", t)))
                .chain(self.expires.iter().map(|t| field("expires", t)))
                .chain(self.last_modified.iter().map(|t| field("last-modified", t))),
        )
        .unwrap()
    }

    /// The model: RFC 9111 and SECURITY.md §3.5 read aloud, for one moment, in signed numbers.
    fn is_fresh(&self, shared: bool, moment: u64) -> bool {
        let says = |word| self.words.contains(&word);
        if says("no-store") || says("no-cache") || (shared && says("private")) {
            return false;
        }
        let smallest = |all: &[Told]| all.iter().map(|t| t.meant.map_or(0, i128::from)).min();
        let date = match &self.date {
            None => i128::from(NOW),
            Some(told) => match told.meant {
                Some(date) => date.into(),
                None => return false,
            },
        };
        let expires =
            || self.expires.iter().map(|t| t.meant.map_or(i128::MIN, |at| i128::from(at) - date)).min();
        let guess = || {
            let changed =
                self.last_modified.as_ref().and_then(|t| t.meant).filter(|_| self.kind != Kind::Script);
            changed.map(|at| ((date - i128::from(at)) / 10).min(86_400))
        };
        let own = smallest(&self.max_age).or_else(expires);
        let lifetime = if shared { smallest(&self.s_maxage).or(own) } else { own.or_else(guess) };
        if self.age.iter().any(|t| t.meant.is_none()) {
            return false;
        }
        let told = self.age.iter().filter_map(|t| t.meant).max().map_or(0, i128::from);
        let age_now = told.max(i128::from(NOW) - date) + i128::from(moment) - i128::from(NOW);
        lifetime.is_some_and(|lifetime| lifetime > age_now)
    }

    /// The library, made as strict as it can be.
    fn library_left(&self, shared: bool) -> u64 {
        let mut response = http::Response::builder();
        for (name, value) in Vec::<(String, String)>::from(self.headers()) {
            response = response.header(name, value);
        }
        let request = http::Request::get("https://www.shop-demo.com/").body(()).unwrap();
        let options = CacheOptions {
            shared,
            cache_heuristic: if shared { 0.0 } else { 0.1 },
            immutable_min_time_to_live: Duration::ZERO,
            ignore_cargo_cult: false,
        };
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        CachePolicy::new_options(&request, &response.body(()).unwrap(), now, options)
            .time_to_live(now)
            .as_secs()
    }
}

/// Day and time by counting, one year and one month after the other.
fn written(at: u64) -> String {
    let (mut days, rest) = (at / 86_400, at % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let mut year = 1970;
    let by = |n: u64, y: u64| y.is_multiple_of(n);
    let leap = |y: u64| (by(4, y) && !by(100, y)) || by(400, y);
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 0;
    loop {
        let length = [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month];
    let (h, m, s) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{weekday}, {:02} {name} {year:04} {h:02}:{m:02}:{s:02} GMT", days + 1)
}

fn number() -> impl Strategy<Value = Told> {
    let good = prop_oneof![0_u64..200, Just(0), 0_u64..10_000_000]
        .prop_map(|n| Told { text: n.to_string(), meant: Some(n) });
    let bad = prop_oneof![Just("x"), Just("-5"), Just("1.5"), Just("")]
        .prop_map(|text| Told { text: text.to_owned(), meant: None });
    prop_oneof![6 => good, 1 => bad]
}

fn moment() -> impl Strategy<Value = Told> {
    let near = NOW - 200..NOW + 250;
    let good = prop_oneof![near, 0..4 * NOW].prop_map(|at| Told { text: written(at), meant: Some(at) });
    let bad = prop_oneof![Just("0"), Just("-1"), Just("Sun Nov  6 08:49:37 1994")]
        .prop_map(|text| Told { text: text.to_owned(), meant: None });
    prop_oneof![6 => good, 1 => bad]
}

fn response() -> impl Strategy<Value = Response> {
    let word = prop_oneof![
        4 => Just("public"), 2 => Just("private"), 1 => Just("no-cache"), 1 => Just("no-store"),
        2 => Just("immutable"), 2 => Just("must-revalidate"),
    ];
    let few = |strategy| proptest::collection::vec(strategy, 0..3);
    let kind = prop_oneof![Just(Kind::Image), Just(Kind::Detached), Just(Kind::Font), Just(Kind::Script)];
    let optional = || proptest::option::of(moment());
    (
        proptest::collection::vec(word, 0..3),
        few(number().boxed()),
        few(number().boxed()),
        few(number().boxed()),
        optional(),
        few(moment().boxed()),
        optional(),
        kind,
    )
        .prop_map(|(words, max_age, s_maxage, age, date, expires, last_modified, kind)| Response {
            words,
            max_age,
            s_maxage,
            age,
            date,
            expires,
            last_modified,
            kind,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// The other way round, where our clock is not in doubt and nothing is too long to be believed: it is no staler either.
    #[test]
    fn nothing_is_staler_than_the_model(response in response(), after in 0..300_u64) {
        let found = judge(&response.headers(), response.kind, NOW);
        let moment = NOW + after;
        let in_doubt = response.date.as_ref().and_then(|t| t.meant).is_some_and(|at| at > NOW + CLOCK_SLACK);
        let long = response.expires.iter().filter_map(|t| t.meant).any(|at| at > LONGEST);
        if !in_doubt && !long {
            prop_assert_eq!(moment < found.private_until, response.is_fresh(false, moment));
            prop_assert_eq!(moment < found.shared_until, response.is_fresh(true, moment));
        }
    }

    #[test]
    fn nothing_is_fresher_than_the_library_says(response in response()) {
        let found = judge(&response.headers(), response.kind, NOW);
        prop_assert!(found.shared_until.saturating_sub(NOW) <= response.library_left(true));
        prop_assert!(found.private_until.saturating_sub(NOW) <= response.library_left(false));
    }

    #[test]
    fn a_written_date_is_read_back(at in 0..250_000_000_000_u64) {
        prop_assert_eq!(http_date(&written(at)), Some(at));
    }

    #[test]
    fn no_text_makes_a_date_panic(text in "\\PC{0,32}", shaped in "[A-Z][a-z]{2}, [0-9]{2} (Feb|Dec) [0-9]{4} [0-9:]{8} GMT") {
        http_date(&text);
        http_date(&shaped);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    /// G8: at no moment is anything fresher than the model.
    #[test]
    fn g08_fresh(response in response(), after in prop_oneof![0..300_u64, 0..8 * NOW]) {
        let found = judge(&response.headers(), response.kind, NOW);
        let moment = NOW + after;
        prop_assert!(moment >= found.private_until || response.is_fresh(false, moment));
        prop_assert!(moment >= found.shared_until || response.is_fresh(true, moment));
    }
}
