//! Capture: may the body of a response that the browser saw be read back from the page's cache, and kept?
//!
//! Rows E03 to E05, E08 to E10 and E13 to E16 of SECURITY.md §3.2, strictly: only top frames, only loads that carried
//! no cookie, only fields of `Vary` whose value is known. What is not a row here (the product switched off, a site
//! paused or denied) is asked before, by whoever knows the settings.

mod reach;

use slipstream_wire::peer::{Corp, Kind};

pub use reach::Reach;

use crate::{
    address::Url,
    body::Verified,
    capability,
    freshness::{self, Freshness},
    headers::{self, Headers},
    mime::Class,
    record::{Capture, Mime, Record, Source},
    refusal::Refusal,
    settings::Types,
};

/// A clock that runs ahead of ours by more is not believed, in seconds (SECURITY.md R6).
pub const CLOCK_SLACK: u64 = 5 * 60;

/// What the browser saw of one completed request and its response.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Of the request, as the browser serialises it; a fragment is cut off.
    pub url: String,
    /// How the page asked for it.
    pub kind: Kind,
    /// `details.type` of `webRequest`.
    pub request_type: String,
    /// The request's method.
    pub method: String,
    /// The response's status.
    pub status: u16,
    /// The browser's own cache answered: fields may be missing then.
    pub from_cache: bool,
    /// The request was redirected on its way, by the origin or by a rule.
    pub redirected: bool,
    /// The response's fields.
    pub headers: Headers,
    /// Whether the request carried `Cookie`; nothing where the browser did not tell.
    pub cookie_sent: Option<bool>,
    /// The request's `Accept`, where the browser told it.
    pub accept: Option<String>,
    /// `details.ip` of `webRequest`.
    pub ip: Option<String>,
    /// When the response's head came, in seconds since the epoch.
    pub answered: u64,
    /// The tab's top document.
    pub document: Url,
    /// The request belongs to a tab, and there to its top frame.
    pub top_frame: bool,
    /// `details.initiator` of `webRequest`: a serialised origin.
    pub initiator: Option<String>,
}

/// What is known of the page and the settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct CaptureContext {
    /// A service worker controls the page, or that is not known.
    pub service_worker: bool,
    /// The document came with `Slipstream: none`.
    pub site_opt_out: bool,
    /// `developer.allowLoopback`: loopback addresses count as public. There is no other exception.
    pub allow_loopback: bool,
    /// Which types are touched.
    pub types: Types,
}

/// Leave to read and keep one body: all of a record but what only the body itself can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    url: Url,
    kind: Kind,
    content_type: String,
    mime: Mime,
    /// What the body's length must be, where the origin sent it uncoded and said so.
    length: Option<u64>,
    acao_any: bool,
    corp: Corp,
    etag: Option<String>,
    /// The request's `Accept`, where the answer depends on it.
    accept: Option<String>,
    fetched: u64,
    freshness: Freshness,
    public_address: bool,
}

/// Decides over one response. `now` is in seconds since the epoch.
///
/// Errors: the refusal of the first row that fails.
pub fn judge_capture(seen: &Seen, context: &CaptureContext, now: u64) -> Result<Captured, Refusal> {
    let url = judge_request(seen, context)?;
    let public_address = judge_address(seen, context)?;
    judge_answer(seen)?;
    let content_type = seen.headers.single("content-type").ok_or(Refusal::ContentType)?;
    let mime = Mime::parse(content_type).filter(|mime| mime.fits(seen.kind)).ok_or(Refusal::ContentType)?;
    let length = if seen.headers.is_coded() { None } else { seen.headers.content_length()? };
    if length.is_some_and(|length| length == 0 || length > mime.cap()) {
        return Err(Refusal::Size);
    }
    let captured = Captured {
        kind: seen.kind,
        content_type: content_type.to_owned(),
        mime,
        length,
        acao_any: seen.headers.acao_any(),
        corp: seen.headers.corp(),
        etag: seen.headers.strong_etag().map(str::to_owned),
        accept: judge_vary(seen)?,
        fetched: seen.answered,
        freshness: freshness::judge(&seen.headers, seen.kind, seen.answered),
        public_address,
        url,
    };
    captured.judge_taint(seen)?;
    if seen.cookie_sent != Some(false) {
        return Err(Refusal::Credentials);
    }
    let clock_ahead = seen.answered > now.saturating_add(CLOCK_SLACK);
    if clock_ahead || captured.freshness.private_until <= now {
        return Err(Refusal::Stale);
    }
    Ok(captured)
}

