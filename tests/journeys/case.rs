//! Cases: small pages in folders under `cases/`, each with what is expected of a visit to it.
//!
//! `index.html` is the page, with the line `<!-- probe -->` where `probe.js` goes. `case.json` says which pictures there
//! are and where their bytes should come from; every other file is served as it is. A picture's name is its path below
//! the case's folder on the first host; `cdn/` and `bare/` stand for two other hosts, which allow any origin to read,
//! and none.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde::Deserialize;
use slipstream_stage::{Fault, Protocol, Site, Visit};

use crate::noise;

/// One page, and what is expected of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its folder's name, and the path of the page.
    pub name: String,
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
    /// Pictures that are made for it.
    pub pictures: BTreeMap<String, Made>,
    /// Of a first visit with a member nearby that was here before.
    pub near: Sources,
    /// Of the second visit.
    pub again: Sources,
    /// Differences that are known and accepted, by the name of the fact that says why.
    #[serde(default)]
    pub differs: BTreeMap<String, BTreeSet<String>>,
}

/// A picture to be made.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// Bytes that are no picture.
    Garbage,
    /// The first half of a picture.
    Cut,
    /// Noise of this width and height in pixels.
    #[serde(untagged)]
    Noise(u32, u32),
}

/// Which pictures come from where.
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
    /// All cases, by name.
    ///
    /// # Errors
    /// A case cannot be read.
    pub fn all() -> Result<Vec<Self>, Fault> {
        let mut cases = Vec::new();
        for entry in fs::read_dir(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/cases")))? {
            let entry = entry?;
            let name =
                entry.file_name().into_string().map_err(|name| format!("not text: {}", name.display()))?;
            let mut files = BTreeMap::new();
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                files.insert(file.file_name().display().to_string(), fs::read(file.path())?);
            }
            let expected = files.remove("case.json").ok_or_else(|| format!("{name} has no case.json"))?;
            let expected = serde_json::from_slice(&expected).map_err(|fault| format!("{name}: {fault}"))?;
            cases.push(Self { name, expected, files });
        }
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(cases)
    }

    /// The address of its page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{HOST}/{}/", self.name)
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
            .host(BARE, Protocol::Http1)
            .header("*", "*.png", "cache-control", Some("public, max-age=31536000"))
            .header("*", "*.svg", "cache-control", Some("public, max-age=31536000"))
            .header(CDN, "*", "access-control-allow-origin", Some("*"));
        for case in cases {
            for (name, bytes) in &case.files {
                let bytes = if name == "index.html" { probed(bytes)? } else { bytes.clone() };
                site = site.file(HOST, &format!("/{}/{name}", case.name), bytes);
            }
            for (name, made) in &case.expected.pictures {
                let (host, path) = place(name);
                site = site.file(
                    host,
                    &format!("/{}/{path}", case.name),
                    made.bytes(&format!("{}/{name}", case.name)),
                );
            }
        }
        Ok(site.build()?)
    }

    /// Which of its pictures came from where in a visit: by the extension's word for peer and shelf, by the origin's
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

    /// The name of a picture by its address.
    fn name_of(&self, url: &str) -> Option<String> {
        let hosts = [(HOST, ""), (CDN, "cdn/"), (BARE, "bare/")];
        let (path, prefix) = hosts.into_iter().find_map(|(host, prefix)| {
            Some((url.strip_prefix(&format!("https://{host}/{}/", self.name))?, prefix))
        })?;
        let picture = path.ends_with(".png") || path.ends_with(".svg");
        picture.then(|| format!("{prefix}{path}"))
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

fn place(name: &str) -> (&'static str, &str) {
    let hosts = [("cdn/", CDN), ("bare/", BARE)];
    let other = hosts.into_iter().find_map(|(prefix, host)| Some((host, name.strip_prefix(prefix)?)));
    other.unwrap_or((HOST, name))
}

fn probed(page: &[u8]) -> Result<Vec<u8>, Fault> {
    let page = std::str::from_utf8(page)?;
    let (before, after) = page.split_once(PLACE).ok_or("the page has no place for the probe")?;
    Ok(format!("{before}<script>\n{PROBE}</script>{after}").into_bytes())
}

const HOST: &str = "www.shop-demo.com";
const CDN: &str = "img.cdn-demo.net";
const BARE: &str = "img.h1-demo.net";
const PLACE: &str = "<!-- probe -->";
const PROBE: &str = include_str!("probe.js");
