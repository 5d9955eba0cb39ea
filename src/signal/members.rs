//! The members of one topic, and which of them a newcomer is to meet.

use slipstream_wire::id::PeerId;
use slipstream_wire::server::MAX_PEERS;

/// Most members of one topic (SECURITY.md §5.1).
pub const MAX_MEMBERS: usize = 2000;

/// Members in no particular order, at most [`MAX_MEMBERS`].
#[derive(Debug, Default)]
pub(crate) struct Members {
    list: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    peer: PeerId,
    /// The connection's secret number. Lots are drawn with it.
    key: u64,
}

impl Members {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds one that is not yet a member. `false` if there is no room.
    pub(crate) fn add(&mut self, peer: PeerId, key: u64) -> bool {
        let room = self.list.len() < MAX_MEMBERS;
        if room {
            self.list.push(Member { peer, key });
        }
        room
    }

    pub(crate) fn remove(&mut self, peer: PeerId) {
        if let Some(place) = self.list.iter().position(|member| member.peer == peer) {
            self.list.swap_remove(place);
        }
    }

    /// At most [`MAX_PEERS`] members other than `asker`, chosen by lots that `lot` fixes.
    ///
    /// Each member's lot is a hash of its secret key and of `lot`; the lowest win. The same asker thus meets the
    /// same members however often it asks, and a newcomer displaces one of them at most, so nobody harvests a
    /// topic by asking. Over all askers the choice is uniform, and everyone linked to eight uniformly chosen
    /// predecessors makes a connected swarm.
    pub(crate) fn meet(&self, asker: PeerId, lot: u64) -> Vec<PeerId> {
        let mut lowest: Vec<(u64, PeerId)> = Vec::with_capacity(MAX_PEERS + 1);
        for member in self.list.iter().filter(|member| member.peer != asker) {
            let drawn = mix(member.key ^ lot);
            if lowest.len() < MAX_PEERS || lowest.last().is_some_and(|(highest, _)| drawn < *highest) {
                let place = lowest.partition_point(|(other, _)| *other < drawn);
                lowest.insert(place, (drawn, member.peer));
                lowest.truncate(MAX_PEERS);
            }
        }
        lowest.into_iter().map(|(_, peer)| peer).collect()
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, 2014): each bit of the input moves each bit of the output.
/// Not a cryptographic hash; what it hides is only who is introduced to whom, and its inputs are secret.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
