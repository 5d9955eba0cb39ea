use proptest::prelude::*;
use slipstream_wire::id::Digest;

use super::*;
use crate::body::ContentId;

const NOW: u64 = 1_700_000_000;

fn page() -> Url {
    Url::parse("https://www.shop-demo.com/page").unwrap()
}

/// A picture of the page's own origin, as an honest member tells of it.
fn entry() -> Entry {
    Entry {
        url: "https://www.shop-demo.com/a.png".to_owned(),
        kind: Kind::Image,
        mime: "image/png".to_owned(),
        length: 20_000,
        digest: Digest::new([7; 32]),
        acao_any: false,
        corp: Corp::Absent,
        fetched: NOW - 10,
        fresh_until: NOW + 3600,
        immutable: false,
        accept: None,
    }
}

/// The same, read from the origin by this browser.
fn own() -> Record {
    Record {
        url: Url::parse(&entry().url).unwrap(),
        kind: Kind::Image,
        id: ContentId::new([7; 32]),
        length: 20_000,
        content_type: "image/png".to_owned(),
        mime: Mime::Png,
        source: Source::OwnFetch,
        capture: Capture::PageClean,
        acao_any: false,
        corp: Corp::Absent,
        etag: None,
        immutable: false,
        accept: None,
        fetched: NOW - 10,
        fresh_until: NOW + 3600,
        shared_until: NOW + 7200,
        public_address: true,
    }
}

fn taken(change: impl Fn(&mut Entry)) -> Result<Record, Refusal> {
    let mut entry = entry();
    change(&mut entry);
    accept_from_group(&entry, &page(), NOW)
}

fn given(change: impl Fn(&mut Record)) -> Result<Entry, Refusal> {
    let mut record = own();
    change(&mut record);
    offer_entry(&record, NOW)
}

#[test]
fn what_one_member_offers_another_takes_as_a_member_s_word() {
    let offered = offer_entry(&own(), NOW).unwrap();
    assert_eq!(offered, entry());
    let record = accept_from_group(&offered, &page(), NOW).unwrap();
    let until = NOW + 3600 - MARGIN;
    let expected = Record {
        source: Source::Group,
        capture: Capture::Peer,
        fresh_until: until,
        shared_until: until,
        ..own()
    };
    assert_eq!(record, expected);
    let passed_on = offer_entry(&record, NOW).unwrap();
    assert_eq!(passed_on, Entry { fresh_until: until, ..entry() }, "as it came, and for no longer");
    let third = accept_from_group(&passed_on, &page(), NOW).unwrap();
    assert_eq!(third.fresh_until, until - MARGIN, "each hop shortens it");
}

#[test]
fn only_pictures_and_fonts_are_taken_on_a_member_s_word() {
    let of = |kind, mime: &str| taken(|e| (e.kind, e.mime) = (kind, mime.to_owned())).err();
    assert_eq!(of(Kind::Font, "font/woff2"), None);
    assert_eq!(of(Kind::Detached, "image/avif"), None);
    assert_eq!(of(Kind::Script, "text/javascript"), Some(Refusal::ScriptSource));
    assert_eq!(of(Kind::Image, "image/svg+xml"), Some(Refusal::NoSource));
    assert_eq!(of(Kind::Image, "text/javascript"), Some(Refusal::ContentType));
    assert_eq!(of(Kind::Font, "image/png"), Some(Refusal::ContentType));
    assert_eq!(of(Kind::Image, "image/png;base64,AA"), Some(Refusal::ContentType));
    assert_eq!(of(Kind::Image, "text/html"), Some(Refusal::ContentType));
}

#[test]
fn each_field_of_an_entry_is_checked() {
    assert_eq!(taken(|e| e.url = "http://www.shop-demo.com/a".into()).err(), Some(Refusal::Scheme));
    assert_eq!(taken(|e| e.url = "https://192.168.0.1/a".into()).err(), Some(Refusal::PrivateHost));
    assert_eq!(taken(|e| e.url += "?token=1").err(), Some(Refusal::SignedUrl));
    assert_eq!(taken(|e| e.length = 0).err(), Some(Refusal::Size));
    assert_eq!(taken(|e| e.length = 4095).err(), Some(Refusal::Small));
    assert_eq!(taken(|e| e.length = 4096).err(), None);
    assert_eq!(taken(|e| e.length = 8 * 1024 * 1024).err(), None);
    assert_eq!(taken(|e| e.length = 8 * 1024 * 1024 + 1).err(), Some(Refusal::Size));
    assert_eq!(taken(|e| e.length = u64::MAX).err(), Some(Refusal::Size));
    assert_eq!(taken(|e| e.accept = Some(7)).map(|r| r.accept), Ok(Some(7)));
    assert_eq!(taken(|e| e.accept = Some(8)).err(), Some(Refusal::Vary));
}

