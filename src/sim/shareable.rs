//! Which of a page's resources a peer may serve: asked of the engine's own rules, from the origin's answer to what
//! another member is told, so that a scenario's figures and the engine never mean two things.

use std::{collections::BTreeSet, rc::Rc};

use slipstream_core::{
    address::Url,
    body::Verified,
    capture::{self, CaptureContext, Seen},
    eligibility,
    fact::Tab,
};

use crate::{
    page::response,
    site::{Page, Resource},
    world::EPOCH,
};

/// For each resource of a page, in its order.
pub(crate) fn of(page: &Page) -> Rc<[bool]> {
    page.resources.iter().map(|resource| may_come_from_a_peer(page, resource)).collect()
}

/// Bytes of different resources of these pages that a peer may serve: what one browser alone draws with its cache.
pub(crate) fn alone<'a>(pages: impl Iterator<Item = &'a Page>) -> u64 {
    let mut seen = BTreeSet::new();
    let mut bytes = 0;
    for page in pages {
        for (resource, shareable) in page.resources.iter().zip(of(page).iter()) {
            if *shareable && seen.insert(resource.url.clone()) {
                bytes += resource.length();
            }
        }
    }
    bytes
}

fn may_come_from_a_peer(page: &Page, resource: &Resource) -> bool {
    let Ok(document) = Url::parse(&page.url) else { return false };
    if page.sensitive {
        return false;
    }
    let answer = response(Tab(1), resource);
    let seen = Seen {
        url: answer.url,
        kind: resource.kind,
        request_type: answer.request_type,
        method: answer.method,
        status: answer.status,
        from_cache: answer.from_cache,
        redirected: answer.redirected,
        headers: answer.headers,
        cookie_sent: answer.cookie,
        accept: answer.accept,
        ip: answer.ip,
        answered: EPOCH,
        initiator: Some(document.origin().as_str().to_owned()),
        document: document.clone(),
        top_frame: answer.top_frame,
    };
    let context = CaptureContext { service_worker: page.service_worker, ..CaptureContext::default() };
    let body = Verified::captured(resource.bytes.to_vec());
    capture::judge_capture(&seen, &context, EPOCH)
        .and_then(|captured| captured.into_record(&body))
        .and_then(|record| eligibility::offer_entry(&record, EPOCH))
        .and_then(|entry| eligibility::accept_from_group(&entry, &document, EPOCH))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site;
    use slipstream_wire::peer::Kind;

    #[test]
    fn pictures_and_open_fonts_may_come_from_a_peer_and_scripts_and_personal_ones_may_not() {
        let page = site::article("https://www.lesson-demo.com", "a");
        for (resource, shareable) in page.resources.iter().zip(of(&page).iter()) {
            assert_eq!(*shareable, resource.kind != Kind::Script, "{}", resource.url);
        }
        let mut own = Resource::new("https://www.lesson-demo.com/me.png", Kind::Image, 20_000, 0);
        own.cookie = true;
        assert_eq!(&*of(&Page::new("https://www.lesson-demo.com/").with(own)), [false]);
    }
}
