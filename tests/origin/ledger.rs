//! The book of exchanges: each request with its times and details, and the counters that follow from them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, StatusCode, header, request};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::counters::Counters;

/// One request and what became of its answer. Times are milliseconds since [`crate::Origin::mark`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// Absolute, with the query.
    pub url: String,
    /// `GET` and so on.
    pub method: String,
    /// The path alone.
    pub path: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The request headers by which tests tell requests apart, lower-case; values of 1 KiB at most.
    pub headers: BTreeMap<String, String>,
    /// Status of the answer.
    pub status: u16,
    /// Bytes of body handed to the connection so far.
    pub body_bytes: u64,
    /// When the request's headers had come in.
    pub accepted_ms: f64,
    /// When the first bytes of body were handed to the connection.
    pub first_body_ms: Option<f64>,
    /// When the last were, or when the exchange was given up.
    pub ended_ms: Option<f64>,
    /// Whether the whole answer was handed over.
    pub complete: bool,
}

/// Counters and exchanges, written by connections and read by tests.
#[derive(Debug)]
pub(crate) struct Ledger {
    book: Mutex<Book>,
    changes: watch::Sender<u64>,
}

/// One answer's pen; dropping it before [`Entry::complete`] writes that the answer was given up.
#[derive(Debug)]
pub(crate) struct Entry {
    ledger: Arc<Ledger>,
    id: u64,
    url: String,
    open: bool,
}

