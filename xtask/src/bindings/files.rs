//! Copies of sources in the folders of packages.

use std::fs;
use std::path::Path;

use crate::run::Trouble;

/// Puts a copy of a folder in the place of an older one.
pub(super) fn replace_folder(from: &Path, to: &Path) -> Result<(), Trouble> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(|error| failed("remove", to, &error))?;
    }
    copy_folder(from, to)
}

pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<(), Trouble> {
    fs::create_dir_all(to).map_err(|error| failed("create", to, &error))?;
    let entries = fs::read_dir(from).map_err(|error| failed("read", from, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { copy_folder(&path, &to.join(entry.file_name()))? } else { copy(&path, to)? }
    }
    Ok(())
}

/// Keeps the time of the file, so that only what has changed is compiled.
pub(super) fn copy(file: &Path, folder: &Path) -> Result<(), Trouble> {
    let to = folder.join(file.file_name().unwrap_or_default());
    let copied = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::copy(file, &to)?;
        let time = fs::metadata(file)?.modified()?;
        fs::File::options().write(true).open(&to)?.set_modified(time)
    };
    copied().map_err(|error| failed("copy", file, &error))
}

pub(super) fn failed(verb: &str, path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Failed(format!("cannot {verb} {}: {error}", path.display()))
}
