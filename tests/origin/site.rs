//! Sites: hosts with their files and header rules, held in memory.
//!
//! Files are looked up by path in a map that was filled beforehand, so no request can reach outside a site.

use std::{collections::BTreeMap, fmt, path::Path};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{content_type, glob::Glob, site_folder};

/// What a host speaks; decided by ALPN, without a fallback.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `"h1"` in `site.json`.
    #[serde(rename = "h1")]
    Http1,
    /// `"h2"` in `site.json`.
    #[serde(rename = "h2")]
    Http2,
}

/// One or several hosts that make up a site.
#[derive(Clone, Debug)]
pub struct Site {
    pub(crate) page: String,
    pub(crate) hosts: BTreeMap<String, Host>,
}

impl Site {
    /// Reads the folder `dir`: `site.json` and the roots it names. Files whose name starts with a dot are left out.
    ///
    /// # Errors
    /// What is wrong with the folder.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, SiteError> {
        Self::open(dir)?.build()
    }

    /// The same, to be changed before it is built.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn open(dir: impl AsRef<Path>) -> Result<SiteBuilder, SiteError> {
        site_folder::open(dir.as_ref())
    }

    /// A site made in memory whose page has this URL.
    #[must_use]
    pub fn builder(page: impl Into<String>) -> SiteBuilder {
        SiteBuilder {
            site: Self { page: page.into(), hosts: BTreeMap::new() },
            size: 0,
            rules: Vec::new(),
            error: None,
        }
    }

    /// URL of the page to open.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }

    /// Names of the hosts.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.keys().map(String::as_str)
    }
}

/// Collects a site. The first mistake is kept and told by [`SiteBuilder::build`].
#[derive(Debug)]
pub struct SiteBuilder {
    site: Site,
    size: usize,
    rules: Vec<(Glob, Rule)>,
    error: Option<SiteError>,
}

impl SiteBuilder {
    /// Adds a host.
    #[must_use]
    pub fn host(mut self, name: &str, protocol: Protocol) -> Self {
        let host = Host { protocol, files: BTreeMap::new(), rules: Vec::new() };
        if !is_host_name(name) || self.site.hosts.insert(name.to_owned(), host).is_some() {
            self.fail(SiteError::BadHost { host: name.to_owned() });
        }
        self
    }

    /// All hosts that were added before speak this protocol.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        for host in self.site.hosts.values_mut() {
            host.protocol = protocol;
        }
        self
    }

    /// Adds a file of a host added before; its type follows the ending of `path`, which starts with `/`.
    /// `…/index.html` also answers for its folder.
    #[must_use]
    pub fn file(self, host: &str, path: &str, body: impl Into<Bytes>) -> Self {
        let file = File::new(path, body.into());
        if let Some(folder) = path.strip_suffix("index.html").filter(|folder| folder.ends_with('/')) {
            return self.insert(host, folder, file.clone()).insert(host, path, file);
        }
        self.insert(host, path, file)
    }

    /// Adds a path that sends the client elsewhere with a 302.
    #[must_use]
    pub fn redirect(self, host: &str, path: &str, location: &str) -> Self {
        let mut file = File::new(".txt", Bytes::new());
        file.status = 302;
        self.insert(host, path, file).header(host, path, "location", Some(location))
    }

    /// Another body for a path added before, with a tag of its own: it is sent instead wherever `when` holds. Of several,
    /// the first counts.
    #[must_use]
    pub fn variant(mut self, host: &str, path: &str, when: When, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        self.size += body.len();
        let hosts = &mut self.site.hosts;
        match hosts.get_mut(host).and_then(|host| host.files.get_mut(path)) {
            Some(file) if self.size <= SITE_BYTES_MAX => file.variants.push((when, File::new(path, body))),
            Some(_) => self.fail(SiteError::TooLarge),
            None => self.fail(SiteError::BadPath { path: path.to_owned() }),
        }
        self
    }

    /// A path added before answers with this status, from 200 to 599, body and all.
    #[must_use]
    pub fn status(mut self, host: &str, path: &str, status: u16) -> Self {
        match self.site.hosts.get_mut(host).and_then(|host| host.files.get_mut(path)) {
            Some(file) => file.status = status,
            None => self.fail(SiteError::BadPath { path: path.to_owned() }),
        }
        self
    }

    /// Sets a header on the answers of hosts and paths that match; either may hold `*`. The last rule added wins
    /// for each name; `None` removes the header, also one the origin would set itself.
    #[must_use]
    pub fn header(self, host: &str, path: &str, name: &str, value: Option<&str>) -> Self {
        self.rule(host, path, name, value, false)
    }

    /// Sends a header once more, beside those of its name that other rules set.
    #[must_use]
    pub fn header_too(self, host: &str, path: &str, name: &str, value: &str) -> Self {
        self.rule(host, path, name, Some(value), true)
    }

    fn rule(mut self, host: &str, path: &str, name: &str, value: Option<&str>, too: bool) -> Self {
        let parsed = name.parse::<HeaderName>().ok().zip(value.map(HeaderValue::from_str).transpose().ok());
        match parsed {
            Some((name, value)) => {
                self.rules.push((Glob::new(host), Rule { path: Glob::new(path), name, value, too }))
            }
            None => self.fail(SiteError::BadHeader { name: name.to_owned() }),
        }
        self
    }

    /// The site.
    ///
    /// # Errors
    /// The first mistake made on the way.
    pub fn build(mut self) -> Result<Site, SiteError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        for (pattern, rule) in self.rules {
            let mut hits = 0;
            for (_, host) in self.site.hosts.iter_mut().filter(|(name, _)| pattern.matches(name)) {
                host.rules.push(rule.clone());
                hits += 1;
            }
            if hits == 0 {
                return Err(SiteError::RuleWithoutHost { name: rule.name.to_string() });
            }
        }
        let host = self.site.page.strip_prefix("https://").and_then(|rest| rest.split(['/', ':']).next());
        if !host.is_some_and(|host| self.site.hosts.contains_key(host)) {
            return Err(SiteError::PageElsewhere { page: self.site.page });
        }
        Ok(self.site)
    }

    fn insert(mut self, host: &str, path: &str, file: File) -> Self {
        self.size += file.body.len();
        if !path.starts_with('/') {
            self.fail(SiteError::BadPath { path: path.to_owned() });
        } else if self.size > SITE_BYTES_MAX {
            self.fail(SiteError::TooLarge);
        } else if let Some(host) = self.site.hosts.get_mut(host) {
            host.files.insert(path.to_owned(), file);
            if host.files.len() > FILES_MAX {
                self.fail(SiteError::TooLarge);
            }
        } else {
            self.fail(SiteError::BadHost { host: host.to_owned() });
        }
        self
    }

    fn fail(&mut self, error: SiteError) {
        self.error.get_or_insert(error);
    }
}

