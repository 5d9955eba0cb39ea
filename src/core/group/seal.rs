//! Sealing: what members say through the server, the server cannot read, move or change (SECURITY.md §2.9).
//!
//! Layout: `nonce 12 | sid 16 | ciphertext | tag 16`, AES-256-GCM under K_seal, additional data topic ‖ from ‖ to ‖
//! sid. The sid stands outside the ciphertext because the additional data needs it before anything is open; the
//! server learns from it only which signals belong together, which it sees from their ends anyway.

use std::fmt;

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead as _, KeyInit as _, Payload},
};
use slipstream_wire::{
    id::{PeerId, Topic},
    server,
};

use super::Group;

/// What sealing adds to a plaintext, in bytes: nonce, sid, tag.
pub const OVERHEAD: usize = 12 + 16 + 16;

/// The way of a signal, as both its ends know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The common topic.
    pub topic: Topic,
    /// Who sends.
    pub from: PeerId,
    /// Whom it is for.
    pub to: PeerId,
}

/// What a sealed payload held.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The session that it was sealed for.
    pub sid: [u8; 16],
    /// What was sealed.
    pub plaintext: Vec<u8>,
}

/// Why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// Not sealed by a holder of this group's secret, for this way and session; or changed since.
    Broken,
    /// Longer, sealed, than the server relays ([`server::MAX_PAYLOAD`]).
    Long,
    /// Shorter than an empty sealed payload.
    Short,
}

impl Group {
    /// Seals `plaintext` for one way and session. `nonce` must be random and fresh: the same one twice under one
    /// group's key gives both plaintexts away.
    ///
    /// Errors: [`SealError::Long`].
    pub fn seal(
        &self,
        nonce: [u8; 12],
        route: &Route,
        sid: &[u8; 16],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        if plaintext.len() > server::MAX_PAYLOAD - OVERHEAD {
            return Err(SealError::Long);
        }
        let aad = additional(route, sid);
        let sealed = Aes256Gcm::new(&self.seal.into())
            .encrypt(&nonce.into(), Payload { msg: plaintext, aad: &aad })
            .map_err(|_| SealError::Long)?;
        Ok([&nonce[..], &sid[..], &sealed[..]].concat())
    }

    /// Opens what [`Self::seal`] made for the same way.
    ///
    /// Errors: [`SealError`], all variants. None tells which of key, way and content was wrong.
    pub fn open(&self, route: &Route, sealed: &[u8]) -> Result<Opened, SealError> {
        if sealed.len() > server::MAX_PAYLOAD {
            return Err(SealError::Long);
        }
        if sealed.len() < OVERHEAD {
            return Err(SealError::Short);
        }
        let (nonce, rest) = sealed.split_first_chunk::<12>().ok_or(SealError::Short)?;
        let (sid, ciphertext) = rest.split_first_chunk::<16>().ok_or(SealError::Short)?;
        let aad = additional(route, sid);
        let plaintext = Aes256Gcm::new(&self.seal.into())
            .decrypt(nonce.into(), Payload { msg: ciphertext, aad: &aad })
            .map_err(|_| SealError::Broken)?;
        Ok(Opened { sid: *sid, plaintext })
    }
}

/// Shows nothing of the plaintext: it holds addresses.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({} bytes)", self.plaintext.len())
    }
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "does not open",
            Self::Long => "too long for the server",
            Self::Short => "too short",
        })
    }
}

impl std::error::Error for SealError {}

/// All four parts are of fixed width, so no two different ways give the same bytes.
fn additional(route: &Route, sid: &[u8; 16]) -> Vec<u8> {
    [&route.topic.as_bytes()[..], route.from.as_bytes(), route.to.as_bytes(), sid].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::tests::{group, hex},
        *,
    };

    const SESSION: [u8; 16] = [1; 16];
    const ONCE: [u8; 12] = [9; 12];

    fn route() -> Route {
        Route { topic: Topic::new([8; 16]), from: PeerId::new([2; 16]), to: PeerId::new([3; 16]) }
    }

    #[test]
    fn a_sealed_payload_is_that_of_the_formula_and_opens() {
        let sealed = group().seal(ONCE, &route(), &SESSION, b"hello").unwrap();
        let expected = "09090909090909090909090901010101010101010101010101010101\
            2cbdefc911ddedff00e805ee30c75f37b7ddd7b361";
        assert_eq!(hex(&sealed), expected);
        assert_eq!(sealed.len(), b"hello".len() + OVERHEAD);
        let opened = group().open(&route(), &sealed);
        assert_eq!(opened, Ok(Opened { sid: SESSION, plaintext: b"hello".to_vec() }));
    }

    #[test]
    fn what_was_sealed_for_one_way_opens_on_no_other() {
        let sealed = group().seal(ONCE, &route(), &SESSION, b"hello").unwrap();
        let Route { topic, from, to } = route();
        for other in [
            Route { topic: Topic::new([0; 16]), from, to },
            Route { topic, from: PeerId::new([0; 16]), to },
            Route { topic, from, to: PeerId::new([0; 16]) },
            Route { topic, from: to, to: from },
        ] {
            assert_eq!(group().open(&other, &sealed), Err(SealError::Broken));
        }
        assert_eq!(Group::new([7; 32]).open(&route(), &sealed), Err(SealError::Broken));
    }

    #[test]
    fn lengths_that_cannot_be_are_refused_before_any_work() {
        let longest = vec![0; server::MAX_PAYLOAD - OVERHEAD];
        let sealed = group().seal(ONCE, &route(), &SESSION, &longest).unwrap();
        assert_eq!(sealed.len(), server::MAX_PAYLOAD);
        assert!(group().open(&route(), &sealed).is_ok());
        let longer = vec![0; longest.len() + 1];
        assert_eq!(group().seal(ONCE, &route(), &SESSION, &longer), Err(SealError::Long));
        assert_eq!(group().open(&route(), &vec![0; server::MAX_PAYLOAD + 1]), Err(SealError::Long));
        assert_eq!(group().open(&route(), &[0; OVERHEAD - 1]), Err(SealError::Short));
        assert_eq!(group().open(&route(), &[0; OVERHEAD]), Err(SealError::Broken));
    }

    proptest! {
        #[test]
        fn one_changed_bit_anywhere_breaks_the_seal(at: proptest::sample::Index, bit in 0..8u8) {
            let mut sealed = group().seal(ONCE, &route(), &SESSION, b"hello").unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(group().open(&route(), &sealed), Err(SealError::Broken));
        }

        #[test]
        fn any_plaintext_comes_back(
            plaintext in proptest::collection::vec(any::<u8>(), 0..600), nonce: [u8; 12], sid: [u8; 16],
        ) {
            let sealed = group().seal(nonce, &route(), &sid, &plaintext).unwrap();
            prop_assert_eq!(group().open(&route(), &sealed), Ok(Opened { sid, plaintext }));
        }
    }
}
