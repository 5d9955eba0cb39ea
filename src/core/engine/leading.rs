//! Members who load the same page as this browser, and began later: they are told which bodies are on their way here, and
//! what they are as soon as that is known, so that they need not draw them through the same line once more.
//!
//! What is on its way is named by blinded addresses: who asks recognises those that its own document has, and learns
//! nothing of others before they are judged to be such as may be shared.

use std::collections::BTreeSet;

use slipstream_wire::{
    id::Tag,
    peer::{Entry, Message, No, PageFacts},
};

use super::{
    Engine,
    answers::ENTRIES_PER_MESSAGE,
    load::{Load, Stand},
};
use crate::{
    address::Url,
    capability, eligibility,
    fact::Tab,
    group, limits,
    port::{ConnId, ToWorker},
};

/// A member who waits for what a load of ours brings.
pub(super) struct Follower {
    pub(super) conn: ConnId,
    ask: u32,
    /// What it was told to wait for.
    told: BTreeSet<Url>,
    /// What it has an entry for.
    given: BTreeSet<Url>,
}

impl Load {
    /// Somebody waits for what this load brings, and it is known what that may be.
    pub(super) fn is_followed(&self) -> bool {
        self.parsed && !self.followers.is_empty()
    }

    /// What was loaded may be judged: the load is over, or somebody cannot wait for that.
    pub(super) fn may_harvest(&self) -> bool {
        self.loaded || self.is_followed()
    }

    /// Whether the page shows signs of being somebody's own.
    pub(super) const fn is_sensitive(&self) -> bool {
        self.facts.sensitive || self.known.sensitive
    }

    /// Whether the body of one of the document's images is on its way to this browser, from wherever.
    fn is_coming(&self, url: &Url) -> bool {
        let asked = self.wants.get(url).is_some_and(|want| {
            matches!(want.stand, Stand::Reading | Stand::Queued { .. } | Stand::Asked { .. })
        });
        asked || self.harvest.is_open(url) || !self.outcomes.contains_key(url)
    }
}

impl Engine {
    /// A member asks about a page that is being loaded here just now; whether it is, and was begun before. `age`: since
    /// when the member has been loading it, in ms.
    pub(super) fn lead(&mut self, conn: ConnId, ask: u32, page: Tag, age: u32) -> bool {
        let Some(group) = &self.meeting.group else { return false };
        let today = self.now.day();
        let days = [today, today.saturating_sub(1), today + 1];
        let theirs = self.meeting.peers.get(&conn).and_then(|peer| peer.node);
        let ahead = |load: &Load| {
            let since = self.now.ms.saturating_sub(load.began);
            (since, Some(self.meeting.node)) > (age.into(), theirs)
        };
        let meant = |load: &Load| {
            load.refused.is_none()
                && ahead(load)
                && !load.opted_out
                && !load.is_sensitive()
                && !load.harvest.settled
                && days.iter().any(|day| group.page_tag(*day, load.url.as_str()) == page)
        };
        let Some(tab) = self.loads.iter().find(|(_, load)| meant(load)).map(|(tab, _)| *tab) else {
            return false;
        };
        let Some(load) = self.loads.get_mut(&tab) else { return false };
        load.followers.retain(|follower| follower.conn != conn);
        load.followers.push(Follower { conn, ask, told: BTreeSet::new(), given: BTreeSet::new() });
        if !load.loaded {
            load.harvest.hurry(self.now.ms);
            self.tell_worker(ToWorker::Report { tab });
        }
        self.tell(conn, &Message::Soon { ask, coming: Vec::new(), off: Vec::new() });
        self.tell_followers(tab);
        true
    }

    /// Followers hear what is new: bodies that are here, bodies that are coming, and bodies that are not.
    pub(super) fn tell_followers(&mut self, tab: Tab) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        if load.followers.is_empty() || !load.parsed {
            return;
        }
        if load.is_sensitive() || load.refused.is_some() {
            let followers = std::mem::take(&mut load.followers);
            return self.dismiss(&followers);
        }
        let mut followers = std::mem::take(&mut load.followers);
        for follower in &mut followers {
            self.tell_follower(tab, follower);
        }
        if let Some(load) = self.loads.get_mut(&tab)
            && !load.harvest.settled
        {
            load.followers = followers;
        }
    }

    fn tell_follower(&mut self, tab: Tab, follower: &mut Follower) {
        let (conn, ask) = (follower.conn, follower.ask);
        let Some(load) = self.loads.get(&tab) else { return };
        let Some((salt_o, salt_a)) = self.meeting.peers.get(&conn).and_then(super::peer::Peer::salts) else {
            return;
        };
        let last = load.harvest.settled;
        let facts: PageFacts = load.facts.into();
        let mut entries = Vec::new();
        for url in load.order.iter().chain(&load.harvest.order) {
            if follower.given.len() < limits::PAGE_RESOURCES
                && !follower.given.contains(url)
                && let Some(entry) = self.entry_for(load, url)
            {
                follower.given.insert(url.clone());
                entries.push(entry);
            }
        }
        let names = |urls: &[&Url]| -> Vec<Tag> {
            urls.iter().map(|url| group::url_tag(&salt_o, &salt_a, url.as_str())).collect()
        };
        let open = |url: &Url| !capability::is_signed(url) && !capability::is_high_entropy(url);
        let pending = load.images.iter().filter(|url| !follower.given.contains(*url) && open(url));
        let (here, gone): (Vec<_>, Vec<_>) = pending.partition(|url| load.is_coming(url));
        let here: Vec<_> = here.into_iter().filter(|url| !follower.told.contains(*url)).collect();
        let gone: Vec<_> = gone.into_iter().filter(|url| follower.told.contains(*url)).collect();
        let (coming, off) = (names(&here), names(&gone));
        follower.told.extend(here.into_iter().cloned());
        for url in gone.into_iter().cloned().collect::<Vec<_>>() {
            follower.told.remove(&url);
        }
        if !last && (!coming.is_empty() || !off.is_empty()) {
            self.tell(conn, &Message::Soon { ask, coming, off });
        }
        self.send_entries(conn, ask, facts, &entries, last);
    }

    /// Sends entries in parts. `last`: nothing follows, so that even no entry at all is said.
    pub(super) fn send_entries(
        &mut self,
        conn: ConnId,
        ask: u32,
        facts: PageFacts,
        entries: &[Entry],
        last: bool,
    ) {
        let mut parts = entries.chunks(ENTRIES_PER_MESSAGE).peekable();
        if last && parts.peek().is_none() {
            return self.tell(conn, &Message::Page { ask, facts, entries: Vec::new(), last });
        }
        while let Some(part) = parts.next() {
            let last = last && parts.peek().is_none();
            self.tell(conn, &Message::Page { ask, facts, entries: part.to_vec(), last });
        }
    }

    fn entry_for(&self, load: &Load, url: &Url) -> Option<Entry> {
        let record = self.shelf.record(&load.partition, url)?;
        self.shelf.has(record.id).then(|| eligibility::offer_entry(record, self.now.unix).ok())?
    }

    /// The load is over before its time: who waited for it goes on without.
    pub(super) fn dismiss(&mut self, followers: &[Follower]) {
        for follower in followers {
            self.tell(follower.conn, &Message::No { ask: follower.ask, reason: No::Unknown });
        }
    }
}
