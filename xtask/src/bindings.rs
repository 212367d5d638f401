//! `cargo xtask bindings`: builds the native library, makes the package of each language from it, and packs it into `target/bindings`.
//!
//! The tests of a language, which are steps of `cargo xtask test`, run with the packed package.

pub(crate) mod c;
mod cases;
mod elf;
mod files;
pub(crate) mod kotlin;
mod library;
pub(crate) mod python;
pub(crate) mod react_native;
pub(crate) mod swift;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::report::{bold, say};
use crate::run::Trouble;

/// The folder of packed packages, and of what the tests of all languages share.
const PACKED: &str = "target/bindings";

/// Builds and packs the packages of these languages
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// All of them if none is named
    languages: Vec<Language>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    C,
    Kotlin,
    Python,
    ReactNative,
    Swift,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    let languages = match &*arguments.languages {
        [] => Language::value_variants(),
        chosen => chosen,
    };
    library::build()?;
    for language in languages {
        say!("{}", bold(format!("{language:?}")));
        match language {
            Language::C => c::make()?,
            Language::Kotlin => kotlin::pack()?,
            Language::Python => drop(python::pack()?),
            Language::ReactNative => drop(react_native::pack()?),
            Language::Swift => drop(swift::pack()?),
        }
    }
    Ok(())
}

/// Builds the library, checks its size and its pages, and writes the list of cases that every language runs.
pub(crate) fn set_up() -> Result<(), Trouble> {
    library::build()?;
    library::check()?;
    cases::write(&packed().join("cases.jsonl"))
}

/// The absolute path of the folder of packages.
fn packed() -> PathBuf {
    std::path::absolute(Path::new(PACKED)).unwrap_or_else(|_| PACKED.into())
}
