//! MessagePack, bounded: everything that comes from outside passes [`decode`], everything that goes out [`encode`].
//!
//! The form is positional: a struct is an array of its fields, a variant is a map of one pair from its letter to
//! its fields, a variant without fields is its letter alone. Before serde sees a byte, a loop without recursion and
//! without allocation walks the whole structure and holds it to [`Limits`]; what it lets through is one complete
//! value, no deeper, longer or wider than agreed, and nothing behind it. Then the type is read, and nothing but what
//! it names.

mod typed;

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use self::typed::{Typed, Unfit};
use crate::{peer, server};

/// Deepest nesting that any [`Limits`] can allow, in containers. It is the size of the scanner's stack.
pub const DEEPEST: u8 = 16;

/// What a message may cost at most. Each field is inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, in bytes.
    pub bytes: usize,
    /// Containers within containers; a lone number has depth 0. Values above [`DEEPEST`] count as [`DEEPEST`].
    pub depth: u8,
    /// Most elements of any one array.
    pub items: usize,
    /// Longest string, in bytes of UTF-8.
    pub text: usize,
    /// Longest binary field, in bytes.
    pub binary: usize,
}

impl Limits {
    /// What passes between a browser and the introduction server (SECURITY.md §5.1).
    pub const SERVER: Self =
        Self { bytes: server::MAX_MESSAGE, depth: 4, items: 16, text: 256, binary: server::MAX_PAYLOAD };
    /// Control messages between browsers. The deepest is a page profile: variant, fields, entries, entry. The
    /// longest binary field is a forwarded signal.
    pub const PEER: Self = Self {
        bytes: peer::MAX_MESSAGE,
        depth: 4,
        items: peer::MAX_ENTRIES,
        text: peer::MAX_URL,
        binary: peer::MAX_FORWARD,
    };
}

/// Why bytes are no message. The sender is at fault in every case; nothing of what it sent is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// The whole, a string or a binary field is longer than agreed.
    TooLong,
    /// More containers within containers than agreed.
    TooDeep,
    /// An array has more elements than agreed.
    TooMany,
    /// The bytes end inside a value. Also what no bytes at all are.
    Truncated,
    /// Something follows the value.
    Trailing,
    /// MessagePack that the positional form never uses: extension types, the reserved marker, or a map that is not
    /// one pair with a string for its key.
    Unused,
    /// Well formed, but not a message of this vocabulary: an unknown variant, a missing or superfluous field, a
    /// number out of range, a string that is not UTF-8. Likely a newer version.
    Shape,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "message, string or binary field too long",
            Self::TooDeep => "nested too deep",
            Self::TooMany => "too many elements",
            Self::Truncated => "ends inside a value",
            Self::Trailing => "bytes after the value",
            Self::Unused => "a form that messages never use",
            Self::Shape => "not a known message",
        })
    }
}

impl std::error::Error for CodecError {}

/// Writes a message in positional form.
///
/// Cannot fail for the types of this crate and others like them: a `Vec` takes every write, and derived
/// implementations know their lengths and nest a handful of levels. A hand-written `Serialize` that breaks this is
/// a fault of ours: it panics in debug builds and otherwise gives no bytes, which every decoder refuses.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let encoded = rmp_serde::to_vec(message);
    debug_assert!(encoded.is_ok(), "a Serialize implementation that MessagePack cannot carry");
    encoded.unwrap_or_default()
}

/// Reads exactly one message, within `limits`.
///
/// Hostile bytes cost one pass over them: the scan refuses before anything is allocated, and what it lets through
/// makes serde reserve no more than `limits` name.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T, CodecError> {
    scan(bytes, limits)?;
    let mut source = Typed::new(bytes);
    let message = T::deserialize(&mut source).map_err(|Unfit| CodecError::Shape)?;
    // The scan saw one whole value, but a type may take less of it than there is.
    if source.is_empty() { Ok(message) } else { Err(CodecError::Shape) }
}

/// Walks one value and refuses what `limits` do not allow.
fn scan(bytes: &[u8], limits: &Limits) -> Result<(), CodecError> {
    if bytes.len() > limits.bytes {
        return Err(CodecError::TooLong);
    }
    let deepest = usize::from(limits.depth.min(DEEPEST));
    let mut reader = Reader { rest: bytes };
    // How many values each open container still lacks; only the first `depth` slots are in use.
    let mut open = [0usize; DEEPEST as usize];
    let mut depth = 0;
    loop {
        let children = reader.value(limits)?;
        if let Some(children) = children {
            if depth == deepest {
                return Err(CodecError::TooDeep);
            }
            open[depth] = children;
            depth += 1;
        }
        while depth > 0 && open[depth - 1] == 0 {
            depth -= 1;
        }
        if depth == 0 {
            return if reader.rest.is_empty() { Ok(()) } else { Err(CodecError::Trailing) };
        }
        open[depth - 1] -= 1;
    }
}

/// What is left to scan.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    /// Passes one scalar, or the head of one container; then the number of values inside it.
    fn value(&mut self, limits: &Limits) -> Result<Option<usize>, CodecError> {
        let marker = self.number(1)?;
        match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => {}
            0xcc | 0xd0 => self.skip(1)?,
            0xcd | 0xd1 => self.skip(2)?,
            0xca | 0xce | 0xd2 => self.skip(4)?,
            0xcb | 0xcf | 0xd3 => self.skip(8)?,
            0xa0..=0xbf => self.run(marker - 0xa0, limits.text)?,
            0xd9..=0xdb => self.sized_run(1 << (marker - 0xd9), limits.text)?,
            0xc4..=0xc6 => self.sized_run(1 << (marker - 0xc4), limits.binary)?,
            0x90..=0x9f => return array(marker - 0x90, limits),
            0xdc => return array(self.number(2)?, limits),
            0xdd => return array(self.number(4)?, limits),
            0x81 => return self.variant(),
            _ => return Err(CodecError::Unused),
        }
        Ok(None)
    }

    /// The inside of a map of one pair. Looks at the key without passing it.
    fn variant(&self) -> Result<Option<usize>, CodecError> {
        match self.rest.first() {
            Some(0xa0..=0xbf | 0xd9..=0xdb) => Ok(Some(2)),
            Some(_) => Err(CodecError::Unused),
            None => Err(CodecError::Truncated),
        }
    }

    fn sized_run(&mut self, width: usize, most: usize) -> Result<(), CodecError> {
        let len = self.number(width)?;
        self.run(len, most)
    }

    fn run(&mut self, len: usize, most: usize) -> Result<(), CodecError> {
        if len > most {
            return Err(CodecError::TooLong);
        }
        self.skip(len)
    }

    fn skip(&mut self, len: usize) -> Result<(), CodecError> {
        self.rest = self.rest.get(len..).ok_or(CodecError::Truncated)?;
        Ok(())
    }

    /// Passes a big-endian number of 1, 2 or 4 bytes. On machines of 32 bits it still fits.
    fn number(&mut self, width: usize) -> Result<usize, CodecError> {
        let (head, rest) = self.rest.split_at_checked(width).ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(head.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    }
}

fn array(len: usize, limits: &Limits) -> Result<Option<usize>, CodecError> {
    if len > limits.items { Err(CodecError::TooMany) } else { Ok(Some(len)) }
}

#[cfg(test)]
mod tests;
