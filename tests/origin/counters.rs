//! What was asked and what was handed over, by URL.

use std::collections::BTreeMap;

/// Sums of one URL, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Count {
    /// Requests whose headers have come in.
    pub requests: u64,
    /// Bytes of bodies handed to the connection. Of a body that was cut short, at most the buffers' worth
    /// (about 64 KiB of a connection, and 4 KiB more of each further stream) may not have reached the line.
    pub body_bytes: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that carried a `Cookie`.
    pub with_cookies: u64,
    /// `Content-Type` of the last answer that had one; empty in sums of several URLs.
    pub content_type: String,
}

/// A snapshot of all counts since the start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// By absolute URL with its query. Beyond 10 000 URLs all others share [`Counters::OTHERS`].
    pub by_url: BTreeMap<String, Count>,
}

impl Counters {
    /// Key of the URLs that found no place of their own.
    pub const OTHERS: &str = "(others)";

    /// The count of one URL; zeros if it was never asked for.
    #[must_use]
    pub fn url(&self, url: &str) -> Count {
        self.by_url.get(url).cloned().unwrap_or_default()
    }

    /// The sum over the URLs that `wanted` picks.
    pub fn sum(&self, mut wanted: impl FnMut(&str, &Count) -> bool) -> Count {
        let mut sum = Count::default();
        for (_, count) in self.by_url.iter().filter(|(url, count)| wanted(url, count)) {
            sum.requests += count.requests;
            sum.body_bytes += count.body_bytes;
            sum.with_cookies += count.with_cookies;
            for (status, times) in &count.statuses {
                *sum.statuses.entry(*status).or_default() += times;
            }
        }
        sum
    }

    /// The sum over everything.
    #[must_use]
    pub fn total(&self) -> Count {
        self.sum(|_, _| true)
    }

    /// The sum over answers whose content type starts so, for example `image/`.
    #[must_use]
    pub fn of_type(&self, prefix: &str) -> Count {
        self.sum(|_, count| count.content_type.starts_with(prefix))
    }

    pub(crate) fn of(&mut self, url: &str) -> &mut Count {
        let known = self.by_url.contains_key(url) || self.by_url.len() < URLS_MAX;
        self.by_url.entry(if known { url } else { Self::OTHERS }.to_owned()).or_default()
    }
}

/// URLs with a count of their own.
const URLS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_follow_the_predicate() {
        let mut counters = Counters::default();
        for (url, kind, bytes) in [("a", "image/png", 5), ("b", "image/gif", 7), ("c", "text/css", 100)] {
            let count = counters.of(url);
            (count.requests, count.body_bytes, count.content_type) = (1, bytes, kind.to_owned());
            count.statuses.insert(200, 1);
        }
        let images = counters.of_type("image/");
        assert_eq!((images.requests, images.body_bytes), (2, 12));
        assert_eq!(images.statuses, BTreeMap::from([(200, 2)]));
        assert_eq!(counters.total().body_bytes, 112);
        assert_eq!(counters.url("never"), Count::default());
    }

    #[test]
    fn urls_are_bounded() {
        let mut counters = Counters::default();
        for n in 0..URLS_MAX + 5 {
            counters.of(&n.to_string()).requests += 1;
        }
        assert_eq!(counters.by_url.len(), URLS_MAX + 1);
        assert_eq!(counters.url(Counters::OTHERS).requests, 5);
    }
}