#[test]
fn times_are_cut_and_never_stretched() {
    let until = |f: fn(&mut Entry)| taken(f).map(|record| record.fresh_until - NOW);
    assert_eq!(until(|e| e.fetched = NOW + 300), Ok(3300));
    assert_eq!(until(|e| e.fetched = NOW + 301), Err(Refusal::Stale));
    assert_eq!(until(|e| e.fresh_until = u64::MAX), Ok(86_400 - 10 - 300));
    assert_eq!(until(|e| (e.fresh_until, e.immutable) = (u64::MAX, true)), Ok(604_800 - 10 - 300));
    assert_eq!(until(|e| (e.fresh_until, e.fetched) = (u64::MAX, NOW - 86_101)), Err(Refusal::Stale));
    assert_eq!(until(|e| (e.fresh_until, e.fetched) = (u64::MAX, 0)), Err(Refusal::Stale));
    assert_eq!(until(|e| e.fresh_until = NOW + 301), Ok(1));
    assert_eq!(until(|e| e.fresh_until = NOW + 300), Err(Refusal::Stale));
    assert_eq!(until(|e| e.fresh_until = 0), Err(Refusal::Stale));
}

#[test]
fn another_origin_s_entry_needs_what_a_page_would_need() {
    let other = |kind, mime: &str, acao_any, corp| {
        taken(|e| {
            (e.url, e.mime) = ("https://cdn.other-demo.net/a".into(), mime.to_owned());
            (e.kind, e.acao_any, e.corp) = (kind, acao_any, corp);
        })
        .err()
    };
    assert_eq!(other(Kind::Image, "image/png", false, Corp::Absent), None);
    assert_eq!(other(Kind::Image, "image/png", false, Corp::CrossOrigin), None);
    assert_eq!(other(Kind::Image, "image/png", true, Corp::SameSite), Some(Refusal::Policy));
    assert_eq!(other(Kind::Image, "image/png", true, Corp::SameOrigin), Some(Refusal::Policy));
    assert_eq!(other(Kind::Font, "font/woff2", false, Corp::Absent), Some(Refusal::Taint));
    assert_eq!(other(Kind::Font, "font/woff2", true, Corp::Absent), None);
    assert_eq!(taken(|e| e.corp = Corp::SameOrigin).err(), None);
    let secret = |acao_any| {
        taken(|e| (e.url, e.acao_any) = ("https://cdn.other-demo.net/9f86d081884c7d659a2f".into(), acao_any))
            .err()
    };
    assert_eq!(secret(false), Some(Refusal::Taint));
    assert_eq!(secret(true), None);
}

#[test]
fn only_own_clean_public_answers_are_offered() {
    let at = |rest: &str| Url::parse(&format!("https://www.shop-demo.com/{rest}")).unwrap();
    let of = |kind, mime, text: &str| {
        given(|r| (r.kind, r.mime, r.content_type) = (kind, mime, text.to_owned())).err()
    };
    assert_eq!(of(Kind::Font, Mime::Woff, "font/woff"), None);
    assert_eq!(of(Kind::Script, Mime::JavaScript, "text/javascript"), Some(Refusal::ScriptSource));
    assert_eq!(of(Kind::Image, Mime::Svg, "image/svg+xml"), Some(Refusal::NoSource));
    assert_eq!(of(Kind::Image, Mime::Gif, "image/png"), Some(Refusal::ContentType));
    assert_eq!(of(Kind::Font, Mime::Png, "image/png"), Some(Refusal::ContentType));
    assert_eq!(given(|r| r.source = Source::Group).err(), Some(Refusal::Credentials), "nobody's body");
    assert_eq!(given(|r| r.source = Source::PageIntegrity).err(), Some(Refusal::NoSource));
    assert_eq!(given(|r| r.capture = Capture::PageWithCookies).err(), Some(Refusal::Credentials));
    assert_eq!(given(|r| r.capture = Capture::Peer).err(), Some(Refusal::Credentials));
    assert_eq!(given(|r| r.public_address = false).err(), Some(Refusal::PrivateHost));
    assert_eq!(given(|r| r.url = at("a?sig=1")).err(), Some(Refusal::SignedUrl));
    assert_eq!(given(|r| r.url = at("9f86d081884c7d659a2f")).err(), Some(Refusal::SignedUrl));
    assert_eq!(given(|r| r.length = 0).err(), Some(Refusal::Size));
    assert_eq!(given(|r| r.length = 4095).err(), Some(Refusal::Small));
    assert_eq!(given(|r| r.length = 9_000_000).err(), Some(Refusal::Size));
    assert_eq!(given(|r| r.shared_until = NOW).err(), Some(Refusal::NotShared));
    assert_eq!(given(|r| r.fetched = NOW + 300).err(), None);
    assert_eq!(given(|r| r.fresh_until = NOW).err(), Some(Refusal::Stale));
    assert_eq!(given(|r| r.fetched = NOW + 301).err(), Some(Refusal::Stale));
    assert_eq!(given(|r| r.fetched = NOW - 86_400).err(), Some(Refusal::Stale));
    assert_eq!(
        given(|r| (r.fetched, r.immutable) = (NOW - 86_400, true)).map(|e| e.fresh_until),
        Ok(NOW + 3600)
    );
    assert_eq!(
        given(|r| (r.fresh_until, r.shared_until) = (NOW + 9, NOW + 5)).map(|e| e.fresh_until),
        Ok(NOW + 5)
    );
}

