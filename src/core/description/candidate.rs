//! ICE candidates as fields (SECURITY.md §4.4): what does not travel is not kept, and a line for the browser is
//! written anew.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::is_ice_text;

/// Longest candidate line that is read, in bytes. Chromium's are below 250.
pub const MAX_CANDIDATE_LINE: usize = 512;

/// Ports below belong to services, at which nobody shall aim STUN (SECURITY.md §5.3).
const MIN_PORT: u16 = 1024;
/// Largest priority that ICE allows (RFC 8445 §5.1.2).
const MAX_PRIORITY: u32 = i32::MAX.unsigned_abs();

/// One UDP candidate of component 1, checked: port 1024 or above, priority from 1 to 2³¹−1, a literal address.
/// Whether it may travel is another question: [`super::Reach`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Candidate(Fields);

/// How an address was found (RFC 8445 §5.1.1). Peer-reflexive ones are found by both sides and never told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CandidateType {
    /// An own network interface.
    #[serde(rename = "h")]
    Host,
    /// As a STUN server saw it.
    #[serde(rename = "s")]
    Srflx,
    /// Of a TURN server.
    #[serde(rename = "r")]
    Relay,
}

/// Why a line, or what came over the wire, is not a candidate that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CandidateError {
    /// The address is a name (`.local` mostly) or has a zone.
    Address,
    /// The component is not 1.
    Component,
    /// The foundation is not 1 to 32 ICE characters.
    Foundation,
    /// Not a candidate line. The empty line that ends gathering is one of these.
    Form,
    /// The port is no number or below 1024.
    Port,
    /// The priority is no number or outside 1 to 2³¹−1.
    Priority,
    /// Longer than [`MAX_CANDIDATE_LINE`].
    TooLong,
    /// Not UDP.
    Transport,
    /// Neither host, srflx nor relay.
    Type,
}

/// As it travels.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fields {
    foundation: String,
    priority: u32,
    #[serde(serialize_with = "write_address", deserialize_with = "read_address")]
    address: IpAddr,
    port: u16,
    typ: CandidateType,
}

impl Candidate {
    /// Puts a candidate together from fields.
    ///
    /// Errors: [`CandidateError::Foundation`], [`CandidateError::Priority`], [`CandidateError::Port`].
    pub fn new(
        foundation: &str,
        priority: u32,
        address: IpAddr,
        port: u16,
        typ: CandidateType,
    ) -> Result<Self, CandidateError> {
        Fields { foundation: foundation.to_owned(), priority, address, port, typ }.try_into()
    }

    /// Reads the `candidate` of an `RTCIceCandidate`, with or without `a=`. Related addresses and extensions are
    /// passed over.
    ///
    /// Errors: [`CandidateError`], all variants. Most are ordinary: browsers also gather TCP and mDNS candidates.
    pub fn parse(line: &str) -> Result<Self, CandidateError> {
        use CandidateError as E;
        if line.len() > MAX_CANDIDATE_LINE {
            return Err(E::TooLong);
        }
        let line = line.strip_prefix("a=").unwrap_or(line);
        let mut words = line.strip_prefix("candidate:").ok_or(E::Form)?.split(' ');
        let mut next = || words.next().ok_or(E::Form);
        let (foundation, component, transport) = (next()?, next()?, next()?);
        let (priority, address, port) = (next()?, next()?, next()?);
        let (label, typ) = (next()?, next()?);
        if label != "typ" {
            return Err(E::Form);
        }
        if component != "1" {
            return Err(E::Component);
        }
        if !transport.eq_ignore_ascii_case("udp") {
            return Err(E::Transport);
        }
        let typ = CandidateType::ALL.into_iter().find(|t| t.name() == typ).ok_or(E::Type)?;
        let priority = priority.parse().map_err(|_| E::Priority)?;
        let address = address.parse().map_err(|_| E::Address)?;
        let port = port.parse().map_err(|_| E::Port)?;
        Self::new(foundation, priority, address, port, typ)
    }

    /// Writes the line for `addIceCandidate`. The related address, which a reader expects where the type is not
    /// host, is the unspecified one: it would show what lies behind a translator or relay.
    pub fn to_line(&self) -> String {
        let Fields { foundation, priority, address, port, typ } = &self.0;
        let related = match (typ, address) {
            (CandidateType::Host, _) => "",
            (_, IpAddr::V4(_)) => " raddr 0.0.0.0 rport 9",
            (_, IpAddr::V6(_)) => " raddr :: rport 9",
        };
        format!("candidate:{foundation} 1 udp {priority} {address} {port} typ {}{related}", typ.name())
    }

