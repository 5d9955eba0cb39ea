//! How many connections one network may open, so that one sender cannot take all places.
//!
//! Addresses live in memory only, while connected and until their rate is whole again; none is ever written down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bucket::{Bucket, Rate};
use crate::refusal::Refusal;

/// Networks that are known at once. A flood from more of them is refused as a whole.
const MAX_NETWORKS: usize = 100_000;

/// What one network may do: an IPv4 address, or an IPv6 /56 (a school shares one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressLimits {
    /// Connections that are open at once.
    pub open: usize,
    /// New connections.
    pub new: Rate,
}

impl Default for AddressLimits {
    /// SECURITY.md §5.1: 512 open, 20 new each second.
    fn default() -> Self {
        Self { open: 512, new: Rate::per_second(20, 40) }
    }
}

/// Counts connections by network.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Without limits nothing is counted, and no address kept.
    limits: Option<AddressLimits>,
    networks: Mutex<HashMap<Network, Guests>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Network {
    V4([u8; 4]),
    V6([u8; 7]),
}

#[derive(Debug)]
struct Guests {
    open: usize,
    new: Bucket,
}

impl Gate {
    pub(crate) fn new(limits: Option<AddressLimits>) -> Self {
        Self { limits, networks: Mutex::default() }
    }

    /// Lets one connection in, or not. Errors: [`Refusal::Address`], not yet counted.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: u64) -> Result<Pass, Refusal> {
        let Some(limits) = self.limits else { return Ok(Pass { held: None }) };
        let network = Network::of(address);
        let mut networks = self.lock();
        if networks.len() >= MAX_NETWORKS && !networks.contains_key(&network) {
            return Err(Refusal::Address);
        }
        let guests =
            networks.entry(network).or_insert_with(|| Guests { open: 0, new: Bucket::full(limits.new, now) });
        if guests.open >= limits.open || !guests.new.take(limits.new, now) {
            return Err(Refusal::Address);
        }
        guests.open += 1;
        Ok(Pass { held: Some((self.clone(), network)) })
    }

    /// Forgets networks without guests whose rate is whole again.
    pub(crate) fn forget(&self, now: u64) {
        let Some(limits) = self.limits else { return };
        self.lock().retain(|_, guests| guests.open > 0 || !guests.new.is_full(limits.new, now));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Network, Guests>> {
        // Counts stay counts, whoever panicked.
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right of one connection to be here; gives its place back when dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    held: Option<(Arc<Gate>, Network)>,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Some((gate, network)) = &self.held else { return };
        if let Some(guests) = gate.lock().get_mut(network) {
            guests.open = guests.open.saturating_sub(1);
        }
    }
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIGHT: AddressLimits = AddressLimits { open: 2, new: Rate::per_second(1, 3) };

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn a_network_has_so_many_places_and_gets_them_back() {
        let gate = Arc::new(Gate::new(Some(TIGHT)));
        let here = at("192.0.2.1");
        let first = gate.enter(here, 0).unwrap();
        let _second = gate.enter(here, 0).unwrap();
        assert_eq!(gate.enter(here, 0).err(), Some(Refusal::Address));
        assert!(gate.enter(at("192.0.2.2"), 0).is_ok(), "another address is another network");
        drop(first);
        assert!(gate.enter(here, 0).is_ok());
    }

    #[test]
    fn a_network_comes_only_so_often() {
        let gate = Arc::new(Gate::new(Some(TIGHT)));
        let comes = |now| gate.enter(at("192.0.2.1"), now).is_ok();
        assert_eq!([0, 0, 0, 0, 999, 1000, 1000].map(comes), [true, true, true, false, false, true, false]);
    }

    #[test]
    fn a_v6_network_is_56_bits_and_mapped_v4_is_v4() {
        let same = |a, b| Network::of(at(a)) == Network::of(at(b));
        assert!(same("2001:db8:1:22aa::1", "2001:db8:1:22ff::2"));
        assert!(!same("2001:db8:1:22aa::1", "2001:db8:1:23aa::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let gate = Arc::new(Gate::new(Some(TIGHT)));
        drop(gate.enter(at("192.0.2.1"), 0).unwrap());
        let _stays = gate.enter(at("192.0.2.2"), 0).unwrap();
        gate.forget(999);
        assert_eq!(gate.lock().len(), 2, "a rate that is not whole is still needed");
        gate.forget(1000);
        assert_eq!(gate.lock().len(), 1);
    }

    #[test]
    fn without_limits_nothing_is_kept() {
        let gate = Arc::new(Gate::new(None));
        let _passes: Vec<Pass> = (0..1000).map(|_| gate.enter(at("192.0.2.1"), 0).unwrap()).collect();
        assert!(gate.lock().is_empty());
    }
}
