//! The table of SECURITY.md §3.2 read aloud, row after row, by somebody who has not seen how it is built: two lists of
//! what must hold, one for use and one for exchange, over plain words and numbers.

use super::{Level, Mode, Route, UseContext};
use crate::record::{Capture, Record, Source};

/// How far the record may be used.
pub(super) fn level(record: &Record, context: &UseContext) -> Level {
    let case = Case::of(record, context);
    let used = case.may_be_used();
    let exchanged = case.may_be_exchanged();
    if used.contains(&false) {
        Level::Pass
    } else if exchanged.contains(&false) {
        Level::Local
    } else {
        Level::Group
    }
}

struct Case<'a> {
    record: &'a Record,
    context: &'a UseContext,
    essence: String,
    what: &'static str,
    same_origin: bool,
}

impl<'a> Case<'a> {
    fn of(record: &'a Record, context: &'a UseContext) -> Self {
        let essence = record.content_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        // What the record believes it is decides the row of §2.2; what the origin called it must be the same (E10).
        let what = match format!("{:?}", record.mime).as_str() {
            "JavaScript" => "script",
            "Woff2" | "Woff" | "Ttf" | "Otf" => "font",
            "Svg" => "svg",
            _ => "raster",
        };
        let host = |url: &str| url.split('/').nth(2).unwrap_or_default().to_owned();
        let same_origin = host(record.url.as_str()) == host(context.page.as_str());
        Self { record, context, essence, what, same_origin }
    }

    fn may_be_used(&self) -> Vec<bool> {
        let (record, context) = (self.record, self.context);
        let facts = context.facts.unwrap_or_default();
        vec![
            // E01, §7.2: the type is switched on.
            match self.what {
                "font" => context.types.font,
                "script" => context.types.script,
                _ => context.types.image,
            },
            // E05: no service worker.
            !facts.service_worker,
            // E06: no reload, but for what the page itself names.
            !context.reload || record.source == Source::PageIntegrity,
            // E07, §2.2: L.
            match (self.what, record.source) {
                ("script", source) => source != Source::Group,
                ("svg", source) => source == Source::OwnFetch,
                (_, source) => source != Source::PageIntegrity,
            },
            // R6: five minutes into the future at most.
            record.fetched <= context.now + 300,
            // E10: it is what it was called, and what was asked for.
            self.essence_is_of_mime(),
            match format!("{:?}", record.kind).as_str() {
                "Font" => self.what == "font",
                "Script" => self.what == "script",
                _ => self.what == "raster" || self.what == "svg",
            },
            // E11, R4, §3.3.
            record.length >= 1,
            record.length
                <= match self.what {
                    "script" => 2 << 20,
                    "font" => 4 << 20,
                    _ => 8 << 20,
                },
            context.route != Route::Rule || record.length <= 1_500_000,
            // E12: a rule where the page was seen to have no policy; a swap for what the parser inserts.
            match context.route {
                Route::Rule => context.facts.is_some() && !facts.header_csp && !facts.meta_csp,
                Route::Swap => format!("{:?}", record.kind) == "Image",
                Route::Transfer => true,
            },
            self.may_be_embedded(),
            self.taint(),
            // E14.
            record.accept.is_none_or(|bits| context.accept == Some(bits)),
            // E15.
            record.source == Source::PageIntegrity || record.capture != Capture::PageWithCookies,
            // E16.
            context.now < record.fresh_until,
        ]
    }

    fn may_be_exchanged(&self) -> Vec<bool> {
        let (record, context) = (self.record, self.context);
        vec![
            // E19 to E24, and the address half of E31.
            !context.sensitive,
            context.now < record.shared_until,
            !record.url.as_str().contains("sig="),
            record.public_address,
            record.capture != Capture::PageWithCookies,
            match self.what {
                "script" => record.source == Source::PageIntegrity,
                "svg" => false,
                _ => true,
            },
            record.length >= 4096,
        ]
    }

    fn essence_is_of_mime(&self) -> bool {
        let ending = self.essence.split('/').nth(1).unwrap_or_default();
        let name = format!("{:?}", self.record.mime).to_lowercase();
        ending == name || (ending, name.as_str()) == ("svg+xml", "svg")
    }

    /// Fonts always load with CORS; where it is not known how something loads, it counts as CORS.
    fn with_cors(&self) -> bool {
        format!("{:?}", self.record.kind) == "Font" || self.context.mode != Some(Mode::NoCors)
    }

    /// CORP and COEP, as the origin's own answer would have met them.
    fn may_be_embedded(&self) -> bool {
        self.same_origin
            || match format!("{:?}", self.record.corp).as_str() {
                "CrossOrigin" => true,
                "Absent" => !self.context.embedder_policy || (self.with_cors() && self.record.acao_any),
                _ => false,
            }
    }

    /// T0, T2, T3 of §3.4.
    fn taint(&self) -> bool {
        let record = self.record;
        let clean = record.capture != Capture::PageWithCookies;
        let t2 = clean && record.acao_any && self.context.mode != Some(Mode::CorsWithCredentials);
        let secret =
            ["sig=", "9f86d081884c7d659a2feaa0"].iter().any(|part| record.url.as_str().contains(part));
        let t3 = clean
            && !self.with_cors()
            && record.public_address
            && self.context.now < record.shared_until
            && !secret;
        self.same_origin || t2 || t3
    }
}
