//! Pictures and their differences, pixel by pixel.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Transformations};

use crate::BrowserError;

/// A decoded picture. Two pictures are equal when they have the same size and pixels.
#[derive(Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    /// Row by row, four bytes per pixel: red, green, blue, opacity.
    rgba: Vec<u8>,
}

/// What [`Picture::diff`] has found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PictureDiff {
    /// Pixels that are not exactly equal, and those that only one of the pictures has.
    pub different_pixels: u64,
    /// The first of them, from the left, in the topmost row that has one.
    pub first: Option<(u32, u32)>,
    /// Whether both pictures have the same size.
    pub size_equal: bool,
}

impl Picture {
    /// Decodes a PNG of any kind, at most 256 MiB in memory.
    ///
    /// # Errors
    /// [`BrowserError::Picture`] for anything else.
    pub fn from_png(png: impl AsRef<[u8]>) -> Result<Self, BrowserError> {
        let mut decoder =
            Decoder::new_with_limits(Cursor::new(png.as_ref()), Limits { bytes: DECODED_BYTES });
        decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
        let mut reader = decoder.read_info().map_err(fault)?;
        let size = reader.output_buffer_size().filter(|size| *size <= DECODED_BYTES);
        let mut bytes = vec![0; size.ok_or_else(|| fault("larger than the limit"))?];
        let frame = reader.next_frame(&mut bytes).map_err(fault)?;
        bytes.truncate(frame.buffer_size());
        let rgba = match frame.color_type {
            ColorType::Rgba => bytes,
            ColorType::GrayscaleAlpha => {
                bytes.as_chunks().0.iter().flat_map(|&[grey, a]| [grey, grey, grey, a]).collect()
            }
            other => return Err(fault(format!("unexpected colour type {other:?}"))),
        };
        Ok(Self { width: frame.width, height: frame.height, rgba })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Red, green, blue and opacity of a pixel; none outside.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 4]> {
        if x >= self.width {
            return None;
        }
        self.row(y).get(x as usize).copied()
    }

    /// Encodes as PNG.
    ///
    /// # Errors
    /// [`BrowserError::Picture`] when the encoder refuses, which a decoded picture gives no reason for.
    pub fn to_png(&self) -> Result<Vec<u8>, BrowserError> {
        let mut png = Vec::new();
        let mut encoder = Encoder::new(&mut png, self.width, self.height);
        encoder.set_color(ColorType::Rgba);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(fault)?;
        writer.write_image_data(&self.rgba).map_err(fault)?;
        writer.finish().map_err(fault)?;
        Ok(png)
    }

    /// Compares exactly, without tolerance.
    #[must_use]
    pub fn diff(&self, other: &Self) -> PictureDiff {
        let mut diff = PictureDiff {
            different_pixels: 0,
            first: None,
            size_equal: (self.width, self.height) == (other.width, other.height),
        };
        for y in 0..self.height.max(other.height) {
            if self.row(y).as_flattened() == other.row(y).as_flattened() {
                continue;
            }
            for x in 0..self.width.max(other.width) {
                if self.pixel(x, y) != other.pixel(x, y) {
                    diff.different_pixels += 1;
                    diff.first.get_or_insert((x, y));
                }
            }
        }
        diff
    }

