//! Every language says everything that English says, and says it with the same parts.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Map, Value};
use slipstream_core::{policy::Reason, refusal::Refusal};
use xtask::workspace;

/// What the stores show at most of a description, in characters.
const LONGEST_DESCRIPTION: usize = 132;
/// A translation longer than this many hundredths of the English text would not fit where it stands; short texts may
/// grow more.
const LONGEST: usize = 190;

fn folder() -> PathBuf {
    workspace::root().expect("tests run in the checkout").join("manifest/_locales")
}

fn languages() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("a folder of languages").flatten();
    entries.map(|entry| entry.file_name().display().to_string()).collect()
}

fn texts(language: &str) -> Map<String, Value> {
    let text = fs::read_to_string(folder().join(language).join("messages.json")).expect("texts");
    serde_json::from_str(&text).expect("a JSON object")
}

fn message<'a>(texts: &'a Map<String, Value>, key: &str) -> &'a str {
    texts.get(key).and_then(|entry| entry["message"].as_str()).unwrap_or_default()
}

/// `$1` and the like.
fn places(message: &str) -> BTreeSet<char> {
    message.match_indices('$').filter_map(|(at, _)| message[at + 1..].chars().next()).collect()
}

#[test]
fn there_are_five_and_none_lacks_a_text_or_has_one_too_many() {
    let english: BTreeSet<_> = texts("en").keys().cloned().collect();
    assert!(languages().len() >= 5);
    for language in languages() {
        let keys: BTreeSet<_> = texts(&language).keys().cloned().collect();
        assert_eq!(
            keys.symmetric_difference(&english).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "{language}"
        );
    }
}

#[test]
fn a_translation_has_the_places_of_the_english_text_and_about_its_length() {
    let english = texts("en");
    for language in languages() {
        let translated = texts(&language);
        for (key, _) in &english {
            let (ours, theirs) = (message(&english, key), message(&translated, key));
            assert!(!theirs.trim().is_empty(), "{language}: {key}");
            assert_eq!(places(theirs), places(ours), "{language}: {key}");
            let most = ours.chars().count() * LONGEST / 100 + 12;
            assert!(theirs.chars().count() <= most, "{language}: {key}: {theirs}");
        }
        assert!(message(&translated, "description").chars().count() <= LONGEST_DESCRIPTION, "{language}");
        let tag = language.replace('_', "-");
        assert_eq!(message(&translated, "locale"), tag);
        assert!(["ltr", "rtl"].contains(&message(&translated, "text_direction")), "{language}");
    }
}

#[test]
fn a_translation_is_not_the_english_text() {
    let english = texts("en");
    // Words that are the same in many languages.
    let alike = |key: &str| message(&english, key).split_whitespace().count() < 4;
    for language in languages().iter().filter(|language| *language != "en") {
        let translated = texts(language);
        let same = english
            .keys()
            .filter(|key| !alike(key))
            .filter(|key| message(&english, key) == message(&translated, key));
        assert_eq!(same.collect::<Vec<_>>(), Vec::<&String>::new(), "{language}");
    }
}

#[test]
fn every_refusal_and_every_reason_of_a_policy_has_a_sentence_in_every_language() {
    for language in languages() {
        let texts = texts(&language);
        for why in Refusal::ALL {
            assert!(message(&texts, &format!("refusal_{}", why.name())).len() > 10, "{language}: {why}");
        }
        for reason in Reason::ALL {
            let name = serde_json::to_value(reason).expect("a name");
            let key = format!("reason_{}", name.as_str().expect("a text"));
            assert!(!message(&texts, &key).is_empty(), "{language}: {key}");
        }
    }
}
