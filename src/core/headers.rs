//! Header fields of one response, bounded, and the few of them that Slipstream reads.

use std::fmt;

use serde::{Deserialize, Serialize};
use slipstream_wire::peer::Corp;

use crate::refusal::Refusal;

/// Most fields of one response. Real ones have about twenty.
pub const MAX_FIELDS: usize = 64;
/// Longest value of one field, in bytes.
pub const MAX_VALUE: usize = 4096;
/// Longest name of one field, in bytes.
pub const MAX_NAME: usize = 128;

/// Bit of [`accept_bits`]: the request took `image/avif`.
pub const ACCEPTS_AVIF: u8 = 1;
/// Bit of [`accept_bits`]: the request took `image/webp`.
pub const ACCEPTS_WEBP: u8 = 2;
/// Bit of [`accept_bits`]: the request took `image/svg+xml`.
pub const ACCEPTS_SVG: u8 = 4;

/// Header fields as `webRequest` gives them, names in lower case, in their order.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(String, String)>", into = "Vec<(String, String)>")]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Takes the fields of one response; names may be of any case.
    ///
    /// Errors: [`Refusal::HeaderForbids`] where they are more than [`MAX_FIELDS`], or one of them is too long.
    pub fn new(fields: impl IntoIterator<Item = (String, String)>) -> Result<Self, Refusal> {
        let mut kept = Vec::new();
        for (mut name, value) in fields {
            if kept.len() == MAX_FIELDS || name.len() > MAX_NAME || value.len() > MAX_VALUE {
                return Err(Refusal::HeaderForbids);
            }
            name.make_ascii_lowercase();
            kept.push((name, value));
        }
        Ok(Self(kept))
    }

    /// Whether there is such a field. `name` is in lower case, here and below.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// The values of all fields of this name, trimmed, in their order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| trim(value))
    }

    /// The value of the one field of this name. Nothing if there is none, and nothing if there are several: nobody can
    /// say which of them counts.
    pub fn single<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        let mut values = self.values(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }

    /// Members of a comma list over all fields of this name (RFC 9110 §5.6.1), trimmed, empty ones left out.
    /// A comma inside a quoted string divides nothing.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values(name).flat_map(members)
    }

    /// `Content-Length` in bytes, if there is one.
    ///
    /// Errors: [`Refusal::Status`] where it is no number, or two fields disagree.
    pub fn content_length(&self) -> Result<Option<u64>, Refusal> {
        let mut length = None;
        for text in self.values("content-length").flat_map(|value| value.split(',')).map(trim) {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            let found = text.parse().ok().filter(|_| digits).ok_or(Refusal::Status)?;
            if length.is_some_and(|known: u64| known != found) {
                return Err(Refusal::Status);
            }
            length = Some(found);
        }
        Ok(length)
    }

    /// Whether a content coding other than `identity` lies over the body.
    pub fn is_coded(&self) -> bool {
        self.list("content-encoding").any(|coding| !coding.eq_ignore_ascii_case("identity"))
    }

    /// Names in `Vary`, in lower case.
    pub fn vary(&self) -> Vec<String> {
        self.list("vary").map(str::to_ascii_lowercase).collect()
    }

    /// Whether `Access-Control-Allow-Origin` is `*`: one field, and nothing else in it.
    pub fn acao_any(&self) -> bool {
        self.single("access-control-allow-origin") == Some("*")
    }

    /// `Cross-Origin-Resource-Policy`. What is not understood counts as the strictest.
    pub fn corp(&self) -> Corp {
        if !self.has("cross-origin-resource-policy") {
            return Corp::Absent;
        }
        match self.single("cross-origin-resource-policy") {
            Some("cross-origin") => Corp::CrossOrigin,
            Some("same-site") => Corp::SameSite,
            _ => Corp::SameOrigin,
        }
    }

    /// A strong entity tag with its quotes: at least 6 visible ASCII characters between them, at most 128 in all.
    pub fn strong_etag(&self) -> Option<&str> {
        let tag = self.single("etag")?;
        let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
        let visible = inner.bytes().all(|b| b.is_ascii_graphic() && b != b'"');
        (inner.len() >= 6 && tag.len() <= 128 && visible).then_some(tag)
    }
}