/// Why a site cannot be served: a mistake of whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteError {
    /// A header's name or value cannot be sent.
    BadHeader {
        /// The name as given.
        name: String,
    },
    /// A host name is no lower-case DNS name, is given twice, or is used without having been added.
    BadHost {
        /// The name as given.
        host: String,
    },
    /// A path does not start with `/`, or a file's name is not plain text.
    BadPath {
        /// The path as given.
        path: String,
    },
    /// `site.json` is not of its form.
    Malformed {
        /// What the parser says.
        reason: String,
    },
    /// The page's URL is on no host of the site, or is not `https`.
    PageElsewhere {
        /// The URL as given.
        page: String,
    },
    /// A header rule names hosts that the site has not.
    RuleWithoutHost {
        /// The header's name.
        name: String,
    },
    /// More than 64 MiB or 4096 files.
    TooLarge,
    /// A file or folder cannot be read, or is a link.
    Unreadable {
        /// Where.
        path: String,
        /// What the system says.
        kind: std::io::ErrorKind,
    },
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadHeader { .. } => "a header cannot be sent",
            Self::BadHost { .. } => "a host name is bad, double or unknown",
            Self::BadPath { .. } => "a path is bad",
            Self::Malformed { .. } => "site.json is not of its form",
            Self::PageElsewhere { .. } => "the page is on no host of the site",
            Self::RuleWithoutHost { .. } => "a header rule matches no host",
            Self::TooLarge => "the site is too large",
            Self::Unreadable { .. } => "a file of the site cannot be read",
        })
    }
}

impl std::error::Error for SiteError {}

/// One host of a site.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) protocol: Protocol,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) rules: Vec<Rule>,
}

/// One answer in waiting.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// Strong, from the content alone.
    pub(crate) etag: String,
    pub(crate) body: Bytes,
    /// What is sent instead, and when.
    pub(crate) variants: Vec<(When, Self)>,
}

/// When a variant is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// A field of the request holds this text.
    Asked {
        /// The field's name.
        field: HeaderName,
        /// What its value must contain.
        contains: String,
    },
    /// The site is in this edition, or a later one ([`crate::Origin::set_edition`]).
    Edition(u32),
}

impl File {
    fn new(path: &str, body: Bytes) -> Self {
        let hash = Sha256::digest(&body);
        let hex = hash.iter().take(ETAG_BYTES).map(|byte| format!("{byte:02x}")).collect::<String>();
        let (content_type, etag) = (content_type::of_path(path), format!("\"{hex}\""));
        Self { status: 200, content_type, etag, body, variants: Vec::new() }
    }
}

/// A header of a host's answers.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) path: Glob,
    pub(crate) name: HeaderName,
    pub(crate) value: Option<HeaderValue>,
    /// Beside what is there already, and not in its place.
    pub(crate) too: bool,
}

fn is_host_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}

/// Bytes: a fixture, held in memory.
const SITE_BYTES_MAX: usize = 64 * 1_024 * 1_024;
/// Files of one host.
const FILES_MAX: usize = 4_096;
/// Bytes of the hash in an ETag: far from any collision among the files of a test.
const ETAG_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> SiteBuilder {
        Site::builder("https://www.shop-demo.com/").host("www.shop-demo.com", Protocol::Http2)
    }

    #[test]
    fn an_index_answers_for_its_folder() {
        let site = builder().file("www.shop-demo.com", "/sub/index.html", "<p>").build().expect("good site");
        let files = &site.hosts["www.shop-demo.com"].files;
        assert_eq!(files["/sub/"].etag, files["/sub/index.html"].etag);
        assert_eq!(files["/sub/"].content_type, "text/html; charset=utf-8");
    }

    #[test]
    fn mistakes_are_told_by_name() {
        let host = |host: &str| SiteError::BadHost { host: host.into() };
        assert_eq!(builder().host("Upper.com", Protocol::Http1).build().err(), Some(host("Upper.com")));
        assert_eq!(builder().file("other.com", "/", "").build().err(), Some(host("other.com")));
        assert_eq!(
            builder().file("www.shop-demo.com", "x", "").build().err(),
            Some(SiteError::BadPath { path: "x".into() })
        );
        assert_eq!(
            builder().header("*", "/", "x-a", Some("a\nb")).build().err(),
            Some(SiteError::BadHeader { name: "x-a".into() })
        );
        assert_eq!(
            builder().header("other.com", "/", "x-a", Some("a")).build().err(),
            Some(SiteError::RuleWithoutHost { name: "x-a".into() })
        );
        let page = "https://elsewhere.com/";
        assert_eq!(Site::builder(page).build().err(), Some(SiteError::PageElsewhere { page: page.into() }));
    }
}
