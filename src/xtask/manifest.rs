//! The extension's manifest, merged from its parts in `manifest/`.
//!
//! Each key stands in one part; lists of the same name are put together. The version is the workspace's.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Map, Value};

use crate::{failure::Failure, workspace};

/// When the extension gets access to sites.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Hosts {
    /// A click in the popup grants them; what stores get.
    #[default]
    Asked,
    /// From installation on: no prompt can be answered in a headless browser, and an administrator
    /// who force-installs has answered it already.
    Granted,
}

/// The manifest for Chromium.
///
/// # Errors
/// [`Failure::File`] when a part cannot be read, [`Failure::Content`] when it is no JSON object or
/// when two parts claim the same key.
pub fn chromium(root: &Path, hosts: Hosts) -> Result<Value, Failure> {
    let mut manifest = Map::new();
    let granted = (hosts == Hosts::Granted).then_some("granted.json");
    for part in ["common.json", "chromium.json"].into_iter().chain(granted) {
        let path = root.join("manifest").join(part);
        merge(&mut manifest, object(&path)?).map_err(|key| {
            Failure::content(&path, format!("`{key}` stands in an earlier part of the manifest, too"))
        })?;
    }
    if hosts == Hosts::Granted
        && let Some(optional) = manifest.remove("optional_host_permissions")
    {
        manifest.insert("host_permissions".into(), optional);
    }
    if manifest.insert("version".into(), workspace::VERSION.into()).is_some() {
        return Err(Failure::content(root.join("manifest"), "the version stands in Cargo.toml, not here"));
    }
    Ok(Value::Object(manifest))
}

/// Every file of the package that `manifest` names, relative to the package.
#[must_use]
pub fn files_named(manifest: &Value) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    collect_files(manifest, &mut files);
    files
}

fn object(path: &Path) -> Result<Map<String, Value>, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::file(path))?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(part)) => Ok(part),
        Ok(_) => Err(Failure::content(path, "not a JSON object")),
        Err(error) => Err(Failure::content(path, error.to_string())),
    }
}

/// Adds `part` to `whole`. An error is the first key that both give a value to.
fn merge(whole: &mut Map<String, Value>, part: Map<String, Value>) -> Result<(), String> {
    for (key, value) in part {
        match (whole.get_mut(&key), value) {
            (None, value) => {
                whole.insert(key, value);
            }
            (Some(Value::Object(old)), Value::Object(new)) => {
                merge(old, new).map_err(|inner| format!("{key}.{inner}"))?;
            }
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (Some(_), _) => return Err(key),
        }
    }
    Ok(())
}

/// A string that ends like one of our files is one: manifest values have no other way to say so.
fn collect_files(value: &Value, files: &mut BTreeSet<String>) {
    const ENDINGS: [&str; 7] = [".js", ".html", ".css", ".png", ".svg", ".json", ".bin"];
    match value {
        Value::String(text) if ENDINGS.iter().any(|ending| text.ends_with(ending)) => {
            files.insert(text.trim_start_matches('/').to_owned());
        }
        Value::Array(values) => values.iter().for_each(|value| collect_files(value, files)),
        Value::Object(values) => values.values().for_each(|value| collect_files(value, files)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(parts: [Value; 2]) -> Result<Value, String> {
        let mut whole = Map::new();
        for part in parts {
            let Value::Object(part) = part else { unreachable!("tests pass objects") };
            merge(&mut whole, part)?;
        }
        Ok(Value::Object(whole))
    }

    #[test]
    fn objects_are_merged_and_lists_put_together() {
        let whole = merged([
            json!({"a": {"x": 1}, "list": [1], "only": true}),
            json!({"a": {"y": 2}, "list": [2, 3]}),
        ]);
        assert_eq!(whole, Ok(json!({"a": {"x": 1, "y": 2}, "list": [1, 2, 3], "only": true})));
    }

    #[test]
    fn a_key_with_two_values_is_named() {
        let whole = merged([json!({"a": {"x": 1}}), json!({"a": {"x": 1}})]);
        assert_eq!(whole, Err("a.x".to_owned()));
    }

    #[test]
    fn files_are_found_wherever_they_are_named() {
        let manifest =
            json!({"icons": {"16": "icons/16.png"}, "list": [{"resources": ["/empty.bin"]}], "name": "x"});
        assert_eq!(files_named(&manifest), ["empty.bin", "icons/16.png"].map(str::to_owned).into());
    }
}
