//! Members who load the same page at the same time. Who came first loads from the origin, and tells the others which
//! bodies are on their way; they wait for these instead of drawing them through the same line once more. Images of the
//! document alone can wait, and only so long as the one ahead makes headway.
//!
//! What is on its way is named by blinded addresses: who asks recognises those that its own document has, and learns
//! nothing of others before they are judged to be such as may be shared.

use std::collections::BTreeSet;

use slipstream_wire::{
    id::{PeerId, Salt, Tag},
    peer::{Entry, Message, No, PageFacts},
};

use super::{
    Engine,
    answers::ENTRIES_PER_MESSAGE,
    introductions::Via,
    load::{Load, Stand},
};
use crate::{
    address::Url,
    capability, eligibility,
    fact::Tab,
    group, limits,
    port::{ConnId, Held, Output, PageId, ToPage, ToWorker},
    refusal::Refusal,
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

/// Members who are ahead of a load of ours.
#[derive(Default)]
pub(super) struct Leaders {
    all: Vec<Leader>,
    /// Images that are waited for; nobody has said yet what their bytes are.
    expected: BTreeSet<Url>,
    /// When the first was, in ms.
    since: u64,
    /// When a leader was last heard, in ms.
    heard: u64,
    /// How long the document itself took, in ms: on a busy line nothing else would be quicker.
    line: u64,
}

struct Leader {
    conn: ConnId,
    ask: u32,
    coming: BTreeSet<Tag>,
}

impl Leaders {
    /// How long the page is to wait without news, in ms.
    pub(super) fn patience(&self) -> u64 {
        if self.expected.is_empty() { limits::PAGE_SILENCE_MS } else { self.silence() }
    }

    fn silence(&self) -> u64 {
        limits::EXPECT_SILENCE_MS.max(2 * self.line).min(limits::EXPECT_MOST_MS)
    }

    /// Whether nobody is ahead.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Until when expected images are waited for, in ms.
    fn deadline(&self) -> Option<u64> {
        let total = limits::EXPECT_MS.max(8 * self.line).min(2 * limits::EXPECT_MOST_MS);
        let until = (self.heard + self.silence()).min(self.since + total);
        (!self.expected.is_empty()).then_some(until)
    }

    fn find(&mut self, conn: ConnId, ask: u32) -> Option<&mut Leader> {
        self.all.iter_mut().find(|leader| leader.conn == conn && leader.ask == ask)
    }
}

impl Load {
    /// Somebody waits for what this load brings, and it is known what that may be.
    pub(super) fn is_followed(&self) -> bool {
        self.parsed && !self.followers.is_empty()
    }

    /// Whether this load waits for somebody there, or somebody there for it.
    pub(super) fn is_tied_to(&self, conn: ConnId) -> bool {
        self.leaders.all.iter().any(|leader| leader.conn == conn)
            || self.followers.iter().any(|follower| follower.conn == conn)
    }

    /// Entries that can still serve this load: once the document is parsed, what only a rule could bring has been asked
    /// for.
    pub(super) fn still_of_use(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        if self.parsed {
            entries.retain(|entry| Url::parse(&entry.url).is_ok_and(|url| self.images.contains(&url)));
        }
        entries
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
    /// Whether the page is to tell of its images before it is loaded: nobody here has seen it, and members might be
    /// loading it at the same time.
    pub(super) fn wants_early_word(&self, load: &Load) -> bool {
        !load.parsed && self.shelf.profile(&load.url).is_none() && self.meeting.ready().next().is_some()
    }

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

    /// A member who was asked about a page is loading it, too, and is ahead.
    pub(super) fn soon(&mut self, conn: ConnId, ask: u32, coming: Vec<Tag>, off: &[Tag]) {
        let now = self.now.ms;
        let Some((tab, load)) = self.loads.iter_mut().find(|(_, load)| {
            load.questions.iter().any(|q| q.is(conn, ask))
                || load.leaders.all.iter().any(|l| l.conn == conn && l.ask == ask)
        }) else {
            return;
        };
        let tab = *tab;
        load.leaders.heard = now;
        if let Some(at) = load.questions.iter().position(|q| q.is(conn, ask)) {
            load.questions.swap_remove(at);
            load.leaders.all.push(Leader { conn, ask, coming: BTreeSet::new() });
        }
        if let Some(leader) = load.leaders.find(conn, ask) {
            leader.coming.retain(|tag| !off.contains(tag));
            let room = limits::PAGE_RESOURCES.saturating_sub(leader.coming.len());
            leader.coming.extend(coming.into_iter().take(room));
        }
        self.expect(tab);
        self.forget_expected(tab, Refusal::NoPeer);
    }

    /// A part of a page's entries from somebody who is ahead; whether it was one.
    pub(super) fn leader_gave(
        &mut self,
        conn: ConnId,
        ask: u32,
        facts: PageFacts,
        entries: Vec<Entry>,
        last: bool,
    ) -> bool {
        let now = self.now.ms;
        let Some((tab, load)) = self
            .loads
            .iter_mut()
            .find(|(_, load)| load.leaders.all.iter().any(|l| l.conn == conn && l.ask == ask))
        else {
            return false;
        };
        let tab = *tab;
        load.leaders.heard = now;
        let entries = load.still_of_use(entries);
        let named: Vec<_> = entries.iter().filter_map(|entry| Url::parse(&entry.url).ok()).collect();
        if last {
            load.leaders.all.retain(|l| l.conn != conn || l.ask != ask);
        }
        if !entries.is_empty() {
            self.plan_from_group(tab, conn, facts.into(), entries);
        }
        for url in named {
            let Some(load) = self.loads.get_mut(&tab) else { return true };
            if load.leaders.expected.remove(&url) && !load.wants.contains_key(&url) {
                self.let_go(tab, url, Refusal::NoPeer);
            }
        }
        self.forget_expected(tab, Refusal::NoPeer);
        true
    }

    /// The document is parsed, for the first time: what it took tells of the line.
    pub(super) fn note_parsed(&mut self, tab: Tab) {
        let now = self.now.ms;
        if let Some(load) = self.loads.get_mut(&tab).filter(|load| !load.parsed) {
            load.parsed = true;
            load.leaders.line = now.saturating_sub(load.began);
        }
    }

    /// Images of the parsed document that somebody ahead will have soon are waited for.
    pub(super) fn expect(&mut self, tab: Tab) {
        let Some(load) = self.loads.get(&tab) else { return };
        let Some(page) = load.page.filter(|_| load.parsed && !load.loaded && load.refused.is_none()) else {
            return;
        };
        let leaders: Vec<_> = load
            .leaders
            .all
            .iter()
            .filter_map(|leader| Some((leader, self.meeting.peers.get(&leader.conn)?.salts()?)))
            .collect();
        let open = |url: &&Url| {
            !load.outcomes.contains_key(*url)
                && !load.wants.contains_key(*url)
                && !load.leaders.expected.contains(*url)
        };
        let promised = |url: &&Url| leaders.iter().any(|(leader, salts)| is_promised(leader, salts, url));
        let new: Vec<Url> = load.images.iter().filter(open).filter(promised).cloned().collect();
        if new.is_empty() {
            return;
        }
        let Some(load) = self.loads.get_mut(&tab) else { return };
        if load.leaders.expected.is_empty() {
            load.leaders.since = self.now.ms;
            load.leaders.heard = self.now.ms;
        }
        load.leaders.expected.extend(new.iter().cloned());
        self.announce_expected(tab, page, new);
    }

    fn announce_expected(&mut self, tab: Tab, page: PageId, urls: Vec<Url>) {
        let Some(load) = self.loads.get(&tab) else { return };
        let hold = urls.into_iter().map(|url| Held { open: url.same_origin(&load.url), url }).collect();
        let (silence, cap) = (load.leaders.patience(), limits::PAGE_HOLD_MS);
        // No rule ends these requests: there is nothing to confirm.
        let message = ToPage::Plan { serial: 0, hold, silence, cap, early: false };
        self.out.push_back(Output::Page { page, message });
    }

    /// What nobody promises any more goes to the origin.
    fn forget_expected(&mut self, tab: Tab, why: Refusal) {
        let Some(load) = self.loads.get(&tab) else { return };
        let leaders: Vec<_> = load
            .leaders
            .all
            .iter()
            .filter_map(|leader| Some((leader, self.meeting.peers.get(&leader.conn)?.salts()?)))
            .collect();
        let forgotten = |url: &&Url| !leaders.iter().any(|(leader, salts)| is_promised(leader, salts, url));
        let gone: Vec<Url> = load.leaders.expected.iter().filter(forgotten).cloned().collect();
        for url in gone {
            self.let_go(tab, url, why);
        }
    }

    fn let_go(&mut self, tab: Tab, url: Url, why: Refusal) {
        let Some(load) = self.loads.get_mut(&tab) else { return };
        load.leaders.expected.remove(&url);
        load.counts.refused(why);
        self.counts.refused(why);
        if let Some(page) = load.page {
            self.out.push_back(Output::Page { page, message: ToPage::Miss { url } });
        }
    }

    /// A peer is gone, or has nothing more to say on this: nothing is expected of it.
    pub(super) fn leader_left(&mut self, conn: ConnId, ask: Option<u32>) {
        let tabs: Vec<_> = self.loads.keys().copied().collect();
        for tab in tabs {
            if let Some(load) = self.loads.get_mut(&tab) {
                let before = load.leaders.all.len();
                load.leaders.all.retain(|l| l.conn != conn || ask.is_some_and(|ask| l.ask != ask));
                if ask.is_none() {
                    load.followers.retain(|follower| follower.conn != conn);
                }
                if load.leaders.all.len() != before {
                    self.forget_expected(tab, Refusal::NoPeer);
                }
            }
        }
    }

    /// A peer does not know the page, and names others who asked for it.
    pub(super) fn referred(&mut self, conn: ConnId, ask: u32, peers: &[PeerId]) {
        let own = self.meeting.node;
        let asked = |load: &&mut Load| load.questions.iter().any(|q| q.is(conn, ask));
        let Some(load) = self.loads.values_mut().find(asked) else { return };
        let room = limits::REFERRALS_HELD.saturating_sub(load.referrals.len());
        load.referrals.extend(peers.iter().filter(|node| **node != own).take(room).map(|node| (*node, conn)));
    }

    /// Loads that nobody near knows anything about: those are met who might.
    fn follow_referrals(&mut self) {
        let now = self.now.ms;
        let stuck = |load: &Load| {
            !load.referrals.is_empty()
                && load.questions.is_empty()
                && load.leaders.all.is_empty()
                && load.may_ask(now)
        };
        let tabs: Vec<_> = self.loads.iter().filter(|(_, load)| stuck(load)).map(|(tab, _)| *tab).collect();
        for tab in tabs {
            while let Some((node, through)) = self.next_referral(tab) {
                let via = Via::Peer(through);
                if self.may_introduce() || (self.make_room(via) && self.may_introduce()) {
                    self.offer(node, via);
                }
            }
        }
    }

    /// Who is to be met next for a load, while fewer than enough are on the way.
    fn next_referral(&mut self, tab: Tab) -> Option<(PeerId, ConnId)> {
        let load = self.loads.get_mut(&tab)?;
        let peers = &self.meeting.peers;
        let on_the_way = peers.values().filter(|p| !p.is_ready() && load.met.contains(&p.id)).count();
        if on_the_way >= limits::REFERRALS_MET {
            return None;
        }
        while let Some((node, through)) = load.referrals.pop_front() {
            let known = peers.values().any(|peer| peer.node == Some(node) || peer.id == node);
            if !known && load.met.insert(node) {
                return Some((node, through));
            }
        }
        None
    }

    /// Leaders that make no headway are left behind.
    pub(super) fn keep_following(&mut self) {
        let now = self.now.ms;
        self.follow_referrals();
        let late: Vec<_> = self
            .loads
            .iter()
            .filter(|(_, load)| load.leaders.deadline().is_some_and(|until| until <= now))
            .map(|(tab, _)| *tab)
            .collect();
        for tab in late {
            let Some(load) = self.loads.get_mut(&tab) else { continue };
            let leaders = std::mem::take(&mut load.leaders.all);
            self.forget_expected(tab, Refusal::PeerLate);
            for leader in leaders {
                self.strike(leader.conn);
            }
        }
    }

    pub(super) fn following_wake(&self) -> Option<u64> {
        self.loads.values().filter_map(|load| load.leaders.deadline()).min()
    }
}

fn is_promised(leader: &Leader, (salt_o, salt_a): &(Salt, Salt), url: &Url) -> bool {
    !leader.coming.is_empty() && leader.coming.contains(&group::url_tag(salt_o, salt_a, url.as_str()))
}
