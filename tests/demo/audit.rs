//! Whether the extension's bytes are the origin's: judged without the extension.
//!
//! The truth is read from the files that the origin serves. What the extension holds was hashed by the browser; here
//! it is only compared.

use std::{collections::BTreeSet, fs, path::Path};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use slipstream_stage::{Fault, Stored};

/// SHA-256 of every file that the origin serves, in hexadecimal.
#[derive(Debug)]
pub(crate) struct Truth(BTreeSet<String>);

/// Bodies that are none of the origin's, or not what their name says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// Bodies that were looked at.
    pub(crate) bodies: u64,
    /// Wrong ones among them.
    pub(crate) wrong_bodies: u64,
    /// Their bytes.
    pub(crate) wrong_bytes: u64,
}

impl Truth {
    /// Reads a site's folder.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn of_site(dir: &Path) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Manifest {
            hosts: std::collections::BTreeMap<String, Host>,
        }
        #[derive(Deserialize)]
        struct Host {
            root: String,
        }
        let manifest: Manifest = serde_json::from_slice(&fs::read(dir.join("site.json"))?)?;
        let mut truth = Self(BTreeSet::new());
        for host in manifest.hosts.values() {
            truth.add_folder(&dir.join(&host.root))?;
        }
        Ok(truth)
    }

    fn add_folder(&mut self, dir: &Path) -> Result<(), Fault> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                self.add_folder(&entry.path())?;
            } else {
                self.add(&fs::read(entry.path())?);
            }
        }
        Ok(())
    }

    fn add(&mut self, body: &[u8]) {
        let digest = Sha256::digest(body);
        self.0.insert(digest.iter().map(|byte| format!("{byte:02x}")).collect());
    }

    /// Compares what lies on a shelf.
    pub(crate) fn audit(&self, stored: &[Stored]) -> Audit {
        let mut audit = Audit::default();
        for body in stored {
            audit.bodies += 1;
            if body.sha256 != body.name || !self.0.contains(&body.sha256) {
                audit.wrong_bodies += 1;
                // An empty body that should not be empty is wrong, too, and shall not count as nothing.
                audit.wrong_bytes += body.bytes.max(1);
            }
        }
        audit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(name: &str, sha256: &str) -> Stored {
        Stored { name: name.into(), sha256: sha256.into(), bytes: 5 }
    }

    #[test]
    fn a_body_under_a_wrong_name_and_a_strangers_body_are_wrong() {
        let mut truth = Truth(BTreeSet::new());
        truth.add(b"hello");
        let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let other = "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7";
        let bodies = [stored(hello, hello), stored(other, hello), stored(hello, other), stored(other, other)];
        assert_eq!(truth.audit(&bodies), Audit { bodies: 4, wrong_bodies: 3, wrong_bytes: 15 });
    }

    #[test]
    fn the_truth_is_all_files_of_all_hosts() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("www/img")).expect("writable");
        fs::create_dir_all(dir.path().join("elsewhere")).expect("writable");
        fs::write(dir.path().join("www/img/a.png"), "a").expect("writable");
        fs::write(dir.path().join("www/index.html"), "b").expect("writable");
        fs::write(dir.path().join("elsewhere/c.css"), "c").expect("writable");
        fs::write(
            dir.path().join("site.json"),
            r#"{"page": "x", "hosts": {"a.com": {"root": "www", "protocol": "h2"}}}"#,
        )
        .expect("writable");
        assert_eq!(Truth::of_site(dir.path()).expect("a site").0.len(), 2);
    }
}
