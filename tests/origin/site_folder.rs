//! Reading a site from a folder: `site.json` beside one folder per host.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path},
};

use serde::Deserialize;

use crate::site::{Protocol, Site, SiteBuilder, SiteError};

/// `site.json`. Fields it does not know belong to whoever drives the page.
#[derive(Debug, Deserialize)]
struct Manifest {
    page: String,
    hosts: BTreeMap<String, HostEntry>,
    #[serde(default)]
    headers: Vec<HeaderEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostEntry {
    /// A folder beside `site.json`.
    root: String,
    protocol: Protocol,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderEntry {
    host: String,
    path: String,
    /// `null` removes a header.
    set: BTreeMap<String, Option<String>>,
}

pub(crate) fn open(dir: &Path) -> Result<SiteBuilder, SiteError> {
    let text = fs::read(dir.join("site.json")).map_err(|error| unreadable(&dir.join("site.json"), &error))?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| SiteError::Malformed { reason: error.to_string() })?;
    let mut site = Site::builder(manifest.page);
    for (name, entry) in &manifest.hosts {
        let root = Path::new(&entry.root);
        if !root.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(SiteError::BadPath { path: entry.root.clone() });
        }
        site = add_folder(site.host(name, entry.protocol), name, &dir.join(root), "/", DEPTH_MAX)?;
    }
    for entry in &manifest.headers {
        for (name, value) in &entry.set {
            site = site.header(&entry.host, &entry.path, name, value.as_deref());
        }
    }
    Ok(site)
}

fn add_folder(
    mut site: SiteBuilder,
    host: &str,
    dir: &Path,
    prefix: &str,
    depth: usize,
) -> Result<SiteBuilder, SiteError> {
    if depth == 0 {
        return Err(SiteError::TooLarge);
    }
    let entries = fs::read_dir(dir).map_err(|error| unreadable(dir, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(dir, &error))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            return Err(SiteError::BadPath { path: path.display().to_string() });
        };
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
        if kind.is_dir() {
            site = add_folder(site, host, &path, &format!("{prefix}{name}/"), depth - 1)?;
        } else if kind.is_file() {
            let body = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            site = site.file(host, &format!("{prefix}{name}"), body);
        } else {
            return Err(unreadable(&path, &io::ErrorKind::InvalidInput.into()));
        }
    }
    Ok(site)
}

fn unreadable(path: &Path, error: &io::Error) -> SiteError {
    SiteError::Unreadable { path: path.display().to_string(), kind: error.kind() }
}

/// Folders in folders.
const DEPTH_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(manifest: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("temporary folder");
        fs::create_dir_all(dir.path().join("www/img")).expect("writable");
        fs::write(dir.path().join("www/index.html"), "<p>hello").expect("writable");
        fs::write(dir.path().join("www/img/.hidden.png"), "no").expect("writable");
        fs::write(dir.path().join("www/img/a.png"), "picture").expect("writable");
        fs::write(dir.path().join("site.json"), manifest).expect("writable");
        dir
    }

    #[test]
    fn a_folder_becomes_a_site() {
        let dir = folder(
            r#"{"page": "https://www.gallery-demo.com/", "story": "for the reader",
                "hosts": {"www.gallery-demo.com": {"root": "www", "protocol": "h1"}},
                "headers": [{"host": "*", "path": "/img/*", "set": {"cache-control": "max-age=9", "etag": null}}]}"#,
        );
        let site = Site::load(dir.path()).expect("good folder");
        assert_eq!(site.page(), "https://www.gallery-demo.com/");
        let host = &site.hosts["www.gallery-demo.com"];
        assert_eq!(host.protocol, Protocol::Http1);
        assert_eq!(host.files.keys().collect::<Vec<_>>(), ["/", "/img/a.png", "/index.html"]);
        assert_eq!(host.rules.len(), 2);
    }

    #[test]
    fn a_root_outside_is_refused() {
        for root in ["../www", "/etc", "www/../.."] {
            let manifest = format!(
                r#"{{"page": "https://a.com/", "hosts": {{"a.com": {{"root": "{root}", "protocol": "h2"}}}}}}"#
            );
            let error = Site::load(folder(&manifest).path()).err();
            assert_eq!(error, Some(SiteError::BadPath { path: root.into() }));
        }
    }

    #[test]
    fn a_misspelt_rule_is_refused() {
        let dir = folder(
            r#"{"page": "https://a.com/", "hosts": {"a.com": {"root": "www", "protocol": "h2"}},
                "headers": [{"host": "*", "path": "/", "sets": {}}]}"#,
        );
        assert!(matches!(Site::load(dir.path()).err(), Some(SiteError::Malformed { .. })));
    }
}
