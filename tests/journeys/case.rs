//! Cases: small pages in folders under `cases/GROUP/NAME/`, each with what is expected of a visit to it.
//!
//! `index.html` is the page, with the line `<!-- probe -->` where `probe.js` goes. `case.json` says what is made or
//! copied for it, how the origin answers, and where its bytes should come from; every other file is served as it is. A
//! resource's name is its path below the case's folder on the page's host; `cdn/`, `bare/` and `sub/` stand for other hosts:
//! one that allows any origin to read, one that allows none, and one of the same site.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use slipstream_origin::{Fault as Mishap, When};
use slipstream_stage::{Fault, Protocol, Scene, Site, SiteBuilder, Visit, site_dir};

use crate::noise;

/// One page, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its folder's name, and the path of the page. No two cases share one.
    pub name: String,
    /// The folder above: what kind of thing it is about.
    pub group: String,
    /// As `case.json` says.
    pub expected: Expected,
    files: BTreeMap<String, Vec<u8>>,
}

/// `case.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// What the case is about.
    pub sentence: String,
    /// The page has a host of its own: what it leaves behind there, such as a cookie or a worker, is nobody else's.
    #[serde(default)]
    own: bool,
    /// The protocol of that host is HTTP/1.1.
    #[serde(default)]
    http1: bool,
    /// Pictures that are made for it.
    #[serde(default)]
    pictures: BTreeMap<String, Made>,
    /// Files that are taken from below `tests/sites`.
    #[serde(default)]
    copies: BTreeMap<String, String>,
    /// Fields of answers, by the name of a resource, which may hold `*`. The page's is `index.html`.
    #[serde(default)]
    headers: BTreeMap<String, BTreeMap<String, Field>>,
    /// Names that send the browser to another address.
    #[serde(default)]
    redirects: BTreeMap<String, String>,
    /// Other statuses than 200.
    #[serde(default)]
    statuses: BTreeMap<String, u16>,
    /// What goes wrong.
    #[serde(default)]
    mishaps: BTreeMap<String, Bad>,
    /// Pictures that are others where a field of the request, the first text, holds the second.
    #[serde(default)]
    varies: BTreeMap<String, (String, String)>,
    /// Pictures that are others from the second visit on.
    #[serde(default)]
    changes: BTreeSet<String>,
    /// Of a first visit with a member nearby that was here before.
    pub near: Sources,
    /// Of the second visit.
    pub again: Sources,
    /// Differences that are known and accepted, by the name of the fact that says why. One that ends in `*` stands for all
    /// that begin so.
    #[serde(default)]
    pub differs: BTreeMap<String, BTreeSet<String>>,
}

/// A picture to be made.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Made {
    /// Bytes that are no picture.
    Garbage,
    /// The first half of a picture.
    Cut,
    /// Noise of this width and height in pixels.
    #[serde(untagged)]
    Noise(u32, u32),
}

/// A field of an answer: one value, several, or none.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Field {
    One(String),
    Several(Vec<String>),
    None,
}

/// How an answer goes wrong.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bad {
    /// After so many bytes.
    Cut(u64),
    /// So many milliseconds late.
    Slow(u32),
    /// With this length.
    Length(u64),
    /// With this status, and empty.
    Status(u16),
}

/// Which resources come from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// From a member.
    pub peer: BTreeSet<String>,
    /// From the browser's own shelf.
    pub shelf: BTreeSet<String>,
    /// The origin was asked for them.
    pub asked: BTreeSet<String>,
    /// It cannot be said beforehand where these come from: the page asks while its rules change.
    pub perhaps: BTreeSet<String>,
}

impl Sources {
    /// Whether what was seen is what is expected here.
    #[must_use]
    pub fn admits(&self, seen: &Self) -> bool {
        let certain =
            |names: &BTreeSet<String>| names.difference(&self.perhaps).cloned().collect::<BTreeSet<_>>();
        let pairs = [(&self.peer, &seen.peer), (&self.shelf, &seen.shelf), (&self.asked, &seen.asked)];
        pairs.into_iter().all(|(expected, seen)| *expected == certain(seen))
    }
}

impl Case {
    /// All cases, by group and name.
    ///
    /// # Errors
    /// A case cannot be read, or two have the same name.
    pub fn all() -> Result<Vec<Self>, Fault> {
        let mut cases = Vec::new();
        for (group, folder) in folders(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/cases")))? {
            for (name, folder) in folders(&folder)? {
                cases.push(Self::read(&group, name, &folder)?);
            }
        }
        let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
        if names.len() < cases.len() {
            return Err("two cases have the same name".into());
        }
        Ok(cases)
    }

