//! The members of one topic, and who of them has been introduced to whom.
//!
//! An introduction is a link between two members. The server remembers it until one of them leaves, because it is the
//! only sign it has of how many others a member is busy with: a browser keeps eight peers at most and leaves further
//! offers unanswered. So members with few links are named first, and a newcomer gets fewer links than a member has room for.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rand::Rng;
use slipstream_wire::id::PeerId;
use slipstream_wire::server::MAX_PEERS;

use crate::names::NameHasher;
use crate::place::{Distance, Near, Place};
use crate::pool::Pool;

/// Most members of one topic: beyond it a newcomer is turned away. As many as one node is measured with.
pub const MAX_MEMBERS: usize = 20_000;
/// Members that a newcomer is introduced to. Over a whole swarm that makes six links for each on average, which leaves
/// room for two more in browsers that take eight; three random links each make one component of a small diameter.
pub const INTRODUCED: usize = 3;
/// A member with so many links is named only where there is nobody else: the default of the setting `peers.max`.
pub(crate) const BUSY: usize = 8;
/// No member has more links than this.
pub(crate) const MAX_LINKS: usize = 24;
/// Members that are looked at, of all, to choose from.
const LOTS: usize = 16;
/// Members that are looked at for being near, for each reason.
const NEAR_LOTS: usize = 8;

/// How newcomers are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Pairing {
    /// With whoever has room.
    FirstAvailable,
    /// With those who are near and have room, and with one who may be anywhere: it keeps far parts of a swarm together.
    #[default]
    Distance,
}

/// Members, at most [`MAX_MEMBERS`].
///
/// *Invariant:* links are mutual; `everyone` and the pools under `near` hold each member once, at the place that it
/// remembers; an empty pool does not exist.
#[derive(Debug, Default)]
pub(crate) struct Members {
    everyone: Pool,
    near: HashMap<Near, Pool>,
    members: HashMap<PeerId, Member, BuildHasherDefault<NameHasher>>,
}

#[derive(Debug)]
struct Member {
    place: Place,
    /// Under which keys it is found, and at which place of each pool; the first is `everyone`.
    at: usize,
    near: [Option<(Near, usize)>; 3],
    links: Vec<Link>,
    asked: bool,
}

/// An introduction, oldest first.
#[derive(Clone, Copy, Debug)]
struct Link {
    to: PeerId,
    /// Whether this member was the one that asked.
    asked_for: bool,
}

impl Members {
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Adds one that is not yet a member. `false` if there is no room.
    pub(crate) fn add(&mut self, peer: PeerId, place: Place) -> bool {
        if self.members.len() >= MAX_MEMBERS {
            return false;
        }
        let at = self.everyone.add(peer);
        let near = place.keys().map(|key| key.map(|key| (key, self.near.entry(key).or_default().add(peer))));
        self.members.insert(peer, Member { place, at, near, links: Vec::new(), asked: false });
        true
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        let Some(gone) = self.members.remove(&peer) else { return };
        if let Some(moved) = self.everyone.remove(gone.at).and_then(|moved| self.members.get_mut(&moved)) {
            moved.at = gone.at;
        }
        for (slot, found) in gone.near.into_iter().enumerate() {
            let Some((key, at)) = found else { continue };
            let Some(pool) = self.near.get_mut(&key) else { continue };
            if let Some(moved) = pool.remove(at).and_then(|moved| self.members.get_mut(&moved)) {
                moved.near[slot] = Some((key, at));
            }
            if pool.is_empty() {
                self.near.remove(&key);
            }
        }
        for link in gone.links {
            self.forget(link.to, peer);
        }
    }

    /// The round trip of a member was measured.
    pub(crate) fn measured(&mut self, peer: PeerId, round_trip: u16) {
        if let Some(member) = self.members.get_mut(&peer) {
            member.place.round_trip = Some(round_trip);
        }
    }

