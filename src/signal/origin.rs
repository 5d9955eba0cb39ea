//! Which `Origin`s may open a socket. This keeps web pages out; it authenticates nobody (SECURITY.md §5.1).

use axum::http::HeaderMap;
use axum::http::header::ORIGIN;

/// Origins that are welcome: always those of extensions, and those that the operator adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    listed: Vec<String>,
}

impl Origins {
    /// Extensions, and serialised origins that are compared byte by byte. The word `any` lets everyone in, also
    /// clients that send no `Origin`, which no browser does.
    pub fn with(allowed: impl IntoIterator<Item = String>) -> Self {
        let listed: Vec<String> = allowed.into_iter().collect();
        Self { any: listed.iter().any(|origin| origin == "any"), listed }
    }

    /// Whether a request with these headers may open a socket. Two origins are none.
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = match (origins.next(), origins.next()) {
            (Some(origin), None) => origin.to_str().ok(),
            _ => None,
        };
        self.any
            || origin.is_some_and(|origin| is_extension(origin) || self.listed.iter().any(|l| l == origin))
    }
}

/// `chrome-extension://` or `moz-extension://` and an extension's id, nothing else.
fn is_extension(origin: &str) -> bool {
    let id = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    ["chrome-extension://", "moz-extension://"]
        .iter()
        .filter_map(|scheme| origin.strip_prefix(scheme))
        .any(|host| (1..=64).contains(&host.len()) && host.bytes().all(id))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const CHROMIUM: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop";
    const FIREFOX: &str = "moz-extension://0a1b2c3d-0000-4000-8000-0123456789ab";

    fn headers(origins: &[&'static str]) -> HeaderMap {
        origins.iter().map(|&origin| (ORIGIN, HeaderValue::from_static(origin))).collect()
    }

    #[test]
    fn extensions_are_welcome() {
        for origin in [CHROMIUM, FIREFOX] {
            assert!(Origins::default().admit(&headers(&[origin])), "{origin}");
        }
    }

    #[test]
    fn everyone_else_is_not() {
        let odd: &[&[&str]] = &[
            &[],
            &["null"],
            &[""],
            &["https://page.example"],
            &["chrome-extension://"],
            &["chrome-extension://abc/def"],
            &["chrome-extension://abc.example"],
            &["Chrome-Extension://abc"],
            &["https://chrome-extension://abc"],
            &["any"],
            &[CHROMIUM, CHROMIUM],
            &[CHROMIUM, "https://page.example"],
        ];
        for origins in odd {
            assert!(!Origins::default().admit(&headers(origins)), "{origins:?}");
        }
    }

    #[test]
    fn listed_origins_are_compared_whole() {
        let origins = Origins::with(["https://tool.example".into()]);
        assert!(origins.admit(&headers(&["https://tool.example"])));
        assert!(origins.admit(&headers(&[FIREFOX])));
        assert!(!origins.admit(&headers(&["https://tool.example.evil.example"])));
        assert!(!origins.admit(&headers(&[])));
    }

    #[test]
    fn any_is_everyone_even_without_an_origin() {
        let origins = Origins::with(["any".into()]);
        assert!(origins.admit(&headers(&[])));
        assert!(origins.admit(&headers(&["https://page.example"])));
    }
}
