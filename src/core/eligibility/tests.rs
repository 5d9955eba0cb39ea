use proptest::prelude::*;

use super::*;
use crate::body::ContentId;

const NOW: u64 = 1_700_000_000;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// A public picture of the page's own origin, good for everything.
fn picture() -> Record {
    Record {
        url: url("https://www.shop-demo.com/a.png"),
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
        fresh_until: NOW + 600,
        shared_until: NOW + 600,
        public_address: true,
    }
}

fn font() -> Record {
    let content_type = "font/woff2".to_owned();
    Record { kind: Kind::Font, mime: Mime::Woff2, content_type, ..picture() }
}

fn script(source: Source) -> Record {
    let content_type = "text/javascript".to_owned();
    Record { kind: Kind::Script, mime: Mime::JavaScript, content_type, source, ..picture() }
}

fn elsewhere(record: Record) -> Record {
    Record { url: url("https://cdn.other-demo.net/a.png"), ..record }
}

/// The second visit to a page without any policy.
fn context() -> UseContext {
    UseContext {
        now: NOW,
        page: url("https://www.shop-demo.com/page"),
        facts: Some(PageFacts::default()),
        embedder_policy: false,
        sensitive: false,
        reload: false,
        types: Types::default(),
        route: Route::Rule,
        mode: Some(Mode::NoCors),
        accept: Some(7),
    }
}

const GROUP: (Level, Option<Refusal>) = (Level::Group, None);

const fn pass(why: Refusal) -> (Level, Option<Refusal>) {
    (Level::Pass, Some(why))
}

const fn local(why: Refusal) -> (Level, Option<Refusal>) {
    (Level::Local, Some(why))
}

/// G3: every cell of SECURITY.md §2.2, and a script in a member's answer.
#[test]
fn g03_script_sources() {
    for mime in Mime::ALL {
        // Columns: A1 local, A1 group, A4 local, A4 group, C3 local, C3 group.
        let expected = match mime {
            Mime::JavaScript => [true, true, true, false, false, false],
            Mime::Woff2 | Mime::Woff | Mime::Ttf | Mime::Otf => [false, false, true, true, true, true],
            Mime::Png | Mime::Jpeg | Mime::Gif | Mime::Webp | Mime::Avif => {
                [false, false, true, true, true, true]
            }
            Mime::Svg => [false, false, true, false, false, false],
        };
        let cells = [Source::PageIntegrity, Source::OwnFetch, Source::Group]
            .map(|source| [Use::Local, Use::Group].map(|used| suffices(mime, source, used)));
        assert_eq!(cells.concat(), expected, "{mime:?}");
    }
    let page = context().page;
    for (kind, mime) in [Kind::Image, Kind::Detached, Kind::Font, Kind::Script].into_iter().flat_map(|kind| {
        ["text/javascript", "application/javascript", "Text/JavaScript; charset=utf-8"]
            .map(|mime| (kind, mime))
    }) {
        let mut entry = offer_entry(&picture(), NOW).unwrap();
        (entry.kind, entry.mime) = (kind, mime.to_owned());
        assert!(accept_from_group(&entry, &page, NOW).is_err(), "{kind:?} {mime}");
    }
}

#[test]
fn a_plain_public_record_is_good_for_the_group() {
    for record in [picture(), font(), script(Source::PageIntegrity)] {
        assert_eq!(level(&record, &context()), GROUP);
        assert_eq!(may_serve_local(&record, &context()), Ok(()));
        assert_eq!(may_offer_group(&record, &context()), Ok(()));
    }
}

#[test]
fn what_fails_a_local_row_is_neither_served_nor_offered_and_a_group_row_only_not_offered() {
    let stale = Record { fresh_until: NOW, ..picture() };
    assert_eq!(may_serve_local(&stale, &context()), Err(Refusal::Stale));
    assert_eq!(may_offer_group(&stale, &context()), Err(Refusal::Stale));
    let small = Record { length: 1, ..picture() };
    assert_eq!(may_serve_local(&small, &context()), Ok(()));
    assert_eq!(may_offer_group(&small, &context()), Err(Refusal::Small));
}