    /// Whom a member is to meet, at most [`MAX_PEERS`].
    ///
    /// First time: [`INTRODUCED`] new ones. Whoever asks again has too few peers: it hears again of those it was told
    /// of, because the way to them may have failed, and of one new one, because they may be of no use. `may_meet` is
    /// asked before each new one.
    pub(crate) fn ask(
        &mut self,
        asker: PeerId,
        pairing: Pairing,
        mut may_meet: impl FnMut() -> bool,
        rng: &mut impl Rng,
    ) -> Vec<PeerId> {
        let Some(member) = self.members.get_mut(&asker) else { return Vec::new() };
        let own = member.links.iter().filter(|link| link.asked_for).count();
        let wanted = if std::mem::replace(&mut member.asked, true) {
            INTRODUCED.saturating_sub(own).max(1)
        } else {
            INTRODUCED
        };
        let fresh = self.choose(asker, pairing, wanted, rng);
        for peer in fresh {
            if !may_meet() {
                break;
            }
            self.link(asker, peer);
        }
        let links = self.members.get(&asker).map_or(&[][..], |member| &member.links);
        // Newest first, and before all those whom it asked for.
        let (asked_for, told_of): (Vec<Link>, Vec<Link>) =
            links.iter().rev().partition(|link| link.asked_for);
        asked_for.into_iter().chain(told_of).map(|link| link.to).take(MAX_PEERS).collect()
    }

    /// Members for somebody at another node, who counts nowhere here.
    pub(crate) fn lend(&self, wanted: usize, rng: &mut impl Rng) -> Vec<PeerId> {
        let mut drawn: Vec<(bool, PeerId)> =
            self.everyone.draw(LOTS, rng).map(|peer| (self.links_of(peer) >= BUSY, peer)).collect();
        drawn.sort_by_key(|(busy, _)| *busy);
        drawn.into_iter().map(|(_, peer)| peer).take(wanted).collect()
    }

    /// New acquaintances for `asker`, the best first. Looks at no more than a fixed number of members.
    fn choose(&self, asker: PeerId, pairing: Pairing, wanted: usize, rng: &mut impl Rng) -> Vec<PeerId> {
        let Some(member) = self.members.get(&asker) else { return Vec::new() };
        let fits = |peer: &PeerId| {
            *peer != asker
                && self.links_of(*peer) < MAX_LINKS
                && member.links.iter().all(|link| link.to != *peer)
        };
        let mut anywhere: Vec<(bool, PeerId)> = self
            .everyone
            .draw(LOTS, rng)
            .filter(fits)
            .map(|peer| (self.links_of(peer) >= BUSY, peer))
            .collect();
        anywhere.sort_by_key(|(busy, _)| *busy);

        let mut chosen = Vec::with_capacity(wanted);
        if pairing == Pairing::Distance && wanted > 1 {
            let mut near: Vec<(bool, Distance, PeerId)> = Vec::new();
            let keyed = member.near.iter().flatten().filter_map(|(key, _)| self.near.get(key));
            for peer in keyed.flat_map(|pool| pool.draw(NEAR_LOTS, rng).collect::<Vec<_>>()).filter(fits) {
                near.push((self.links_of(peer) >= BUSY, self.distance(member, peer), peer));
            }
            near.extend(anywhere.iter().map(|(busy, peer)| (*busy, self.distance(member, *peer), *peer)));
            near.sort_by_key(|(busy, distance, _)| (*busy, *distance));
            for (_, _, peer) in near {
                if chosen.len() + 1 < wanted && !chosen.contains(&peer) {
                    chosen.push(peer);
                }
            }
        }
        for (_, peer) in anywhere {
            if chosen.len() < wanted && !chosen.contains(&peer) {
                chosen.push(peer);
            }
        }
        chosen
    }

    fn distance(&self, from: &Member, to: PeerId) -> Distance {
        self.members.get(&to).map_or(Distance::Unknown, |to| from.place.distance(&to.place))
    }

    fn links_of(&self, peer: PeerId) -> usize {
        self.members.get(&peer).map_or(0, |member| member.links.len())
    }

    /// Introduces two. An asker that has asked for as many as it can be told of loses sight of the first.
    fn link(&mut self, asker: PeerId, other: PeerId) {
        let Some(member) = self.members.get_mut(&asker) else { return };
        let own: Vec<PeerId> = member.links.iter().filter(|l| l.asked_for).map(|l| l.to).collect();
        member.links.push(Link { to: other, asked_for: true });
        if let Some(member) = self.members.get_mut(&other) {
            member.links.push(Link { to: asker, asked_for: false });
        }
        if let (true, Some(oldest)) = (own.len() >= MAX_PEERS, own.first()) {
            self.forget(asker, *oldest);
            self.forget(*oldest, asker);
        }
    }

    fn forget(&mut self, whose: PeerId, gone: PeerId) {
        if let Some(member) = self.members.get_mut(&whose) {
            member.links.retain(|link| link.to != gone);
        }
    }
}

#[cfg(test)]
mod tests;
