//! C3: what a group member says of a body, given and taken (SECURITY.md §2.2, §2.9). Pictures and fonts only.

use slipstream_wire::peer::{Corp, Entry, Kind};

use super::{SMALLEST_TRANSFER, Use, suffices};
use crate::{
    address::Url,
    capability,
    capture::CLOCK_SLACK,
    headers,
    mime::Class,
    record::{Capture, Mime, Record, Source},
    refusal::Refusal,
};

/// Longest time that a member's word counts after the origin's answer, in seconds (SECURITY.md §2.1, C3).
pub const LIFETIME_CAP: u64 = 24 * 60 * 60;
/// The same for an answer marked `immutable`, in seconds.
pub const LIFETIME_CAP_IMMUTABLE: u64 = 7 * LIFETIME_CAP;

/// Taken off the end of an attested lifetime, in seconds, for clocks that differ (SECURITY.md §2.8).
const MARGIN: u64 = 5 * 60;
/// All bits that [`headers::accept_bits`] can give.
const ACCEPT_BITS: u8 = headers::ACCEPTS_AVIF | headers::ACCEPTS_WEBP | headers::ACCEPTS_SVG;

/// Takes a member's word for a subresource of `page`, for this page's partition. `now` is in seconds since the epoch.
/// Its lifetime is cut to the cap and never lengthened.
///
/// Errors: the first reason why it is not believed.
pub fn accept_from_group(entry: &Entry, page: &Url, now: u64) -> Result<Record, Refusal> {
    let url = Url::parse(&entry.url)?;
    let mime = Mime::parse(&entry.mime).filter(|mime| mime.fits(entry.kind)).ok_or(Refusal::ContentType)?;
    believable(mime)?;
    worth_a_transfer(entry.length, mime)?;
    judge_site(entry, &url, page)?;
    if capability::is_signed(&url) {
        return Err(Refusal::SignedUrl);
    }
    if entry.accept.is_some_and(|bits| bits & !ACCEPT_BITS != 0) {
        return Err(Refusal::Vary);
    }
    let until = entry.fresh_until.min(last_moment(entry.fetched, entry.immutable)).saturating_sub(MARGIN);
    if entry.fetched > now.saturating_add(CLOCK_SLACK) || until <= now {
        return Err(Refusal::Stale);
    }
    Ok(Record {
        url,
        kind: entry.kind,
        id: entry.digest.into(),
        length: entry.length,
        content_type: entry.mime.clone(),
        mime,
        source: Source::Group,
        capture: Capture::Peer,
        acao_any: entry.acao_any,
        corp: entry.corp,
        // Only the origin's own answer gives a validator.
        etag: None,
        immutable: entry.immutable,
        accept: entry.accept,
        fetched: entry.fetched,
        fresh_until: until,
        shared_until: until,
        // A member may write an entry only for an answer from a public address: see `offer_entry`.
        public_address: true,
    })
}

/// Gives this browser's word for a body that it read itself, or passes on another member's. `now` is in seconds since
/// the epoch. The caller leaves out pages that ask for passwords or cards (row E19), answers with entries only who
/// names the page, and only for bodies that it has.
///
/// Errors: the first reason why nothing may be said: among others, an address that works like a key is never listed
/// ([`Refusal::SignedUrl`]).
pub fn offer_entry(record: &Record, now: u64) -> Result<Entry, Refusal> {
    believable(record.mime)?;
    // Another member's word is passed on as it came, for no longer than it was given: whoever holds the invite could
    // have given it, and a member that has the body has found it to be the one that the word names.
    let read = match record.source {
        Source::OwnFetch => record.capture == Capture::PageClean,
        Source::Group => record.capture == Capture::Peer,
        _ => return Err(Refusal::NoSource),
    };
    if Mime::parse(&record.content_type) != Some(record.mime) || !record.mime.fits(record.kind) {
        return Err(Refusal::ContentType);
    }
    worth_a_transfer(record.length, record.mime)?;
    if !read {
        return Err(Refusal::Credentials);
    }
    if !record.public_address {
        return Err(Refusal::PrivateHost);
    }
    if capability::is_signed(&record.url) || capability::is_high_entropy(&record.url) {
        return Err(Refusal::SignedUrl);
    }
    if record.shared_until <= now {
        return Err(Refusal::NotShared);
    }
    let until =
        record.fresh_until.min(record.shared_until).min(last_moment(record.fetched, record.immutable));
    if record.fetched > now.saturating_add(CLOCK_SLACK) || until <= now {
        return Err(Refusal::Stale);
    }
    Ok(Entry {
        url: record.url.as_str().to_owned(),
        kind: record.kind,
        mime: record.content_type.clone(),
        length: record.length,
        digest: record.id.into(),
        acao_any: record.acao_any,
        corp: record.corp,
        fetched: record.fetched,
        fresh_until: until,
        immutable: record.immutable,
        accept: record.accept,
    })
}

const fn last_moment(fetched: u64, immutable: bool) -> u64 {
    fetched.saturating_add(if immutable { LIFETIME_CAP_IMMUTABLE } else { LIFETIME_CAP })
}

/// Which types a member may speak for.
fn believable(mime: Mime) -> Result<(), Refusal> {
    match mime.class() {
        Class::Script => Err(Refusal::ScriptSource),
        _ if suffices(mime, Source::Group, Use::Group) => Ok(()),
        _ => Err(Refusal::NoSource),
    }
}

fn worth_a_transfer(length: u64, mime: Mime) -> Result<(), Refusal> {
    match length {
        0 => Err(Refusal::Size),
        _ if length > mime.cap() => Err(Refusal::Size),
        _ if length < SMALLEST_TRANSFER => Err(Refusal::Small),
        _ => Ok(()),
    }
}

/// E12's CORP, and E13: the page could read the bytes, or anyone could. Whether the image loads with CORS is known
/// only at the time of use, and asked there.
fn judge_site(entry: &Entry, url: &Url, page: &Url) -> Result<(), Refusal> {
    if url.same_origin(page) {
        return Ok(());
    }
    if matches!(entry.corp, Corp::SameSite | Corp::SameOrigin) {
        return Err(Refusal::Policy);
    }
    let plain = entry.kind != Kind::Font && !capability::is_high_entropy(url);
    if entry.acao_any || plain { Ok(()) } else { Err(Refusal::Taint) }
}

#[cfg(test)]
mod tests;
