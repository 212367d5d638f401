//! Builds of the native workspace that several commands share: always of all packages with all features, so that whatever one has compiled
//! serves the others.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsStr;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::run::{Trouble, run as run_command};
use crate::tools;

/// What selects the shared build.
const SELECTION: [&str; 2] = ["--workspace", "--all-features"];
/// The programs that the tests and other steps run.
const PROGRAMS: [&str; 4] = ["tidewire", "tidewire-contract-service", "uniffi-bindgen", "xtask-header"];

/// Builds the programs, the tests and the examples.
pub(crate) fn everything() -> Result<(), Trouble> {
    tools::openssl()?;
    let programs = PROGRAMS.iter().flat_map(|name| ["--bin", name]);
    run_command(cargo("build").args(["--tests", "--examples"]).args(programs))
}

/// Builds a program, and returns its absolute path.
pub(crate) fn program(name: &str) -> Result<PathBuf, Trouble> {
    // Only with examples or tests does cargo turn on the features that those need, and uses what the step `build` has compiled.
    let examples = PROGRAMS.contains(&name).then_some("--examples");
    run_command(cargo("build").args(["--bin", name]).args(examples))?;
    let program = target_folder().join("debug").join(format!("{name}{EXE_SUFFIX}"));
    absolute(&program).map_err(|error| Trouble::Failed(format!("{}: {error}", program.display())))
}

/// Runs all tests, with these variables.
pub(crate) fn tests<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    variables: impl IntoIterator<Item = (K, V)>,
) -> Result<(), Trouble> {
    run_command(cargo("test").arg("--no-fail-fast").envs(variables))
}

/// Runs one test program with these variables, and shows its output.
pub(crate) fn test<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    name: &str,
    variables: impl IntoIterator<Item = (K, V)>,
) -> Result<(), Trouble> {
    run_command(cargo("test").args(["--test", name, "--", "--nocapture"]).envs(variables))
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new("target").into(), PathBuf::from)
}

fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new("cargo");
    command.arg(subcommand).args(SELECTION);
    command
}
