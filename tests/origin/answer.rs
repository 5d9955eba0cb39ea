//! From a request to an answer: pure, without a connection.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request};

use crate::{
    fault::Fault,
    site::{File, Host, When},
};

/// What is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Faults of the body; those of the head are in the fields above already.
    pub(crate) fault: Option<Fault>,
}

impl Answer {
    pub(crate) fn bare(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), fault: None }
    }
}

/// What `host` answers to this request in this edition of its site.
pub(crate) fn answer(host: &Host, request: &request::Parts, edition: u32, fault: Option<Fault>) -> Answer {
    if let Some(Fault::Status(code)) = fault {
        return Answer::bare(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    let path = decoded(request.uri.path());
    let mut answer = match (host.files.get(&path), &request.method) {
        (Some(file), &Method::GET | &Method::HEAD) => whole(chosen(file, &request.headers, edition)),
        // A preflight, for which the rules hold the answer.
        (Some(_), &Method::OPTIONS) => Answer::bare(StatusCode::NO_CONTENT),
        (Some(_), _) => {
            let mut answer = Answer::bare(StatusCode::METHOD_NOT_ALLOWED);
            answer.headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
            answer
        }
        // Browsers ask for it unbidden (fact S5).
        (None, _) if path == "/favicon.ico" => return Answer::bare(StatusCode::NO_CONTENT),
        (None, _) => Answer::bare(StatusCode::NOT_FOUND),
    };
    for rule in host.rules.iter().filter(|rule| rule.path.matches(&path)) {
        match &rule.value {
            Some(value) if rule.too => drop(answer.headers.append(&rule.name, value.clone())),
            Some(value) => drop(answer.headers.insert(&rule.name, value.clone())),
            None => drop(answer.headers.remove(&rule.name)),
        }
    }
    if answer.status == StatusCode::OK && is_current(&request.headers, &answer.headers) {
        answer.status = StatusCode::NOT_MODIFIED;
        answer.headers.remove(header::CONTENT_TYPE);
        answer.headers.remove(header::CONTENT_LENGTH);
        answer.body = Bytes::new();
        return answer;
    }
    if answer.status == StatusCode::OK {
        cut_to_range(&request.headers, &mut answer);
    }
    if request.method == Method::HEAD {
        answer.body = Bytes::new();
        return answer;
    }
    if let Some(Fault::WrongLength { declared }) = fault {
        answer.headers.insert(header::CONTENT_LENGTH, declared.into());
    }
    if answer.status.is_success() {
        answer.fault = fault;
    }
    answer
}

fn chosen<'a>(file: &'a File, request: &HeaderMap, edition: u32) -> &'a File {
    let holds = |when: &When| match when {
        When::Edition(from) => edition >= *from,
        When::Asked { field, contains } => request
            .get_all(field)
            .iter()
            .any(|value| value.to_str().is_ok_and(|value| value.contains(contains))),
    };
    file.variants.iter().find(|(when, _)| holds(when)).map_or(file, |(_, variant)| variant)
}

/// One range of bytes, as media elements ask for it (RFC 9110 §14); all other forms get the whole.
fn cut_to_range(request: &HeaderMap, answer: &mut Answer) {
    let length = answer.body.len();
    let asked = request.get(header::RANGE).and_then(|value| value.to_str().ok()?.strip_prefix("bytes="));
    let Some((from, to)) = asked.and_then(|range| range.split_once('-')) else { return };
    let to = if to.is_empty() { Some(length) } else { to.parse().ok() };
    let (Ok(from), Some(to)) = (from.parse::<usize>(), to.map(|to: usize| to.min(length.saturating_sub(1))))
    else {
        return;
    };
    if from > to {
        return;
    }
    answer.status = StatusCode::PARTIAL_CONTENT;
    answer.body = answer.body.slice(from..=to);
    answer.headers.insert(header::CONTENT_LENGTH, answer.body.len().into());
    if let Ok(range) = HeaderValue::from_str(&format!("bytes {from}-{to}/{length}")) {
        answer.headers.insert(header::CONTENT_RANGE, range);
    }
}

fn whole(file: &File) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(header::CONTENT_LENGTH, file.body.len().into());
    if let Ok(etag) = HeaderValue::from_str(&file.etag) {
        headers.insert(header::ETAG, etag);
    }
    let status = StatusCode::from_u16(file.status).unwrap_or(StatusCode::OK);
    Answer { status, headers, body: file.body.clone(), fault: None }
}

/// Whether `If-None-Match` holds the answer's ETag (RFC 9110 §13.1.2, weak comparison).
fn is_current(request: &HeaderMap, answer: &HeaderMap) -> bool {
    let Some(etag) = answer.get(header::ETAG).and_then(|value| value.to_str().ok()) else { return false };
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || strong(tag) == strong(etag))
}

