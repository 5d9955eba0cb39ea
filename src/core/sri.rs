//! Subresource Integrity, a strict subset (SECURITY.md §2.4): whatever is accepted here, every browser accepts. An
//! attribute that anything is odd about gives no source at all, and the network answers.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::body::ContentId;

/// Longest attribute that is read, in bytes.
pub const MAX_ATTRIBUTE: usize = 4096;
/// Most digests of one attribute.
pub const MAX_DIGESTS: usize = 16;

/// What one `integrity` attribute demands: the body is any one of these. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integrity(Digests);

/// Digests of the strongest algorithm that the attribute names; weaker ones say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Digests {
    Sha256(Vec<ContentId>),
    Sha384(Vec<[u8; 48]>),
    Sha512(Vec<[u8; 64]>),
}

impl Integrity {
    /// Reads an attribute. Nothing where it names no digest, or anything about it is doubtful:
    ///
    /// - a digest that is not canonical base64 of the algorithm's length: browsers enforce a token that nothing can match;
    /// - an algorithm in upper case: browsers differ in whether they know it;
    /// - `ed25519`: it needs fields of the response that a substitute lacks.
    pub fn parse(attribute: &str) -> Option<Self> {
        if attribute.len() > MAX_ATTRIBUTE {
            return None;
        }
        let (mut sha256, mut sha384, mut sha512) = (Vec::new(), Vec::new(), Vec::new());
        for token in attribute.split_ascii_whitespace() {
            let expression = token.split('?').next().unwrap_or_default();
            let (algorithm, value) = expression.split_once('-').unwrap_or((expression, ""));
            match algorithm {
                "sha256" => sha256.push(ContentId::new(base64(value)?)),
                "sha384" => sha384.push(base64(value)?),
                "sha512" => sha512.push(base64(value)?),
                _ if DOUBTFUL.iter().any(|name| algorithm.eq_ignore_ascii_case(name)) => return None,
                // Browsers skip what they do not know, and so does this.
                _ => {}
            }
        }
        if sha256.len() + sha384.len() + sha512.len() > MAX_DIGESTS {
            return None;
        }
        let strongest = match (sha256.is_empty(), sha384.is_empty(), sha512.is_empty()) {
            (_, _, false) => Digests::Sha512(sha512),
            (_, false, true) => Digests::Sha384(sha384),
            (false, true, true) => Digests::Sha256(sha256),
            (true, true, true) => return None,
        };
        Some(Self(strongest))
    }

    /// Whether these are the bytes that the page asked for.
    pub fn matches(&self, body: &[u8]) -> bool {
        match &self.0 {
            Digests::Sha256(ids) => ids.contains(&ContentId::new(Sha256::digest(body).into())),
            Digests::Sha384(digests) => digests.contains(&Sha384::digest(body).into()),
            Digests::Sha512(digests) => digests.contains(&Sha512::digest(body).into()),
        }
    }

    /// Names of the bodies that match, where the attribute demands SHA-256: one of them can be asked for. Empty for the
    /// other algorithms.
    pub fn content_ids(&self) -> &[ContentId] {
        match &self.0 {
            Digests::Sha256(ids) => ids,
            Digests::Sha384(_) | Digests::Sha512(_) => &[],
        }
    }
}

/// Algorithms that void an attribute. The exact lower-case names of SHA-2 were handled before these are looked at.
const DOUBTFUL: [&str; 4] = ["sha256", "sha384", "sha512", "ed25519"];

/// Canonical standard base64 of exactly `N` bytes: padded, and the spare bits are 0. Else nothing.
fn base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N.div_ceil(3) * 4 {
        return None;
    }
    let digits = text.as_bytes().strip_suffix(PADDING.get(..(3 - N % 3) % 3)?)?;
    let mut out = [0; N];
    let (mut held, mut bits, mut next) = (0_u32, 0, 0);
    for digit in digits {
        held = (held << 6) | u32::from(base64_digit(*digit)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            *out.get_mut(next)? = u8::try_from(held >> bits).ok()?;
            held &= (1 << bits) - 1;
            next += 1;
        }
    }
    (held == 0 && next == N).then_some(out)
}

const PADDING: &[u8] = b"==";

const fn base64_digit(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
