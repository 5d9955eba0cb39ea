//! Which candidates go out and which are let in (SECURITY.md §4.4, §5.3). The browser does not protect an extension
//! page: it puts raw addresses of the local network into host candidates (facts W1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Candidate, CandidateType};
use crate::limits;

/// Most candidates that are taken from one description's sender (SECURITY.md §4.4).
pub const MAX_CANDIDATES: usize = limits::CANDIDATES;

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A member of the group. What it is told is sealed.
    Group,
    /// Anybody else.
    Strangers,
}

/// The policy for the candidates of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Who is at the other end.
    pub class: Class,
    /// Setting `ice.relayOnly`: the own address is shown to nobody but the relay.
    pub relay_only: bool,
    /// Group only: stay on the local network.
    pub lan_only: bool,
    /// Setting `developer.allowLoopback`, for tests on one machine.
    pub allow_loopback: bool,
}

/// Why a candidate is left out. None is anybody's fault by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dropped {
    /// A global address with an interface id made from the hardware's: it would name the device wherever it goes.
    Hardware,
    /// Not on the local network, and [`Reach::lan_only`].
    Lan,
    /// Loopback, and not [`Reach::allow_loopback`].
    Loopback,
    /// [`MAX_CANDIDATES`] were taken before.
    Many,
    /// Not a relay's, and [`Reach::relay_only`].
    Relay,
    /// Strangers neither learn nor name addresses that are not globally reachable.
    Scope,
    /// No destination at all: unspecified, multicast, broadcast, reserved, or an IPv4 address in IPv6 disguise; on
    /// the way in also 169.254/16.
    Target,
}

impl Candidate {
    /// Whether this own candidate may be told, by the table of SECURITY.md §4.4.
    ///
    /// Errors: [`Dropped`], all variants but [`Dropped::Many`].
    pub fn check_out(&self, reach: &Reach) -> Result<(), Dropped> {
        if reach.relay_only && self.typ() != CandidateType::Relay {
            return Err(Dropped::Relay);
        }
        // A reflexive address is the own one where nothing translates. Private ones name the device to members only.
        let is_own = self.typ() != CandidateType::Relay && Scope::of(self.address()) != Scope::Private;
        if is_own && is_from_hardware(self.address()) {
            return Err(Dropped::Hardware);
        }
        self.check_both_ways(reach)
    }

    /// Whether a candidate that a peer named may be given to the browser. `taken` counts those that were given
    /// before, from the same peer in the same session.
    ///
    /// Errors: [`Dropped`], all variants but [`Dropped::Hardware`] and [`Dropped::Relay`]: those protect the sender.
    pub fn check_in(&self, reach: &Reach, taken: usize) -> Result<(), Dropped> {
        if taken >= MAX_CANDIDATES {
            return Err(Dropped::Many);
        }
        if Scope::of(self.address()) == Scope::LinkLocal4 {
            return Err(Dropped::Target);
        }
        self.check_both_ways(reach)
    }

    fn check_both_ways(&self, reach: &Reach) -> Result<(), Dropped> {
        let scope = Scope::of(self.address());
        match (scope, reach.class) {
            (Scope::None, _) => return Err(Dropped::Target),
            (Scope::Loopback, _) if !reach.allow_loopback => return Err(Dropped::Loopback),
            (Scope::Loopback | Scope::Global, _) | (_, Class::Group) => {}
            (Scope::LinkLocal4 | Scope::Private | Scope::Special, Class::Strangers) => {
                return Err(Dropped::Scope);
            }
        }
        // Global IPv6 hosts stay: within one prefix they are the local network, and §3.7 judges the pair.
        let far_host = scope == Scope::Global && self.address().is_ipv4();
        let leaves_lan = self.typ() != CandidateType::Host || far_host;
        if reach.class == Class::Group && reach.lan_only && leaves_lan { Err(Dropped::Lan) } else { Ok(()) }
    }
}

/// How far an address reaches, as coarsely as the table needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Global,
    /// RFC 3927.
    LinkLocal4,
    Loopback,
    /// Nothing that one can talk to, or an IPv4 address in disguise.
    None,
    /// RFC 1918, RFC 4193, RFC 6598, fe80::/10.
    Private,
    /// Set aside for documentation, benchmarks or protocols (RFC 6890), and yet used in closed test networks.
    Special,
}

