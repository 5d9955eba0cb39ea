//! The code map of ARCHITECTURE.md matches the tree.
//!
//! The map is the first fenced block under the heading `## Code map`. Each of its lines is a path from the
//! root of the checkout, two or more spaces, and what is there.

use std::{collections::BTreeSet, fs, path::Path};

use xtask::{process, workspace};

/// The paths of the code map in `text`.
fn mapped(text: &str) -> Result<Vec<String>, String> {
    let section = text.split("\n## Code map\n").nth(1).ok_or("there is no `## Code map`")?;
    let mut fence = section.split("\n## ").next().unwrap_or_default().split("\n```");
    let block = fence.nth(1).ok_or("the code map is not in a fenced block")?;
    // The rest of the opening line is the name of a language, if any.
    let lines = block.lines().skip(1).filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once("  ") {
            Some((path, text)) if !path.is_empty() && !text.trim().is_empty() => Ok(path.trim().to_owned()),
            _ => Err(format!("not a path, two spaces and a text: {line:?}")),
        })
        .collect()
}

/// What the map lists and the tree lacks, and what the tree has and the map lacks.
fn differences(mapped: &[String], expected: &BTreeSet<String>, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let gone = mapped.iter().filter(|path| !exists(path)).map(|path| format!("no longer there: {path}"));
    let has = |place: &&String| !mapped.iter().any(|path| path.trim_end_matches('/') == place.as_str());
    let new = expected.iter().filter(has).map(|place| format!("not in the map: {place}"));
    gone.chain(new).collect()
}

/// What the map must list: each crate, and each folder of the extension that is not a crate.
fn expected(root: &Path) -> BTreeSet<String> {
    let mut cargo = process::cargo(root);
    cargo.args(["metadata", "--locked", "--no-deps", "--format-version", "1"]);
    let text = process::output(&mut cargo).expect("cargo metadata runs");
    let metadata: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let mut places: BTreeSet<_> = ["extension", "popup", "manifest"].map(str::to_owned).into();
    for package in metadata["packages"].as_array().expect("packages") {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a package lies somewhere"));
        let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root).ok());
        places.insert(folder.expect("a crate lies in the checkout").display().to_string());
    }
    places
}

#[test]
fn the_code_map_matches_the_tree() {
    let root = workspace::root().expect("tests run in the checkout");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let mapped = mapped(&text).expect("a code map");
    let differences = differences(&mapped, &expected(&root), |path| root.join(path).exists());
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn a_map_with_a_crate_too_many_or_too_few_would_be_seen() {
    let text =
        "# A\n\n## Code map\n\nWords.\n\n```text\nsrc/wire/   messages\nsrc/gone/   what was\n```\n\n## B\n";
    let mapped = mapped(text).expect("a code map");
    assert_eq!(mapped, ["src/wire/", "src/gone/"]);
    let tree = BTreeSet::from(["src/wire".to_owned(), "src/core".to_owned()]);
    let differences = differences(&mapped, &tree, |path| path == "src/wire/");
    assert_eq!(differences, ["no longer there: src/gone/", "not in the map: src/core"]);
}

#[test]
fn a_map_that_cannot_be_read_is_refused() {
    assert_eq!(mapped("# A\n"), Err("there is no `## Code map`".to_owned()));
    assert_eq!(
        mapped("\n## Code map\n\nWords.\n\n## B\n\n```\n```"),
        Err("the code map is not in a fenced block".into())
    );
    assert!(mapped("\n## Code map\n\n```\nsrc/wire/\n```\n").is_err());
}