impl Captured {
    /// Of the resource, without fragment.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The `Accept` that the answer is for, if it depends on it.
    pub fn accept(&self) -> Option<&str> {
        self.accept.as_deref()
    }

    /// How the page asked for it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Most bytes that the body may have; reading stops one byte later.
    pub fn cap(&self) -> u64 {
        self.length.unwrap_or_else(|| self.mime.cap())
    }

    /// Whether the page's own script could read the body: if not, the harvest needs a header rule (facts S50, S54).
    pub fn readable_from(&self, document: &Url) -> bool {
        self.acao_any || self.url.same_origin(document)
    }

    /// Joins the body that the page's cache gave.
    ///
    /// Errors: [`Refusal::HarvestEmpty`] for no byte, [`Refusal::Size`] above the cap, [`Refusal::Status`] where the
    /// length is not the origin's, [`Refusal::ContentType`] where the bytes are not of the type.
    pub fn into_record(self, body: &Verified) -> Result<Record, Refusal> {
        if body.is_empty() {
            return Err(Refusal::HarvestEmpty);
        }
        if body.len() > self.mime.cap() {
            return Err(Refusal::Size);
        }
        if self.length.is_some_and(|length| length != body.len()) {
            return Err(Refusal::Status);
        }
        if !self.mime.sniff(body.bytes()) {
            return Err(Refusal::ContentType);
        }
        if self.mime.class() == Class::Script && may_load_others(body.bytes()) {
            return Err(Refusal::NotSelfContained);
        }
        Ok(Record {
            url: self.url,
            kind: self.kind,
            id: body.id(),
            length: body.len(),
            content_type: self.content_type,
            mime: self.mime,
            source: Source::OwnFetch,
            // E15 lets no other kind come this far.
            capture: Capture::PageClean,
            acao_any: self.acao_any,
            corp: self.corp,
            etag: self.etag,
            immutable: self.freshness.immutable,
            accept: self.accept.as_deref().map(headers::accept_bits),
            fetched: self.fetched,
            fresh_until: self.freshness.private_until,
            shared_until: self.freshness.shared_until,
            public_address: self.public_address,
        })
    }

    /// E13: nothing is kept that no use could ever pass. Which way the page will ask next time is not known here.
    fn judge_taint(&self, seen: &Seen) -> Result<(), Refusal> {
        let readable = self.readable_from(&seen.document);
        let plain = self.mime.class() != Class::Font
            && self.public_address
            && self.freshness.shared_until > seen.answered
            && !capability::is_signed(&self.url)
            && !capability::is_high_entropy(&self.url);
        if readable || plain { Ok(()) } else { Err(Refusal::Taint) }
    }
}

/// E03 to E05.
fn judge_request(seen: &Seen, context: &CaptureContext) -> Result<Url, Refusal> {
    if !seen.top_frame || seen.initiator.as_deref() != Some(seen.document.origin().as_str()) {
        return Err(Refusal::Frame);
    }
    if context.site_opt_out || seen.headers.list("slipstream").any(|word| word == "none") {
        return Err(Refusal::SiteOptOut);
    }
    let url = Url::parse(&seen.url)?;
    let (request_type, on) = match seen.kind {
        Kind::Image | Kind::Detached => ("image", context.types.image),
        Kind::Font => ("font", context.types.font),
        Kind::Script => ("script", context.types.script),
    };
    if seen.method != "GET" || seen.request_type != request_type {
        return Err(Refusal::RequestType);
    }
    if !on {
        return Err(Refusal::TypeOff);
    }
    if context.service_worker {
        return Err(Refusal::ServiceWorker);
    }
    Ok(url)
}

