//! `cargo xtask package`: the extension as one zip, the same bytes every time, with its checksum beside it.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
};

use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{Failure, build::Build, tree, workspace};

/// Builds the extension as stores get it and writes `target/package/` anew.
///
/// # Errors
/// Any [`Failure`].
pub fn run() -> Result<(), Failure> {
    let root = workspace::root()?;
    let built = Build::default().run()?;
    let folder = workspace::target(&root).join("package");
    let name = format!("slipstream-chromium-{}.zip", workspace::VERSION);
    let archive = zip(&built)?;
    let sum = checksum_line(&archive, &name);
    tree::empty(&folder)?;
    tree::write(&folder.join(&name), &archive)?;
    tree::write(&folder.join("SHA256SUMS"), sum.as_bytes())?;
    println!("packed  {:>8} bytes", archive.len());
    println!("sha256  {sum}        in {}", folder.display());
    Ok(())
}

/// All files of `folder` as a zip that depends on their names and bytes alone: sorted, every one with the
/// same time and the same rights.
///
/// # Errors
/// [`Failure::File`] for what cannot be read.
pub fn zip(folder: &Path) -> Result<Vec<u8>, Failure> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let broken = |error: ZipError| Failure::content(folder, format!("zip: {error}"));
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in tree::files(folder)? {
        let path = folder.join(&file);
        let bytes = fs::read(&path).map_err(Failure::file(&path))?;
        archive.start_file_from_path(&file, options).map_err(broken)?;
        archive.write_all(&bytes).map_err(Failure::file(&path))?;
    }
    Ok(archive.finish().map_err(broken)?.into_inner())
}

/// A line as `sha256sum --check` reads it.
fn checksum_line(bytes: &[u8], name: &str) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}  {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            tree::write(&folder.path().join(name), text.as_bytes()).expect("a file in it");
        }
        folder
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let one = tree_of(&[("a.js", "one"), ("b/c.html", "two"), ("b/d.html", "three")]);
        let other = tree_of(&[("b/d.html", "three"), ("b/c.html", "two"), ("a.js", "one")]);
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let file = fs::File::options().append(true).open(other.path().join("a.js")).expect("a.js opens");
        file.set_modified(old).expect("times can be set");
        assert_eq!(zip(one.path()).expect("zip"), zip(other.path()).expect("zip"));
    }

    #[test]
    fn another_byte_gives_another_archive() {
        let one = tree_of(&[("a.js", "one")]);
        let other = tree_of(&[("a.js", "two")]);
        assert_ne!(zip(one.path()).expect("zip"), zip(other.path()).expect("zip"));
    }

    #[test]
    fn the_archive_holds_what_the_folder_holds() {
        let folder = tree_of(&[("b/c.html", "two"), ("a.js", "one"), (".hidden", "no")]);
        let archive = zip(folder.path()).expect("zip");
        let mut archive = zip::ZipArchive::new(Cursor::new(archive)).expect("a readable zip");
        let names: Vec<_> = (0..archive.len())
            .map(|i| archive.by_index(i).expect("an entry").name().expect("a name").into_owned())
            .collect();
        assert_eq!(names, ["a.js", "b/c.html"]);
    }

    #[test]
    fn the_checksum_is_the_files_own() {
        assert_eq!(
            checksum_line(b"", "nothing"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  nothing\n"
        );
    }
}