/// The path with `%xx` resolved. It is only ever a key of a map, so nothing in it is dangerous.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Protocol, Site};

    const HOST: &str = "www.shop-demo.com";

    fn host() -> Host {
        Site::builder(format!("https://{HOST}/"))
            .host(HOST, Protocol::Http1)
            .file(HOST, "/index.html", "<p>hello")
            .file(HOST, "/img/a b.png", "picture")
            .file(HOST, "/said.txt", "0123456789")
            .variant(
                HOST,
                "/said.txt",
                When::Asked { field: header::ACCEPT_LANGUAGE, contains: "de".into() },
                "neun",
            )
            .variant(HOST, "/said.txt", When::Edition(1), "second")
            .file(HOST, "/teapot.txt", "short and stout")
            .status(HOST, "/teapot.txt", 418)
            .header_too(HOST, "/said.txt", "x-twice", "a")
            .header_too(HOST, "/said.txt", "x-twice", "b")
            .redirect(HOST, "/old", "/img/a b.png")
            .header("*", "*", "cache-control", Some("no-cache"))
            .header(HOST, "/img/*", "cache-control", Some("max-age=31536000, immutable"))
            .header(HOST, "*.png", "set-cookie", Some("seen=1"))
            .build()
            .expect("good site")
            .hosts
            .remove(HOST)
            .expect("added")
    }

    fn ask_with(method: &str, path: &str, if_none_match: Option<&str>, fault: Option<Fault>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        if let Some(tag) = if_none_match {
            request = request.header("if-none-match", tag);
        }
        answer(&host(), &request.body(()).expect("good request").into_parts().0, 0, fault)
    }

    fn ask_for(field: &str, value: &str, edition: u32) -> Answer {
        let request = http::Request::builder().uri("/said.txt").header(field, value);
        answer(&host(), &request.body(()).expect("good request").into_parts().0, edition, None)
    }

    fn ask(method: &str, path: &str) -> Answer {
        ask_with(method, path, None, None)
    }

    #[test]
    fn a_page_has_type_length_and_tag() {
        let answer = ask("GET", "/?utm=1");
        assert_eq!(answer.status, 200);
        assert_eq!(&answer.body[..], b"<p>hello");
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["content-length"], "8");
        assert_eq!(answer.headers["cache-control"], "no-cache");
        assert!(answer.headers["etag"].to_str().expect("text").starts_with('"'));
    }

    #[test]
    fn the_last_matching_rule_wins() {
        let answer = ask("GET", "/img/a%20b.png");
        assert_eq!(answer.headers["cache-control"], "max-age=31536000, immutable");
        assert_eq!(answer.headers["set-cookie"], "seen=1");
    }

    #[test]
    fn a_known_tag_is_answered_with_304() {
        let tag = ask("GET", "/").headers["etag"].to_str().expect("text").to_owned();
        for sent in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
            let answer = ask_with("GET", "/", Some(&sent), None);
            assert_eq!(answer.status, 304, "{sent}");
            assert!(answer.body.is_empty() && !answer.headers.contains_key("content-length"));
            assert_eq!(answer.headers["cache-control"], "no-cache");
        }
        assert_eq!(ask_with("GET", "/", Some("\"other\""), None).status, 200);
    }

    #[test]
    fn head_tells_the_length_without_the_body() {
        let answer = ask("HEAD", "/");
        assert_eq!(answer.headers["content-length"], "8");
        assert!(answer.body.is_empty());
    }

    #[test]
    fn what_is_not_there_is_404_but_for_the_favicon() {
        for path in ["/none", "/img", "/img/../index.html", "/%2e%2e/site.json", "/img/%2e%2e/index.html"] {
            assert_eq!(ask("GET", path).status, 404, "{path}");
        }
        assert_eq!(ask("GET", "/favicon.ico").status, 204);
        assert_eq!(ask("POST", "/").status, 405);
        assert_eq!(ask("OPTIONS", "/").status, 204);
        assert_eq!(ask("GET", "/old").headers["location"], "/img/a b.png");
    }

    #[test]
    fn variants_follow_the_request_and_the_edition() {
        assert_eq!(&ask("GET", "/said.txt").body[..], b"0123456789");
        assert_eq!(&ask_for("accept-language", "de, en", 0).body[..], b"neun");
        assert_eq!(&ask_for("accept-language", "en", 1).body[..], b"second");
        let tags = [0, 1].map(|edition| ask_for("accept", "*/*", edition).headers["etag"].clone());
        assert_ne!(tags[0], tags[1]);
    }

    #[test]
    fn one_range_is_cut_out_and_all_other_forms_get_the_whole() {
        for (range, body) in [("bytes=2-4", "234"), ("bytes=8-", "89"), ("bytes=0-99", "0123456789")] {
            let answer = ask_for("range", range, 0);
            assert_eq!((answer.status.as_u16(), &answer.body[..]), (206, body.as_bytes()), "{range}");
        }
        assert_eq!(ask_for("range", "bytes=2-4", 0).headers["content-range"], "bytes 2-4/10");
        for range in ["bytes=-3", "bytes=1-2,4-5", "bytes=5-4", "bytes=10-", "lines=1-2", "bytes=x-"] {
            assert_eq!(ask_for("range", range, 0).status, 200, "{range}");
        }
    }

    #[test]
    fn a_status_keeps_its_body_and_a_header_may_come_twice() {
        let teapot = ask("GET", "/teapot.txt");
        assert_eq!((teapot.status.as_u16(), &teapot.body[..]), (418, &b"short and stout"[..]));
        let twice: Vec<_> = ask("GET", "/said.txt").headers.get_all("x-twice").iter().cloned().collect();
        assert_eq!(twice, ["a", "b"]);
    }

    #[test]
    fn faults_change_the_answer() {
        assert_eq!(ask_with("GET", "/", None, Some(Fault::Status(503))).status, 503);
        let wrong = ask_with("GET", "/", None, Some(Fault::WrongLength { declared: 99 }));
        assert_eq!((wrong.headers["content-length"].as_bytes(), wrong.body.len()), (&b"99"[..], 8));
        assert_eq!(ask_with("GET", "/", None, Some(Fault::Stall)).fault, Some(Fault::Stall));
        assert_eq!(ask_with("HEAD", "/", None, Some(Fault::Stall)).fault, None);
    }
}
