//! Addresses that Slipstream touches: https, default port, public DNS name. Everything else is refused by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// Longest URL that is touched, in bytes (SECURITY.md E04).
pub const MAX_URL: usize = 2048;

/// Name endings that never mean a public host (SECURITY.md E04).
const PRIVATE_ENDINGS: [&str; 10] =
    ["local", "internal", "home.arpa", "localhost", "test", "onion", "lan", "corp", "invalid", "arpa"];

/// A URL that passed the checks of SECURITY.md E04, without its fragment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Url {
    text: String,
    /// End of `https://host` in `text`.
    origin_end: usize,
}

impl Url {
    /// Takes a URL as the browser serialises it. The fragment is cut off: no server ever sees it.
    ///
    /// Errors: [`Refusal::Scheme`], [`Refusal::UrlForm`] or [`Refusal::PrivateHost`].
    pub fn parse(serialised: &str) -> Result<Self, Refusal> {
        let text = serialised.split('#').next().unwrap_or_default();
        let rest = text.strip_prefix("https://").ok_or(Refusal::Scheme)?;
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'*' | b'^' | b'|');
        if text.len() > MAX_URL || !text.bytes().all(plain) {
            return Err(Refusal::UrlForm);
        }
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        if host.contains(['@', ':']) || !rest[host.len()..].starts_with('/') {
            return Err(Refusal::UrlForm);
        }
        if !is_public_name(host) {
            return Err(Refusal::PrivateHost);
        }
        Ok(Self { origin_end: "https://".len() + host.len(), text: text.to_owned() })
    }

    /// The whole URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The serialised origin.
    pub fn origin(&self) -> Origin {
        Origin(self.text[..self.origin_end].to_owned())
    }

    /// The host name.
    pub fn host(&self) -> &str {
        &self.text["https://".len()..self.origin_end]
    }

    /// Path and query.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.origin_end..]
    }

    /// Whether both have the same origin.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.text[..self.origin_end] == other.text[..other.origin_end]
    }
}

/// A serialised https origin with a public host name. It is the partition of the shelf, too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// The serialised origin, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_public_name(host: &str) -> bool {
    let labels = || host.split('.');
    let well_formed = labels().all(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
    });
    // A last label of digits is an IPv4 address in the URL standard.
    let numeric = labels().next_back().is_none_or(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let private = PRIVATE_ENDINGS
        .iter()
        .any(|ending| host.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    well_formed && !numeric && !private && labels().count() >= 2
}

impl TryFrom<String> for Url {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.text
    }
}

/// Says nothing about where somebody was: logs above debug may hold it.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({} bytes)", self.text.len())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_url_comes_apart_and_loses_its_fragment() {
        let url = Url::parse("https://www.shop-demo.com/a/b?c=d#e").unwrap();
        assert_eq!(url.as_str(), "https://www.shop-demo.com/a/b?c=d");
        assert_eq!(url.origin().as_str(), "https://www.shop-demo.com");
        assert_eq!(url.host(), "www.shop-demo.com");
        assert_eq!(url.path_and_query(), "/a/b?c=d");
    }

    #[test]
    fn addresses_that_are_not_ours_are_refused_by_name() {
        for (text, why) in [
            ("http://www.shop-demo.com/", Refusal::Scheme),
            ("data:,", Refusal::Scheme),
            ("https://www.shop-demo.com:8443/", Refusal::UrlForm),
            ("https://me@www.shop-demo.com/", Refusal::UrlForm),
            ("https://www.shop-demo.com/a|b", Refusal::UrlForm),
            ("https://www.shop-demo.com/a*", Refusal::UrlForm),
            ("https://www.shop-demo.com/ä", Refusal::UrlForm),
            ("https://www.shop-demo.com", Refusal::UrlForm),
            ("https://127.0.0.1/", Refusal::PrivateHost),
            ("https://[::1]/", Refusal::UrlForm),
            ("https://router/", Refusal::PrivateHost),
            ("https://printer.local/", Refusal::PrivateHost),
            ("https://nas.home.arpa/", Refusal::PrivateHost),
            ("https://a..b/", Refusal::PrivateHost),
        ] {
            assert_eq!(Url::parse(text), Err(why), "{text}");
        }
        let long = format!("https://www.shop-demo.com/{}", "a".repeat(MAX_URL));
        assert_eq!(Url::parse(&long), Err(Refusal::UrlForm));
    }

    #[test]
    fn debug_shows_no_address() {
        let url = Url::parse("https://www.shop-demo.com/a").unwrap();
        assert!(!format!("{url:?}{:?}", url.origin()).contains("shop"));
    }
}