    /// The address. Not for logs.
    pub const fn address(&self) -> IpAddr {
        self.0.address
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.0.port
    }

    /// How the address was found.
    pub const fn typ(&self) -> CandidateType {
        self.0.typ
    }
}

impl CandidateType {
    const ALL: [Self; 3] = [Self::Host, Self::Srflx, Self::Relay];

    /// As it stands in a candidate line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Srflx => "srflx",
            Self::Relay => "relay",
        }
    }
}

impl TryFrom<Fields> for Candidate {
    type Error = CandidateError;

    fn try_from(fields: Fields) -> Result<Self, CandidateError> {
        if !is_ice_text(&fields.foundation, 1, 32) {
            return Err(CandidateError::Foundation);
        }
        if !(1..=MAX_PRIORITY).contains(&fields.priority) {
            return Err(CandidateError::Priority);
        }
        if fields.port < MIN_PORT {
            return Err(CandidateError::Port);
        }
        Ok(Self(fields))
    }
}

impl From<Candidate> for Fields {
    fn from(candidate: Candidate) -> Self {
        candidate.0
    }
}

impl fmt::Display for CandidateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => "no literal address",
            Self::Component => "not component 1",
            Self::Foundation => "no acceptable foundation",
            Self::Form => "no candidate line",
            Self::Port => "no acceptable port",
            Self::Priority => "no acceptable priority",
            Self::TooLong => "too long",
            Self::Transport => "not UDP",
            Self::Type => "a type that is not told",
        })
    }
}

impl std::error::Error for CandidateError {}

/// Shows no address.
impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.0.address.is_ipv4() { "v4" } else { "v6" };
        write!(f, "Candidate({}, {family})", self.0.typ.name())
    }
}

fn write_address<S: Serializer>(address: &IpAddr, serializer: S) -> Result<S::Ok, S::Error> {
    match address {
        IpAddr::V4(address) => serializer.serialize_bytes(&address.octets()),
        IpAddr::V6(address) => serializer.serialize_bytes(&address.octets()),
    }
}

