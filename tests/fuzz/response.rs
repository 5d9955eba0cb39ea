//! What an origin's response says: fields, type, freshness, integrity, and the judgement over them all.

use arbitrary::{Arbitrary, Unstructured};
use slipstream_core::{
    address::Url,
    body::Verified,
    capture::{CaptureContext, Seen, judge_capture},
    eligibility::{accept_from_group, offer_entry},
    freshness,
    headers::{Headers, MAX_FIELDS, accept_bits},
    mime::MAX_CONTENT_TYPE,
    record::{Mime, Record},
    sri::Integrity,
};
use slipstream_wire::peer::Kind;

const NOW: u64 = 1_800_000_000;
/// Fields that decide something, so that the fuzzer need not spell their names.
const NAMES: [&str; 16] = [
    "access-control-allow-origin",
    "age",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "expires",
    "last-modified",
    "pragma",
    "set-cookie",
    "slipstream",
    "vary",
    "x-other",
];

/// A response as a stranger's server may form it.
#[derive(Arbitrary, Debug)]
struct Response<'a> {
    fields: Vec<(u8, &'a str)>,
    url: &'a str,
    kind: u8,
    accept: Option<&'a str>,
    ip: &'a str,
    integrity: &'a str,
    body: &'a [u8],
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(response) = Response::arbitrary_take_rest(Unstructured::new(bytes)) else { return };
    integrity(&response);
    let fields = response.fields.iter().map(|(name, value)| {
        let name = NAMES[usize::from(*name) % NAMES.len()];
        (name.to_owned(), (*value).to_owned())
    });
    let Ok(headers) = Headers::new(fields) else { return };
    assert!(response.fields.len() <= MAX_FIELDS);
    fresh(&headers);
    judged(&response, headers);
}

fn kind(response: &Response<'_>) -> Kind {
    [Kind::Image, Kind::Detached, Kind::Font, Kind::Script][usize::from(response.kind % 4)]
}

/// An attribute that names bodies names those alone.
fn integrity(response: &Response<'_>) {
    let Some(integrity) = Integrity::parse(response.integrity) else { return };
    let body = Verified::captured(response.body.to_vec());
    if !integrity.content_ids().is_empty() {
        assert_eq!(integrity.matches(response.body), integrity.content_ids().contains(&body.id()));
    }
}

fn fresh(headers: &Headers) {
    for kind in [Kind::Image, Kind::Script] {
        let found = freshness::judge(headers, kind, NOW);
        let sane = |until: u64| until == 0 || (NOW + 1..=NOW + (1 << 31)).contains(&until);
        assert!(sane(found.private_until) && sane(found.shared_until), "{found:?}");
        assert!(!freshness::forbids_storing(headers) || found.private_until == 0);
    }
}

/// What is admitted becomes a record that says what the response said, and travels as such or not at all.
fn judged(response: &Response<'_>, headers: Headers) {
    let document = Url::parse("https://www.gallery-demo.com/").expect("a plain address");
    // Most addresses are of the form that is asked for, or nothing below would be reached.
    let address = format!("https://www.gallery-demo.com/{}", response.url);
    let mut seen = Seen {
        url: response.url.to_owned(),
        kind: kind(response),
        request_type: if kind(response) == Kind::Font { "font" } else { "image" }.to_owned(),
        method: "GET".to_owned(),
        status: 200,
        from_cache: false,
        redirected: false,
        headers,
        cookie_sent: Some(false),
        accept: response.accept.map(str::to_owned),
        ip: Some(response.ip.to_owned()),
        answered: NOW,
        document: document.clone(),
        top_frame: true,
        initiator: Some("https://www.gallery-demo.com".to_owned()),
    };
    let context = CaptureContext::default();
    let _ = judge_capture(&seen, &context, NOW);
    seen.url = address;
    seen.ip = Some("93.184.216.34".to_owned());
    if let Some(accept) = response.accept {
        assert!(accept_bits(accept) < 8);
    }
    let Ok(captured) = judge_capture(&seen, &context, NOW) else { return };
    let said = seen.headers.single("content-type").expect("only one type is admitted");
    assert!(said.len() <= MAX_CONTENT_TYPE && Mime::parse(said).is_some_and(|mime| mime.fits(seen.kind)));
    assert!(!freshness::forbids_storing(&seen.headers));
    let Ok(record) = captured.into_record(&Verified::captured(response.body.to_vec())) else { return };
    assert!(record.mime.sniff(response.body) && record.content_type == said);
    assert_eq!(record.length, response.body.len() as u64);
    travels(&record, &document);
}

/// What one member offers another reads as a record of the same body, no longer than it was to be used.
fn travels(record: &Record, page: &Url) {
    let Ok(entry) = offer_entry(record, NOW) else { return };
    if let Ok(taken) = accept_from_group(&entry, page, NOW) {
        assert_eq!((taken.id, taken.length, &taken.url), (record.id, record.length, &record.url));
    }
}
