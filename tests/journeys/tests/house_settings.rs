//! The settings that a person can set, those that an organisation can fix, and those that the engine reads are the same.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use slipstream_core::settings::Settings;
use xtask::workspace;

/// What only an organisation sets.
const MANAGED_ONLY: [&str; 3] = ["firstRun", "group.role", "locked"];

fn read(path: &str) -> String {
    fs::read_to_string(workspace::root().expect("tests run in the checkout").join(path)).expect("a file")
}

/// Paths of all keys of popup/settings.js, but the version.
fn known() -> BTreeSet<String> {
    let text = read("popup/settings.js");
    let fields =
        text.split("const FIELDS = [").nth(1).and_then(|rest| rest.split("\n];").next()).expect("FIELDS");
    let path = |line: &str| line.trim().strip_prefix("[\"")?.split('"').next().map(str::to_owned);
    fields.lines().filter_map(path).filter(|path| path != "version").collect()
}

fn schema() -> Value {
    serde_json::from_str(&read("manifest/managed_schema.json")).expect("JSON")
}

/// Paths of what has no named properties of its own.
fn leaves(schema: &Value, above: &str, found: &mut BTreeSet<String>) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        if value["properties"].is_object() {
            leaves(value, &path, found);
        } else {
            found.insert(path);
        }
    }
}

/// Each schema has exactly one type, and a title and a description for the administrator's tools.
fn check(schema: &Value, path: &str) {
    assert!(schema["type"].is_string(), "{path}");
    if !path.is_empty() && !path.contains("items") {
        for text in ["title", "description"] {
            assert!(schema[text].as_str().is_some_and(|text| !text.is_empty()), "{path}: {text}");
        }
    }
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        if !path.contains("items") {
            check(value, &format!("{path}.{key}"));
        }
    }
}

#[test]
fn every_setting_can_be_managed() {
    let mut managed = BTreeSet::new();
    leaves(&schema(), "", &mut managed);
    let mut expected = known();
    expected.extend(MANAGED_ONLY.map(str::to_owned));
    assert_eq!(managed, expected);
}

#[test]
fn the_schema_has_a_form_that_the_browser_takes() {
    let schema = schema();
    check(&schema, "");
    assert!(schema.get("additionalProperties").is_none(), "not at the top: the browser refuses it");
}

#[test]
fn every_setting_stands_on_the_settings_page() {
    let page = read("popup/options.html");
    // These have parts of the page of their own.
    let own = ["sites", "sharing", "group.name", "group.secret", "ice.servers", "enabled"];
    let bound = |path: &String| page.contains(&format!("data-setting=\"{path}\""));
    let missing: Vec<_> =
        known().into_iter().filter(|path| !own.contains(&path.as_str()) && !bound(path)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_sample_policies_keep_to_the_schema_and_the_engine_reads_them() {
    let mut allowed = BTreeSet::new();
    leaves(&schema(), "", &mut allowed);
    let folder = workspace::root().expect("tests run in the checkout").join("manifest/policies");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("samples").flatten() {
        let text = fs::read_to_string(entry.path()).expect("text");
        let Ok(policy) = serde_json::from_str::<Value>(&text) else { continue };
        for (_, extension) in policy["3rdparty"]["extensions"].as_object().expect("extensions") {
            let mut used = BTreeSet::new();
            paths(extension, "", &allowed, &mut used);
            assert!(used.is_subset(&allowed), "{:?}", used.difference(&allowed));
            serde_json::from_value::<Settings>(extension.clone()).expect("the engine reads it");
            count += 1;
        }
    }
    assert!(count >= 2);
}

fn paths(value: &Value, above: &str, leaves: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value.as_object() {
        Some(object) if !leaves.contains(above) => {
            for (key, value) in object {
                let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
                paths(value, &path, leaves, found);
            }
        }
        _ => drop(found.insert(above.to_owned())),
    }
}
