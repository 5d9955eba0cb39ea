//! A set of connections from which some can be drawn by lot, whatever its size: adding, removing and drawing one cost
//! the same in a set of ten thousand as in one of ten.

use rand::Rng;
use rand::seq::index;
use slipstream_wire::id::PeerId;

/// The set. Each member keeps its own place, because a set that looked it up would cost four times the memory.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    list: Vec<PeerId>,
}

impl Pool {
    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds one that is not yet in it; its place.
    pub(crate) fn add(&mut self, peer: PeerId) -> usize {
        self.list.push(peer);
        self.list.len() - 1
    }

    /// Takes out whoever has this place; the last one moves there and is named, unless it was the last.
    pub(crate) fn remove(&mut self, place: usize) -> Option<PeerId> {
        if place < self.list.len() {
            self.list.swap_remove(place);
        }
        self.list.get(place).copied()
    }

    /// At most `amount` different ones, drawn by lot, in the order of drawing.
    pub(crate) fn draw(&self, amount: usize, rng: &mut impl Rng) -> impl Iterator<Item = PeerId> {
        let places = index::sample(rng, self.list.len(), amount.min(self.list.len()));
        places.into_iter().filter_map(|place| self.list.get(place).copied())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn peer(number: u8) -> PeerId {
        PeerId::new([number; 16])
    }

    #[test]
    fn who_moves_into_a_gap_is_named() {
        let mut pool = Pool::default();
        let places = [1, 2, 3].map(|number| pool.add(peer(number)));
        assert_eq!(places, [0, 1, 2]);
        assert_eq!(pool.remove(0), Some(peer(3)));
        assert_eq!(pool.remove(1), None, "the last one leaves no gap");
        assert_eq!(pool.remove(0), None);
        assert!(pool.is_empty());
    }

    #[test]
    fn a_draw_takes_nobody_twice_and_reaches_everybody() {
        let mut pool = Pool::default();
        for number in 0..20 {
            pool.add(peer(number));
        }
        let mut rng = StdRng::seed_from_u64(1);
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            let drawn: BTreeSet<PeerId> = pool.draw(4, &mut rng).collect();
            assert_eq!(drawn.len(), 4);
            seen.extend(drawn);
        }
        assert_eq!(seen.len(), 20);
        assert_eq!(pool.draw(30, &mut rng).count(), 20, "no more than there are");
    }
}
