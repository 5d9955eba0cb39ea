//! Pictures that no two tests share, made when they are wanted.

use png::{BitDepth, ColorType, Encoder};

/// A PNG of noise with this size in pixels: about three bytes per pixel, because noise cannot be compressed. The same
/// seed gives the same picture.
///
/// # Panics
/// When a side is zero.
#[must_use]
pub fn noise(width: u32, height: u32, seed: &str) -> Vec<u8> {
    // FNV-1a, then splitmix64: any numbers will do that look like none in particular.
    let mut state = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let bytes = (width as usize) * (height as usize) * 3;
    let mut rgb = Vec::with_capacity(bytes + 8);
    while rgb.len() < bytes {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        rgb.extend((mixed ^ (mixed >> 31)).to_le_bytes());
    }
    rgb.truncate(bytes);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rgb));
    assert!(written.is_ok(), "a picture of {width} × {height}: {written:?}");
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_weighs_three_bytes_per_pixel_and_follows_its_seed() {
        let picture = noise(80, 60, "a");
        assert!(picture.len() > 80 * 60 * 3, "{}", picture.len());
        assert_eq!(picture, noise(80, 60, "a"));
        assert_ne!(picture, noise(80, 60, "b"));
    }
}
