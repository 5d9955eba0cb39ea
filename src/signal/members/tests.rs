//! Swarms that grow out of introductions, with browsers as they are: eight peers at most, two at least.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng, TryRng};

use super::*;
use crate::place::Places;

/// The settings `peers.min` and `peers.max`, as they are by default.
const LEAST: usize = 2;
const MOST: usize = 8;

/// Browsers that make offers to whom they are told of, and take as many as they have room for.
struct Swarm {
    members: Members,
    channels: BTreeMap<PeerId, BTreeSet<PeerId>>,
    rng: StdRng,
    pairing: Pairing,
    born: u64,
}

impl Swarm {
    fn new(seed: u64, pairing: Pairing) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        Self { members: Members::default(), channels: BTreeMap::new(), rng, pairing, born: 0 }
    }

    fn join(&mut self, place: Place) -> PeerId {
        self.born += 1;
        let mut name = [0; 16];
        name[8..].copy_from_slice(&self.born.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        let peer = PeerId::new(name);
        assert!(self.members.add(peer, place));
        self.channels.insert(peer, BTreeSet::new());
        self.ask(peer);
        peer
    }

    fn ask(&mut self, asker: PeerId) -> usize {
        let named = self.members.ask(asker, self.pairing, || true, &mut self.rng);
        for other in &named {
            assert!(self.channels.contains_key(other), "only those who are there");
            let room = |peer: &PeerId| self.channels[peer].len() < MOST;
            if room(&asker) && room(other) {
                self.channels.entry(asker).or_default().insert(*other);
                self.channels.entry(*other).or_default().insert(asker);
            }
        }
        named.len()
    }

    fn leave(&mut self, peer: PeerId) {
        self.members.remove(peer);
        for other in self.channels.remove(&peer).unwrap_or_default() {
            self.channels.entry(other).or_default().remove(&peer);
        }
    }

    /// Whoever has too few peers asks again, a few times over.
    fn settle(&mut self) {
        for _ in 0..4 {
            let lonely = self.channels.iter().filter(|(_, to)| to.len() < LEAST);
            for peer in lonely.map(|(peer, _)| *peer).collect::<Vec<_>>() {
                self.ask(peer);
            }
        }
    }

    fn somebody(&mut self) -> PeerId {
        let at = self.rng.random_range(0..self.channels.len());
        *self.channels.keys().nth(at).unwrap()
    }

    /// Steps from one member to the farthest one; nothing if some can't be reached.
    fn reach(&self, from: PeerId) -> Option<usize> {
        let mut steps = BTreeMap::from([(from, 0)]);
        let mut next = VecDeque::from([from]);
        while let Some(peer) = next.pop_front() {
            for other in &self.channels[&peer] {
                if !steps.contains_key(other) {
                    steps.insert(*other, steps[&peer] + 1);
                    next.push_back(*other);
                }
            }
        }
        (steps.len() == self.channels.len()).then(|| steps.into_values().max().unwrap_or(0))
    }

    fn is_one_within(&mut self, most: usize) {
        for _ in 0..5 {
            let from = self.somebody();
            let steps = self.reach(from);
            assert!(steps.is_some_and(|steps| steps <= most), "{steps:?} steps, {:?}", self.pairing);
        }
        for (peer, member) in &self.members.members {
            assert!(member.links.len() <= MAX_LINKS);
            for link in &member.links {
                let back = self.members.members[&link.to].links.iter().filter(|back| back.to == *peer);
                assert_eq!(back.count(), 1, "links are mutual, and there is one");
            }
        }
    }
}

/// One of so many schools, of which some share a provider.
fn school(number: u64) -> Place {
    let [.., high, low] = number.to_be_bytes();
    Places::new(3).of([198, high, low, 1].into())
}

#[test]
fn ten_thousand_who_come_and_go_stay_one_swarm_of_a_small_diameter() {
    for (seed, pairing) in [(1, Pairing::FirstAvailable), (2, Pairing::Distance)] {
        let mut swarm = Swarm::new(seed, pairing);
        for _ in 0..10_000 {
            let place = school(swarm.rng.random_range(0..300));
            swarm.join(place);
        }
        swarm.is_one_within(14);
        for _ in 0..10 {
            for _ in 0..1_000 {
                let gone = swarm.somebody();
                swarm.leave(gone);
            }
            swarm.settle();
            for _ in 0..1_000 {
                let place = school(swarm.rng.random_range(0..300));
                swarm.join(place);
            }
        }
        swarm.settle();
        swarm.is_one_within(14);
    }
}

