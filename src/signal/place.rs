//! How near two browsers are, as far as a server can tell.
//!
//! It sees a public address, its prefix, a round trip, and the cell of about 50 km that a user may have chosen to
//! name. Of the address only keyed hashes are kept here: equal or not is all that pairing asks.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use crate::address::Network;

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    address: u64,
    prefix: u64,
    /// Cell of about 50 km; see [`slipstream_wire::server::cell`].
    pub(crate) cell: Option<u32>,
    /// Round trip between it and the server, in ms, once measured.
    pub(crate) round_trip: Option<u16>,
}

/// Makes places out of addresses, with a key that only this process has.
#[derive(Clone, Copy)]
pub struct Places {
    key: u64,
}

/// A key under which members of a topic are found who are near for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Near {
    Address(u64),
    Prefix(u64),
    Cell(u32),
}

/// How far, the nearer the smaller. Round trips differ by powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Distance {
    SameAddress,
    SamePrefix,
    SameCell,
    RoundTrip(u8),
    Unknown,
}

impl Places {
    /// `key` is best random.
    pub const fn new(key: u64) -> Self {
        Self { key }
    }

    /// The place of an address: an IPv4 address or IPv6 /56 is one household or school, an IPv4 /16 or IPv6 /32 is
    /// most often one provider.
    pub fn of(&self, address: IpAddr) -> Place {
        let prefix = match address.to_canonical() {
            IpAddr::V4(address) => u32::from_be_bytes(address.octets()) >> 16,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.octets();
                u32::from_be_bytes([a, b, c, d])
            }
        };
        Place {
            address: self.hash(Network::of(address)),
            prefix: self.hash((prefix, address.to_canonical().is_ipv4())),
            cell: None,
            round_trip: None,
        }
    }

    fn hash(&self, what: impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.key.hash(&mut hasher);
        what.hash(&mut hasher);
        hasher.finish()
    }
}

/// Says nothing: with the key, addresses could be guessed.
impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Places")
    }
}

impl Place {
    /// What it is found under; the third is nothing unless its user named a cell.
    pub(crate) fn keys(&self) -> [Option<Near>; 3] {
        [Some(Near::Address(self.address)), Some(Near::Prefix(self.prefix)), self.cell.map(Near::Cell)]
    }

    pub(crate) fn distance(&self, other: &Self) -> Distance {
        if self.address == other.address {
            return Distance::SameAddress;
        }
        if self.prefix == other.prefix {
            return Distance::SamePrefix;
        }
        if self.cell.is_some() && self.cell == other.cell {
            return Distance::SameCell;
        }
        match (self.round_trip, other.round_trip) {
            // Two who are equally far from here may be near each other; two who are not, can't be.
            (Some(one), Some(two)) => Distance::RoundTrip(doublings(one.abs_diff(two))),
            _ => Distance::Unknown,
        }
    }
}

/// How often one millisecond must be doubled to reach this.
fn doublings(ms: u16) -> u8 {
    u8::try_from(u16::BITS - ms.leading_zeros()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Place {
        Places::new(7).of(address.parse().unwrap())
    }

    #[test]
    fn the_same_school_is_nearer_than_the_same_provider_and_that_nearer_than_the_same_town() {
        let here = Place { cell: Some(5), round_trip: Some(20), ..at("192.0.2.1") };
        let near = [
            at("192.0.2.1"),
            at("192.0.77.3"),
            Place { cell: Some(5), ..at("198.51.100.1") },
            Place { round_trip: Some(21), ..at("198.51.100.1") },
            Place { round_trip: Some(60), ..at("198.51.100.1") },
            at("198.51.100.1"),
        ];
        let distances = near.map(|place| here.distance(&place));
        assert!(distances.is_sorted_by(|one, other| one < other), "{distances:?}");
    }

    #[test]
    fn a_v6_school_is_a_56_and_a_mapped_v4_address_is_v4() {
        assert_eq!(at("2001:db8:1:22aa::1").distance(&at("2001:db8:1:22ff::9")), Distance::SameAddress);
        assert_eq!(at("2001:db8:1:22aa::1").distance(&at("2001:db8:ffff::9")), Distance::SamePrefix);
        assert_eq!(at("::ffff:192.0.2.1").distance(&at("192.0.2.1")), Distance::SameAddress);
        assert_eq!(at("2001:db8::1").distance(&at("192.0.2.1")), Distance::Unknown);
    }

    #[test]
    fn places_of_another_process_mean_nothing() {
        let other = Places::new(8).of("192.0.2.1".parse().unwrap());
        assert_ne!(at("192.0.2.1"), other);
    }
}
