//! The manifest says no more than is documented, and no file of the package names a remote one.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use xtask::{
    manifest::{self, Hosts},
    tree, workspace,
};

/// SECURITY.md, permissions: none of them shows a warning at installation.
const PERMISSIONS: [&str; 8] = [
    "activeTab",
    "declarativeNetRequestWithHostAccess",
    "idle",
    "offscreen",
    "scripting",
    "storage",
    "unlimitedStorage",
    "webRequest",
];

/// SECURITY.md, peer channel, row "extension".
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    connect-src https: wss: ws://127.0.0.1:* ws://localhost:*; worker-src 'self'; style-src 'self'; \
    img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Keys of a manifest that would open the extension to others or to sites, or that the workspace sets.
const ABSENT: [&str; 5] =
    ["content_scripts", "externally_connectable", "host_permissions", "key", "optional_permissions"];

/// Addresses that browsers never fetch, they only name a vocabulary.
const NAMES_ONLY: [&str; 1] = ["http://www.w3.org/"];

fn merged(hosts: Hosts) -> Value {
    manifest::chromium(&workspace::root().expect("tests run in the checkout"), hosts).expect("a manifest")
}

fn strings(value: &Value) -> BTreeSet<&str> {
    value.as_array().expect("a list").iter().map(|entry| entry.as_str().expect("a string")).collect()
}

/// The places in `text` where a page would fetch something from elsewhere: attributes of elements, `url()`
/// and `@import` in styles, imports in scripts. A link to follow is none.
fn remote_references(text: &str) -> Vec<&str> {
    const BEFORE: [&str; 6] = ["src", "href", "url(", "@import", "from", "import("];
    let mut found = Vec::new();
    for (at, _) in text.match_indices("//") {
        let scheme =
            ["https:", "http:", "wss:", "ws:"].into_iter().find(|scheme| text[..at].ends_with(scheme));
        let start = at - scheme.map_or(0, str::len);
        let before = text[..start].trim_end_matches(['"', '\'', '`']);
        let quoted = before.len() < start || before.ends_with('(');
        let word = before.trim_end_matches([' ', '=']);
        let fetched = BEFORE.iter().any(|fetch| word.ends_with(fetch));
        let followed = before.rsplit('<').next().is_some_and(|tag| tag.starts_with("a "));
        let rest = text[start..].split(['"', '\'', '`', ')', '\n']).next().unwrap_or_default();
        let name = NAMES_ONLY.iter().any(|name| rest.starts_with(name));
        if (quoted || scheme.is_some()) && fetched && !followed && !name {
            found.push(rest);
        }
    }
    found
}

fn package_files(root: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["extension", "popup"] {
        for file in tree::files(&root.join(folder)).expect("a readable folder") {
            let kind = file.extension().unwrap_or_default().to_string_lossy().into_owned();
            if ["html", "css", "js", "svg"].contains(&kind.as_str()) {
                let text = fs::read_to_string(root.join(folder).join(&file)).expect("text");
                files.push((format!("{folder}/{}", file.display()), text));
            }
        }
    }
    files
}

#[test]
fn permissions_are_the_documented_ones() {
    for hosts in [Hosts::Asked, Hosts::Granted] {
        assert_eq!(strings(&merged(hosts)["permissions"]), PERMISSIONS.into());
    }
}

#[test]
fn hosts_are_asked_for_and_only_the_granted_build_has_them() {
    let asked = merged(Hosts::Asked);
    assert_eq!(asked["optional_host_permissions"], json!(["https://*/*"]));
    for key in ABSENT {
        assert!(asked.get(key).is_none(), "{key}");
    }
    let granted = merged(Hosts::Granted);
    assert_eq!(granted["host_permissions"], json!(["https://*/*"]));
    assert!(granted.get("optional_host_permissions").is_none());
}

#[test]
fn the_granted_build_differs_in_its_hosts_and_its_fixed_id_only() {
    let (asked, mut granted) = (merged(Hosts::Asked), merged(Hosts::Granted));
    let object = granted.as_object_mut().expect("an object");
    let hosts = object.remove("host_permissions").expect("hosts");
    object.remove("key").expect("a fixed id");
    object.insert("optional_host_permissions".into(), hosts);
    assert_eq!(granted, asked);
}

#[test]
fn the_content_security_policy_is_the_documented_one() {
    assert_eq!(merged(Hosts::Asked)["content_security_policy"], json!({"extension_pages": POLICY}));
}

#[test]
fn private_windows_are_left_alone() {
    assert_eq!(merged(Hosts::Asked)["incognito"], "not_allowed");
}

#[test]
fn web_accessible_files_have_changing_addresses() {
    let manifest = merged(Hosts::Asked);
    for entry in manifest["web_accessible_resources"].as_array().expect("a list") {
        assert_eq!(entry["use_dynamic_url"], true, "{entry}");
        assert_eq!(entry["matches"], json!(["https://*/*"]), "{entry}");
    }
}

#[test]
fn the_version_stands_in_the_workspace_alone() {
    let root = workspace::root().expect("tests run in the checkout");
    assert_eq!(merged(Hosts::Asked)["version"], workspace::VERSION);
    for part in ["common.json", "chromium.json", "granted.json"] {
        let text = fs::read_to_string(root.join("manifest").join(part)).expect("a part");
        assert!(!text.contains("\"version\""), "{part}");
    }
}

#[test]
fn texts_of_the_manifest_exist() {
    let root = workspace::root().expect("tests run in the checkout");
    let texts =
        fs::read_to_string(root.join("manifest/_locales/en/messages.json")).expect("the English texts");
    let texts: Value = serde_json::from_str(&texts).expect("JSON");
    let manifest = merged(Hosts::Asked).to_string();
    for key in manifest.split("__MSG_").skip(1).filter_map(|rest| rest.split("__").next()) {
        assert!(texts[key]["message"].is_string(), "{key}");
    }
}

#[test]
fn no_page_of_the_package_names_a_remote_file() {
    let root = workspace::root().expect("tests run in the checkout");
    let mut remote = Vec::new();
    for (name, text) in &package_files(&root) {
        remote.extend(remote_references(text).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert_eq!(remote, Vec::<String>::new());
}

#[test]
fn no_page_of_the_package_has_a_script_within() {
    let root = workspace::root().expect("tests run in the checkout");
    for (name, text) in package_files(&root).iter().filter(|(name, _)| name.ends_with(".html")) {
        for tag in text.split("<script").skip(1) {
            assert!(tag.split('>').next().is_some_and(|attributes| attributes.contains("src=")), "{name}");
        }
        assert!(!text.contains("<style") && !text.contains(" style="), "{name}: the policy drops its styles");
    }
}

#[test]
fn remote_files_would_be_seen() {
    for text in [
        r#"<script src="https://cdn.example/a.js">"#,
        r#"<link rel="stylesheet" href='//cdn.example/a.css'>"#,
        "body { background: url(https://cdn.example/a.png) }",
        "@import 'https://cdn.example/a.css';",
        "import { a } from 'https://cdn.example/a.js';",
        "const a = await import(`https://cdn.example/a.js`);",
    ] {
        assert_eq!(remote_references(text).len(), 1, "{text}");
    }
    for text in [
        "// a comment from // here",
        r#"const pattern = "https://*/*";"#,
        r#"<svg xmlns="http://www.w3.org/2000/svg">"#,
        r#"<a class="help" href="https://help.example/">"#,
        "https://slipstream.example is only named",
    ] {
        assert_eq!(remote_references(text), Vec::<&str>::new(), "{text}");
    }
}
