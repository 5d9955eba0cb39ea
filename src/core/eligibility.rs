//! Eligibility at the time of use: the decision table of SECURITY.md §3.2 over a record, and the sufficiency table §2.2.
//!
//! Levels 3 and 4, strangers, do not exist: no source that proves a body public (P1: packaged list, notary, site
//! manifest) is built yet, so rows E30 to E40 would fail for every record.
//!
//! Rows are sorted by level, so the first that fails decides, and equals the lowest of all that fail.

mod attestation;

use slipstream_wire::peer::{Corp, Kind, PageFacts};

pub use attestation::{LIFETIME_CAP, LIFETIME_CAP_IMMUTABLE, accept_from_group, offer_entry};

use crate::{
    address::Url,
    capability,
    capture::CLOCK_SLACK,
    limits,
    mime::Class,
    record::{Capture, Mime, Record, Source},
    refusal::Refusal,
    settings::Types,
};

/// Smallest body that is worth a transfer between browsers, in bytes (row E24).
pub const SMALLEST_TRANSFER: u64 = 4 * 1024;

/// How far a record may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not at all: the request is left to the network.
    Pass,
    /// From the local shelf.
    Local,
    /// And by asking, and offering to, the group.
    Group,
}

/// What a source has to suffice for (SECURITY.md §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// L: serve from the local shelf.
    Local,
    /// G: take the body from a group member.
    Group,
}

/// On which way the body would reach the page (SECURITY.md §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// D1: a rule redirects the request to a `data:` URL.
    Rule,
    /// D4: the content script swaps an `<img>`. The page's policy does not bind it (facts S42, S84).
    Swap,
    /// None now: the body is only asked for or offered.
    Transfer,
}

/// With what request mode the page's element loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Without CORS: a plain image or a classic script.
    NoCors,
    /// With CORS, and credentials for the same origin only: a font, a module, `crossorigin`.
    Cors,
    /// With CORS and credentials: `crossorigin="use-credentials"`.
    CorsWithCredentials,
}

/// What is known at the time of use. The record is one of the page's own partition.
#[derive(Clone, Debug)]
pub struct UseContext {
    /// In seconds since the epoch.
    pub now: u64,
    /// The top document.
    pub page: Url,
    /// What was seen of the page on an earlier visit, here or by a group member; nothing on a first visit.
    pub facts: Option<PageFacts>,
    /// The document came with `Cross-Origin-Embedder-Policy` other than `unsafe-none`, last time or now.
    pub embedder_policy: bool,
    /// The page asks for a password or a card, last time or now.
    pub sensitive: bool,
    /// The navigation is a reload (SECURITY.md §3.5).
    pub reload: bool,
    /// Which types are touched.
    pub types: Types,
    /// On which way the body would reach the page.
    pub route: Route,
    /// How the element loads; unknown counts as CORS.
    pub mode: Option<Mode>,
    /// Image types that this browser accepts for requests of this kind ([`crate::headers::accept_bits`]), if known.
    pub accept: Option<u8>,
}

/// Whether this source is enough for this type and use: SECURITY.md §2.2, cell by cell.
pub const fn suffices(mime: Mime, source: Source, used: Use) -> bool {
    match (mime.class(), source, used) {
        (Class::Script, Source::PageIntegrity, Use::Local | Use::Group) => true,
        (Class::Script, Source::OwnFetch, Use::Local) => true,
        (Class::Script, Source::OwnFetch, Use::Group) => false,
        (Class::Script, Source::Group, _) => false,
        (Class::Font | Class::Raster, Source::PageIntegrity, _) => false,
        (Class::Font | Class::Raster, Source::OwnFetch | Source::Group, Use::Local | Use::Group) => true,
        (Class::Svg, Source::OwnFetch, Use::Local) => true,
        (Class::Svg, Source::OwnFetch, Use::Group) => false,
        (Class::Svg, Source::PageIntegrity | Source::Group, _) => false,
    }
}

