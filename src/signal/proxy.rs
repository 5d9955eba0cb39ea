//! Whose word is taken for where a browser comes from, when something stands in front of the server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;

/// Proxies that are trusted to name the address of their clients. None unless the operator names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

/// An address, or all that share its first bits: `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Not an address, with or without a number of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError;

impl Proxies {
    /// These and no others.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// The browser's address: the connection's, or where that is a trusted proxy, the last one in `X-Forwarded-For`
    /// that is not. What stands before it was written by whoever liked to.
    pub fn client(&self, connected: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = connected.to_canonical();
        let mut forwarded = headers
            .get_all("x-forwarded-for")
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .map(|hop| hop.trim().parse::<IpAddr>())
            .collect::<Vec<_>>();
        while self.trusts(client) {
            match forwarded.pop() {
                Some(Ok(hop)) => client = hop.to_canonical(),
                _ => break,
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }
}

impl Network {
    fn holds(&self, address: IpAddr) -> bool {
        let (one, two, width) = match (self.address, address) {
            (IpAddr::V4(one), IpAddr::V4(two)) => (u128::from(one.to_bits()), u128::from(two.to_bits()), 32),
            (IpAddr::V6(one), IpAddr::V6(two)) => (one.to_bits(), two.to_bits(), 128),
            _ => return false,
        };
        // Shifted by the whole width there is nothing to compare.
        (one ^ two).checked_shr(width - u32::from(self.bits)).unwrap_or(0) == 0
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| NetworkError))?;
        if bits <= most { Ok(Self { address, bits }) } else { Err(NetworkError) }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address like 127.0.0.1 or 10.0.0.0/8")
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn proxies(networks: &[&str]) -> Proxies {
        Proxies::new(networks.iter().map(|network| network.parse().unwrap()).collect())
    }

    fn client(proxies: &Proxies, connected: &str, forwarded: &[&'static str]) -> String {
        let header =
            |value: &&'static str| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(value));
        let headers: HeaderMap = forwarded.iter().map(header).collect();
        proxies.client(connected.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client(&Proxies::default(), "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client(&proxies(&["10.0.0.0/8"]), "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn the_last_hop_before_the_trusted_ones_is_the_client() {
        let trusted = proxies(&["127.0.0.1", "10.0.0.0/8"]);
        assert_eq!(client(&trusted, "127.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(&trusted, "127.0.0.1", &["203.0.113.9, 198.51.100.7, 10.1.2.3"]), "198.51.100.7");
        assert_eq!(client(&trusted, "::ffff:127.0.0.1", &["203.0.113.9", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(&trusted, "127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        let trusted = proxies(&["127.0.0.1"]);
        for odd in ["", "unknown", "198.51.100.7, x", "198.51.100.7:80"] {
            let forwarded: &'static str = odd;
            assert_eq!(client(&trusted, "127.0.0.1", &[forwarded]), "127.0.0.1", "{odd}");
        }
        assert_eq!(client(&trusted, "127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn networks_are_read_and_compared_bit_by_bit() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().holds(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "::1") && holds("::/0", "::1"));
        assert!(holds("fd00::/8", "fdff::1") && !holds("fd00::1", "fd00::2"));
        for odd in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "a.example"] {
            assert_eq!(odd.parse::<Network>(), Err(NetworkError), "{odd}");
        }
    }
}
