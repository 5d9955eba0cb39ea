//! What two browsers say through the server before they have a channel, and how it is sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use slipstream_wire::codec::{self, CodecError, Limits};

use super::{Candidate, Description, Kind};
use crate::group::{Group, Route, SealError};

/// What a signal may cost. The deepest is an offer: variant, fields, description.
const LIMITS: Limits = Limits { bytes: 2048, depth: 3, items: 5, text: 64, binary: 32 };

/// The plaintext of a sealed payload. The proofs are checked by the receiver against what it knows itself
/// ([`crate::group::Offered`], [`crate::group::Transcript`]) before it makes a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// "Let us talk."
    #[serde(rename = "o")]
    Offer {
        /// The session, new.
        #[serde(with = "serde_bytes")]
        sid: [u8; 16],
        /// The offerer's half; an offer.
        description: Description,
        /// The offerer's nonce.
        #[serde(with = "serde_bytes")]
        n_o: [u8; 16],
        /// M1.
        #[serde(with = "serde_bytes")]
        mac: [u8; 32],
        /// By relays on both sides: a channel that took another way opened, and nothing came through it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        relayed: bool,
    },
    /// "Yes."
    #[serde(rename = "a")]
    Answer {
        /// The session of the offer.
        #[serde(with = "serde_bytes")]
        sid: [u8; 16],
        /// The answerer's half; an answer.
        description: Description,
        /// The answerer's nonce.
        #[serde(with = "serde_bytes")]
        n_a: [u8; 16],
        /// M2.
        #[serde(with = "serde_bytes")]
        mac: [u8; 32],
    },
    /// "I may also be reached here." From both sides, after the offer or answer.
    #[serde(rename = "c")]
    Candidate {
        /// The session.
        #[serde(with = "serde_bytes")]
        sid: [u8; 16],
        /// Where.
        candidate: Candidate,
    },
    /// "Let us not."
    #[serde(rename = "e")]
    End {
        /// The session.
        #[serde(with = "serde_bytes")]
        sid: [u8; 16],
    },
}

/// Why a payload is no signal. The sender, or the server on the way, is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalError {
    /// Opened, but not a signal.
    Codec(CodecError),
    /// An offer with an answer's description, or the reverse.
    Kind,
    /// Cannot be sealed or opened.
    Seal(SealError),
    /// Sealed for another session than it names.
    Session,
}

impl Signal {
    /// The session that it belongs to.
    pub const fn sid(&self) -> &[u8; 16] {
        match self {
            Self::Offer { sid, .. }
            | Self::Answer { sid, .. }
            | Self::Candidate { sid, .. }
            | Self::End { sid } => sid,
        }
    }

    /// Encodes and seals it for one way. `nonce` must be random and fresh.
    ///
    /// Errors: [`SignalError::Seal`] with [`SealError::Long`], which no signal reaches.
    pub fn seal(&self, group: &Group, nonce: [u8; 12], route: &Route) -> Result<Vec<u8>, SignalError> {
        group.seal(nonce, route, self.sid(), &codec::encode(self)).map_err(SignalError::Seal)
    }

    /// Opens and decodes what came by one way. Nothing is decoded that was not sealed by a member.
    ///
    /// Errors: [`SignalError`], all variants.
    pub fn open(group: &Group, route: &Route, sealed: &[u8]) -> Result<Self, SignalError> {
        let opened = group.open(route, sealed).map_err(SignalError::Seal)?;
        let signal = Self::decode(&opened.plaintext)?;
        if *signal.sid() == opened.sid { Ok(signal) } else { Err(SignalError::Session) }
    }

    /// Reads a plaintext, bounded.
    ///
    /// Errors: [`SignalError::Codec`], [`SignalError::Kind`].
    pub fn decode(plaintext: &[u8]) -> Result<Self, SignalError> {
        let signal = codec::decode(plaintext, &LIMITS).map_err(SignalError::Codec)?;
        let fits = match &signal {
            Self::Offer { description, .. } => description.kind() == Kind::Offer,
            Self::Answer { description, .. } => description.kind() == Kind::Answer,
            Self::Candidate { .. } | Self::End { .. } => true,
        };
        if fits { Ok(signal) } else { Err(SignalError::Kind) }
    }
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Codec(why) => write!(f, "not a signal: {why}"),
            Self::Kind => f.write_str("a description of the wrong kind"),
            Self::Seal(why) => write!(f, "not sealed for this way: {why}"),
            Self::Session => f.write_str("sealed for another session"),
        }
    }
}