impl Scope {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        match (a, b, c) {
            (0 | 224.., _, _) => Self::None,
            (127, _, _) => Self::Loopback,
            (169, 254, _) => Self::LinkLocal4,
            (10, _, _) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => Self::Private,
            (192, 0, 0 | 2) | (192, 31, 196) | (192, 52, 193) | (192, 88, 99) | (192, 175, 48) => {
                Self::Special
            }
            (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => Self::Special,
            _ => Self::Global,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // Teredo, 6to4.
            [0x2001, 0, ..] | [0x2002, ..] => Self::None,
            [0xfc00..=0xfdff, ..] | [0xfe80..=0xfebf, ..] => Self::Private,
            // Other protocol assignments, documentation.
            [0x2001, 0x1..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Self::Special,
            [0x2000..=0x3fff, ..] => Self::Global,
            // Unspecified, IPv4-mapped and its relatives, NAT64, multicast, discard-only, site-local, unassigned.
            _ => Self::None,
        }
    }
}

/// Whether the interface id is a modified EUI-64: `ff:fe` in its middle (RFC 4291, appendix A).
fn is_from_hardware(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.octets()[11..13] == [0xff, 0xfe])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CandidateType::*, *};

    const GROUP: Reach =
        Reach { class: Class::Group, relay_only: false, lan_only: false, allow_loopback: false };
    const STRANGERS: Reach = Reach { class: Class::Strangers, ..GROUP };

    fn at(typ: CandidateType, address: &str) -> Candidate {
        Candidate::new("1", 1, address.parse().unwrap(), 50_000, typ).unwrap()
    }

    #[test]
    fn the_group_column_of_the_table_holds() {
        let lan = Reach { lan_only: true, ..GROUP };
        for (typ, address, open, lan_only) in [
            (Host, "10.1.2.3", Ok(()), Ok(())),
            (Host, "172.31.0.1", Ok(()), Ok(())),
            (Host, "192.168.1.5", Ok(()), Ok(())),
            (Host, "100.64.0.1", Ok(()), Ok(())),
            (Host, "169.254.7.7", Ok(()), Ok(())),
            (Host, "fd00::2", Ok(()), Ok(())),
            (Host, "fe80::1:2:3:4", Ok(()), Ok(())),
            (Host, "127.0.0.1", Err(Dropped::Loopback), Err(Dropped::Loopback)),
            (Host, "::1", Err(Dropped::Loopback), Err(Dropped::Loopback)),
            (Host, "2600:1:2:3:a:b:c:d", Ok(()), Ok(())),
            (Host, "2600:1:2:3:211:22ff:fe33:4455", Err(Dropped::Hardware), Err(Dropped::Hardware)),
            (Srflx, "2600:1:2:3:211:22ff:fe33:4455", Err(Dropped::Hardware), Err(Dropped::Hardware)),
            (Relay, "2600:1:2:3:211:22ff:fe33:4455", Ok(()), Err(Dropped::Lan)),
            (Host, "fd00::211:22ff:fe33:4455", Ok(()), Ok(())),
            (Host, "fe80::211:22ff:fe33:4455", Ok(()), Ok(())),
            (Host, "8.8.8.8", Ok(()), Err(Dropped::Lan)),
            (Host, "192.0.2.2", Ok(()), Ok(())),
            (Srflx, "8.8.8.8", Ok(()), Err(Dropped::Lan)),
            (Relay, "8.8.8.8", Ok(()), Err(Dropped::Lan)),
            (Host, "0.0.0.0", Err(Dropped::Target), Err(Dropped::Target)),
        ] {
            assert_eq!(at(typ, address).check_out(&GROUP), open, "{typ:?} {address}");
            assert_eq!(at(typ, address).check_out(&lan), lan_only, "lan only: {typ:?} {address}");
        }
    }

    #[test]
    fn the_strangers_columns_of_the_table_hold() {
        let relayed = Reach { relay_only: true, ..STRANGERS };
        for (typ, address, open) in [
            (Host, "10.1.2.3", Err(Dropped::Scope)),
            (Host, "100.127.0.1", Err(Dropped::Scope)),
            (Host, "169.254.7.7", Err(Dropped::Scope)),
            (Host, "fd00::2", Err(Dropped::Scope)),
            (Host, "fe80::2", Err(Dropped::Scope)),
            (Host, "192.0.2.2", Err(Dropped::Scope)),
            (Host, "127.0.0.1", Err(Dropped::Loopback)),
            (Host, "2600:1:2:3:a:b:c:d", Ok(())),
            (Host, "2600:1:2:3:211:22ff:fe33:4455", Err(Dropped::Hardware)),
            (Host, "8.8.8.8", Ok(())),
            (Srflx, "8.8.8.8", Ok(())),
        ] {
            assert_eq!(at(typ, address).check_out(&STRANGERS), open, "{typ:?} {address}");
            assert_eq!(at(typ, address).check_out(&relayed), Err(Dropped::Relay), "relay only: {address}");
        }
        assert_eq!(at(Relay, "8.8.8.8").check_out(&STRANGERS), Ok(()));
        assert_eq!(at(Relay, "8.8.8.8").check_out(&relayed), Ok(()));
    }

    #[test]
    fn nobody_can_aim_the_browser_where_no_peer_can_be() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.251",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::fb",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
            "2001:0:7f00:1::1",
            "100::1",
            "fec0::1",
        ] {
            for reach in [GROUP, STRANGERS] {
                assert_eq!(at(Host, address).check_in(&reach, 0), Err(Dropped::Target), "{address}");
            }
        }
        assert_eq!(at(Host, "127.0.0.1").check_in(&GROUP, 0), Err(Dropped::Loopback));
        assert_eq!(at(Host, "192.168.1.5").check_in(&GROUP, 0), Ok(()));
        assert_eq!(at(Host, "192.168.1.5").check_in(&STRANGERS, 0), Err(Dropped::Scope));
        assert_eq!(at(Srflx, "192.168.1.5").check_in(&STRANGERS, 0), Err(Dropped::Scope));
    }

    #[test]
    fn loopback_passes_both_ways_only_where_a_developer_allows_it() {
        let here = Reach { allow_loopback: true, ..GROUP };
        for address in ["127.0.0.1", "::1"] {
            assert_eq!(at(Host, address).check_out(&here), Ok(()));
            assert_eq!(at(Host, address).check_in(&here, 0), Ok(()));
        }
    }

    #[test]
    fn a_ninth_candidate_is_one_too_many() {
        assert_eq!(at(Host, "10.0.0.1").check_in(&GROUP, MAX_CANDIDATES - 1), Ok(()));
        assert_eq!(at(Host, "10.0.0.1").check_in(&GROUP, MAX_CANDIDATES), Err(Dropped::Many));
    }

    fn candidates() -> impl Strategy<Value = Candidate> {
        let pick = |(typ, address)| Candidate::new("1", 1, address, 50_000, typ).unwrap();
        let v4 = any::<[u8; 4]>().prop_map(|o| IpAddr::from(Ipv4Addr::from(o)));
        let v6 = any::<[u8; 16]>().prop_map(|o| IpAddr::from(Ipv6Addr::from(o)));
        (prop_oneof![Just(Host), Just(Srflx), Just(Relay)], prop_oneof![v4, v6]).prop_map(pick)
    }

    proptest! {
        #[test]
        fn strangers_never_see_what_the_standard_library_calls_private(candidate in candidates()) {
            if candidate.check_out(&STRANGERS).is_ok() {
                let local = match candidate.address() {
                    IpAddr::V4(a) => a.is_private() || a.is_loopback() || a.is_link_local() || a.is_documentation()
                        || a.is_broadcast() || a.is_multicast() || a.is_unspecified(),
                    IpAddr::V6(a) => a.is_unique_local() || a.is_unicast_link_local() || a.is_loopback()
                        || a.is_multicast() || a.is_unspecified() || a.to_ipv4().is_some(),
                };
                prop_assert!(!local);
            }
        }

        #[test]
        fn tightening_never_lets_more_through(candidate in candidates(), relay_only: bool, lan_only: bool) {
            let tight = Reach { relay_only, lan_only, ..GROUP };
            if candidate.check_out(&tight).is_ok() {
                prop_assert_eq!(candidate.check_out(&GROUP), Ok(()));
            }
            if candidate.check_out(&STRANGERS).is_ok() {
                prop_assert_eq!(candidate.check_out(&GROUP), Ok(()));
            }
        }
    }
}