    /// This picture in pale grey, with the pixels that differ from the other in red. As large as the larger.
    #[must_use]
    pub fn highlight(&self, other: &Self) -> Self {
        let (width, height) = (self.width.max(other.width), self.height.max(other.height));
        let mut rgba = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (mine, theirs) = (self.pixel(x, y), other.pixel(x, y));
                rgba.extend(match mine {
                    Some([r, g, b, _]) if mine == theirs => {
                        let grey = ((u16::from(r) + u16::from(g) + u16::from(b)) / 3).to_le_bytes()[0];
                        let pale = 192 + grey / 4;
                        [pale, pale, pale, 255]
                    }
                    _ => RED,
                });
            }
        }
        Self { width, height, rgba }
    }

    /// The same picture no wider than `max_width` pixels: each pixel is the mean of those that it stands for.
    #[must_use]
    pub fn thumbnail(&self, max_width: u32) -> Self {
        if self.width <= max_width.max(1) {
            return self.clone();
        }
        let width = max_width.max(1);
        let height = scale(self.height, width, self.width).max(1);
        let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
        for y in 0..height {
            let rows = scale(y, self.height, height)..scale(y + 1, self.height, height);
            for x in 0..width {
                let columns = scale(x, self.width, width)..scale(x + 1, self.width, width);
                rgba.extend(self.mean(columns, rows.clone()));
            }
        }
        Self { width, height, rgba }
    }

    /// The mean colour of a box, each pixel weighted by its opacity.
    fn mean(&self, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> [u8; 4] {
        let (mut sums, mut count) = ([0_u64; 4], 0_u64);
        for y in rows {
            let row = self.row(y).get(columns.start as usize..columns.end as usize).unwrap_or_default();
            for &[r, g, b, a] in row {
                let opacity = u64::from(a);
                for (sum, part) in sums.iter_mut().zip([r, g, b]) {
                    *sum += u64::from(part) * opacity;
                }
                sums[3] += opacity;
                count += 1;
            }
        }
        let opacity = sums[3];
        let channel =
            |sum: u64, of: u64| u8::try_from((sum + of / 2).checked_div(of).unwrap_or(0)).unwrap_or(u8::MAX);
        [
            channel(sums[0], opacity),
            channel(sums[1], opacity),
            channel(sums[2], opacity),
            channel(opacity, count),
        ]
    }

    /// The pixels of a row; none outside.
    fn row(&self, y: u32) -> &[[u8; 4]] {
        let width = self.width as usize;
        let start = y as usize * width;
        self.rgba.as_chunks().0.get(start..start + width).unwrap_or_default()
    }
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        (self.width, self.height) == (other.width, other.height) && self.rgba == other.rgba
    }
}

impl Eq for Picture {}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}×{})", self.width, self.height)
    }
}

fn fault(reason: impl ToString) -> BrowserError {
    BrowserError::Picture { reason: reason.to_string() }
}

/// `value * times / by`, in numbers that cannot overflow; the result is at most a side of the picture.
fn scale(value: u32, times: u32, by: u32) -> u32 {
    u32::try_from(u64::from(value) * u64::from(times) / u64::from(by)).unwrap_or(u32::MAX)
}

const DECODED_BYTES: usize = 256 << 20;
const RED: [u8; 4] = [220, 0, 40, 255];

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: u32, height: u32, colour: [u8; 4]) -> Picture {
        Picture { width, height, rgba: colour.repeat((width * height) as usize) }
    }

    fn with_dot(x: usize, y: usize) -> Picture {
        let mut picture = plain(4, 3, [255; 4]);
        picture.rgba[(y * 4 + x) * 4] = 254;
        picture
    }

    #[test]
    fn a_picture_survives_encoding() {
        let picture = with_dot(2, 1);
        assert_eq!(Picture::from_png(picture.to_png().unwrap()).unwrap(), picture);
    }

    #[test]
    fn one_bit_of_one_pixel_is_a_difference() {
        let diff = plain(4, 3, [255; 4]).diff(&with_dot(2, 1));
        assert_eq!(diff, PictureDiff { different_pixels: 1, first: Some((2, 1)), size_equal: true });
    }

    #[test]
    fn what_only_one_picture_has_is_different() {
        let diff = plain(4, 3, [255; 4]).diff(&plain(5, 4, [255; 4]));
        assert_eq!(diff, PictureDiff { different_pixels: 8, first: Some((4, 0)), size_equal: false });
    }

    #[test]
    fn differences_are_red_and_the_rest_is_pale() {
        let shown = plain(4, 3, [0, 0, 0, 255]).highlight(&plain(4, 2, [0, 0, 0, 255]));
        assert_eq!(shown.pixel(0, 0), Some([192, 192, 192, 255]));
        assert_eq!(shown.pixel(3, 2), Some(RED));
    }

    #[test]
    fn a_thumbnail_pixel_is_the_mean_of_its_box() {
        let mut picture = plain(4, 4, [0, 0, 0, 255]);
        picture.rgba[..4].copy_from_slice(&[200, 100, 0, 255]);
        let small = picture.thumbnail(2);
        assert_eq!((small.width(), small.height()), (2, 2));
        assert_eq!(small.pixel(0, 0), Some([50, 25, 0, 255]));
        assert_eq!(small.pixel(1, 1), Some([0, 0, 0, 255]));
    }

    #[test]
    fn a_thumbnail_never_grows() {
        assert_eq!(with_dot(0, 0).thumbnail(100), with_dot(0, 0));
    }

    #[test]
    fn what_is_no_png_is_refused() {
        assert!(matches!(Picture::from_png(b"GIF89a"), Err(BrowserError::Picture { .. })));
    }
}