/// How far the record may be used, and the first row that keeps it from more.
pub fn level(record: &Record, context: &UseContext) -> (Level, Option<Refusal>) {
    let failing = ROWS.iter().find_map(|(level, row)| row(record, context).map(|why| (*level, Some(why))));
    failing.unwrap_or((Level::Group, None))
}

/// Whether the record's body may be served to the page from the shelf.
///
/// Errors: the refusal of the row that forbids it.
pub fn may_serve_local(record: &Record, context: &UseContext) -> Result<(), Refusal> {
    at_least(Level::Local, record, context)
}

/// Whether the record's body may be asked of group members, and given to them.
///
/// Errors: the refusal of the row that forbids it.
pub fn may_offer_group(record: &Record, context: &UseContext) -> Result<(), Refusal> {
    at_least(Level::Group, record, context)
}

fn at_least(wanted: Level, record: &Record, context: &UseContext) -> Result<(), Refusal> {
    match level(record, context) {
        (found, Some(why)) if found < wanted => Err(why),
        _ => Ok(()),
    }
}

type Row = fn(&Record, &UseContext) -> Option<Refusal>;

/// The table: what is left if the row fails, and the row. Sorted by level.
const ROWS: [(Level, Row); 17] = [
    (Level::Pass, types_are_on),
    (Level::Pass, no_service_worker),
    (Level::Pass, not_reloaded),
    (Level::Pass, source_suffices_locally),
    (Level::Pass, type_fits),
    (Level::Pass, size_fits),
    (Level::Pass, policy_admits),
    (Level::Pass, taint_is_equal),
    (Level::Pass, variant_is_equal),
    (Level::Pass, not_for_another_user),
    (Level::Pass, fresh),
    (Level::Local, page_is_not_sensitive),
    (Level::Local, fresh_for_others),
    (Level::Local, address_is_not_signed),
    (Level::Local, answer_was_public),
    (Level::Local, had_without_credentials),
    (Level::Local, worth_and_trusted_for_group),
];

fn refuse(when: bool, why: Refusal) -> Option<Refusal> {
    when.then_some(why)
}

/// Part of E01, §7.2.
fn types_are_on(record: &Record, context: &UseContext) -> Option<Refusal> {
    let on = match record.mime.class() {
        Class::Raster | Class::Svg => context.types.image,
        Class::Font => context.types.font,
        Class::Script => context.types.script,
    };
    refuse(!on, Refusal::TypeOff)
}

/// E05. Nobody having seen the page is E12's affair.
fn no_service_worker(_: &Record, context: &UseContext) -> Option<Refusal> {
    refuse(context.facts.is_some_and(|facts| facts.service_worker), Refusal::ServiceWorker)
}

/// E06.
fn not_reloaded(record: &Record, context: &UseContext) -> Option<Refusal> {
    refuse(context.reload && record.source != Source::PageIntegrity, Refusal::Reload)
}

/// E07 with R6.
fn source_suffices_locally(record: &Record, context: &UseContext) -> Option<Refusal> {
    insufficient(record, Use::Local)
        .or_else(|| refuse(record.fetched > context.now.saturating_add(CLOCK_SLACK), Refusal::Stale))
}

/// E10, as far as the record tells: the bytes were compared when they were filed.
fn type_fits(record: &Record, _: &UseContext) -> Option<Refusal> {
    let same = Mime::parse(&record.content_type) == Some(record.mime);
    refuse(!same || !record.mime.fits(record.kind), Refusal::ContentType)
}

/// E11.
fn size_fits(record: &Record, context: &UseContext) -> Option<Refusal> {
    let route_cap = match context.route {
        Route::Rule => limits::RULE_BODY,
        Route::Swap | Route::Transfer => u64::MAX,
    };
    refuse(record.length == 0 || record.length > record.mime.cap().min(route_cap), Refusal::Size)
}

