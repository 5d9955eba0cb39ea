//! Whose requests are followed. Each event of a request costs the page that makes it (`bench page`), so a site that
//! taught nothing on several visits in a row is left in peace, and looked at again only now and then.

use super::Engine;
use crate::{address::Origin, fact::Tab, limits, port::ToWorker, refusal::Refusal};

/// A site whose latest visits taught nothing.
pub(super) struct Barren {
    site: Origin,
    /// Followed visits in a row that taught nothing.
    visits: u32,
    /// Visits since then that were not followed.
    skipped: u32,
}

impl Engine {
    /// A load has begun: whether there is anything to learn from its requests, or to count.
    pub(super) fn follow_or_not(&mut self, tab: Tab) {
        let Some(load) = self.loads.get(&tab) else { return };
        let barren = self.barren.iter_mut().find(|barren| barren.site == load.partition);
        let rests = |barren: &&mut Barren| barren.visits >= limits::BARREN_VISITS;
        let skip = load.refused.is_some()
            || (!load.seen_before
                && barren.filter(rests).is_some_and(|barren| {
                    barren.skipped += 1;
                    !barren.skipped.is_multiple_of(limits::BARREN_LOOK)
                }));
        if skip && load.refused.is_none() {
            self.leave_in_peace(tab);
        } else {
            self.follow(tab, !skip);
        }
    }

    fn leave_in_peace(&mut self, tab: Tab) {
        if let Some(load) = self.loads.get_mut(&tab) {
            load.counts.refused(Refusal::NothingToKeep);
            self.counts.refused(Refusal::NothingToKeep);
        }
        self.follow(tab, false);
    }

    pub(super) fn follow(&mut self, tab: Tab, on: bool) {
        if let Some(load) = self.loads.get_mut(&tab) {
            load.followed = on;
        }
        self.tell_worker(ToWorker::Follow { tab, on });
    }

    /// A service worker that has just started follows nobody.
    pub(super) fn follow_again(&mut self) {
        let followed: Vec<_> =
            self.loads.iter().filter(|(_, load)| load.followed).map(|(tab, _)| *tab).collect();
        for tab in followed {
            self.tell_worker(ToWorker::Follow { tab, on: true });
        }
    }

    /// A followed load is over as far as learning goes.
    pub(super) fn learnt(&mut self, tab: Tab, anything: bool) {
        let Some(load) = self.loads.get(&tab).filter(|load| load.followed) else { return };
        let at = self.barren.iter().position(|barren| barren.site == load.partition);
        match (at, anything) {
            (Some(at), true) => drop(self.barren.remove(at)),
            (Some(at), false) => self.barren[at].visits += 1,
            (None, true) => {}
            (None, false) => {
                if self.barren.len() >= limits::BARREN_SITES {
                    self.barren.pop_front();
                }
                self.barren.push_back(Barren { site: load.partition.clone(), visits: 1, skipped: 0 });
            }
        }
    }
}