/// Which image types the value of a request's `Accept` names: [`ACCEPTS_AVIF`], [`ACCEPTS_WEBP`], [`ACCEPTS_SVG`]
/// (SECURITY.md E14). Wildcards do not count; they are the same in every browser.
pub fn accept_bits(accept: &str) -> u8 {
    members(accept).map(accept_bit).fold(0, |bits, bit| bits | bit)
}

fn accept_bit(member: &str) -> u8 {
    let (essence, params) = member.split_once(';').unwrap_or((member, ""));
    let refused = params.split(';').filter_map(|p| p.split_once('=')).any(|(name, value)| {
        trim(name).eq_ignore_ascii_case("q") && trim(value).bytes().all(|b| matches!(b, b'0' | b'.'))
    });
    match trim(essence) {
        _ if refused => 0,
        e if e.eq_ignore_ascii_case("image/avif") => ACCEPTS_AVIF,
        e if e.eq_ignore_ascii_case("image/webp") => ACCEPTS_WEBP,
        e if e.eq_ignore_ascii_case("image/svg+xml") => ACCEPTS_SVG,
        _ => 0,
    }
}

/// Members of one value of a comma list, quoted strings left whole.
fn members(value: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let comma = move |c: char| {
        let divides = c == ',' && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        divides
    };
    value.split(comma).map(trim).filter(|member| !member.is_empty())
}

/// Optional white space of RFC 9110 is space and tab, nothing else.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

impl TryFrom<Vec<(String, String)>> for Headers {
    type Error = Refusal;

    fn try_from(fields: Vec<(String, String)>) -> Result<Self, Refusal> {
        Self::new(fields)
    }
}

impl From<Headers> for Vec<(String, String)> {
    fn from(headers: Headers) -> Self {
        headers.0
    }
}

