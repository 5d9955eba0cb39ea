//! A group: whoever holds its invite secret (SECURITY.md §2.9, step 1). Everything that follows from the secret is
//! derived here: the keys, the blinded names of topics and pages, sealed signals ([`Route`]) and the proof that a
//! channel ends at a holder of the secret ([`Transcript`]).
//!
//! Step 1 has no administrator and no member keys. The group's id is therefore derived from the secret alone, and a
//! proof says "a holder of the secret", never which one. Leaving a member behind means a new secret.

mod binding;
mod seal;

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use slipstream_wire::id::{Salt, Tag, Topic};

use crate::body::ContentId;

pub use binding::{BindingError, Offered, Transcript};
pub use seal::{OVERHEAD, Opened, Route, SealError};

/// The keys of one group. Knows neither members nor time.
#[derive(Clone)]
pub struct Group {
    gid: [u8; 16],
    auth: [u8; 32],
    seal: [u8; 32],
    topic: [u8; 32],
    tag: [u8; 32],
}

impl Group {
    /// Derives everything from the invite secret, which must be uniformly random.
    ///
    /// `gid` = HKDF-SHA-256(secret, no salt, `slip/1/gid`), 16 bytes; each key = HKDF-SHA-256(secret, salt `gid`,
    /// `slip/1/auth` and so on), 32 bytes (RFC 5869).
    pub fn new(secret: [u8; 32]) -> Self {
        let gid: [u8; 16] = derive(&[], &secret, b"slip/1/gid");
        let key = |label: &[u8]| derive(&gid, &secret, label);
        Self {
            auth: key(b"slip/1/auth"),
            seal: key(b"slip/1/seal"),
            topic: key(b"slip/1/topic"),
            tag: key(b"slip/1/tag"),
            gid,
        }
    }

    /// What members announce to the server on a day (SECURITY.md §4.1): HMAC(K_topic, day), cut to 16 bytes.
    ///
    /// `day` counts whole days since the Unix epoch, in UTC; it enters as eight bytes, big-endian. Clocks differ, so
    /// callers near midnight also join the topic of the neighbouring day.
    pub fn topic(&self, day: u64) -> Topic {
        Topic::new(first_half(mac(&self.topic, &[&day.to_be_bytes()])))
    }

    /// The blinded name of a page within this group and day (SECURITY.md §4.3): HMAC(K_tag, day ‖ `u` ‖
    /// SHA-256(URL)), cut to 16 bytes.
    ///
    /// `day` as in [`Self::topic`]; who answers also tries the days beside its own. The URL is the page's, serialised
    /// and without fragment.
    pub fn page_tag(&self, day: u64, page_url: &str) -> Tag {
        let url = Sha256::digest(page_url.as_bytes());
        Tag::new(first_half(mac(&self.tag, &[&day.to_be_bytes(), b"u", &url])))
    }
}

/// The name of a body on one connection, which only one who knows the body can recognise (SECURITY.md §4.3):
/// HMAC-SHA-256(`salt_o` ‖ `salt_a`, `slip/1/ask` ‖ `sha256` ‖ content id), cut to 16 bytes.
///
/// `salt_o` is the offerer's and `salt_a` the answerer's, whichever side asks. No group's key takes part.
pub fn ask_tag(salt_o: &Salt, salt_a: &Salt, id: &ContentId) -> Tag {
    let key = connection_key(salt_o, salt_a);
    Tag::new(first_half(mac(&key, &[b"slip/1/ask", b"sha256", id.as_bytes()])))
}

/// The name of an address on one connection, which only one who knows the address can recognise: as [`ask_tag`], over
/// `slip/1/url` and SHA-256 of the URL, serialised and without fragment.
pub fn url_tag(salt_o: &Salt, salt_a: &Salt, url: &str) -> Tag {
    let key = connection_key(salt_o, salt_a);
    Tag::new(first_half(mac(&key, &[b"slip/1/url", &Sha256::digest(url.as_bytes())])))
}

fn connection_key(salt_o: &Salt, salt_a: &Salt) -> [u8; 32] {
    let mut key = [0; 32];
    key[..Salt::LEN].copy_from_slice(salt_o.as_bytes());
    key[Salt::LEN..].copy_from_slice(salt_a.as_bytes());
    key
}

/// Says nothing: everything in it is secret.
impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Group")
    }
}

/// HMAC-SHA-256 over the parts in a row. Callers keep all parts but the last at a fixed width.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC pads short keys with zeros to a block (RFC 2104 §2); done here, the constructor cannot fail.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac
}

fn derive<const N: usize>(salt: &[u8], secret: &[u8; 32], label: &[u8]) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut key = [0; N];
    // Fails only above 255 blocks of 32 bytes, and going on with zeros would be worse than to stop.
    Hkdf::<Sha256>::new(Some(salt), secret).expand(label, &mut key).expect("one block or less");
    key
}

fn first_half(mac: Hmac<Sha256>) -> [u8; 16] {
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret 00 01 … 1f. Expected values in this folder were computed with another implementation (OpenSSL's,
    /// through Node.js) from the formulas in the documentation.
    pub(super) fn group() -> Group {
        Group::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    pub(super) fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn names_are_those_of_the_formulas() {
        assert_eq!(hex(&group().gid), "0066168cef680a1ded7323a46702a075");
        assert_eq!(hex(group().topic(20_000).as_bytes()), "9d7f3a180252dc014822e8265df02b36");
        let page = group().page_tag(20_000, "https://www.shop-demo.com/a?b");
        assert_eq!(hex(page.as_bytes()), "720b2812c65f955fff4ee20c653ed92b");
        let ask = ask_tag(&Salt::new([1; 16]), &Salt::new([2; 16]), &ContentId::new([3; 32]));
        assert_eq!(hex(ask.as_bytes()), "0d1d78c01f5b137499fa492fb919e00e");
        let url = url_tag(&Salt::new([1; 16]), &Salt::new([2; 16]), "https://www.shop-demo.com/a?b");
        assert_eq!(hex(url.as_bytes()), "fe57c94c7c1b5abab26bd2da851b0a94");
    }

    #[test]
    fn another_day_secret_or_page_has_another_name() {
        let (ours, theirs) = (group(), Group::new([7; 32]));
        assert_ne!(ours.topic(1), ours.topic(2));
        assert_ne!(ours.topic(1), theirs.topic(1));
        assert_ne!(ours.page_tag(1, "a"), ours.page_tag(2, "a"));
        assert_ne!(ours.page_tag(1, "a"), ours.page_tag(1, "b"));
        assert_ne!(ours.page_tag(1, "a"), theirs.page_tag(1, "a"));
    }

    #[test]
    fn a_body_has_another_name_on_each_connection_and_in_each_role() {
        let (x, y, id) = (Salt::new([1; 16]), Salt::new([2; 16]), ContentId::new([3; 32]));
        assert_ne!(ask_tag(&x, &y, &id), ask_tag(&y, &x, &id));
        assert_ne!(ask_tag(&x, &y, &id), ask_tag(&x, &x, &id));
        assert_ne!(ask_tag(&x, &y, &id), ask_tag(&x, &y, &ContentId::new([4; 32])));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", group()), "Group");
    }
}
