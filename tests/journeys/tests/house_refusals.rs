//! Every text that the product can show is in the catalogue, and the catalogue has no text that nobody shows.

use std::{collections::BTreeSet, fs};

use slipstream_core::refusal::Refusal;
use xtask::workspace;

const PREFIX: &str = "refusal_";

/// The keys of the catalogue.
fn keys() -> BTreeSet<String> {
    let root = workspace::root().expect("tests run in the checkout");
    let text = fs::read_to_string(root.join("manifest/_locales/en/messages.json")).expect("a catalogue");
    let catalogue: serde_json::Map<_, _> = serde_json::from_str(&text).expect("it is a JSON object");
    catalogue.keys().cloned().collect()
}

/// What stands between `start` and the next quotation mark, wherever `start` is in `text`.
fn quoted<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(start).filter_map(move |(at, _)| {
        let rest = &text[at + start.len()..];
        let end = rest.find(['"', '\'', '`'])?;
        Some(&rest[..end])
    })
}

/// Keys that a page of the extension names in full: attributes of its markup, and arguments of its scripts.
fn named(text: &str) -> BTreeSet<&str> {
    let attributes = ["", "-aria-label", "-title", "-placeholder"].map(|what| format!("data-i18n{what}=\""));
    let mut named = BTreeSet::new();
    for start in &attributes {
        named.extend(quoted(text, start).map(|key| &text[offset(text, key)..][..key.len()]));
    }
    // A key that is put together at run time is no whole one.
    named.extend(quoted(text, " t(\"").chain(quoted(text, "(t(\"")).filter(|key| !key.contains('$')));
    named
}

/// Where a part of a text begins.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

#[test]
fn every_refusal_has_a_sentence_and_every_sentence_a_refusal() {
    let said: BTreeSet<_> = keys().into_iter().filter(|key| key.starts_with(PREFIX)).collect();
    let needed: BTreeSet<_> = Refusal::ALL.iter().map(|why| format!("{PREFIX}{}", why.name())).collect();
    assert_eq!(said, needed);
}

#[test]
fn every_text_that_popup_and_settings_name_is_in_the_catalogue() {
    let root = workspace::root().expect("tests run in the checkout");
    let keys = keys();
    let mut found = 0;
    let mut missing = Vec::new();
    for entry in fs::read_dir(root.join("popup")).expect("a folder").flatten() {
        let Ok(text) = fs::read_to_string(entry.path()) else { continue };
        for key in named(&text) {
            found += 1;
            if !keys.contains(key) {
                missing.push(format!("{}: {key}", entry.file_name().display()));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(found > 50, "the pages are made of texts, and only {found} were found");
}

#[test]
fn keys_are_found_in_markup_and_in_scripts() {
    let text = r#"<b data-i18n="name" data-i18n-title="hint"></b> say(x, t("saved_of", 3)); x = t("a"); t(`state_${face}`)"#;
    assert_eq!(named(text), BTreeSet::from(["name", "hint", "saved_of", "a"]));
}
