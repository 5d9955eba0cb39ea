//! Channel binding: proof that a channel's two ends hold the group's secret and see each other's certificates
//! (SECURITY.md §2.9).
//!
//! Three MACs under K_auth. M1 comes with the offer, M2 with the answer, CONFIRM in the offerer's first frame on the
//! open channel. The fingerprints are those that each side gave to its browser, which enforces them; a server in the
//! middle would have to show its own, and could not make the MAC.
//!
//! Step 1 differs from the section in two points. `pub_o` and `pub_a` are the names that the server gave to the two
//! connections ([`PeerId`]), not member keys: they bind a proof to one pair of connections and say nothing about who
//! is behind them. CONFIRM is a MAC where step 2 has the offerer's Ed25519 signature, and the answer's signature is
//! absent. Without certificates, holding the secret is all there is to prove.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use slipstream_wire::id::PeerId;

use super::{Group, mac};

/// What an offer fixes. Made by both sides from what each knows itself; only the offerer's part came by wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The session: random, made by the offerer, never used twice. The answerer remembers those that it has seen
    /// for as long as its connection to the server lives.
    pub sid: [u8; 16],
    /// The offerer's connection: the server's `from`, or its `you` on the offerer's side.
    pub offerer: PeerId,
    /// The answerer's connection, likewise.
    pub answerer: PeerId,
    /// The offerer's nonce: random, used once.
    pub n_o: [u8; 16],
    /// SHA-256 of the offerer's DTLS certificate, as its browser applies it.
    pub fp_o: [u8; 32],
}

/// What both sides must agree on before a channel may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The offer's part.
    pub offered: Offered,
    /// The answerer's nonce: random, used once.
    pub n_a: [u8; 16],
    /// SHA-256 of the answerer's DTLS certificate, as its browser applies it.
    pub fp_a: [u8; 32],
}

/// Why a proof does not hold. Both end the attempt without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindingError {
    /// The MAC is not that of these facts: another secret, or somebody changed something on the way.
    Mac,
    /// Offerer and answerer are the same connection: a reflected message.
    Reflected,
}

impl Offered {
    /// The whole transcript, once the answerer's part is known.
    pub const fn answered(self, n_a: [u8; 16], fp_a: [u8; 32]) -> Transcript {
        Transcript { offered: self, n_a, fp_a }
    }
}

impl Group {
    /// M1 = HMAC(K_auth, `slip/1/o` ‖ gid ‖ sid ‖ pub_o ‖ pub_a ‖ n_o ‖ fp_o).
    pub fn offer_mac(&self, offered: &Offered) -> [u8; 32] {
        self.offer(offered).finalize().into_bytes().into()
    }

    /// Checks M1, in constant time.
    pub fn check_offer(&self, offered: &Offered, m1: &[u8]) -> Result<(), BindingError> {
        check(offered, self.offer(offered), m1)
    }

    /// M2 = HMAC(K_auth, `slip/1/a` ‖ T), with T = gid ‖ sid ‖ pub_o ‖ pub_a ‖ n_o ‖ n_a ‖ fp_o ‖ fp_a.
    pub fn answer_mac(&self, transcript: &Transcript) -> [u8; 32] {
        self.whole(b"slip/1/a", transcript).finalize().into_bytes().into()
    }

    /// Checks M2, in constant time.
    pub fn check_answer(&self, transcript: &Transcript, m2: &[u8]) -> Result<(), BindingError> {
        check(&transcript.offered, self.whole(b"slip/1/a", transcript), m2)
    }

    /// CONFIRM = HMAC(K_auth, `slip/1/c` ‖ T). The offerer's first frame carries it.
    pub fn confirm(&self, transcript: &Transcript) -> [u8; 32] {
        self.whole(b"slip/1/c", transcript).finalize().into_bytes().into()
    }

    /// Checks CONFIRM, in constant time.
    pub fn check_confirm(&self, transcript: &Transcript, confirm: &[u8]) -> Result<(), BindingError> {
        check(&transcript.offered, self.whole(b"slip/1/c", transcript), confirm)
    }

    fn offer(&self, o: &Offered) -> Hmac<Sha256> {
        let parts: [&[u8]; 7] =
            [b"slip/1/o", &self.gid, &o.sid, o.offerer.as_bytes(), o.answerer.as_bytes(), &o.n_o, &o.fp_o];
        mac(&self.auth, &parts)
    }

    fn whole(&self, label: &[u8; 8], t: &Transcript) -> Hmac<Sha256> {
        let o = &t.offered;
        let (pub_o, pub_a) = (o.offerer.as_bytes(), o.answerer.as_bytes());
        mac(&self.auth, &[label, &self.gid, &o.sid, pub_o, pub_a, &o.n_o, &t.n_a, &o.fp_o, &t.fp_a])
    }
}

