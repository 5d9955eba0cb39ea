//! No file of the checkout tells whose machine it was written on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::{process, workspace};

/// How a person's home folder begins. In two parts each, so that this file does not match itself.
const HOMES: [(&str, &str); 4] = [("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/"), (":\\Us", "ers\\")];

/// The first private path in `text`, with a few characters of what follows.
fn private_path(text: &str) -> Option<&str> {
    const SHOWN: usize = 40;
    let starts = HOMES.iter().filter_map(|(one, two)| find_path(text, &format!("{one}{two}")));
    let at = starts.min()?;
    let end = text[at..].char_indices().nth(SHOWN).map_or(text.len(), |(length, _)| at + length);
    Some(text[at..end].lines().next().unwrap_or_default())
}

/// Where a path in `text` starts with `start`, and not in the middle of a longer path or word.
fn find_path(text: &str, start: &str) -> Option<usize> {
    let inside = |before: char| before.is_alphanumeric() || "._-/~".contains(before);
    let drive = start.starts_with(':');
    let whole = |at: &usize| drive || !text[..*at].chars().next_back().is_some_and(inside);
    let named = |at: &usize| text[at + start.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '.');
    text.match_indices(start).map(|(at, _)| at).filter(whole).find(named)
}

/// Every file that git has or would take; those of a copy without git are all files but what builds leave.
fn files(root: &Path) -> Vec<PathBuf> {
    if !root.join(".git").exists() || process::on_path("git").is_none() {
        let all = xtask::tree::files(root).expect("a readable checkout");
        return all
            .into_iter()
            .filter(|file| !file.starts_with("target") && !file.starts_with("node_modules"))
            .collect();
    }
    let mut git = std::process::Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).current_dir(root);
    let names = process::output(&mut git).expect("git lists files");
    names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

#[test]
fn no_file_names_a_path_of_someones_machine() {
    let root = workspace::root().expect("tests run in the checkout");
    let mut found = Vec::new();
    for file in files(&root) {
        // What is not text cannot be read as such, what was deleted cannot be read at all.
        let Ok(text) = fs::read_to_string(root.join(&file)) else { continue };
        found.extend(private_path(&text).map(|path| format!("{}: {path}", file.display())));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn private_paths_would_be_seen() {
    for (one, two) in HOMES {
        let text = format!("a line\nread from \"{one}{two}someone/project\" today");
        let expected = format!("{one}{two}someone/project\" today");
        assert_eq!(private_path(&text).map(|path| expected.starts_with(path)), Some(true), "{text}");
    }
}

#[test]
fn other_paths_are_let_be() {
    for text in ["https://a.example/home/page", "src/root/x", "/usr/bin/chromium", "remap to /home and on"] {
        assert_eq!(private_path(text), None, "{text}");
    }
}