/// E12. The page's policy is enforced by the gates in the browser; a rule is only worth its place on a page that was
/// seen to have none. CORP and COEP are parity with what the origin's own answer would have met.
fn policy_admits(record: &Record, context: &UseContext) -> Option<Refusal> {
    let admitted = match context.route {
        Route::Rule => context.facts.is_some_and(|facts| !facts.header_csp && !facts.meta_csp),
        // Only what the parser inserts as an image can be swapped.
        Route::Swap => record.kind == Kind::Image,
        Route::Transfer => true,
    };
    let embeddable = match record.corp {
        _ if record.url.same_origin(&context.page) => true,
        Corp::CrossOrigin => true,
        Corp::Absent => !context.embedder_policy || (is_cors(record, context) && record.acao_any),
        // Sites are told apart by origin only, so the same site elsewhere is another site.
        Corp::SameSite | Corp::SameOrigin => false,
    };
    refuse(!admitted || !embeddable, Refusal::Policy)
}

/// E13, classes T0 to T3. Without a list of registrable domains T1 is judged as T2 or T3, which are stricter.
fn taint_is_equal(record: &Record, context: &UseContext) -> Option<Refusal> {
    if record.url.same_origin(&context.page) {
        return None;
    }
    let without_credentials = record.capture != Capture::PageWithCookies;
    let readable = record.acao_any && context.mode != Some(Mode::CorsWithCredentials);
    let fetchable_by_all = !is_cors(record, context)
        && record.public_address
        && record.shared_until > context.now
        && !capability::is_signed(&record.url)
        && !capability::is_high_entropy(&record.url);
    refuse(!(without_credentials && (readable || fetchable_by_all)), Refusal::Taint)
}

/// E14: of all request fields only `Accept` is in a record's key.
fn variant_is_equal(record: &Record, context: &UseContext) -> Option<Refusal> {
    refuse(record.accept.is_some() && record.accept != context.accept, Refusal::Vary)
}

/// E15.
fn not_for_another_user(record: &Record, _: &UseContext) -> Option<Refusal> {
    let named_by_page = record.source == Source::PageIntegrity;
    refuse(!named_by_page && record.capture == Capture::PageWithCookies, Refusal::Credentials)
}

/// E16. A1 counts as remembered: only while the address's own record is fresh.
fn fresh(record: &Record, context: &UseContext) -> Option<Refusal> {
    refuse(record.fresh_until <= context.now, Refusal::Stale)
}

/// E19.
fn page_is_not_sensitive(_: &Record, context: &UseContext) -> Option<Refusal> {
    refuse(context.sensitive, Refusal::SensitivePage)
}

/// E20, also for A1, because it counts as remembered. E21 holds for every record: capture lets nothing else through.
fn fresh_for_others(record: &Record, context: &UseContext) -> Option<Refusal> {
    refuse(record.shared_until <= context.now, Refusal::NotShared)
}

/// E22.
fn address_is_not_signed(record: &Record, _: &UseContext) -> Option<Refusal> {
    refuse(capability::is_signed(&record.url), Refusal::SignedUrl)
}

/// The address half of E31, one level earlier than the table: G5 wants nothing of a private network offered to anyone,
/// and an answer whose address was not told may have come from one.
fn answer_was_public(record: &Record, _: &UseContext) -> Option<Refusal> {
    refuse(!record.public_address, Refusal::PrivateHost)
}

/// E23.
fn had_without_credentials(record: &Record, _: &UseContext) -> Option<Refusal> {
    refuse(record.capture == Capture::PageWithCookies, Refusal::Credentials)
}

/// E24.
fn worth_and_trusted_for_group(record: &Record, _: &UseContext) -> Option<Refusal> {
    insufficient(record, Use::Group).or_else(|| refuse(record.length < SMALLEST_TRANSFER, Refusal::Small))
}

fn insufficient(record: &Record, used: Use) -> Option<Refusal> {
    let why = match record.mime.class() {
        Class::Script => Refusal::ScriptSource,
        Class::Font | Class::Raster | Class::Svg => Refusal::NoSource,
    };
    refuse(!suffices(record.mime, record.source, used), why)
}

fn is_cors(record: &Record, context: &UseContext) -> bool {
    record.kind == Kind::Font || context.mode != Some(Mode::NoCors)
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