/// Says how many, not which: values hold addresses and worse.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} fields)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        Headers::new(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))).unwrap()
    }

    #[test]
    fn names_are_read_in_any_case_and_several_values_are_not_one() {
        let h = headers(&[("ETag", "\"abcdef\""), ("vary", "Accept , ,Origin"), ("VARY", "accept-encoding")]);
        assert!(h.has("etag") && !h.has("age"));
        assert_eq!(h.single("etag"), Some("\"abcdef\""));
        assert_eq!(h.single("vary"), None);
        assert_eq!(h.single("age"), None);
        assert_eq!(h.vary(), ["accept", "origin", "accept-encoding"]);
        assert_eq!(format!("{h:?}"), "Headers(3 fields)");
    }

    #[test]
    fn a_comma_in_quotes_divides_nothing() {
        let h = headers(&[("cache-control", r#"x="a, \", max-age=9", max-age=1, y="open, z"#)]);
        let parts: Vec<_> = h.list("cache-control").collect();
        assert_eq!(parts, [r#"x="a, \", max-age=9""#, "max-age=1", r#"y="open, z"#]);
    }

    #[test]
    fn a_header_beyond_the_bounds_is_refused() {
        let field = |n: usize, v: usize| ("n".repeat(n), "v".repeat(v));
        assert!(Headers::new(vec![field(MAX_NAME, MAX_VALUE); MAX_FIELDS]).is_ok());
        for fields in
            [vec![field(1, 1); MAX_FIELDS + 1], vec![field(MAX_NAME + 1, 1)], vec![field(1, MAX_VALUE + 1)]]
        {
            assert_eq!(Headers::new(fields.clone()), Err(Refusal::HeaderForbids));
            assert!(serde_json::from_value::<Headers>(serde_json::json!(fields)).is_err());
        }
    }

    #[test]
    fn a_content_length_is_digits_and_agrees_with_itself() {
        for (values, length) in [
            (&["12"][..], Ok(Some(12))),
            (&["12", "12"], Ok(Some(12))),
            (&["12, 12"], Ok(Some(12))),
            (&[], Ok(None)),
            (&["12", "13"], Err(Refusal::Status)),
            (&["+12"], Err(Refusal::Status)),
            (&["-1"], Err(Refusal::Status)),
            (&[""], Err(Refusal::Status)),
            (&["12,"], Err(Refusal::Status)),
            (&["99999999999999999999"], Err(Refusal::Status)),
        ] {
            let h = headers(&values.iter().map(|v| ("Content-Length", *v)).collect::<Vec<_>>());
            assert_eq!(h.content_length(), length, "{values:?}");
        }
    }

    #[test]
    fn only_strong_long_visible_tags_are_taken() {
        let long = format!("\"{}\"", "a".repeat(126));
        let longer = format!("\"{}\"", "a".repeat(127));
        for (tag, taken) in [
            ("\"abcdef\"", true),
            (long.as_str(), true),
            (longer.as_str(), false),
            ("\"abcde\"", false),
            ("W/\"abcdef\"", false),
            ("\"abc def\"", false),
            ("\"abc\"def\"", false),
            ("\"abcd\u{e4}f\"", false),
            ("abcdef", false),
            ("\"", false),
        ] {
            let h = headers(&[("etag", tag)]);
            assert_eq!(h.strong_etag(), taken.then_some(tag), "{tag}");
        }
        assert_eq!(headers(&[("etag", "\"abcdef\""), ("etag", "\"abcdef\"")]).strong_etag(), None);
    }

    #[test]
    fn what_is_not_understood_about_origins_counts_as_strict() {
        let acao = |v: &[(&str, &str)]| headers(v).acao_any();
        assert!(acao(&[("Access-Control-Allow-Origin", " * ")]));
        assert!(!acao(&[("access-control-allow-origin", "https://a.example")]));
        assert!(!acao(&[("access-control-allow-origin", "*"), ("access-control-allow-origin", "*")]));
        assert!(!acao(&[]));
        for (value, corp) in [
            ("cross-origin", Corp::CrossOrigin),
            ("same-site", Corp::SameSite),
            ("same-origin", Corp::SameOrigin),
            ("Cross-Origin", Corp::SameOrigin),
            ("cross-origin, cross-origin", Corp::SameOrigin),
        ] {
            assert_eq!(headers(&[("cross-origin-resource-policy", value)]).corp(), corp);
        }
        assert_eq!(headers(&[]).corp(), Corp::Absent);
        let field = ("cross-origin-resource-policy", "cross-origin");
        assert_eq!(headers(&[field, field]).corp(), Corp::SameOrigin);
    }

    #[test]
    fn codings_other_than_identity_count() {
        assert!(headers(&[("content-encoding", "br")]).is_coded());
        assert!(headers(&[("content-encoding", "identity, gzip")]).is_coded());
        assert!(!headers(&[("content-encoding", "Identity")]).is_coded());
        assert!(!headers(&[]).is_coded());
    }

    #[test]
    fn accept_is_reduced_to_the_types_it_names() {
        let chromium = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
        assert_eq!(accept_bits(chromium), ACCEPTS_AVIF | ACCEPTS_WEBP | ACCEPTS_SVG);
        assert_eq!(accept_bits("*/*"), 0);
        assert_eq!(accept_bits("Image/WebP ; q=0.5"), ACCEPTS_WEBP);
        assert_eq!(accept_bits("image/webp;q=0.0, image/avif;x=1;Q = 0"), 0);
        assert_eq!(accept_bits("image/webp;charset, image/avif2"), ACCEPTS_WEBP);
        assert_eq!(accept_bits(""), 0);
    }

    proptest! {
        /// The members hold all that was between the commas that divide, and nothing else.
        #[test]
        fn a_list_without_quotes_is_split_at_each_comma(value in "[a-z ,=\t]{0,40}") {
            let h = headers(&[("x", &value)]);
            let naive: Vec<_> = value.split(',').map(|m| m.trim_matches([' ', '\t'])).filter(|m| !m.is_empty()).collect();
            prop_assert_eq!(h.list("x").collect::<Vec<_>>(), naive);
        }
    }
}
