//! Types: what the origin called the body, whether that fits the request, how large it may be, and whether the bytes
//! are of that type (SECURITY.md E10, E11, R4).

use slipstream_wire::peer::Kind;

use crate::record::Mime;

/// Longest Content-Type that is read, in bytes. It goes into a `data:` URL as it is.
pub const MAX_CONTENT_TYPE: usize = 128;
/// Largest script, in bytes (SECURITY.md R4).
pub const SCRIPT_CAP: u64 = 2 * MIB;
/// Largest font, in bytes (SECURITY.md R4).
pub const FONT_CAP: u64 = 4 * MIB;
/// Largest image, in bytes (SECURITY.md R4).
pub const IMAGE_CAP: u64 = 8 * MIB;

const MIB: u64 = 1024 * 1024;
/// How far text is searched for a NUL, in bytes (SECURITY.md E10).
const TEXT_HEAD: usize = 1024;

/// What matters of a type when it comes to trust: the rows of SECURITY.md §2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Code in the origin.
    Script,
    /// Parser surface, and glyphs that could lie.
    Font,
    /// Pixels.
    Raster,
    /// An image that is a document.
    Svg,
}

impl Mime {
    /// Every type.
    pub const ALL: [Self; 11] = [
        Self::Avif,
        Self::Gif,
        Self::Jpeg,
        Self::Png,
        Self::Svg,
        Self::Webp,
        Self::Otf,
        Self::Ttf,
        Self::Woff,
        Self::Woff2,
        Self::JavaScript,
    ];

    /// Reads a Content-Type strictly: an essence of SECURITY.md E10, then parameters of `token=token` only, so that
    /// the text can stand in a `data:` URL as the origin sent it (no comma, no quote, no bare `base64`).
    /// Nothing for all else.
    pub fn parse(content_type: &str) -> Option<Self> {
        if content_type.len() > MAX_CONTENT_TYPE {
            return None;
        }
        let mut parts = content_type.split(';').map(|part| part.trim_matches([' ', '\t']));
        let mime = Self::of_essence(&parts.next()?.to_ascii_lowercase())?;
        let parameter = |part: &str| {
            part.is_empty() || part.split_once('=').is_some_and(|(n, v)| is_token(n) && is_token(v))
        };
        parts.all(parameter).then_some(mime)
    }

    fn of_essence(essence: &str) -> Option<Self> {
        Some(match essence {
            "image/avif" => Self::Avif,
            "image/gif" => Self::Gif,
            "image/jpeg" => Self::Jpeg,
            "image/png" => Self::Png,
            "image/svg+xml" => Self::Svg,
            "image/webp" => Self::Webp,
            "font/otf" => Self::Otf,
            "font/ttf" => Self::Ttf,
            "font/woff" => Self::Woff,
            "font/woff2" => Self::Woff2,
            "text/javascript" | "application/javascript" | "application/x-javascript" => Self::JavaScript,
            _ => return None,
        })
    }

    /// Its row in the sufficiency table.
    pub const fn class(self) -> Class {
        match self {
            Self::JavaScript => Class::Script,
            Self::Otf | Self::Ttf | Self::Woff | Self::Woff2 => Class::Font,
            Self::Avif | Self::Gif | Self::Jpeg | Self::Png | Self::Webp => Class::Raster,
            Self::Svg => Class::Svg,
        }
    }

    /// Whether a request of this kind may be answered with this type.
    pub const fn fits(self, kind: Kind) -> bool {
        match kind {
            Kind::Image | Kind::Detached => matches!(self.class(), Class::Raster | Class::Svg),
            Kind::Font => matches!(self.class(), Class::Font),
            Kind::Script => matches!(self.class(), Class::Script),
        }
    }

    /// Largest body of this type, in bytes.
    pub const fn cap(self) -> u64 {
        match self.class() {
            Class::Script => SCRIPT_CAP,
            Class::Font => FONT_CAP,
            Class::Raster | Class::Svg => IMAGE_CAP,
        }
    }

    /// Whether the first bytes of the body are those of this type.
    pub fn sniff(self, body: &[u8]) -> bool {
        match self {
            Self::Avif => {
                matches!(body.get(4..12), Some(b"ftypavif" | b"ftypavis"))
            }
            Self::Gif => body.starts_with(b"GIF87a") || body.starts_with(b"GIF89a"),
            Self::Jpeg => body.starts_with(b"\xff\xd8\xff"),
            Self::Png => body.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Webp => body.starts_with(b"RIFF") && body.get(8..12) == Some(b"WEBP"),
            // An OpenType font may hold either kind of outline, whatever its name ends in.
            Self::Otf => body.starts_with(b"OTTO") || body.starts_with(b"\0\x01\0\0"),
            Self::Ttf => body.starts_with(b"\0\x01\0\0") || body.starts_with(b"true"),
            Self::Woff => body.starts_with(b"wOFF"),
            Self::Woff2 => body.starts_with(b"wOF2"),
            Self::Svg => is_text(body) && text_start(body).first() == Some(&b'<'),
            Self::JavaScript => is_text(body),
        }
    }
}

/// No NUL near the beginning, and no page instead of what was asked for: log-in forms and captive portals come
/// with the status 200, too.
fn is_text(body: &[u8]) -> bool {
    let start = text_start(body);
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    !body[..body.len().min(TEXT_HEAD)].contains(&0) && !begins(b"<!doctype") && !begins(b"<html")
}