    fn read(group: &str, name: String, folder: &Path) -> Result<Self, Fault> {
        let mut files = files(folder)?;
        for (host, folder) in folders(folder)? {
            files.extend(
                self::files(&folder)?.into_iter().map(|(name, bytes)| (format!("{host}/{name}"), bytes)),
            );
        }
        let expected = files.remove("case.json").ok_or_else(|| format!("{name} has no case.json"))?;
        let expected: Expected =
            serde_json::from_slice(&expected).map_err(|fault| format!("{name}: {fault}"))?;
        for (copy, path) in &expected.copies {
            let bytes = fs::read(site_dir(path)).map_err(|fault| format!("{name}: {path}: {fault}"))?;
            files.insert(copy.clone(), bytes);
        }
        Ok(Self { name, group: group.to_owned(), expected, files })
    }

    /// The address of its page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}/{}/", self.host(), self.name)
    }

    /// Whether the origin answers differently from the second visit on.
    #[must_use]
    pub fn changes(&self) -> bool {
        !self.expected.changes.is_empty()
    }

    /// Whether a second visit differs from the first: the origin answers differently, or the first left something behind.
    #[must_use]
    pub fn returns(&self) -> bool {
        self.changes() || self.expected.own
    }

    /// A site of these cases.
    ///
    /// # Errors
    /// Two files have the same address.
    pub fn site(cases: &[Self]) -> Result<Site, Fault> {
        let first = cases.first().ok_or("there are no cases")?;
        let mut site = Site::builder(first.url())
            .host(HOST, Protocol::Http2)
            .host(CDN, Protocol::Http2)
            .host(SUB, Protocol::Http2)
            .host(BARE, Protocol::Http1);
        for case in cases.iter().filter(|case| case.expected.own) {
            let protocol = if case.expected.http1 { Protocol::Http1 } else { Protocol::Http2 };
            site = site.host(&case.host(), protocol);
        }
        for ending in ["png", "svg", "js", "mjs", "woff2", "webp", "avif"] {
            let lasts = Some("public, max-age=31536000");
            site = site.header("*", &format!("*.{ending}"), "cache-control", lasts);
        }
        site = site.header(CDN, "*", "access-control-allow-origin", Some("*"));
        for case in cases {
            site = case.add_to(site)?;
        }
        Ok(site.build()?)
    }

    fn add_to(&self, mut site: SiteBuilder) -> Result<SiteBuilder, Fault> {
        for (name, bytes) in &self.files {
            let bytes = if name == PAGE { probed(bytes)? } else { bytes.clone() };
            let (host, path) = self.place(name);
            site = site.file(&host, &path, bytes);
        }
        for (name, made) in &self.expected.pictures {
            let (host, path) = self.place(name);
            site = site.file(&host, &path, made.bytes(&format!("{}/{name}", self.name)));
        }
        for (name, location) in &self.expected.redirects {
            let (host, path) = self.place(name);
            site = site.redirect(&host, &path, location);
        }
        for (name, status) in &self.expected.statuses {
            let (host, path) = self.place(name);
            site = site.status(&host, &path, *status);
        }
        for (name, (field, contains)) in &self.expected.varies {
            let when = When::Asked { field: field.parse()?, contains: contains.clone() };
            site = self.add_variant(site, name, when)?;
        }
        for name in &self.expected.changes {
            site = self.add_variant(site, name, When::Edition(1))?;
        }
        for (name, fields) in &self.expected.headers {
            let (host, path) = self.place(name);
            for (field, value) in fields {
                // A page answers for its folder.
                for path in [Some(path.as_str()), path.strip_suffix(PAGE)].into_iter().flatten() {
                    site = match value {
                        Field::One(value) => site.header(&host, path, field, Some(value)),
                        Field::None => site.header(&host, path, field, None),
                        Field::Several(values) => {
                            values.iter().fold(site, |site, value| site.header_too(&host, path, field, value))
                        }
                    };
                }
            }
        }
        Ok(site)
    }

    /// The same picture in size, and another in every pixel.
    fn add_variant(&self, site: SiteBuilder, name: &str, when: When) -> Result<SiteBuilder, Fault> {
        let made = self.expected.pictures.get(name).ok_or_else(|| format!("{}: no {name}", self.name))?;
        let (host, path) = self.place(name);
        Ok(site.variant(&host, &path, when, made.bytes(&format!("{}/other {name}", self.name))))
    }

    /// Lets go wrong at the origin what shall.
    ///
    /// # Errors
    /// There are too many mishaps.
    pub fn arrange(&self, scene: &Scene) -> Result<(), Fault> {
        for (name, bad) in &self.expected.mishaps {
            let (host, path) = self.place(name);
            let mishap = match *bad {
                Bad::Cut(after) => Mishap::Cut { after },
                Bad::Slow(ms) => Mishap::Slow { ms },
                Bad::Length(declared) => Mishap::WrongLength { declared },
                Bad::Status(status) => Mishap::Status(status),
            };
            scene.origin().set_fault(&format!("https://{host}{path}"), mishap)?;
        }
        Ok(())
    }

    /// Which of its resources came from where in a visit: by the extension's word for peer and shelf, by the origin's
    /// own count for the origin.
    #[must_use]
    pub fn sources(&self, visit: &Visit) -> Sources {
        let from = |source| {
            let hits = visit.resources.iter().filter(|(_, resource)| resource.from == source);
            hits.filter_map(|(url, _)| self.name_of(url)).collect()
        };
        let asked = visit.counters.by_url.iter().filter(|(_, count)| count.requests > 0);
        let asked = asked.filter_map(|(url, _)| self.name_of(url)).collect();
        Sources { peer: from("peer"), shelf: from("shelf"), asked, ..Sources::default() }
    }

    /// Addresses that the origin was asked for more often than in `plain`, but for those of which nobody can say how
    /// often a page asks.
    #[must_use]
    pub fn asked_more(&self, plain: &Visit, visit: &Visit) -> Vec<String> {
        let more = visit
            .counters
            .by_url
            .iter()
            .filter(|(url, count)| count.requests > plain.counters.url(url).requests)
            .map(|(url, _)| url)
            // Workers of other cases look for news of themselves now and then.
            .filter(|url| url.contains(&format!("/{}/", self.name)) || !url.ends_with(".js"))
            .filter(|url| !self.name_of(url).is_some_and(|name| self.expected.near.perhaps.contains(&name)));
        more.cloned().collect()
    }

    /// Whether a difference is one that is known.
    #[must_use]
    pub fn knows(&self, difference: &str) -> bool {
        let is = |known: &String| match known.strip_suffix('*') {
            Some(beginning) => difference.starts_with(beginning),
            None => difference == known,
        };
        self.expected.differs.values().flatten().any(is)
    }

    /// The name of a resource that can be served, by its address.
    fn name_of(&self, url: &str) -> Option<String> {
        let own = self.host();
        let hosts = [(own.as_str(), ""), (CDN, "cdn/"), (BARE, "bare/"), (SUB, "sub/")];
        let (path, prefix) = hosts.into_iter().find_map(|(host, prefix)| {
            Some((url.strip_prefix(&format!("https://{host}/{}/", self.name))?, prefix))
        })?;
        let ending = path.split('?').next()?.rsplit_once('.')?.1;
        ENDINGS.contains(&ending).then(|| format!("{prefix}{path}"))
    }

    fn host(&self) -> String {
        if self.expected.own {
            format!("{}.case-demo.com", self.name.replace('_', "-"))
        } else {
            HOST.to_owned()
        }
    }

    /// Host and path of a resource.
    fn place(&self, name: &str) -> (String, String) {
        let hosts = [("cdn/", CDN), ("bare/", BARE), ("sub/", SUB)];
        let other = hosts.into_iter().find_map(|(prefix, host)| Some((host, name.strip_prefix(prefix)?)));
        let (host, path) = other.map_or_else(|| (self.host(), name), |(host, path)| (host.to_owned(), path));
        (host, format!("/{}/{path}", self.name))
    }
}