impl Ledger {
    pub(crate) fn new() -> Arc<Self> {
        let book =
            Book { counters: Counters::default(), records: VecDeque::new(), next: 0, zero: Instant::now() };
        Arc::new(Self { book: Mutex::new(book), changes: watch::Sender::new(0) })
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        url: String,
        request: &request::Parts,
        status: StatusCode,
        answer: &HeaderMap,
    ) -> Entry {
        let mut book = self.book();
        let count = book.counters.of(&url);
        count.requests += 1;
        *count.statuses.entry(status.as_u16()).or_default() += 1;
        count.with_cookies += u64::from(request.headers.contains_key(header::COOKIE));
        if let Some(kind) = answer.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
            kind.clone_into(&mut count.content_type);
        }
        let id = book.next;
        book.next += 1;
        book.records.push_back(Record::new(url.clone(), request, status));
        if book.records.len() > EXCHANGES_MAX {
            book.records.pop_front();
        }
        drop(book);
        self.changed();
        Entry { ledger: Arc::clone(self), id, url, open: true }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.book().counters.clone()
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let book = self.book();
        book.records.iter().map(|record| record.since(book.zero)).collect()
    }

    pub(crate) fn mark(&self) {
        self.book().zero = Instant::now();
    }

    pub(crate) fn reset(&self) {
        let mut book = self.book();
        book.counters = Counters::default();
        book.records.clear();
        drop(book);
        self.changed();
    }

    /// Waits until the counters are as wanted; `Err` holds what they were when `limit` had passed.
    pub(crate) async fn until(
        &self,
        limit: Duration,
        mut wanted: impl FnMut(&Counters) -> bool,
    ) -> Result<Counters, Counters> {
        let deadline = Instant::now() + limit;
        let mut changes = self.changes.subscribe();
        loop {
            // Asked without a lock held: the caller may look at anything else of the origin.
            changes.mark_unchanged();
            let counters = self.counters();
            if wanted(&counters) {
                return Ok(counters);
            }
            if !timeout_at(deadline, changes.changed()).await.is_ok_and(|change| change.is_ok()) {
                return Err(self.counters());
            }
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// So many more bytes of body went out.
    pub(crate) fn handed_over(&self, bytes: usize) {
        self.write(|record| {
            record.body_bytes += bytes as u64;
            record.first_body.get_or_insert_with(Instant::now);
        });
        self.ledger.book().counters.of(&self.url).body_bytes += bytes as u64;
        self.ledger.changed();
    }

    /// The answer is out as a whole.
    pub(crate) fn complete(&mut self) {
        self.close(true);
    }

    fn close(&mut self, complete: bool) {
        if std::mem::take(&mut self.open) {
            self.write(|record| (record.ended, record.complete) = (Some(Instant::now()), complete));
            self.ledger.changed();
        }
    }

    fn write(&self, change: impl FnOnce(&mut Record)) {
        let mut book = self.ledger.book();
        // The record is gone if the book was full or was reset meanwhile.
        let back = usize::try_from(book.next - self.id).unwrap_or(usize::MAX);
        if let Some(index) = book.records.len().checked_sub(back) {
            change(&mut book.records[index]);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.close(false);
    }
}

#[derive(Debug)]
struct Book {
    counters: Counters,
    records: VecDeque<Record>,
    next: u64,
    zero: Instant,
}

#[derive(Debug)]
struct Record {
    url: String,
    method: String,
    path: String,
    version: String,
    headers: BTreeMap<String, String>,
    status: u16,
    body_bytes: u64,
    accepted: Instant,
    first_body: Option<Instant>,
    ended: Option<Instant>,
    complete: bool,
}

impl Record {
    fn new(url: String, request: &request::Parts, status: StatusCode) -> Self {
        let kept = |name: &str| KEPT_HEADERS.contains(&name) || name.starts_with("sec-fetch-");
        let text = |value: &http::HeaderValue| {
            let bytes = value.as_bytes();
            String::from_utf8_lossy(&bytes[..bytes.len().min(HEADER_BYTES_MAX)]).into_owned()
        };
        let headers = request.headers.iter().filter(|(name, _)| kept(name.as_str()));
        Self {
            url,
            method: request.method.to_string(),
            path: request.uri.path().to_owned(),
            version: format!("{:?}", request.version),
            headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
            status: status.as_u16(),
            body_bytes: 0,
            accepted: Instant::now(),
            first_body: None,
            ended: None,
            complete: false,
        }
    }

    fn since(&self, zero: Instant) -> Exchange {
        let ms = |at: Instant| match at.checked_duration_since(zero) {
            Some(after) => after.as_secs_f64() * 1_000.0,
            None => -(zero.duration_since(at).as_secs_f64() * 1_000.0),
        };
        Exchange {
            url: self.url.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            version: self.version.clone(),
            headers: self.headers.clone(),
            status: self.status,
            body_bytes: self.body_bytes,
            accepted_ms: ms(self.accepted),
            first_body_ms: self.first_body.map(ms),
            ended_ms: self.ended.map(ms),
            complete: self.complete,
        }
    }
}

/// Exchanges kept; older ones go first.
const EXCHANGES_MAX: usize = 4_096;
/// Bytes of a kept header's value.
const HEADER_BYTES_MAX: usize = 1_024;
const KEPT_HEADERS: [&str; 9] = [
    "accept",
    "cache-control",
    "cookie",
    "if-modified-since",
    "if-none-match",
    "origin",
    "pragma",
    "range",
    "referer",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> request::Parts {
        let request = http::Request::builder()
            .uri(uri)
            .header("cookie", "a=1")
            .header("sec-fetch-dest", "image")
            .header("x-other", "left out");
        request.body(()).expect("good request").into_parts().0
    }

    fn begin(ledger: &Arc<Ledger>, url: &str) -> Entry {
        ledger.begin(url.into(), &request("/a.png?v=1"), StatusCode::OK, &HeaderMap::new())
    }

    #[tokio::test(start_paused = true)]
    async fn an_exchange_is_timed_from_the_mark() {
        let ledger = Ledger::new();
        tokio::time::advance(Duration::from_millis(500)).await;
        ledger.mark();
        tokio::time::advance(Duration::from_millis(10)).await;
        let mut entry = begin(&ledger, "https://a.com/a.png?v=1");
        tokio::time::advance(Duration::from_millis(20)).await;
        entry.handed_over(5);
        tokio::time::advance(Duration::from_millis(30)).await;
        entry.handed_over(6);
        entry.complete();
        let exchange = ledger.exchanges().remove(0);
        assert_eq!(
            (exchange.accepted_ms, exchange.first_body_ms, exchange.ended_ms),
            (10.0, Some(30.0), Some(60.0))
        );
        assert_eq!((exchange.body_bytes, exchange.complete), (11, true));
        assert_eq!((exchange.path.as_str(), exchange.version.as_str()), ("/a.png", "HTTP/1.1"));
        assert_eq!(exchange.headers.keys().collect::<Vec<_>>(), ["cookie", "sec-fetch-dest"]);
        let count = ledger.counters().url("https://a.com/a.png?v=1");
        assert_eq!((count.requests, count.body_bytes, count.with_cookies), (1, 11, 1));
    }

    #[test]
    fn a_dropped_entry_was_given_up() {
        let ledger = Ledger::new();
        begin(&ledger, "u").handed_over(3);
        let exchange = ledger.exchanges().remove(0);
        assert!(!exchange.complete && exchange.ended_ms.is_some());
    }

    #[test]
    fn a_reset_forgets_all_but_counts_what_still_goes_out() {
        let ledger = Ledger::new();
        let old = begin(&ledger, "old");
        ledger.reset();
        let new = begin(&ledger, "new");
        old.handed_over(7);
        new.handed_over(9);
        assert_eq!(ledger.counters().url("old").body_bytes, 7);
        let exchanges = ledger.exchanges();
        assert_eq!((exchanges.len(), exchanges[0].body_bytes), (1, 9));
    }

    #[test]
    fn exchanges_are_bounded() {
        let ledger = Ledger::new();
        let first = begin(&ledger, "first");
        for n in 0..EXCHANGES_MAX {
            begin(&ledger, &n.to_string()).complete();
        }
        first.handed_over(1);
        assert_eq!(ledger.exchanges().len(), EXCHANGES_MAX);
        assert_eq!(ledger.exchanges()[0].url, "0");
    }
}
