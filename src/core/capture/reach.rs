//! Where an answer came from: an address that everyone can reach, or one that means another machine elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address means the same machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Globally reachable.
    Public,
    /// This machine.
    Loopback,
    /// A special-purpose range (RFC 6890 and the IANA registries that it made), or multicast.
    Special,
}

impl Reach {
    /// Reads an address as `webRequest` gives it: IPv4, or IPv6 with or without brackets. Nothing for all else.
    pub fn of(ip: &str) -> Option<Self> {
        let bare = ip.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(ip);
        bare.parse().ok().map(|address: IpAddr| match address {
            IpAddr::V4(v4) if v4.is_loopback() => Self::Loopback,
            IpAddr::V6(v6) if v6.is_loopback() => Self::Loopback,
            IpAddr::V4(v4) if is_public_v4(v4) => Self::Public,
            IpAddr::V6(v6) if is_public_v6(v6) => Self::Public,
            _ => Self::Special,
        })
    }
}

/// All ranges of the IPv4 registry, also the few that are reachable but never hold a web site.
const SPECIAL_V4: [([u8; 4], u32); 17] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 52, 193, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([192, 175, 48, 0], 24),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// Within 2000::/3, outside of which no address is global unicast: mapped, translated (64:ff9b::/96), unique local,
/// link-local and multicast addresses all lie outside.
const SPECIAL_V6: [([u16; 2], u32); 5] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x2620, 0x004f], 32), ([0x3fff, 0], 20)];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !SPECIAL_V4.iter().any(|(net, len)| (bits ^ u32::from_be_bytes(*net)) >> (32 - len) == 0)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let head = |[a, b]: [u16; 2]| (u32::from(a) << 16) | u32::from(b);
    let special = SPECIAL_V6.iter().any(|(net, len)| (head([a, b]) ^ head(*net)) >> (32 - len) == 0);
    a >> 13 == 1 && !special
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_addresses_are_public_and_the_registry_s_are_not() {
        for (ip, reach) in [
            ("8.8.8.8", Some(Reach::Public)),
            ("93.184.216.34", Some(Reach::Public)),
            ("100.63.255.255", Some(Reach::Public)),
            ("100.128.0.0", Some(Reach::Public)),
            ("172.15.255.255", Some(Reach::Public)),
            ("172.32.0.0", Some(Reach::Public)),
            ("198.20.0.0", Some(Reach::Public)),
            ("223.255.255.255", Some(Reach::Public)),
            ("0.0.0.0", Some(Reach::Special)),
            ("10.1.2.3", Some(Reach::Special)),
            ("100.64.0.1", Some(Reach::Special)),
            ("100.127.255.255", Some(Reach::Special)),
            ("169.254.169.254", Some(Reach::Special)),
            ("172.16.0.1", Some(Reach::Special)),
            ("172.31.255.255", Some(Reach::Special)),
            ("192.0.0.8", Some(Reach::Special)),
            ("192.0.2.1", Some(Reach::Special)),
            ("192.88.99.1", Some(Reach::Special)),
            ("192.168.1.1", Some(Reach::Special)),
            ("198.18.0.1", Some(Reach::Special)),
            ("198.19.255.255", Some(Reach::Special)),
            ("198.51.100.7", Some(Reach::Special)),
            ("203.0.113.7", Some(Reach::Special)),
            ("224.0.0.251", Some(Reach::Special)),
            ("240.0.0.1", Some(Reach::Special)),
            ("255.255.255.255", Some(Reach::Special)),
            ("127.0.0.1", Some(Reach::Loopback)),
            ("127.255.255.255", Some(Reach::Loopback)),
            ("2606:4700::6810:84e5", Some(Reach::Public)),
            ("[2a00:1450:4001:80f::200e]", Some(Reach::Public)),
            ("2001:200::1", Some(Reach::Public)),
            ("::", Some(Reach::Special)),
            ("::ffff:8.8.8.8", Some(Reach::Special)),
            ("::ffff:127.0.0.1", Some(Reach::Special)),
            ("64:ff9b::808:808", Some(Reach::Special)),
            ("2001::1", Some(Reach::Special)),
            ("2001:1ff::1", Some(Reach::Special)),
            ("2001:db8::1", Some(Reach::Special)),
            ("2002:808:808::1", Some(Reach::Special)),
            ("3fff:fff::1", Some(Reach::Special)),
            ("5f00::1", Some(Reach::Special)),
            ("fd00::1", Some(Reach::Special)),
            ("fe80::1", Some(Reach::Special)),
            ("ff02::1", Some(Reach::Special)),
            ("::1", Some(Reach::Loopback)),
            ("[::1]", Some(Reach::Loopback)),
            ("fe80::1%eth0", None),
            ("127.1", None),
            ("010.0.0.1", None),
            ("localhost", None),
            ("[127.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(Reach::of(ip), reach, "{ip}");
        }
    }

    proptest! {
        /// The standard library's stable predicates never disagree in the dangerous direction.
        #[test]
        fn what_the_library_calls_private_is_never_public(bits: u32) {
            let a = Ipv4Addr::from(bits);
            let private = a.is_private() || a.is_loopback() || a.is_link_local() || a.is_multicast()
                || a.is_broadcast() || a.is_documentation() || a.is_unspecified();
            prop_assert!(!(private && Reach::of(&a.to_string()) == Some(Reach::Public)));
        }

        #[test]
        fn no_address_outside_of_global_unicast_is_public(bits: u128) {
            let a = Ipv6Addr::from(bits);
            prop_assert!(Reach::of(&a.to_string()) != Some(Reach::Public) || bits >> 125 == 1);
        }
    }
}
