//! PERMISSIONS.md explains each permission of the manifest, and none that is not asked for.

use std::{collections::BTreeSet, fs};

use xtask::{
    manifest::{self, Hosts},
    workspace,
};

/// Fewer words than this explain nothing.
const LEAST_WORDS: usize = 20;

#[test]
fn every_permission_is_explained_and_no_other() {
    let root = workspace::root().expect("tests run in the checkout");
    let text = fs::read_to_string(root.join("PERMISSIONS.md")).expect("PERMISSIONS.md");
    let manifest = manifest::chromium(&root, Hosts::Asked).expect("a manifest");
    let asked: BTreeSet<_> = ["permissions", "optional_host_permissions"]
        .into_iter()
        .flat_map(|key| manifest[key].as_array().expect("a list"))
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect();
    let mut explained = BTreeSet::new();
    for section in text.split("\n### ").skip(1) {
        let (title, rest) = section.split_once('\n').expect("a title and a paragraph");
        let words = rest.split("\n## ").next().unwrap_or_default().split_whitespace().count();
        assert!(words >= LEAST_WORDS, "{title}: {words} words");
        explained.insert(title.trim_matches('`').to_owned());
    }
    assert_eq!(explained, asked);
}
