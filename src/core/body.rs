//! Bodies: bytes that are not verified and bytes that are have different types, and this module alone turns the one
//! into the other.

use std::{fmt, rc::Rc};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use slipstream_wire::id::Digest;

/// SHA-256 of a body: the name under which it is kept, asked for and checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentId(#[serde(with = "serde_bytes")] [u8; 32]);

impl ContentId {
    /// Takes a digest as it is; whether any body has it is another question.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, 64 digits: the key in the database.
    pub fn to_hex(self) -> String {
        self.0.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(d.into(), 16)).collect()
    }

    /// Reads what [`Self::to_hex`] wrote; nothing else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let text = std::str::from_utf8(pair)
                .ok()
                .filter(|t| !t.contains(['+', 'A', 'B', 'C', 'D', 'E', 'F']))?;
            *byte = u8::from_str_radix(text, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl From<Digest> for ContentId {
    fn from(digest: Digest) -> Self {
        Self(*digest.as_bytes())
    }
}

impl From<ContentId> for Digest {
    fn from(id: ContentId) -> Self {
        Self::new(id.0)
    }
}

/// A short form: enough to tell two apart in a log, too little to look one up.
impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentId({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// A body whose bytes have the content id that stands beside them. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    id: ContentId,
    bytes: Rc<[u8]>,
}

/// The bytes are not those of the id. Whoever gave them lied, or lost some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongBytes;

impl Verified {
    /// Names bytes that this browser itself read from the origin.
    pub fn captured(bytes: Vec<u8>) -> Self {
        Self { id: ContentId(Sha256::digest(&bytes).into()), bytes: bytes.into() }
    }

    /// Accepts bytes only if they are the body of `id`.
    ///
    /// Errors: [`WrongBytes`].
    pub fn check(id: ContentId, bytes: Vec<u8>) -> Result<Self, WrongBytes> {
        let found = Self::captured(bytes);
        if found.id == id { Ok(found) } else { Err(WrongBytes) }
    }

    /// The content id.
    pub const fn id(&self) -> ContentId {
        self.id
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// A body that comes in pieces. It is hashed while it comes, so that nothing is left to do behind its last byte.
#[derive(Clone, Default)]
pub struct Incoming {
    hasher: Option<Sha256>,
    bytes: Vec<u8>,
}

impl Incoming {
    /// The bytes that come are the body's own. Room for `expected` of them is made.
    pub fn hashed(expected: usize) -> Self {
        Self { hasher: Some(Sha256::new()), bytes: Vec::with_capacity(expected) }
    }

    /// The bytes that come are another form of the body: [`Verified::check`] hashes what is made of them.
    pub fn unhashed(expected: usize) -> Self {
        Self { hasher: None, bytes: Vec::with_capacity(expected) }
    }

    /// The next piece.
    pub fn push(&mut self, piece: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(piece);
        }
        self.bytes.extend_from_slice(piece);
    }

    /// Bytes that have come.
    pub const fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether none has come.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// As they came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Accepts the bytes only if they are the body of `id`.
    ///
    /// Errors: [`WrongBytes`].
    pub fn check(self, id: ContentId) -> Result<Verified, WrongBytes> {
        let Some(hasher) = self.hasher else { return Verified::check(id, self.bytes) };
        let found = ContentId(hasher.finalize().into());
        if found == id { Ok(Verified { id, bytes: self.bytes.into() }) } else { Err(WrongBytes) }
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({:?}, {} bytes)", self.id, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_right_bytes_become_verified() {
        let body = Verified::captured(b"abc".to_vec());
        assert_eq!(body.id().to_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Verified::check(body.id(), b"abc".to_vec()), Ok(body.clone()));
        assert_eq!(Verified::check(body.id(), b"abd".to_vec()), Err(WrongBytes));
        assert_eq!(Verified::check(body.id(), b"ab".to_vec()), Err(WrongBytes));
        assert_eq!(Verified::check(body.id(), Vec::new()), Err(WrongBytes));
    }

    proptest! {
        #[test]
        fn pieces_are_the_body_that_they_make_and_no_other(pieces: Vec<Vec<u8>>, hashed: bool, wrong: bool) {
            let whole = Verified::captured(pieces.concat());
            let mut incoming = if hashed { Incoming::hashed(9) } else { Incoming::unhashed(9) };
            for piece in &pieces {
                incoming.push(piece);
            }
            if wrong {
                incoming.push(b"x");
            }
            prop_assert_eq!(incoming.len(), whole.len() + u64::from(wrong));
            prop_assert_eq!(incoming.check(whole.id()), if wrong { Err(WrongBytes) } else { Ok(whole) });
        }
    }

    #[test]
    fn hexadecimal_is_read_as_it_was_written_and_not_otherwise() {
        let id = Verified::captured(b"abc".to_vec()).id();
        assert_eq!(ContentId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(ContentId::from_hex(&id.to_hex().to_uppercase()), None);
        assert_eq!(ContentId::from_hex(&format!("+{}", &id.to_hex()[1..])), None);
        assert_eq!(ContentId::from_hex("ab"), None);
    }
}