/// The body after byte order mark and white space.
fn text_start(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start()
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEBP: &[u8] = b"RIFF\x10\0\0\0WEBPVP8 ";
    const AVIF: &[u8] = b"\0\0\0\x20ftypavif\0\0\0\0";
    const SAMPLES: [(Mime, &[u8]); 13] = [
        (Mime::Avif, AVIF),
        (Mime::Avif, b"\0\0\0\x20ftypavis"),
        (Mime::Gif, b"GIF87a.."),
        (Mime::Gif, b"GIF89a.."),
        (Mime::Jpeg, b"\xff\xd8\xff\xe0"),
        (Mime::Png, b"\x89PNG\r\n\x1a\n...."),
        (Mime::Svg, b"\xef\xbb\xbf \n<svg xmlns"),
        (Mime::Webp, WEBP),
        (Mime::Otf, b"OTTO\0\x09"),
        (Mime::Ttf, b"true\0\x09"),
        (Mime::Woff, b"wOFF\0\x01"),
        (Mime::Woff2, b"wOF2\0\x01"),
        (Mime::JavaScript, b"\"use strict\";"),
    ];

    #[test]
    fn every_type_has_an_essence_and_no_other_text_is_read() {
        for (text, mime) in [
            ("image/avif", Some(Mime::Avif)),
            ("IMAGE/PNG", Some(Mime::Png)),
            ("image/gif;", Some(Mime::Gif)),
            ("image/jpeg", Some(Mime::Jpeg)),
            ("image/webp", Some(Mime::Webp)),
            (" image/svg+xml ; charset=utf-8", Some(Mime::Svg)),
            ("font/otf", Some(Mime::Otf)),
            ("font/ttf", Some(Mime::Ttf)),
            ("font/woff", Some(Mime::Woff)),
            ("font/woff2", Some(Mime::Woff2)),
            ("text/javascript; charset=UTF-8", Some(Mime::JavaScript)),
            ("application/javascript", Some(Mime::JavaScript)),
            ("application/x-javascript", Some(Mime::JavaScript)),
            ("image/png;base64", None),
            ("image/png;base64,AAAA", None),
            ("image/png, text/html", None),
            ("text/javascript;charset=\"utf-8\"", None),
            ("text/javascript;charset=", None),
            ("text/javascript;=utf-8", None),
            ("text/javascript;charset=utf-8#", Some(Mime::JavaScript)),
            ("text/html", None),
            ("image/jpg", None),
            ("", None),
        ] {
            assert_eq!(Mime::parse(text), mime, "{text}");
        }
        assert_eq!(Mime::parse(&format!("image/png;a={}", "b".repeat(MAX_CONTENT_TYPE))), None);
    }

    #[test]
    fn a_type_fits_the_kinds_of_its_class() {
        for mime in Mime::ALL {
            let fits = [Kind::Image, Kind::Detached, Kind::Font, Kind::Script].map(|kind| mime.fits(kind));
            let (expected, cap) = match mime.class() {
                Class::Raster | Class::Svg => ([true, true, false, false], 8_388_608),
                Class::Font => ([false, false, true, false], 4_194_304),
                Class::Script => ([false, false, false, true], 2_097_152),
            };
            assert_eq!((fits, mime.cap()), (expected, cap), "{mime:?}");
        }
        assert_eq!(Mime::Svg.class(), Class::Svg);
    }

    #[test]
    fn bytes_are_of_their_own_type_and_of_no_other_image_or_font() {
        for (own, bytes) in SAMPLES {
            for mime in Mime::ALL {
                // Text has no magic: nearly anything without NUL might be a script.
                if mime != Mime::JavaScript {
                    assert_eq!(mime.sniff(bytes), mime == own, "{own:?} read as {mime:?}");
                }
            }
            assert!(own.sniff(bytes));
            assert!(own == Mime::JavaScript || !own.sniff(&bytes[..1]));
        }
        assert!(Mime::Otf.sniff(b"\0\x01\0\0") && Mime::Ttf.sniff(b"\0\x01\0\0"));
    }

    #[test]
    fn a_page_is_not_a_script_and_binary_is_no_text() {
        for page in ["<!DOCTYPE html>", "\u{feff}\r\n\t <!doctype html>", "<HTML lang=de>", "\0 var a", "a\0"]
        {
            assert!(!Mime::JavaScript.sniff(page.as_bytes()), "{page}");
            assert!(!Mime::Svg.sniff(page.as_bytes()), "{page}");
        }
        let late = |n: usize| [vec![b'<'; n], vec![0]].concat();
        assert!(Mime::Svg.sniff(&late(1024)) && !Mime::Svg.sniff(&late(1023)));
        assert!(!Mime::Svg.sniff(b"svg") && !Mime::Svg.sniff(b""));
    }

    proptest! {
        /// What is accepted stands in a `data:` URL without ending the part before the comma.
        #[test]
        fn an_accepted_type_is_safe_in_a_data_url(params in "[ ;=a-z0-9,\"#/]{0,24}") {
            let text = format!("image/png{params}");
            if Mime::parse(&text).is_some() {
                prop_assert!(!text.contains([',', '"', '/'][..2].as_ref()));
                prop_assert!(text.split(';').skip(1).all(|p| p.trim().is_empty() || p.contains('=')));
            }
        }

        #[test]
        fn sniffing_never_panics(body in proptest::collection::vec(any::<u8>(), 0..40)) {
            for mime in Mime::ALL {
                mime.sniff(&body);
            }
        }
    }
}
