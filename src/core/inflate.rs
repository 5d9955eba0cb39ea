//! Raw deflate (RFC 1951) of bodies between browsers, bounded on the way in: a peer decides neither how much memory nor
//! how much time its bytes take.

use miniz_oxide::{deflate, inflate};

/// Output for one byte of input at most, where no one says how long the body is (SECURITY.md §5.2).
const RATIO: u64 = 50;
/// Quick: 100 to 400 MB/s, and most of the gain (facts W67).
const LEVEL: u8 = 1;
/// A body is sent deflated from this saving on, in percent. Below, the time for it is better spent on sending.
const PAYS_PERCENT: u64 = 10;
/// Bytes from the front of a body on which it is tried, before all of it is deflated.
const SAMPLE: usize = 64 * 1024;

/// The bytes are not raw deflate of a body within the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDeflate;

/// Undoes raw deflate, to `cap` bytes at most. A byte more, input that is left over or breaks off, or more than
/// 50 bytes for one are refused.
pub fn inflate(bytes: &[u8], cap: u64) -> Result<Vec<u8>, NotDeflate> {
    let most = cap.min((bytes.len() as u64).saturating_mul(RATIO));
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut state = Box::<inflate::core::DecompressorOxide>::default();
    let mut out = vec![0; most];
    let flags = inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (status, read, written) = inflate::core::decompress(&mut state, bytes, &mut out, 0, flags);
    if status != inflate::TINFLStatus::Done || read != bytes.len() {
        return Err(NotDeflate);
    }
    out.truncate(written);
    Ok(out)
}

/// The body deflated, where that saves at least a tenth of it.
pub fn deflate_if_it_pays(body: &[u8]) -> Option<Vec<u8>> {
    let sample = &body[..body.len().min(SAMPLE)];
    let tried = deflate::compress_to_vec(sample, LEVEL);
    if !pays(sample.len(), tried.len()) {
        return None;
    }
    let whole = if sample.len() == body.len() { tried } else { deflate::compress_to_vec(body, LEVEL) };
    // What is refused at the other end for its ratio is not sent.
    let modest = body.len() as u64 <= (whole.len() as u64).saturating_mul(RATIO);
    (pays(body.len(), whole.len()) && modest).then_some(whole)
}

const fn pays(plain: usize, deflated: usize) -> bool {
    (deflated as u64) * 100 <= (plain as u64) * (100 - PAYS_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Verified;
    use proptest::prelude::*;

    /// Bytes that nothing can shorten.
    fn noise(length: u32) -> Vec<u8> {
        let block = |n: u32| *Verified::captured(n.to_be_bytes().to_vec()).id().as_bytes();
        (0..length.div_ceil(32)).flat_map(block).collect()
    }

    #[test]
    fn what_repeats_itself_pays_and_what_is_random_or_all_the_same_does_not() {
        let words = b"a font has many tables, ".repeat(4);
        let mixed: Vec<u8> =
            noise(60_000).chunks(40).flat_map(|noise| [noise, &words[..]].concat()).collect();
        let deflated = deflate_if_it_pays(&mixed).unwrap();
        assert!(deflated.len() < mixed.len() * 9 / 10);
        assert_eq!(inflate(&deflated, mixed.len() as u64), Ok(mixed));
        assert_eq!(deflate_if_it_pays(&noise(100_000)), None);
        // Too regular: beyond the ratio that the other end accepts.
        assert_eq!(deflate_if_it_pays(&vec![0; 100_000]), None);
    }

    #[test]
    fn a_bomb_is_refused_at_its_bounds() {
        let bomb = deflate::compress_to_vec(&vec![0; 10_000_000], 9);
        assert_eq!(inflate(&bomb, 10_000_000), Err(NotDeflate), "the ratio");
        let modest = deflate::compress_to_vec(&(0..=255).cycle().take(5_000).collect::<Vec<u8>>(), 6);
        assert_eq!(inflate(&modest, 4_999), Err(NotDeflate), "one byte more than the cap");
        assert_eq!(inflate(&modest, 5_000).map(|b| b.len()), Ok(5_000));
    }

    #[test]
    fn what_breaks_off_or_goes_on_is_refused() {
        let whole = deflate::compress_to_vec(b"some bytes, some bytes, some bytes", 6);
        assert_eq!(inflate(&whole[..whole.len() - 1], 1_000), Err(NotDeflate));
        assert_eq!(inflate(&[&whole[..], &[0]].concat(), 1_000), Err(NotDeflate));
        assert_eq!(inflate(&[], 1_000), Err(NotDeflate));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_within_the_bounds(bytes: Vec<u8>, cap in 0_u64..10_000) {
            if let Ok(out) = inflate(&bytes, cap) {
                prop_assert!(out.len() as u64 <= cap.min(bytes.len() as u64 * RATIO));
            }
        }
    }
}