/// Four bytes or sixteen; the length tells the family.
fn read_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpAddr, D::Error> {
    let bytes = serde_bytes::ByteBuf::deserialize(deserializer)?;
    if let Ok(octets) = <[u8; 4]>::try_from(&bytes[..]) {
        return Ok(Ipv4Addr::from(octets).into());
    }
    let octets =
        <[u8; 16]>::try_from(&bytes[..]).map_err(|_| D::Error::invalid_length(bytes.len(), &"4 or 16"))?;
    Ok(Ipv6Addr::from(octets).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipstream_wire::codec::{self, Limits};

    use super::*;

    /// Lines as Chromium 156 made them: an extension-like page, then an ordinary one.
    const RAW: &str = "candidate:2536048589 1 udp 2113937151 192.0.2.2 37162 typ host generation 0 ufrag 56vC network-cost 999";
    const HIDDEN: &str = "candidate:2926607969 1 udp 2113937151 331821e6-8900-4d4d-b6ab-668c9cc4015f.local 40978 typ host generation 0 ufrag LftR network-cost 999";

    #[test]
    fn a_line_of_chromium_keeps_only_what_travels() {
        let candidate = Candidate::parse(RAW).unwrap();
        assert_eq!(candidate.to_line(), "candidate:2536048589 1 udp 2113937151 192.0.2.2 37162 typ host");
        assert_eq!(Candidate::parse(HIDDEN), Err(CandidateError::Address));
    }

    #[test]
    fn what_lies_behind_a_translator_is_not_told() {
        let line =
            "candidate:7 1 UDP 1677729535 2001:db8::7 46154 typ srflx raddr fd00::9 rport 46154 generation 0";
        let written = Candidate::parse(line).unwrap().to_line();
        assert_eq!(written, "candidate:7 1 udp 1677729535 2001:db8::7 46154 typ srflx raddr :: rport 9");
        let line = "a=candidate:7 1 udp 41885439 203.0.113.8 50000 typ relay raddr 192.168.1.9 rport 46154";
        let written = Candidate::parse(line).unwrap().to_line();
        assert_eq!(written, "candidate:7 1 udp 41885439 203.0.113.8 50000 typ relay raddr 0.0.0.0 rport 9");
    }

    #[test]
    fn each_fault_of_a_line_has_its_name() {
        use CandidateError as E;
        for (line, why) in [
            ("", E::Form),
            ("candidate:1 1 udp 1 10.0.0.1 5000", E::Form),
            ("candidate:1 1 udp 1 10.0.0.1 5000 of host", E::Form),
            ("candidate: 1 udp 1 10.0.0.1 5000 typ host", E::Foundation),
            ("candidate:a-b 1 udp 1 10.0.0.1 5000 typ host", E::Foundation),
            ("candidate:1 2 udp 1 10.0.0.1 5000 typ host", E::Component),
            ("candidate:1 1 tcp 1 10.0.0.1 9 typ host tcptype active", E::Transport),
            ("candidate:1 1 udp 0 10.0.0.1 5000 typ host", E::Priority),
            ("candidate:1 1 udp 2147483648 10.0.0.1 5000 typ host", E::Priority),
            ("candidate:1 1 udp 1 fe80::1%eth0 5000 typ host", E::Address),
            ("candidate:1 1 udp 1 10.0.0.1 1023 typ host", E::Port),
            ("candidate:1 1 udp 1 10.0.0.1 65536 typ host", E::Port),
            ("candidate:1 1 udp 1 10.0.0.1 5000 typ prflx", E::Type),
        ] {
            assert_eq!(Candidate::parse(line), Err(why), "{line}");
        }
        let long = format!("{RAW} {}", "x".repeat(MAX_CANDIDATE_LINE));
        assert_eq!(Candidate::parse(&long), Err(E::TooLong));
    }

    #[test]
    fn debug_shows_no_address() {
        assert_eq!(format!("{:?}", Candidate::parse(RAW).unwrap()), "Candidate(host, v4)");
    }

    #[test]
    fn what_is_decoded_has_passed_the_same_checks() {
        let fields = Candidate::parse(RAW).unwrap().0;
        let as_sent = |fields: &Fields| codec::decode::<Candidate>(&codec::encode(fields), &Limits::SERVER);
        assert!(as_sent(&fields).is_ok());
        assert!(as_sent(&Fields { port: 80, ..fields.clone() }).is_err());
        assert!(as_sent(&Fields { priority: 0, ..fields.clone() }).is_err());
        assert!(as_sent(&Fields { foundation: "1 1 udp\r\na=x".to_owned(), ..fields }).is_err());
    }

    fn candidates() -> impl Strategy<Value = Candidate> {
        let address =
            prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from),];
        let typ = proptest::sample::select(&CandidateType::ALL[..]);
        ("[a-zA-Z0-9+/]{1,32}", 1..=MAX_PRIORITY, address, MIN_PORT.., typ).prop_map(
            |(foundation, priority, address, port, typ)| {
                Candidate::new(&foundation, priority, address, port, typ).unwrap()
            },
        )
    }

    proptest! {
        #[test]
        fn a_written_line_reads_the_same(candidate in candidates()) {
            prop_assert_eq!(Candidate::parse(&candidate.to_line()), Ok(candidate));
        }

        #[test]
        fn what_was_sent_arrives_the_same_and_small(candidate in candidates()) {
            let bytes = codec::encode(&candidate);
            prop_assert!(bytes.len() <= 64, "{} bytes", bytes.len());
            prop_assert_eq!(codec::decode(&bytes, &Limits::SERVER), Ok(candidate));
        }

        #[test]
        fn any_text_is_a_candidate_or_an_error(text in ".{0,600}") {
            let _ = Candidate::parse(&text);
        }

        #[test]
        fn a_damaged_line_gives_one_clean_line_or_an_error(at in 0..RAW.len(), with: char) {
            let mut line = RAW.to_owned();
            line.replace_range(at..=at, with.encode_utf8(&mut [0; 4]));
            if let Ok(candidate) = Candidate::parse(&line) {
                let written = candidate.to_line();
                prop_assert!(written.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
                prop_assert_eq!(Candidate::parse(&written), Ok(candidate));
            }
        }
    }
}