impl std::error::Error for SignalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Codec(why) => Some(why),
            Self::Seal(why) => Some(why),
            Self::Kind | Self::Session => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipstream_wire::id::{PeerId, Topic};

    use super::*;
    use crate::description::{CandidateType, MAX_MESSAGE_SIZE};

    fn group() -> Group {
        Group::new([1; 32])
    }

    fn route() -> Route {
        Route { topic: Topic::new([8; 16]), from: PeerId::new([2; 16]), to: PeerId::new([3; 16]) }
    }

    fn half(kind: Kind) -> Description {
        let (ufrag, pwd) = ("u".repeat(32), "p".repeat(64));
        Description::new(kind, &ufrag, &pwd, [0xff; 32], MAX_MESSAGE_SIZE).unwrap()
    }

    /// One of each, as large as it gets.
    fn signals() -> [Signal; 4] {
        let sid = [0xff; 16];
        let address = [0xff; 16].into();
        let candidate =
            Candidate::new(&"f".repeat(32), 1 << 30, address, 65_535, CandidateType::Relay).unwrap();
        [
            Signal::Offer {
                sid,
                description: half(Kind::Offer),
                n_o: [0xff; 16],
                mac: [0xff; 32],
                relayed: true,
            },
            Signal::Answer { sid, description: half(Kind::Answer), n_a: [0xff; 16], mac: [0xff; 32] },
            Signal::Candidate { sid, candidate },
            Signal::End { sid },
        ]
    }

    #[test]
    fn the_largest_of_each_kind_arrives_the_same_and_is_small() {
        // An array of numbers instead of bytes would nearly double these.
        for (signal, most) in signals().into_iter().zip([226, 226, 88, 22]) {
            let bytes = codec::encode(&signal);
            assert!(bytes.len() <= most, "{signal:?}: {} bytes", bytes.len());
            let sealed = signal.seal(&group(), [9; 12], &route()).unwrap();
            assert_eq!(Signal::open(&group(), &route(), &sealed), Ok(signal));
        }
    }

    #[test]
    fn an_offer_with_an_answers_half_is_refused() {
        let [_, _, _, Signal::End { sid }] = signals() else { unreachable!() };
        let crossed = Signal::Offer {
            sid,
            description: half(Kind::Answer),
            n_o: [0; 16],
            mac: [0; 32],
            relayed: false,
        };
        assert_eq!(Signal::decode(&codec::encode(&crossed)), Err(SignalError::Kind));
        let crossed = Signal::Answer { sid, description: half(Kind::Offer), n_a: [0; 16], mac: [0; 32] };
        assert_eq!(Signal::decode(&codec::encode(&crossed)), Err(SignalError::Kind));
    }

    #[test]
    fn a_signal_that_names_another_session_than_its_seal_is_refused() {
        let inner = codec::encode(&Signal::End { sid: [1; 16] });
        let sealed = group().seal([9; 12], &route(), &[2; 16], &inner).unwrap();
        assert_eq!(Signal::open(&group(), &route(), &sealed), Err(SignalError::Session));
    }

    #[test]
    fn nothing_is_decoded_that_no_member_sealed() {
        let sealed = Signal::End { sid: [1; 16] }.seal(&Group::new([2; 32]), [9; 12], &route()).unwrap();
        let broken = SignalError::Seal(SealError::Broken);
        assert_eq!(Signal::open(&group(), &route(), &sealed), Err(broken));
    }

    #[test]
    fn debug_shows_neither_address_nor_credentials() {
        let shown = format!("{:?}", signals());
        assert!(!shown.contains("ffff") && !shown.contains("uuuu") && !shown.contains("pppp"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_signal_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Signal::decode(&bytes);
            let _ = Signal::open(&group(), &route(), &bytes);
        }

        #[test]
        fn damaged_plaintext_is_a_signal_or_an_error(which in 0..4usize, at: proptest::sample::Index, with: u8) {
            let mut bytes = codec::encode(&signals()[which]);
            let at = at.index(bytes.len());
            bytes[at] = with;
            if let Ok(signal) = Signal::decode(&bytes) {
                prop_assert_eq!(Signal::decode(&codec::encode(&signal)), Ok(signal));
            }
        }
    }
}