fn hostile() -> impl Strategy<Value = Entry> {
    let urls = prop_oneof![
        Just("https://www.shop-demo.com/a"),
        Just("https://cdn.other-demo.net/a"),
        Just("https://cdn.other-demo.net/a?sig=1"),
        Just("https://10.0.0.1/"),
        Just("javascript:1"),
        Just("https://cdn.other-demo.net/9f86d081884c7d659a2f"),
    ];
    let mimes = prop_oneof![
        Just("image/png"),
        Just("image/svg+xml"),
        Just("text/javascript"),
        Just("font/woff2"),
        Just("text/html"),
        Just("x"),
    ];
    let kinds = prop_oneof![Just(Kind::Image), Just(Kind::Detached), Just(Kind::Font), Just(Kind::Script)];
    let corps = prop_oneof![
        Just(Corp::Absent),
        Just(Corp::CrossOrigin),
        Just(Corp::SameSite),
        Just(Corp::SameOrigin)
    ];
    let time = || prop_oneof![any::<u64>(), NOW - 700_000..NOW + 700_000, Just(u64::MAX)];
    let lengths = prop_oneof![any::<u64>(), 0..10_000_000_u64];
    (urls, mimes, kinds, corps, time(), time(), lengths, any::<(bool, bool)>(), any::<Option<u8>>()).prop_map(
        |(url, mime, kind, corp, fetched, fresh_until, length, (acao_any, immutable), accept)| Entry {
            url: url.to_owned(),
            mime: mime.to_owned(),
            kind,
            corp,
            fetched,
            fresh_until,
            length,
            acao_any,
            immutable,
            accept,
            ..entry()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever a member says, what is taken stays within the bounds of C3.
    #[test]
    fn no_entry_gets_beyond_the_bounds(entry in hostile()) {
        if let Ok(record) = accept_from_group(&entry, &page(), NOW) {
            let cap = if entry.immutable { LIFETIME_CAP_IMMUTABLE } else { LIFETIME_CAP };
            prop_assert!(record.fresh_until <= entry.fresh_until && record.shared_until <= record.fresh_until);
            prop_assert!(record.fresh_until <= NOW + CLOCK_SLACK + cap && record.fresh_until > NOW);
            prop_assert!(matches!(record.mime.class(), Class::Raster | Class::Font) && record.mime.fits(record.kind));
            prop_assert!((SMALLEST_TRANSFER..=record.mime.cap()).contains(&record.length));
            prop_assert_eq!((record.source, record.capture), (Source::Group, Capture::Peer));
            let foreign = !record.url.same_origin(&page());
            prop_assert!(!foreign || record.kind != Kind::Font || record.acao_any);
        }
    }

    /// What is offered is taken by an honest clock, until the margin.
    #[test]
    fn what_is_offered_is_taken_while_it_lasts(fresh in NOW..NOW + 700_000, shared in NOW..NOW + 700_000, immutable: bool) {
        let record = Record { fresh_until: fresh, shared_until: shared, immutable, ..own() };
        if let Ok(entry) = offer_entry(&record, NOW) {
            prop_assert!(entry.fresh_until <= fresh.min(shared));
            let taken = accept_from_group(&entry, &page(), NOW).is_ok();
            prop_assert_eq!(taken, entry.fresh_until > NOW + MARGIN);
        }
    }
}
