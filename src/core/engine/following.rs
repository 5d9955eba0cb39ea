//! Members who load the same page as this browser, and are ahead. What they will have soon is waited for instead of drawn
//! through the same line once more: images of the document alone, and only so long as the one ahead makes headway.

use std::collections::BTreeSet;

use slipstream_wire::{
    id::{Salt, Tag},
    peer::{Entry, PageFacts},
};

use super::{Engine, load::Load};
use crate::{
    address::Url,
    fact::Tab,
    group, limits,
    port::{ConnId, Held, Output, PageId, ToPage},
    refusal::Refusal,
};

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
}

impl Engine {
    /// Whether the page is to tell of its images before it is loaded: nobody here has seen it, and members might be
    /// loading it at the same time.
    pub(super) fn wants_early_word(&self, load: &Load) -> bool {
        !load.parsed && self.shelf.profile(&load.url).is_none() && self.meeting.ready().next().is_some()
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
        let (silence, cap) = (self.page_patience(load), limits::PAGE_HOLD_MS);
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