/// E04 and §3.6: nothing from a private network; whether the address is known to be public.
fn judge_address(seen: &Seen, context: &CaptureContext) -> Result<bool, Refusal> {
    match seen.ip.as_deref().and_then(Reach::of) {
        Some(Reach::Public) => Ok(true),
        Some(Reach::Loopback) if context.allow_loopback => Ok(true),
        Some(Reach::Loopback | Reach::Special) => Err(Refusal::PrivateHost),
        None => Ok(false),
    }
}

/// E08 and E09.
fn judge_answer(seen: &Seen) -> Result<(), Refusal> {
    let headers = &seen.headers;
    if seen.status != 200 || seen.from_cache || seen.redirected || headers.has("content-range") {
        return Err(Refusal::Status);
    }
    let script_only: &[&str] = match seen.kind {
        Kind::Script => &["referrer-policy", "service-worker-allowed"],
        _ => &[],
    };
    let forbidding = FORBIDDING.iter().chain(script_only).any(|name| headers.has(name));
    let attachment = headers.values("content-disposition").any(|value| {
        let word = value.split(';').next().unwrap_or_default().trim_end();
        // A disposition that is not understood is treated as an attachment (RFC 6266 §4.2).
        !word.eq_ignore_ascii_case("inline")
    });
    let personal =
        headers.vary().iter().any(|name| matches!(name.as_str(), "*" | "cookie" | "authorization"));
    if forbidding || attachment || personal || freshness::forbids_storing(headers) {
        return Err(Refusal::HeaderForbids);
    }
    Ok(())
}

/// Fields whose mere presence forbids (SECURITY.md E09).
const FORBIDDING: [&str; 4] = ["set-cookie", "www-authenticate", "clear-site-data", "refresh"];

/// E14: the values of the request that the answer depends on, where all of them are known.
fn judge_vary(seen: &Seen) -> Result<Option<String>, Refusal> {
    let mut accept = None;
    for name in seen.headers.vary() {
        match name.as_str() {
            // Bodies are kept decoded.
            "accept-encoding" => {}
            "accept" => {
                accept = Some(seen.accept.clone().ok_or(Refusal::Vary)?);
            }
            // `*` for one origin is `*` for all; and within a partition the page's origin is always the same.
            "origin" if seen.headers.acao_any() => {}
            _ => return Err(Refusal::Vary),
        }
    }
    Ok(accept)
}

/// Whether a script may load others relative to its own address. A substitute's address is a `data:` URL, against which
/// no relative specifier can be resolved. It asks for words, not for syntax, which would take a parser: `import`
/// before `(`, `.`, a quote or a comment; and `from` before a quote or a comment where the script has `import` or
/// `export` at all. Texts that only look so are refused, too.
fn may_load_others(script: &[u8]) -> bool {
    let next = |at: usize| script[at..].iter().copied().find(|byte| !byte.is_ascii_whitespace());
    let mut imports = words(script, b"import").peekable();
    let is_module = imports.peek().is_some() || words(script, b"export").next().is_some();
    imports.any(|at| matches!(next(at + 6), Some(b'(' | b'.' | b'"' | b'\'' | b'/')))
        || (is_module && words(script, b"from").any(|at| matches!(next(at + 4), Some(b'"' | b'\'' | b'/'))))
}

/// Where a word stands alone.
fn words<'a>(script: &'a [u8], word: &'static [u8]) -> impl Iterator<Item = usize> + 'a {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    script
        .windows(word.len())
        .enumerate()
        .filter(move |(at, found)| {
            *found == word
                && !at.checked_sub(1).and_then(|before| script.get(before)).is_some_and(in_word)
                && !script.get(at + word.len()).is_some_and(in_word)
        })
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests;