#[test]
fn most_of_a_swarm_may_leave_at_once() {
    let mut swarm = Swarm::new(3, Pairing::Distance);
    for number in 0..2_000 {
        swarm.join(school(number % 40));
    }
    for _ in 0..1_800 {
        let gone = swarm.somebody();
        swarm.leave(gone);
    }
    swarm.settle();
    swarm.is_one_within(14);
}

#[test]
fn nobody_who_comes_is_left_alone_however_full_the_others_are() {
    for pairing in [Pairing::FirstAvailable, Pairing::Distance] {
        let mut swarm = Swarm::new(4, pairing);
        for number in 1..=500 {
            let newcomer = swarm.join(school(0));
            assert!(number == 1 || !swarm.channels[&newcomer].is_empty(), "the {number}th");
        }
        swarm.is_one_within(12);
    }
}

#[test]
fn three_meet_each_other() {
    for pairing in [Pairing::FirstAvailable, Pairing::Distance] {
        let mut swarm = Swarm::new(5, pairing);
        let [ann, bob, cid] = [1, 2, 3].map(|number| swarm.join(school(number)));
        assert_eq!(swarm.channels[&cid], BTreeSet::from([ann, bob]));
        swarm.leave(ann);
        let dan = swarm.join(school(4));
        assert_eq!(swarm.channels[&dan], BTreeSet::from([bob, cid]));
    }
}

#[test]
fn near_ones_meet_and_far_ones_are_not_cut_off() {
    let mut swarm = Swarm::new(6, Pairing::Distance);
    for number in 0..1_000 {
        swarm.join(school(number % 50));
    }
    let mut near = 0;
    for peer in swarm.channels.keys() {
        let here = swarm.members.members[peer].place;
        let same =
            |other: &PeerId| here.distance(&swarm.members.members[other].place) == Distance::SameAddress;
        near += swarm.channels[peer].iter().filter(|other| same(other)).count();
    }
    let all: usize = swarm.channels.values().map(BTreeSet::len).sum();
    let share = near as f64 / all as f64;
    assert!(
        (0.4..0.75).contains(&share),
        "{share} of all channels stay within a school; by chance it would be 0.02"
    );
    swarm.is_one_within(12);
}

#[test]
fn a_cell_and_a_round_trip_count_where_addresses_say_nothing() {
    let far = |number: u8| Places::new(9).of([number + 1, number, 2, 1].into());
    for place in [
        |mut here: Place, near: bool| {
            here.cell = Some(u32::from(near));
            here
        },
        |mut here: Place, near: bool| {
            here.round_trip = Some(if near { 20 } else { 300 });
            here
        },
    ] {
        let mut swarm = Swarm::new(7, Pairing::Distance);
        for number in 0..40 {
            assert!(swarm.members.add(PeerId::new([number; 16]), place(far(number), number % 4 == 0)));
            swarm.channels.insert(PeerId::new([number; 16]), BTreeSet::new());
        }
        let newcomer = swarm.join(place(far(200), true));
        let expected = place(far(0), true);
        let near = swarm.channels[&newcomer].iter().filter(|other| {
            let place = swarm.members.members[other].place;
            (place.cell, place.round_trip) == (expected.cell, expected.round_trip)
        });
        assert!(near.count() >= INTRODUCED - 1);
    }
}

/// Counts what is drawn: each member that a choice looks at costs one number.
struct Counting<'a> {
    rng: StdRng,
    drawn: &'a Cell<u64>,
}

impl TryRng for Counting<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.drawn.set(self.drawn.get() + 1);
        self.rng.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.drawn.set(self.drawn.get() + 1);
        self.rng.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.drawn.set(self.drawn.get() + 1);
        self.rng.try_fill_bytes(bytes)
    }
}

#[test]
fn a_join_costs_the_same_among_ten_thousand_as_among_a_hundred() {
    let cost = |size: u64| {
        let mut swarm = Swarm::new(8, Pairing::Distance);
        for number in 0..size {
            swarm.join(school(number % 7));
        }
        let drawn = Cell::new(0);
        let mut rng = Counting { rng: StdRng::seed_from_u64(9), drawn: &drawn };
        for number in 0..100 {
            let peer = PeerId::new([number; 16]);
            assert!(swarm.members.add(peer, school(3)));
            assert_eq!(swarm.members.ask(peer, Pairing::Distance, || true, &mut rng).len(), INTRODUCED);
        }
        drawn.get() as f64 / 100.0
    };
    let (small, large) = (cost(100), cost(10_000));
    assert!(large / small < 2.0 && small / large < 2.0, "{small} and {large} members are drawn");
    assert!(large < 100.0, "{large} members are drawn");
}
