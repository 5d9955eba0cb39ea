//! Session descriptions as fields. SDP never travels: what Chromium writes is read here ([`Description::from_sdp`]),
//! a few checked fields go over the wire, and the receiver rebuilds SDP from a template
//! ([`Description::to_sdp`], SECURITY.md §5.3).
//!
//! Every value that exists has passed the section's checks, decoded ones too, so a stranger's text can add no line
//! to an SDP. What is fixed by the section (setup role, SCTP port, the one data section) is not a field.

mod candidate;
mod reach;
mod sdp;
mod signal;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use candidate::{Candidate, CandidateError, CandidateType, MAX_CANDIDATE_LINE};
pub use reach::{Class, Dropped, MAX_CANDIDATES, Reach};
pub use signal::{Signal, SignalError};

/// Longest SDP that is read, in bytes. Chromium's for one data section, with all candidates, stays below 4 KiB.
pub const MAX_SDP: usize = 16 * 1024;
/// The `mid` of the one section; `addIceCandidate` wants it beside each candidate.
pub const MID: &str = "0";
/// Largest message that is announced, in bytes: what Chromium takes (SECURITY.md §5.3).
pub const MAX_MESSAGE_SIZE: u32 = 262_144;
/// Smallest announcement that is accepted, in bytes: a whole frame must fit (SECURITY.md §5.3).
pub const MIN_MESSAGE_SIZE: u32 = 65_536;

/// One side's half of a session: everything that its peer's browser needs to know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Description(Fields);

/// Which half of a session a description is. It decides the setup role: offer actpass, answer active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Made first, by the side that starts.
    #[serde(rename = "o")]
    Offer,
    /// Made in answer to an offer.
    #[serde(rename = "a")]
    Answer,
}

/// Why a description is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescriptionError {
    /// The one SHA-256 fingerprint is absent, doubled or malformed, or there is one of another algorithm.
    Fingerprint,
    /// The one `max-message-size` is absent, doubled, no number or too small; over the wire also too large.
    MessageSize,
    /// The one `ice-pwd` is absent, doubled or malformed.
    Password,
    /// The one `sctp-port` is not 5000.
    Port,
    /// Not exactly one section, of data channels, named [`MID`].
    Section,
    /// The one `setup` is not the role that fits the kind.
    Setup,
    /// Longer than [`MAX_SDP`].
    TooLong,
    /// The one `ice-ufrag` is absent, doubled or malformed.
    Ufrag,
}

/// As it travels.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fields {
    kind: Kind,
    ufrag: String,
    pwd: String,
    #[serde(with = "serde_bytes")]
    fingerprint: [u8; 32],
    max_message_size: u32,
}

impl Description {
    /// Puts a description together from fields.
    ///
    /// `ufrag` has 4 to 32 and `pwd` 22 to 64 ICE characters (RFC 8839 §5.4), `max_message_size` is in bytes, from
    /// [`MIN_MESSAGE_SIZE`] to [`MAX_MESSAGE_SIZE`].
    ///
    /// Errors: [`DescriptionError::Ufrag`], [`DescriptionError::Password`], [`DescriptionError::MessageSize`].
    pub fn new(
        kind: Kind,
        ufrag: &str,
        pwd: &str,
        fingerprint: [u8; 32],
        max_message_size: u32,
    ) -> Result<Self, DescriptionError> {
        Fields { kind, ufrag: ufrag.to_owned(), pwd: pwd.to_owned(), fingerprint, max_message_size }
            .try_into()
    }

    /// Which half it is.
    pub const fn kind(&self) -> Kind {
        self.0.kind
    }

    /// SHA-256 of the certificate that this side will show; what the proofs of [`crate::group`] bind.
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.0.fingerprint
    }

    /// Longest message that this side takes, in bytes.
    pub const fn max_message_size(&self) -> u32 {
        self.0.max_message_size
    }
}

impl TryFrom<Fields> for Description {
    type Error = DescriptionError;

    fn try_from(fields: Fields) -> Result<Self, DescriptionError> {
        if !is_ice_text(&fields.ufrag, 4, 32) {
            return Err(DescriptionError::Ufrag);
        }
        if !is_ice_text(&fields.pwd, 22, 64) {
            return Err(DescriptionError::Password);
        }
        if !(MIN_MESSAGE_SIZE..=MAX_MESSAGE_SIZE).contains(&fields.max_message_size) {
            return Err(DescriptionError::MessageSize);
        }
        Ok(Self(fields))
    }
}

impl From<Description> for Fields {
    fn from(description: Description) -> Self {
        description.0
    }
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fingerprint => "not exactly one SHA-256 fingerprint",
            Self::MessageSize => "no acceptable message size",
            Self::Password => "no acceptable ICE password",
            Self::Port => "no acceptable SCTP port",
            Self::Section => "not exactly one section of data channels",
            Self::Setup => "a setup role that does not fit",
            Self::TooLong => "too long",
            Self::Ufrag => "no acceptable ICE user fragment",
        })
    }
}

impl std::error::Error for DescriptionError {}

/// Shows no credentials.
impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Description({:?})", self.0.kind)
    }
}

/// Whether text consists of ICE characters, that many of them (RFC 8839 §5.1).
fn is_ice_text(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}
