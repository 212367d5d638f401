//! The native library: built once for all languages, small, and what the generator makes of it.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::elf;
use crate::build;
use crate::report::say;
use crate::run::{Trouble, run as run_command};

/// The most that the stripped library may take, in bytes.
const MOST_BYTES: u64 = 3_500_000;

/// Builds the library and the generator. No paths of this machine remain in the library.
pub(crate) fn build() -> Result<(), Trouble> {
    run_command(
        Command::new("cargo")
            .args(["build", "--package", "tidewire-ffi", "--profile", "ffi"])
            .env("RUSTFLAGS", flags()),
    )
}

/// The library as it was built; the generator needs its symbols.
pub(crate) fn path() -> PathBuf {
    folder().join(file_name())
}

/// The static library.
pub(crate) fn static_path() -> PathBuf {
    folder().join("libtidewire_ffi.a")
}

/// The name of the library's file on this system.
pub(crate) fn file_name() -> String {
    format!("{DLL_PREFIX}tidewire_ffi{DLL_SUFFIX}")
}

/// Writes the library without its symbols.
pub(crate) fn strip_into(folder: &Path) -> Result<PathBuf, Trouble> {
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let stripped = folder.join(file_name());
    run_command(Command::new("strip").arg("-o").arg(&stripped).arg(path()))?;
    Ok(stripped)
}

/// Fails if the stripped library is larger than a phone's app should have to carry, or cannot be loaded by every phone.
pub(crate) fn check() -> Result<(), Trouble> {
    let stripped = strip_into(&super::packed().join("native"))?;
    let size = fs::metadata(&stripped).map_err(|error| cannot_write(&stripped, &error))?.len();
    say!("{}: {size} bytes stripped; at most {MOST_BYTES}", file_name());
    if size > MOST_BYTES {
        return Err(Trouble::Failed(format!(
            "the library takes {size} bytes, {} too many",
            size - MOST_BYTES
        )));
    }
    elf::check_pages(&stripped)
}

/// Generates the API of a language (`kotlin`, `python`, `swift`) into a folder.
pub(crate) fn generate(language: &str, folder: &Path) -> Result<(), Trouble> {
    let mut bindgen = Command::new(build::program("uniffi-bindgen")?);
    bindgen.args(["generate", "--no-format", "--language", language, "--out-dir"]).arg(folder);
    run_command(bindgen.arg("--library").arg(path()))
}

fn folder() -> PathBuf {
    build::target_folder().join("ffi")
}

/// Hides where the library was built: panics would name the folders of this machine.
fn flags() -> String {
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    let home = std::env::var("CARGO_HOME")
        .ok()
        .or_else(|| std::env::var("HOME").map(|home| format!("{home}/.cargo")).ok());
    for (path, shown) in [(Some(here.display().to_string()), "tidewire"), (home, "cargo")] {
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            flags += &format!(" --remap-path-prefix={path}={shown}");
        }
    }
    flags.trim().to_owned()
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Failed(format!("{}: {error}", path.display()))
}
