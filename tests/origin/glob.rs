//! Patterns with `*`, for paths, hosts and URLs.

/// A text in which `*` stands for anything, also for nothing. Without one it means exactly itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(String);

impl Glob {
    pub(crate) fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
        let Some(tail) = self.0.rsplit_once('*').map(|(_, tail)| tail) else { return rest.is_empty() };
        let Some(middle) = rest.strip_suffix(tail) else { return false };
        rest = middle;
        // The first place of each part is as good as any later one.
        let inner = parts.collect::<Vec<_>>();
        for part in &inner[..inner.len() - 1] {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (pattern, text, expected) in [
            ("/", "/", true),
            ("/", "/index.html", false),
            ("/img/*", "/img/a.png", true),
            ("/img/*", "/img/", true),
            ("/img/*", "/js/a.js", false),
            ("*.woff2", "/f/a.woff2", true),
            ("*.woff2", "/f/a.woff2?v=1", false),
            ("*", "", true),
            ("https://*/a*.png", "https://x.test/b/a1.png", true),
            ("https://*/a*.png", "https://x.test/b/1.png", false),
            ("a*a", "a", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }
}