impl Made {
    fn bytes(self, seed: &str) -> Vec<u8> {
        match self {
            Self::Noise(width, height) => noise(width, height, seed),
            Self::Garbage => noise(100, 75, seed).into_iter().rev().collect(),
            Self::Cut => {
                let mut bytes = noise(100, 75, seed);
                bytes.truncate(bytes.len() / 2);
                bytes
            }
        }
    }
}

/// The folders in a folder, by name.
fn folders(of: &Path) -> Result<BTreeMap<String, PathBuf>, Fault> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(of)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.insert(entry.file_name().display().to_string(), entry.path());
        }
    }
    Ok(found)
}

/// The files in a folder, by name.
fn files(of: &Path) -> Result<BTreeMap<String, Vec<u8>>, Fault> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(of)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.insert(entry.file_name().display().to_string(), fs::read(entry.path())?);
        }
    }
    Ok(found)
}

fn probed(page: &[u8]) -> Result<Vec<u8>, Fault> {
    // As bytes: a page may be in any encoding.
    let at = page.windows(PLACE.len()).position(|found| found == PLACE.as_bytes());
    let at = at.ok_or("the page has no place for the probe")?;
    // Policies that ask for a nonce name this one.
    let probe = format!("<script nonce=\"probe\">\n{PROBE}</script>");
    Ok([&page[..at], probe.as_bytes(), &page[at + PLACE.len()..]].concat())
}

const HOST: &str = "www.shop-demo.com";
const CDN: &str = "img.cdn-demo.net";
const BARE: &str = "img.h1-demo.net";
const SUB: &str = "static.shop-demo.com";
const PAGE: &str = "index.html";
const PLACE: &str = "<!-- probe -->";
const PROBE: &str = include_str!("probe.js");
/// Of what the extension may serve.
const ENDINGS: [&str; 9] = ["png", "svg", "webp", "avif", "woff2", "js", "mjs", "gif", "jpg"];