#[test]
fn each_fact_about_the_record_lowers_the_level_by_its_row() {
    let change = |f: fn(&mut Record)| {
        let mut record = picture();
        f(&mut record);
        level(&record, &context())
    };
    assert_eq!(change(|r| r.source = Source::PageIntegrity), pass(Refusal::NoSource));
    assert_eq!(change(|r| r.fetched = NOW + 300), GROUP);
    assert_eq!(change(|r| r.fetched = NOW + 301), pass(Refusal::Stale));
    assert_eq!(change(|r| r.content_type = "image/gif".into()), pass(Refusal::ContentType));
    assert_eq!(change(|r| r.kind = Kind::Font), pass(Refusal::ContentType));
    assert_eq!(change(|r| r.length = 0), pass(Refusal::Size));
    assert_eq!(change(|r| r.length = limits::RULE_BODY), GROUP);
    assert_eq!(change(|r| r.length = limits::RULE_BODY + 1), pass(Refusal::Size));
    assert_eq!(change(|r| r.corp = Corp::SameOrigin), GROUP);
    assert_eq!(change(|r| r.accept = Some(7)), GROUP);
    assert_eq!(change(|r| r.accept = Some(3)), pass(Refusal::Vary));
    assert_eq!(change(|r| r.capture = Capture::PageWithCookies), pass(Refusal::Credentials));
    assert_eq!(change(|r| r.capture = Capture::Peer), GROUP);
    assert_eq!(change(|r| r.fresh_until = NOW + 1), GROUP);
    assert_eq!(change(|r| r.fresh_until = NOW), pass(Refusal::Stale));
    assert_eq!(change(|r| r.shared_until = NOW), local(Refusal::NotShared));
    assert_eq!(change(|r| r.url = url("https://www.shop-demo.com/a.png?sig=1")), local(Refusal::SignedUrl));
    assert_eq!(change(|r| r.public_address = false), local(Refusal::PrivateHost));
    assert_eq!(change(|r| r.length = 4095), local(Refusal::Small));
    assert_eq!(change(|r| r.length = 4096), GROUP);
}

#[test]
fn each_fact_about_the_page_lowers_the_level_by_its_row() {
    let change = |f: fn(&mut UseContext)| {
        let mut context = context();
        f(&mut context);
        level(&picture(), &context)
    };
    let facts =
        |header_csp, meta_csp, service_worker| Some(PageFacts { header_csp, meta_csp, service_worker });
    assert_eq!(change(|c| c.types.image = false), pass(Refusal::TypeOff));
    assert_eq!(change(|c| c.reload = true), pass(Refusal::Reload));
    assert_eq!(change(|c| c.sensitive = true), local(Refusal::SensitivePage));
    assert_eq!(change(|c| c.facts = None), pass(Refusal::Policy));
    assert_eq!(change(|c| c.embedder_policy = true), GROUP);
    assert_eq!(change(|c| c.accept = None), GROUP);
    assert_eq!(change(|c| c.mode = None), GROUP);
    for (seen, why) in [
        (facts(true, false, false), Refusal::Policy),
        (facts(false, true, false), Refusal::Policy),
        (facts(false, false, true), Refusal::ServiceWorker),
    ] {
        assert_eq!(level(&picture(), &UseContext { facts: seen, ..context() }), pass(why));
    }
}

#[test]
fn a_switched_off_type_is_not_touched_whatever_its_source() {
    let off = |types| UseContext { types, ..context() };
    let all = Types::default();
    assert_eq!(level(&font(), &off(Types { font: false, ..all })), pass(Refusal::TypeOff));
    let scripts_off = off(Types { script: false, ..all });
    assert_eq!(level(&script(Source::PageIntegrity), &scripts_off), pass(Refusal::TypeOff));
    assert_eq!(level(&picture(), &scripts_off), GROUP);
}

#[test]
fn the_page_s_own_word_outlives_a_reload_and_cookies_but_not_staleness() {
    let reload = UseContext { reload: true, ..context() };
    assert_eq!(level(&script(Source::PageIntegrity), &reload), GROUP);
    assert_eq!(level(&script(Source::OwnFetch), &reload), pass(Refusal::Reload));
    let cookies = Record { capture: Capture::PageWithCookies, ..script(Source::PageIntegrity) };
    assert_eq!(level(&cookies, &context()), local(Refusal::Credentials));
    assert_eq!(level(&elsewhere(cookies), &context()), pass(Refusal::Taint));
    let stale = Record { fresh_until: NOW, ..script(Source::PageIntegrity) };
    assert_eq!(level(&stale, &context()), pass(Refusal::Stale));
}

#[test]
fn scripts_and_documents_are_never_believed_on_a_member_s_word() {
    assert_eq!(level(&script(Source::Group), &context()), pass(Refusal::ScriptSource));
    assert_eq!(level(&script(Source::OwnFetch), &context()), local(Refusal::ScriptSource));
    let svg = |source| Record { mime: Mime::Svg, content_type: "image/svg+xml".into(), source, ..picture() };
    assert_eq!(level(&svg(Source::Group), &context()), pass(Refusal::NoSource));
    assert_eq!(level(&svg(Source::OwnFetch), &context()), local(Refusal::NoSource));
    let from_group = Record { source: Source::Group, capture: Capture::Peer, ..picture() };
    assert_eq!(level(&from_group, &context()), GROUP);
}