impl fmt::Display for BindingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mac => "the proof does not hold",
            Self::Reflected => "both ends are the same",
        })
    }
}

impl std::error::Error for BindingError {}

fn check(offered: &Offered, expected: Hmac<Sha256>, given: &[u8]) -> Result<(), BindingError> {
    if offered.offerer == offered.answerer {
        return Err(BindingError::Reflected);
    }
    expected.verify_slice(given).map_err(|_| BindingError::Mac)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{group, hex},
        *,
    };

    fn transcript() -> Transcript {
        let (offerer, answerer) = (PeerId::new([2; 16]), PeerId::new([3; 16]));
        Offered { sid: [1; 16], offerer, answerer, n_o: [4; 16], fp_o: [6; 32] }.answered([5; 16], [7; 32])
    }

    /// The transcript with each of its fields changed in turn.
    fn changed() -> [Transcript; 7] {
        let t = transcript();
        let o = t.offered;
        [
            Transcript { offered: Offered { sid: [9; 16], ..o }, ..t },
            Transcript { offered: Offered { offerer: PeerId::new([9; 16]), ..o }, ..t },
            Transcript { offered: Offered { answerer: PeerId::new([9; 16]), ..o }, ..t },
            Transcript { offered: Offered { n_o: [9; 16], ..o }, ..t },
            Transcript { offered: Offered { fp_o: [9; 32], ..o }, ..t },
            Transcript { n_a: [9; 16], ..t },
            Transcript { fp_a: [9; 32], ..t },
        ]
    }

    #[test]
    fn proofs_are_those_of_the_formulas() {
        let (group, t) = (group(), transcript());
        let m1 = "33d434c65103a0668d11c03fecc226f52fb8b352ff7049b9770cb03a9b34ca4d";
        let m2 = "839dcaa7ab93cd9ba1d70a6527e9d4974c0ecbdfc17af2cc7133e4c46589ef9b";
        let confirm = "4e902f750aa060fde377c51277e56e47b50fa86d4dea094dea81b193e29e0509";
        assert_eq!(hex(&group.offer_mac(&t.offered)), m1);
        assert_eq!(hex(&group.answer_mac(&t)), m2);
        assert_eq!(hex(&group.confirm(&t)), confirm);
    }

    #[test]
    fn each_side_accepts_what_the_other_proved() {
        let (group, t) = (group(), transcript());
        assert_eq!(group.check_offer(&t.offered, &group.offer_mac(&t.offered)), Ok(()));
        assert_eq!(group.check_answer(&t, &group.answer_mac(&t)), Ok(()));
        assert_eq!(group.check_confirm(&t, &group.confirm(&t)), Ok(()));
    }

    #[test]
    fn a_change_of_any_field_breaks_every_proof_over_it() {
        let (group, t) = (group(), transcript());
        let (m1, m2, confirm) = (group.offer_mac(&t.offered), group.answer_mac(&t), group.confirm(&t));
        for other in changed() {
            assert_eq!(group.check_answer(&other, &m2), Err(BindingError::Mac), "{other:?}");
            assert_eq!(group.check_confirm(&other, &confirm), Err(BindingError::Mac), "{other:?}");
            if other.offered != t.offered {
                assert_eq!(group.check_offer(&other.offered, &m1), Err(BindingError::Mac), "{other:?}");
            }
        }
    }

    #[test]
    fn no_proof_stands_for_another_and_none_for_another_group() {
        let (group, t) = (group(), transcript());
        let others = [group.offer_mac(&t.offered), group.answer_mac(&t), Group::new([7; 32]).confirm(&t)];
        for other in others {
            assert_eq!(group.check_confirm(&t, &other), Err(BindingError::Mac));
        }
        assert_eq!(group.check_answer(&t, &group.confirm(&t)), Err(BindingError::Mac));
    }

    #[test]
    fn a_cut_or_lengthened_proof_is_none() {
        let (group, t) = (group(), transcript());
        let confirm = group.confirm(&t);
        for wrong in [&confirm[..31], &[], &[&confirm[..], &[0]].concat()] {
            assert_eq!(group.check_confirm(&t, wrong), Err(BindingError::Mac));
        }
    }

    #[test]
    fn a_reflected_offer_is_refused_even_with_its_right_mac() {
        let offered = Offered { answerer: PeerId::new([2; 16]), ..transcript().offered };
        let m1 = group().offer_mac(&offered);
        assert_eq!(group().check_offer(&offered, &m1), Err(BindingError::Reflected));
    }
}
