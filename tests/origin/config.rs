//! What an origin is made of.

use std::{collections::BTreeMap, fmt, io};

use crate::{
    link::Link,
    site::{Host, Protocol, Site},
};

/// Links and sites of an origin, collected before it starts.
///
/// ```
/// # use std::time::Duration;
/// # use slipstream_origin::{Link, OriginConfig, Protocol, Site};
/// let site = Site::builder("https://www.shop-demo.com/")
///     .host("www.shop-demo.com", Protocol::Http2)
///     .file("www.shop-demo.com", "/index.html", "<p>hello")
///     .build()?;
/// let config = OriginConfig::new()
///     .link("uplink", Link::mbit(5.0, Duration::from_millis(80)))
///     .site(site, "uplink");
/// # Ok::<_, slipstream_origin::SiteError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct OriginConfig {
    links: Vec<(String, Link)>,
    sites: Vec<(Site, String)>,
    moves: Vec<(String, String)>,
}

impl OriginConfig {
    /// No link, no site.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a link under a name.
    #[must_use]
    pub fn link(mut self, name: &str, link: Link) -> Self {
        self.links.push((name.to_owned(), link));
        self
    }

    /// Adds a site with all its hosts on one link.
    #[must_use]
    pub fn site(mut self, site: Site, link: &str) -> Self {
        self.sites.push((site, link.to_owned()));
        self
    }

    /// Puts one host of a site on another link.
    #[must_use]
    pub fn host_on(mut self, host: &str, link: &str) -> Self {
        self.moves.push((host.to_owned(), link.to_owned()));
        self
    }

    pub(crate) fn plan(self) -> Result<Plan, ConfigError> {
        let mut plan = Plan { links: BTreeMap::new(), pages: Vec::new(), listeners: BTreeMap::new() };
        for (name, link) in self.links {
            if link.rate_bits_per_s == Some(0) || plan.links.insert(name.clone(), link).is_some() {
                return Err(ConfigError::BadLink { link: name });
            }
        }
        let mut moves = self.moves.into_iter().collect::<BTreeMap<_, _>>();
        let mut seen = std::collections::BTreeSet::new();
        for (site, site_link) in self.sites {
            plan.pages.push(site.page);
            for (name, host) in site.hosts {
                let link = moves.remove(&name).unwrap_or_else(|| site_link.clone());
                if !plan.links.contains_key(&link) {
                    return Err(ConfigError::BadLink { link });
                }
                if !seen.insert(name.clone()) {
                    return Err(ConfigError::BadHost { host: name });
                }
                plan.listeners.entry((link, host.protocol)).or_default().insert(name, host);
            }
        }
        match moves.into_keys().next() {
            Some(host) => Err(ConfigError::BadHost { host }),
            None => Ok(plan),
        }
    }
}

/// Why an origin cannot be made as asked; it comes inside an [`io::Error`] of the kind `InvalidInput`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A host is in two sites, or in none.
    BadHost {
        /// Its name.
        host: String,
    },
    /// A link is named twice, is not there, or has a rate of zero.
    BadLink {
        /// Its name.
        link: String,
    },
    /// More than 256 faults at once.
    TooManyFaults,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadHost { .. } => "a host is in two sites or in none",
            Self::BadLink { .. } => "a link is named twice, unknown, or without a rate",
            Self::TooManyFaults => "there are too many faults",
        })
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for io::Error {
    fn from(error: ConfigError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// What is to be started.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) links: BTreeMap<String, Link>,
    pub(crate) pages: Vec<String>,
    /// Hosts by link and protocol.
    pub(crate) listeners: BTreeMap<(String, Protocol), BTreeMap<String, Host>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(host: &str) -> Site {
        Site::builder(format!("https://{host}/")).host(host, Protocol::Http1).build().expect("good site")
    }

    #[test]
    fn mistakes_are_told_by_name() {
        let bad_link = |link: &str| Some(ConfigError::BadLink { link: link.into() });
        let bad_host = |host: &str| Some(ConfigError::BadHost { host: host.into() });
        let config = || OriginConfig::new().link("near", Link::UNSHAPED);
        let still = Link { rate_bits_per_s: Some(0), ..Link::UNSHAPED };
        assert_eq!(config().link("near", Link::UNSHAPED).plan().err(), bad_link("near"));
        assert_eq!(config().link("still", still).plan().err(), bad_link("still"));
        assert_eq!(config().site(site("a.com"), "far").plan().err(), bad_link("far"));
        assert_eq!(config().host_on("a.com", "near").plan().err(), bad_host("a.com"));
        let twice = config().site(site("a.com"), "near").site(site("a.com"), "near");
        assert_eq!(twice.plan().err(), bad_host("a.com"));
    }
}