#[test]
fn each_route_has_its_own_conditions() {
    let on = |route, facts| UseContext { route, facts, ..context() };
    let policy = Some(PageFacts { header_csp: true, meta_csp: true, service_worker: false });
    let large = Record { length: 8 * 1024 * 1024, ..picture() };
    for facts in [None, policy] {
        assert_eq!(level(&picture(), &on(Route::Swap, facts)), GROUP);
        assert_eq!(level(&large, &on(Route::Swap, facts)), GROUP);
        assert_eq!(level(&font(), &on(Route::Swap, facts)), pass(Refusal::Policy));
        assert_eq!(level(&font(), &on(Route::Transfer, facts)), GROUP);
        assert_eq!(level(&picture(), &on(Route::Rule, facts)), pass(Refusal::Policy));
    }
    let detached = Record { kind: Kind::Detached, ..picture() };
    assert_eq!(level(&detached, &on(Route::Swap, None)), pass(Refusal::Policy));
    assert_eq!(level(&detached, &context()), GROUP);
    let over = Record { length: 8 * 1024 * 1024 + 1, ..picture() };
    assert_eq!(level(&over, &on(Route::Swap, None)), pass(Refusal::Size));
    let worker = Some(PageFacts { service_worker: true, ..PageFacts::default() });
    assert_eq!(level(&picture(), &on(Route::Swap, worker)), pass(Refusal::ServiceWorker));
}

#[test]
fn another_origin_s_bytes_need_leave_or_must_be_anyone_s() {
    let mode = |mode| UseContext { mode, ..context() };
    let any = |record| Record { acao_any: true, ..record };
    let everyones = elsewhere(picture());
    assert_eq!(level(&everyones, &mode(Some(Mode::NoCors))), GROUP);
    for cors in [None, Some(Mode::Cors), Some(Mode::CorsWithCredentials)] {
        assert_eq!(level(&everyones, &mode(cors)), pass(Refusal::Taint), "{cors:?}");
    }
    for allowed in [None, Some(Mode::Cors), Some(Mode::NoCors)] {
        assert_eq!(level(&any(everyones.clone()), &mode(allowed)), GROUP, "{allowed:?}");
    }
    assert_eq!(level(&any(everyones.clone()), &mode(Some(Mode::CorsWithCredentials))), pass(Refusal::Taint));
    assert_eq!(level(&elsewhere(font()), &context()), pass(Refusal::Taint));
    assert_eq!(level(&any(elsewhere(font())), &context()), GROUP);
    for (spoil, then) in [
        ((|r| r.public_address = false) as fn(&mut Record), local(Refusal::PrivateHost)),
        (|r| r.shared_until = NOW, local(Refusal::NotShared)),
        (|r| r.url = url("https://cdn.other-demo.net/a?token=1"), local(Refusal::SignedUrl)),
        (|r| r.url = url("https://cdn.other-demo.net/9f86d081884c7d659a2feaa0"), GROUP),
    ] {
        let mut record = everyones.clone();
        spoil(&mut record);
        assert_eq!(level(&record, &context()), pass(Refusal::Taint));
        assert_eq!(level(&any(record), &context()), then);
    }
    let cookies = any(Record { capture: Capture::PageWithCookies, ..everyones });
    assert_eq!(level(&cookies, &context()), pass(Refusal::Taint));
}

#[test]
fn resource_and_embedder_policies_keep_their_force() {
    let embedding = UseContext { embedder_policy: true, ..context() };
    let corp = |corp| Record { corp, ..elsewhere(picture()) };
    assert_eq!(level(&corp(Corp::CrossOrigin), &embedding), GROUP);
    assert_eq!(level(&corp(Corp::Absent), &embedding), pass(Refusal::Policy));
    assert_eq!(level(&corp(Corp::SameSite), &context()), pass(Refusal::Policy));
    assert_eq!(level(&corp(Corp::SameOrigin), &context()), pass(Refusal::Policy));
    let any = Record { acao_any: true, ..corp(Corp::Absent) };
    assert_eq!(level(&any, &embedding), pass(Refusal::Policy));
    assert_eq!(level(&any, &UseContext { mode: Some(Mode::Cors), ..embedding }), GROUP);
}

#[test]
fn the_table_is_sorted_by_level() {
    assert!(ROWS.is_sorted_by_key(|(level, _)| *level));
}

fn any_of<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(values.to_vec())
}

