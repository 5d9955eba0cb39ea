//! What a page of the package loads: its scripts and styles, what those import, and so on.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use crate::Failure;

/// The files that `page`, relative to `package`, loads before anybody does anything, itself among them. An `import()`
/// is not counted: it runs when it is reached.
///
/// # Errors
/// [`Failure::File`] when one of them cannot be read.
pub fn files(package: &Path, page: &str) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    let mut open = vec![PathBuf::from(page)];
    while let Some(file) = open.pop() {
        if !found.insert(file.clone()) {
            continue;
        }
        let path = package.join(&file);
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if let "html" | "js" | "css" = kind {
            let text = fs::read_to_string(&path).map_err(Failure::file(&path))?;
            open.extend(named(kind, &text).into_iter().map(|name| resolve(folder, name)));
        }
    }
    Ok(found)
}

/// The bytes of all of them.
///
/// # Errors
/// As [`files`].
pub fn weight(package: &Path, page: &str) -> Result<usize, Failure> {
    let mut bytes = 0;
    for file in files(package, page)? {
        let path = package.join(file);
        bytes += fs::read(&path).map_err(Failure::file(&path))?.len();
    }
    Ok(bytes)
}

/// The names that a file of this kind loads others by.
fn named<'a>(kind: &str, text: &'a str) -> Vec<&'a str> {
    let after = |start: &'static str| {
        text.match_indices(start).filter_map(move |(at, _)| {
            let rest = &text[at + start.len()..];
            let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
            rest[1..].split_once(quote).map(|(name, _)| name)
        })
    };
    match kind {
        "html" => {
            let loads =
                |tag: &&str| tag.starts_with("script") || tag.starts_with("link") || tag.starts_with("img");
            let value = |tag: &'a str| {
                let rest = tag.split_once(" src=\"").or_else(|| tag.split_once(" href=\""))?.1;
                rest.split_once('"').map(|(name, _)| name)
            };
            text.split('<').filter(loads).filter_map(value).collect()
        }
        "js" => after("from ").chain(after("import ")).collect(),
        _ => after("@import ").chain(after("url(")).collect(),
    }
}

/// A name in a file of this folder, from the root of the package.
fn resolve(folder: &Path, name: &str) -> PathBuf {
    let mut path = if name.starts_with('/') { PathBuf::new() } else { folder.to_owned() };
    for part in Path::new(name).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_followed_to_all_that_it_loads_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "p/a.html",
            r#"<link rel="stylesheet" href="a.css"><script type="module" src="a.js"></script><a href="b.html">"#,
        );
        write("p/a.css", "@import 'b.css';");
        write("p/b.css", "");
        write("p/a.js", "import { c } from \"../c.js\";\nconst later = () => import(\"./d.js\");");
        write("c.js", "import './p/a.js';");
        let found = files(folder.path(), "p/a.html").unwrap();
        let names = ["c.js", "p/a.css", "p/a.html", "p/a.js", "p/b.css"];
        assert_eq!(found, names.map(PathBuf::from).into());
        let bytes: usize = names.iter().map(|name| fs::read(folder.path().join(name)).unwrap().len()).sum();
        assert_eq!(weight(folder.path(), "p/a.html").unwrap(), bytes);
    }
}
