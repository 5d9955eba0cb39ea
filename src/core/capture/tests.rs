use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_700_000_000;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and pixels";
const LOOPBACK: CaptureContext = CaptureContext {
    service_worker: false,
    site_opt_out: false,
    allow_loopback: true,
    types: Types { image: true, font: true, script: true },
};

fn headers(fields: &[(&str, &str)]) -> Headers {
    Headers::new(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
}

const FIELDS: [(&str, &str); 3] =
    [("content-type", "image/png"), ("cache-control", "max-age=600"), ("etag", "\"0123456789\"")];

/// A picture of the page's own origin that nothing speaks against.
fn picture() -> Seen {
    Seen {
        url: "https://www.shop-demo.com/a.png#x".to_owned(),
        kind: Kind::Image,
        request_type: "image".to_owned(),
        method: "GET".to_owned(),
        status: 200,
        from_cache: false,
        redirected: false,
        headers: headers(&FIELDS),
        cookie_sent: Some(false),
        accept: Some("image/avif,image/webp,*/*".to_owned()),
        ip: Some("93.184.216.34".to_owned()),
        answered: NOW,
        document: Url::parse("https://www.shop-demo.com/page").unwrap(),
        top_frame: true,
        initiator: Some("https://www.shop-demo.com".to_owned()),
    }
}

fn with(more: &[(&str, &str)]) -> Seen {
    let fields: Vec<_> =
        FIELDS.iter().filter(|(n, _)| more.iter().all(|(m, _)| m != n)).chain(more).copied().collect();
    Seen { headers: headers(&fields), ..picture() }
}

fn script(more: &[(&str, &str)]) -> Seen {
    let mut seen = with(&[&[("content-type", "text/javascript")], more].concat());
    seen.kind = Kind::Script;
    seen.request_type = "script".to_owned();
    seen
}

fn elsewhere(mut seen: Seen) -> Seen {
    seen.url = "https://cdn.other-demo.net/img/a.png".to_owned();
    seen
}

fn judge(seen: &Seen) -> Result<Captured, Refusal> {
    judge_capture(seen, &CaptureContext::default(), NOW)
}

#[test]
fn an_ordinary_picture_becomes_a_record_with_all_that_was_seen() {
    let seen = with(&[
        ("vary", "Accept, Accept-Encoding"),
        ("cache-control", "max-age=600, s-maxage=900, immutable"),
    ]);
    let body = Verified::captured(PNG.to_vec());
    let captured = judge(&seen).unwrap();
    assert_eq!((captured.url().as_str(), captured.kind()), ("https://www.shop-demo.com/a.png", Kind::Image));
    assert_eq!(captured.cap(), Mime::Png.cap());
    assert!(captured.readable_from(&seen.document));
    let record = captured.into_record(&body).unwrap();
    let expected = Record {
        url: Url::parse("https://www.shop-demo.com/a.png").unwrap(),
        kind: Kind::Image,
        id: body.id(),
        length: body.len(),
        content_type: "image/png".to_owned(),
        mime: Mime::Png,
        source: Source::OwnFetch,
        capture: Capture::PageClean,
        acao_any: false,
        corp: Corp::Absent,
        etag: Some("\"0123456789\"".to_owned()),
        immutable: true,
        accept: Some(3),
        fetched: NOW,
        fresh_until: NOW + 600,
        shared_until: NOW + 900,
        public_address: true,
    };
    assert_eq!(record, expected);
}

#[test]
fn each_fact_about_the_request_can_forbid() {
    let change = |f: fn(&mut Seen)| {
        let mut seen = picture();
        f(&mut seen);
        judge(&seen).err()
    };
    assert_eq!(change(|s| s.top_frame = false), Some(Refusal::Frame));
    assert_eq!(change(|s| s.initiator = None), Some(Refusal::Frame));
    assert_eq!(change(|s| s.initiator = Some("https://ads.other-demo.net".into())), Some(Refusal::Frame));
    assert_eq!(change(|s| s.url = "http://www.shop-demo.com/a.png".into()), Some(Refusal::Scheme));
    assert_eq!(change(|s| s.url = "https://www.shop-demo.com:444/a.png".into()), Some(Refusal::UrlForm));
    assert_eq!(change(|s| s.url = "https://nas.local/a.png".into()), Some(Refusal::PrivateHost));
    assert_eq!(change(|s| s.method = "HEAD".into()), Some(Refusal::RequestType));
    assert_eq!(change(|s| s.request_type = "xmlhttprequest".into()), Some(Refusal::RequestType));
    assert_eq!(change(|s| s.kind = Kind::Font), Some(Refusal::RequestType));
    assert_eq!(change(|s| s.status = 206), Some(Refusal::Status));
    assert_eq!(change(|s| s.status = 304), Some(Refusal::Status));
    assert_eq!(change(|s| s.from_cache = true), Some(Refusal::Status));
    assert_eq!(change(|s| s.redirected = true), Some(Refusal::Status));
    assert_eq!(change(|s| s.cookie_sent = Some(true)), Some(Refusal::Credentials));
    assert_eq!(change(|s| s.cookie_sent = None), Some(Refusal::Credentials));
    assert_eq!(change(|s| s.answered = NOW + CLOCK_SLACK), None);
    assert_eq!(change(|s| s.answered = NOW + CLOCK_SLACK + 1), Some(Refusal::Stale));
    assert_eq!(change(|s| s.answered = NOW - 599), None);
    assert_eq!(change(|s| s.answered = NOW - 600), Some(Refusal::Stale));
}

#[test]
fn page_and_settings_can_forbid() {
    let judge = |context: CaptureContext| judge_capture(&picture(), &context, NOW).err();
    let on = CaptureContext::default();
    assert_eq!(judge(on), None);
    assert_eq!(judge(CaptureContext { service_worker: true, ..on }), Some(Refusal::ServiceWorker));
    assert_eq!(judge(CaptureContext { site_opt_out: true, ..on }), Some(Refusal::SiteOptOut));
    let types = Types { image: false, ..Types::default() };
    assert_eq!(judge(CaptureContext { types, ..on }), Some(Refusal::TypeOff));
    let off = |types, kind, request_type: &str| {
        let seen = Seen { kind, request_type: request_type.to_owned(), ..picture() };
        judge_capture(&seen, &CaptureContext { types, ..on }, NOW).err()
    };
    let font_off = Types { font: false, ..Types::default() };
    let script_off = Types { script: false, ..Types::default() };
    assert_eq!(off(font_off, Kind::Font, "font"), Some(Refusal::TypeOff));
    assert_eq!(off(script_off, Kind::Script, "script"), Some(Refusal::TypeOff));
    assert_eq!(off(types, Kind::Detached, "image"), Some(Refusal::TypeOff));
}

#[test]
fn each_forbidding_field_forbids_and_script_fields_only_scripts() {
    for (field, why) in [
        (("cache-control", "max-age=600, no-store"), Refusal::HeaderForbids),
        (("set-cookie", "a=b"), Refusal::HeaderForbids),
        (("www-authenticate", "Basic"), Refusal::HeaderForbids),
        (("clear-site-data", "\"cache\""), Refusal::HeaderForbids),
        (("refresh", "5"), Refusal::HeaderForbids),
        (("vary", "*"), Refusal::HeaderForbids),
        (("vary", "accept, Cookie"), Refusal::HeaderForbids),
        (("vary", "Authorization"), Refusal::HeaderForbids),
        (("content-disposition", "Attachment; filename=a"), Refusal::HeaderForbids),
        (("content-disposition", "form-data"), Refusal::HeaderForbids),
        (("content-range", "bytes 0-1/2"), Refusal::Status),
        (("content-length", "x"), Refusal::Status),
        (("content-length", "0"), Refusal::Size),
        (("content-length", "8388609"), Refusal::Size),
        (("content-type", "text/html"), Refusal::ContentType),
        (("content-type", "font/woff2"), Refusal::ContentType),
        (("vary", "user-agent"), Refusal::Vary),
        (("vary", "origin"), Refusal::Vary),
        (("cache-control", "max-age=0"), Refusal::Stale),
        (("slipstream", "none"), Refusal::SiteOptOut),
    ] {
        assert_eq!(judge(&with(&[field])).err(), Some(why), "{field:?}");
    }
    for field in [
        ("content-disposition", "Inline ; filename=a"),
        ("slipstream", "manifest"),
        ("content-length", "8388608"),
    ] {
        assert_eq!(judge(&with(&[field])).err(), None, "{field:?}");
    }
    for field in [("referrer-policy", "no-referrer"), ("service-worker-allowed", "/")] {
        assert_eq!(judge(&with(&[field])).err(), None, "{field:?}");
        assert_eq!(judge(&script(&[field])).err(), Some(Refusal::HeaderForbids), "{field:?}");
    }
    assert_eq!(judge(&script(&[])).err(), None);
    let no_type = Seen { headers: headers(&FIELDS[1..]), ..picture() };
    assert_eq!(judge(&no_type).err(), Some(Refusal::ContentType));
}

#[test]
fn vary_passes_only_where_the_value_is_known() {
    let accept = |seen: &Seen| judge(seen).map(|captured| captured.accept().map(str::to_owned));
    assert_eq!(accept(&with(&[])), Ok(None));
    assert_eq!(accept(&with(&[("vary", "accept-encoding")])), Ok(None));
    assert_eq!(
        accept(&with(&[("vary", "Accept")])),
        Ok(picture().accept),
        "to be asked for with the same again"
    );
    let any = ("access-control-allow-origin", "*");
    assert_eq!(accept(&with(&[("vary", "Origin"), any])), Ok(None));
    let untold = Seen { accept: None, ..with(&[("vary", "accept")]) };
    assert_eq!(accept(&untold), Err(Refusal::Vary));
}

#[test]
fn private_addresses_are_refused_and_loopback_only_as_the_developer_says() {
    let judge = |ip: Option<&str>, context| {
        let seen = Seen { ip: ip.map(str::to_owned), ..picture() };
        judge_capture(&seen, &context, NOW).map(|captured| captured.public_address)
    };
    let on = CaptureContext::default();
    assert_eq!(judge(Some("10.0.0.1"), on), Err(Refusal::PrivateHost));
    assert_eq!(judge(Some("10.0.0.1"), LOOPBACK), Err(Refusal::PrivateHost));
    assert_eq!(judge(Some("127.0.0.1"), on), Err(Refusal::PrivateHost));
    assert_eq!(judge(Some("127.0.0.1"), LOOPBACK), Ok(true));
    assert_eq!(judge(Some("8.8.8.8"), on), Ok(true));
    assert_eq!(judge(Some("proxy"), on), Ok(false));
    assert_eq!(judge(None, on), Ok(false));
}

#[test]
fn what_the_page_could_never_read_is_not_kept() {
    assert_eq!(judge(&elsewhere(picture())).err(), None);
    let shared = |seen: &Seen| judge(&elsewhere(seen.clone())).err();
    assert_eq!(shared(&with(&[("cache-control", "private, max-age=600")])), Some(Refusal::Taint));
    assert_eq!(shared(&Seen { ip: None, ..picture() }), Some(Refusal::Taint));
    let any = ("access-control-allow-origin", "*");
    assert_eq!(shared(&Seen { ip: None, ..with(&[any, ("cache-control", "private, max-age=600")]) }), None);
    for address in
        ["https://cdn.other-demo.net/a?sig=1", "https://cdn.other-demo.net/9f86d081884c7d659a2feaa0c55a"]
    {
        let seen = Seen { url: address.to_owned(), ..picture() };
        assert_eq!(judge(&seen).err(), Some(Refusal::Taint));
        let readable = Seen { url: address.to_owned(), ..with(&[any]) };
        assert_eq!(judge(&readable).err(), None);
        assert!(judge(&readable).unwrap().readable_from(&readable.document));
    }
    assert!(!judge(&elsewhere(picture())).unwrap().readable_from(&picture().document));
    let font = |more: &[(&str, &str)]| Seen {
        kind: Kind::Font,
        request_type: "font".to_owned(),
        ..elsewhere(with(&[&[("content-type", "font/woff2")], more].concat()))
    };
    assert_eq!(judge(&font(&[])).err(), Some(Refusal::Taint));
    assert_eq!(judge(&font(&[any])).err(), None);
}

#[test]
fn the_body_must_be_what_its_head_promised() {
    let file = |seen: &Seen, body: &[u8]| {
        judge(seen).unwrap().into_record(&Verified::captured(body.to_vec())).map(|record| record.length)
    };
    let length = PNG.len() as u64;
    let text = length.to_string();
    let exact = with(&[("content-length", &text)]);
    assert_eq!(judge(&exact).unwrap().cap(), length);
    assert_eq!(file(&exact, PNG), Ok(length));
    assert_eq!(file(&exact, &PNG[..PNG.len() - 1]), Err(Refusal::Status));
    assert_eq!(file(&exact, b""), Err(Refusal::HarvestEmpty));
    assert_eq!(file(&picture(), b"<!doctype html>"), Err(Refusal::ContentType));
    // A coded answer's length is that of the coded bytes.
    let coded = with(&[("content-length", "5"), ("content-encoding", "gzip")]);
    assert_eq!(file(&coded, PNG), Ok(length));
    let mut large = PNG.to_vec();
    large.resize(8 * 1024 * 1024, 0);
    assert_eq!(file(&picture(), &large), Ok(8 * 1024 * 1024));
    large.push(0);
    assert_eq!(file(&picture(), &large), Err(Refusal::Size));
}

proptest! {
    /// Adding a forbidding field to any answer never lets through what was refused, nor leaves anything through.
    #[test]
    fn a_forbidding_field_forbids_whatever_else_is_there(
        max_age in 0..1000_u32,
        vary in prop_oneof![Just(""), Just("accept"), Just("origin"), Just("accept-encoding")],
        which in 0..FORBIDDING.len(),
        at in 0..3_usize,
    ) {
        let control = format!("max-age={max_age}");
        let mut fields = vec![("content-type", "image/png"), ("cache-control", control.as_str()), ("vary", vary)];
        fields.insert(at, (FORBIDDING[which], "x"));
        let seen = Seen { headers: headers(&fields), ..picture() };
        prop_assert!(judge(&seen).is_err());
    }

    /// A captured answer's record never outlives what the header says.
    #[test]
    fn a_record_is_never_fresher_than_its_header(max_age in 0..100_000_u64, age in 0..100_000_u64, waited in 0..1000_u64) {
        let (control, age_text) = (format!("max-age={max_age}"), age.to_string());
        let mut seen = with(&[("cache-control", &control), ("age", &age_text)]);
        seen.answered = NOW - waited;
        match judge(&seen) {
            Ok(captured) => {
                prop_assert_eq!(captured.freshness.private_until + age, NOW - waited + max_age);
                prop_assert!(captured.freshness.private_until > NOW);
            }
            Err(why) => {
                prop_assert_eq!(why, Refusal::Stale);
                prop_assert!(max_age <= age + waited);
            }
        }
    }
}

#[test]
fn a_script_that_may_load_others_from_beside_itself_is_not_kept() {
    let file =
        |text: &str| judge(&script(&[])).unwrap().into_record(&Verified::captured(text.into())).map(drop);
    for text in [
        "import './a.js'",
        "import{a}from'./a.js'",
        "x=()=>import (y)",
        "import.meta.url",
        "import/**/('a')",
        "export * from \"./a.js\"",
        "import a from/**/'./a.js'",
    ] {
        assert_eq!(file(text), Err(Refusal::NotSelfContained), "{text}");
    }
    for text in [
        "important('a')",
        "reimport('a')",
        "$import('a')",
        "exports.a = 1",
        "a; export { a }",
        "'moved from ' + a",
        "'import and register'",
        "import",
    ] {
        assert_eq!(file(text), Ok(()), "{text}");
    }
}

/// G5: answers that are somebody's own, each in several forms. None of them is offered.
#[test]
fn g05_offers() {
    let mut offered = Vec::new();
    let mut fixtures = 0;
    for (name, seen) in private_answers() {
        for kind in [Kind::Image, Kind::Font] {
            fixtures += 1;
            let (request_type, content_type, bytes) = match kind {
                Kind::Font => ("font", "font/woff2", [b"wOF2".as_slice(), &[7; 9_000]].concat()),
                _ => ("image", "image/png", [PNG, &[7; 9_000]].concat()),
            };
            let fields = Vec::<(String, String)>::from(seen.headers.clone());
            let fields = fields.into_iter().filter(|(name, _)| name != "content-type");
            let typed = [("content-type".to_owned(), content_type.to_owned())];
            let headers = Headers::new(fields.chain(typed)).unwrap();
            let seen = Seen { kind, request_type: request_type.to_owned(), headers, ..seen.clone() };
            let body = Verified::captured(bytes);
            let record = judge(&seen).and_then(|captured| captured.into_record(&body));
            if record.and_then(|record| crate::eligibility::offer_entry(&record, NOW)).is_ok() {
                offered.push((name.clone(), kind));
            }
        }
    }
    assert!(fixtures >= 200, "{fixtures}");
    assert_eq!(offered, []);
    let public =
        judge(&picture()).unwrap().into_record(&Verified::captured([PNG, &[7; 9_000]].concat())).unwrap();
    assert!(crate::eligibility::offer_entry(&public, NOW).is_ok(), "what nothing speaks against is offered");
}

/// What no other browser may get, by name.
fn private_answers() -> Vec<(String, Seen)> {
    let mut found: Vec<(String, Seen)> = Vec::new();
    let fields: [(&str, &[&str]); 12] = [
        (
            "cache-control",
            &[
                "private",
                "private, max-age=600",
                "no-store",
                "no-cache",
                "max-age=600, private",
                "s-maxage=0, max-age=600",
                "max-age=0",
                "Private, max-age=600",
                "no-store, max-age=600",
                "no-cache=\"x\", max-age=600",
                "max-age=x",
                "max-age=600, max-age=0",
            ],
        ),
        ("set-cookie", &["a=1", "session=1; HttpOnly", "__Host-id=1; Secure; Path=/"]),
        (
            "vary",
            &[
                "*",
                "Cookie",
                "Authorization",
                "cookie, accept",
                "Accept-Language",
                "Origin",
                "User-Agent",
                "X-User",
            ],
        ),
        ("www-authenticate", &["Basic", "Bearer realm=x", "Negotiate"]),
        ("clear-site-data", &["\"cache\"", "\"*\""]),
        ("content-disposition", &["attachment", "attachment; filename=a.png", "form-data"]),
        ("refresh", &["0", "5; url=/"]),
        ("pragma", &["no-cache"]),
        ("slipstream", &["none"]),
        ("age", &["600", "9999", "x"]),
        ("content-range", &["bytes 0-9/10"]),
        ("date", &["Mon, 01 Jan 2001 00:00:00 GMT", "yesterday"]),
    ];
    for (name, values) in fields {
        found.extend(values.iter().map(|value| (format!("{name}: {value}"), with(&[(name, value)]))));
    }
    let addresses = [
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.9.9",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.254",
        "0.0.0.0",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12:3456::1",
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "ff02::1",
        "not an address",
        "",
    ];
    found.extend(addresses.map(|ip| (format!("from {ip}"), Seen { ip: Some(ip.to_owned()), ..picture() })));
    found.push(("from nowhere".to_owned(), Seen { ip: None, ..picture() }));
    let hosts = [
        "localhost",
        "printer",
        "nas.local",
        "wiki.internal",
        "box.lan",
        "files.corp",
        "a.home.arpa",
        "a.test",
        "a.onion",
        "192.168.0.1",
        "[::1]",
        "10.0.0.8",
    ];
    let urls = hosts.map(|host| format!("https://{host}/a.png")).into_iter().chain(
        [
            "http://www.shop-demo.com/a.png",
            "https://www.shop-demo.com:8443/a.png",
            "https://me:word@www.shop-demo.com/a.png",
            "https://www.shop-demo.com/a.png?X-Amz-Signature=1",
            "https://www.shop-demo.com/a.png?sig=1",
            "https://www.shop-demo.com/a.png?token=1",
            "https://www.shop-demo.com/a.png?Expires=9",
            "https://www.shop-demo.com/a.png?X-Goog-Signature=2",
            "https://www.shop-demo.com/a.png?access_token=2",
            "https://www.shop-demo.com/a.png?jwt=2",
            "https://www.shop-demo.com/eyJhbGciOiJIUzI1NiJ9.e30.x/a.png",
            "https://www.shop-demo.com/u/b7Xq9TzK3mWv8RpL2nYc5HdJ/a.png",
            "https://www.shop-demo.com/123e4567-e89b-12d3-a456-426614174000/a.png",
        ]
        .map(str::to_owned),
    );
    found.extend(urls.map(|url| (url.clone(), Seen { url, ..picture() })));
    type Change = fn(&mut Seen);
    let changes: [(&str, Change); 11] = [
        ("with a cookie", |seen| seen.cookie_sent = Some(true)),
        ("perhaps with a cookie", |seen| seen.cookie_sent = None),
        ("in a frame", |seen| seen.top_frame = false),
        ("for another origin", |seen| seen.initiator = Some("https://other-demo.net".to_owned())),
        ("for nobody known", |seen| seen.initiator = None),
        ("posted", |seen| seen.method = "POST".to_owned()),
        ("a part", |seen| seen.status = 206),
        ("not allowed", |seen| seen.status = 401),
        ("not found", |seen| seen.status = 404),
        ("redirected", |seen| seen.redirected = true),
        ("of a cache", |seen| seen.from_cache = true),
    ];
    for (name, change) in changes {
        let mut seen = picture();
        change(&mut seen);
        found.push((name.to_owned(), seen));
    }
    found
}