fn record() -> impl Strategy<Value = Record> {
    let urls = [
        "https://www.shop-demo.com/a",
        "https://cdn.other-demo.net/a",
        "https://www.shop-demo.com/a?sig=1",
        "https://cdn.other-demo.net/9f86d081884c7d659a2feaa0",
    ];
    let types = ["image/png", "image/svg+xml", "font/woff2", "text/javascript"];
    let times = [0, NOW - 5, NOW, NOW + 1, NOW + 299, NOW + 301, NOW + 100_000];
    let kinds = [Kind::Image, Kind::Detached, Kind::Font, Kind::Script];
    (
        (any_of(&urls), any_of(&types), any_of(&Mime::ALL), any::<bool>(), any_of(&kinds)),
        any_of(&[Source::PageIntegrity, Source::OwnFetch, Source::Group]),
        any_of(&[Capture::PageClean, Capture::PageWithCookies, Capture::Peer]),
        any_of(&[Corp::Absent, Corp::CrossOrigin, Corp::SameSite, Corp::SameOrigin]),
        (any_of(&times), any_of(&times), any_of(&times)),
        any_of(&[0, 1, 4095, 4096, 1_500_001, 9_000_000]),
        (any::<bool>(), any::<bool>(), any_of(&[None, Some(3), Some(7)])),
    )
        .prop_map(|((at, text, mime, honest, kind), source, capture, corp, times, length, rest)| {
            Record {
                url: url(at),
                kind,
                length,
                content_type: text.to_owned(),
                mime: Mime::parse(text).filter(|_| honest).unwrap_or(mime),
                source,
                capture,
                corp,
                fetched: times.0,
                fresh_until: times.1,
                shared_until: times.2,
                acao_any: rest.0,
                public_address: rest.1,
                accept: rest.2,
                ..picture()
            }
        })
}

fn any_context() -> impl Strategy<Value = UseContext> {
    let flags = proptest::array::uniform9(any::<bool>());
    let modes = [None, Some(Mode::NoCors), Some(Mode::Cors), Some(Mode::CorsWithCredentials)];
    let routes = [Route::Rule, Route::Swap, Route::Transfer];
    (flags, any_of(&modes), any_of(&routes), any_of(&[None, Some(3), Some(7)])).prop_map(
        |(
            [seen, header_csp, meta_csp, service_worker, embedder_policy, sensitive, reload, a, b],
            mode,
            route,
            accept,
        )| {
            let facts = seen.then_some(PageFacts { header_csp, meta_csp, service_worker });
            let types = Types { image: !a, font: a || b, script: b };
            UseContext { facts, embedder_policy, sensitive, reload, types, route, mode, accept, ..context() }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_first_failing_row_is_the_lowest_of_all(record in record(), context in any_context()) {
        let failing = ROWS.iter().filter(|(_, row)| row(&record, &context).is_some()).map(|(level, _)| *level);
        prop_assert_eq!(level(&record, &context).0, failing.min().unwrap_or(Level::Group));
    }

    #[test]
    fn a_reason_is_given_exactly_when_something_is_withheld(record in record(), context in any_context()) {
        let (found, why) = level(&record, &context);
        prop_assert_eq!(found == Level::Group, why.is_none());
        prop_assert_eq!(may_serve_local(&record, &context).is_ok(), found >= Level::Local);
        prop_assert_eq!(may_offer_group(&record, &context).is_ok(), found == Level::Group);
    }

    /// What is served or exchanged has a source that suffices.
    #[test]
    fn no_level_without_a_sufficient_source(record in record(), context in any_context()) {
        let found = level(&record, &context).0;
        prop_assert!(found < Level::Local || suffices(record.mime, record.source, Use::Local));
        prop_assert!(found < Level::Group || suffices(record.mime, record.source, Use::Group));
    }

    /// Each fact that speaks against use, added to any case, never raises the level.
    #[test]
    fn nothing_that_forbids_ever_raises_the_level(record in record(), context in any_context(), which in 0..14_usize) {
        let before = level(&record, &context).0;
        let (mut record, mut context) = (record, context);
        let facts = context.facts.unwrap_or_default();
        match which {
            0 => record.fresh_until = 0,
            1 => record.shared_until = 0,
            2 => record.fetched = u64::MAX,
            3 => record.capture = Capture::PageWithCookies,
            4 => record.acao_any = false,
            5 => record.corp = Corp::SameOrigin,
            6 => record.public_address = false,
            7 => record.length = 0,
            8 => context.facts = Some(PageFacts { service_worker: true, ..facts }),
            9 => context.facts = None,
            10 => context.embedder_policy = true,
            11 => context.sensitive = true,
            12 => context.reload = true,
            _ => context.mode = None,
        }
        let after = level(&record, &context).0;
        // Not having seen the page hides a service worker; E12 stands in for it on the one route that needs it.
        prop_assert!(after <= before || (which == 9 && facts.service_worker && context.route != Route::Rule));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn the_table_is_that_of_the_model(record in record(), context in any_context()) {
        prop_assert_eq!(level(&record, &context).0, model::level(&record, &context));
    }
}
