//! Folders as sorted lists of files: copied into a package, or put into an archive, always in the same order.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// Every file below `folder` as a path relative to it, sorted; none when the folder does not exist.
/// Hidden files and folders are left out: editors and systems drop them anywhere.
///
/// # Errors
/// [`Failure::File`] for what cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    if folder.exists() {
        collect(folder, Path::new(""), &mut found)?;
    }
    found.sort();
    Ok(found)
}

/// Copies what [`files`] finds in `from` to the same places in `to`. How many files that were.
///
/// # Errors
/// [`Failure::File`]; [`Failure::Content`] when a file of that name is there already, for one of the two
/// would silently be lost.
pub fn copy(from: &Path, to: &Path) -> Result<usize, Failure> {
    let files = files(from)?;
    for file in &files {
        let target = to.join(file);
        if target.exists() {
            return Err(Failure::content(from.join(file), "another file of the package has this name"));
        }
        write(&target, &fs::read(from.join(file)).map_err(Failure::file(from.join(file)))?)?;
    }
    Ok(files.len())
}

/// Writes a file, and the folders it lies in.
///
/// # Errors
/// [`Failure::File`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    }
    fs::write(path, bytes).map_err(Failure::file(path))
}

/// An empty folder at `path`, whatever was there before.
///
/// # Errors
/// [`Failure::File`].
pub fn empty(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(Failure::file(path))?;
    }
    fs::create_dir_all(path).map_err(Failure::file(path))
}

fn collect(folder: &Path, inside: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(Failure::file(folder))? {
        let entry = entry.map_err(Failure::file(folder))?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        let (path, inside) = (entry.path(), inside.join(&name));
        if path.is_dir() {
            collect(&path, &inside, found)?;
        } else {
            found.push(inside);
        }
    }
    Ok(())
}
