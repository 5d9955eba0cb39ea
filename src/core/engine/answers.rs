//! "What does this page load?": asked of the group at a first visit, answered from the profiles of this browser's
//! own visits.

use slipstream_wire::{
    id::Tag,
    peer::{Entry, Kind, MAX_ENTRIES, Message, No, PageFacts},
};

use super::Engine;
use crate::{
    address::Url,
    body::ContentId,
    eligibility::{self, Mode, Route, UseContext},
    fact::Tab,
    limits,
    port::ConnId,
    profile::Profile,
    record::Record,
};

/// Entries of one message: at the longest URLs they still fit one frame.
const ENTRIES_PER_MESSAGE: usize = 16;

/// A question that is out.
pub(super) struct Question {
    pub(super) conn: ConnId,
    ask: u32,
    pub(super) deadline: u64,
    /// Entries of the parts that came before the last one.
    entries: Vec<Entry>,
}

impl Engine {
    /// Asks every peer about a page that a load has begun to show.
    pub(super) fn ask_group(&mut self, tab: Tab) {
        let peers: Vec<_> = self.meeting.ready().collect();
        for conn in peers {
            self.ask_peer(tab, conn);
        }
    }

    fn ask_peer(&mut self, tab: Tab, conn: ConnId) {
        let Some(ask) = self.next_ask(conn) else { return };
        let (Some(load), Some(group)) = (self.loads.get_mut(&tab), &self.meeting.group) else { return };
        let page = group.page_tag(self.now.day(), load.url.as_str());
        let deadline = self.now.ms + limits::ASK_PAGE_MS;
        load.questions.push(Question { conn, ask, deadline, entries: Vec::new() });
        self.tell(conn, &Message::AskPage { ask, page });
    }

    /// A peer has become ready: loads that still wait for their first answer may ask it, too.
    pub(super) fn peer_came(&mut self, conn: ConnId) {
        let young: Vec<_> =
            self.loads.iter().filter(|(_, load)| load.may_ask(self.now.ms)).map(|(tab, _)| *tab).collect();
        for tab in young {
            self.ask_peer(tab, conn);
        }
    }

    /// A part of an answer. After the last one the load is planned from it.
    pub(super) fn page_answered(
        &mut self,
        conn: ConnId,
        ask: u32,
        facts: PageFacts,
        entries: Vec<Entry>,
        last: bool,
    ) {
        let asked = |q: &Question| q.conn == conn && q.ask == ask;
        let Some((tab, load)) =
            self.loads.iter_mut().find(|(_, load)| load.questions.iter().any(asked)).map(|(t, l)| (*t, l))
        else {
            return;
        };
        let Some(at) = load.questions.iter().position(asked) else { return };
        let question = &mut load.questions[at];
        question.entries.extend(entries);
        question.deadline = self.now.ms + limits::ASK_PAGE_MS;
        let too_many = question.entries.len() > MAX_ENTRIES;
        if last || too_many {
            let question = load.questions.swap_remove(at);
            if !too_many {
                self.plan_from_group(tab, conn, facts.into(), question.entries);
            }
        }
    }

    /// The answer to a question or transfer is no.
    pub(super) fn refused(&mut self, conn: ConnId, ask: u32) {
        for load in self.loads.values_mut() {
            load.questions.retain(|q| q.conn != conn || q.ask != ask);
        }
        self.download_refused(conn, ask);
    }

    /// A peer is gone: it will answer nothing.
    pub(super) fn answers_end(&mut self, conn: ConnId) {
        for load in self.loads.values_mut() {
            load.questions.retain(|q| q.conn != conn);
        }
    }

    /// Answers a member's question about a page.
    pub(super) fn answer_page(&mut self, conn: ConnId, ask: u32, page: Tag) {
        // An answer can be much longer than its question: who does not take what it asked for gets no more.
        if self.meeting.peers.get(&conn).is_some_and(|peer| peer.queued >= limits::CHANNEL_HIGH) {
            return self.tell(conn, &Message::No { ask, reason: No::Busy });
        }
        let Some((facts, entries)) = self.profile_by_tag(page).map(|p| (p.facts, self.offers(p))) else {
            return self.tell(conn, &Message::No { ask, reason: No::Unknown });
        };
        if entries.is_empty() {
            return self.tell(conn, &Message::No { ask, reason: No::Unknown });
        }
        let parts = entries.chunks(ENTRIES_PER_MESSAGE);
        let count = parts.len();
        for (n, part) in parts.enumerate() {
            let facts: PageFacts = facts.into();
            self.tell(conn, &Message::Page { ask, facts, entries: part.to_vec(), last: n + 1 == count });
        }
    }

    /// Members may be a day apart by the clock, so yesterday's and tomorrow's names count.
    fn profile_by_tag(&self, page: Tag) -> Option<&Profile> {
        let group = self.meeting.group.as_ref()?;
        let today = self.now.day();
        let days = [today, today.saturating_sub(1), today + 1];
        self.shelf
            .profiles()
            .filter(|profile| !profile.facts.sensitive)
            .find(|profile| days.iter().any(|day| group.page_tag(*day, profile.page.as_str()) == page))
    }

    fn offers(&self, profile: &Profile) -> Vec<Entry> {
        let partition = profile.page.origin();
        if !self.settings.site_on(&partition) {
            return Vec::new();
        }
        let offer = |url: &Url| {
            let record = self.shelf.record(&partition, url)?;
            self.shelf.has(record.id).then(|| eligibility::offer_entry(record, self.now.unix).ok())?
        };
        profile.resources.iter().filter_map(offer).collect()
    }

    /// Whether a body may be handed to members: its bytes are here, and some page that is not sensitive loads it and
    /// could have got it from a member itself. It may have come from one: whoever names its hash learns nothing new.
    pub(super) fn may_offer(&self, id: ContentId) -> bool {
        let offered = |profile: &Profile, record: &Record| {
            let context = UseContext {
                now: self.now.unix,
                page: profile.page.clone(),
                facts: Some(profile.facts.into()),
                embedder_policy: false,
                sensitive: profile.facts.sensitive,
                reload: false,
                types: self.settings.types,
                route: Route::Transfer,
                // Members hold an image only where it loads without CORS; all else counts as loaded with it.
                mode: (record.kind == Kind::Image).then_some(Mode::NoCors),
                accept: record.accept,
            };
            profile.resources.contains(&record.url) && eligibility::may_offer_group(record, &context).is_ok()
        };
        self.shelf.has(id)
            && self.shelf.records_of(id).any(|(partition, record)| {
                self.settings.site_on(partition)
                    && self
                        .shelf
                        .profiles()
                        .any(|profile| profile.page.origin() == *partition && offered(profile, record))
            })
    }
}
