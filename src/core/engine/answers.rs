//! "What does this page load?": asked of the group at a first visit, answered from the profiles of this browser's
//! own visits.

use slipstream_wire::{
    id::Tag,
    peer::{Entry, Kind, MAX_ENTRIES, Message, No, PageFacts},
};

use super::Engine;
use crate::{
    address::{Origin, Url},
    body::ContentId,
    eligibility::{self, Mode, Route, UseContext},
    fact::Tab,
    limits,
    port::ConnId,
    profile::{Profile, ProfileFacts},
    record::Record,
};

/// Entries of one message: at the longest URLs they still fit one frame.
pub(super) const ENTRIES_PER_MESSAGE: usize = 16;

/// A question that is out.
pub(super) struct Question {
    pub(super) conn: ConnId,
    ask: u32,
    pub(super) deadline: u64,
    /// Entries of the parts that came before the last one.
    entries: Vec<Entry>,
}

impl Question {
    pub(super) fn is(&self, conn: ConnId, ask: u32) -> bool {
        self.conn == conn && self.ask == ask
    }
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
        let age = u32::try_from(self.now.ms.saturating_sub(load.began)).unwrap_or(u32::MAX);
        self.tell(conn, &Message::AskPage { ask, page, age });
    }

    /// A peer has become ready: loads that still wait for their first answer may ask it, too, but for those whose
    /// document is there: its images are being asked for, and would be asked for twice.
    pub(super) fn peer_came(&mut self, conn: ConnId) {
        let young: Vec<_> = self
            .loads
            .iter()
            .filter(|(_, load)| load.may_ask(self.now.ms) && load.page.is_none())
            .map(|(tab, _)| *tab)
            .collect();
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
        let asked = |q: &Question| q.is(conn, ask);
        let Some((tab, load)) =
            self.loads.iter_mut().find(|(_, load)| load.questions.iter().any(asked)).map(|(t, l)| (*t, l))
        else {
            self.leader_gave(conn, ask, facts, entries, last);
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
                let entries = load.still_of_use(question.entries);
                self.plan_from_group(tab, conn, facts.into(), entries);
            }
        }
    }

    /// The answer to a question or transfer is no.
    pub(super) fn refused(&mut self, conn: ConnId, ask: u32, reason: No) {
        for load in self.loads.values_mut() {
            load.questions.retain(|q| !q.is(conn, ask));
        }
        self.leader_left(conn, Some(ask));
        self.download_refused(conn, ask, reason);
    }

    /// A peer is gone: it will answer nothing.
    pub(super) fn answers_end(&mut self, conn: ConnId) {
        for load in self.loads.values_mut() {
            load.questions.retain(|q| q.conn != conn);
        }
        self.leader_left(conn, None);
    }

    /// Answers a member's question about a page.
    pub(super) fn answer_page(&mut self, conn: ConnId, ask: u32, page: Tag, age: u32) {
        if !self.may_send() {
            return self.tell(conn, &Message::No { ask, reason: No::Paused });
        }
        // An answer can be much longer than its question: who does not take what it asked for gets no more.
        let now = self.now.ms;
        let Some(peer) = self.meeting.peers.get_mut(&conn) else { return };
        if peer.queued >= limits::CHANNEL_HIGH || !peer.takes_question(now) {
            return self.tell(conn, &Message::No { ask, reason: No::Busy });
        }
        let known = self.profile_by_tag(page).map(|p| (p.facts, self.offers(p)));
        match known.filter(|(_, entries)| !entries.is_empty()) {
            Some((facts, entries)) => self.send_entries(conn, ask, facts.into(), &entries, true),
            None if self.lead(conn, ask, page, age) => {}
            None => {
                let peers = self.askers_of(page, conn);
                if !peers.is_empty() {
                    self.tell(conn, &Message::Others { ask, peers });
                }
                self.tell(conn, &Message::No { ask, reason: No::Unknown });
            }
        }
        self.asked(conn, page);
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
        self.shelf.has(id)
            && self.shelf.records_of(id).any(|(partition, record)| {
                self.settings.site_on(partition)
                    && (self.profile_offers(partition, record) || self.load_offers(partition, record))
            })
    }

    /// A page that was visited loads it.
    fn profile_offers(&self, partition: &Origin, record: &Record) -> bool {
        self.shelf.profiles().any(|profile| {
            profile.page.origin() == *partition
                && profile.resources.contains(&record.url)
                && self.page_offers(&profile.page, profile.facts, record)
        })
    }

    /// A page that is being loaded just now loads it.
    fn load_offers(&self, partition: &Origin, record: &Record) -> bool {
        self.loads.values().any(|load| {
            load.partition == *partition
                && load.parsed
                && load.refused.is_none()
                && (load.wants.contains_key(&record.url) || load.harvest.order.contains(&record.url))
                && self.page_offers(
                    &load.url,
                    ProfileFacts { sensitive: load.is_sensitive(), ..load.facts },
                    record,
                )
        })
    }

    fn page_offers(&self, page: &Url, facts: ProfileFacts, record: &Record) -> bool {
        let context = UseContext {
            now: self.now.unix,
            page: page.clone(),
            facts: Some(facts.into()),
            embedder_policy: false,
            sensitive: facts.sensitive,
            reload: false,
            types: self.settings.types,
            route: Route::Transfer,
            // Members hold an image only where it loads without CORS; all else counts as loaded with it.
            mode: (record.kind == Kind::Image).then_some(Mode::NoCors),
            accept: record.accept,
        };
        eligibility::may_offer_group(record, &context).is_ok()
    }
}
