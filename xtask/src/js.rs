//! The steps of `cargo xtask test` for the npm package.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::npm::{self, FOLDER, target_folder};
use crate::run::{Trouble, run as run_command};
use crate::tools::NPM;

/// The package, with all that it takes.
pub(crate) fn build() -> Result<(), Trouble> {
    npm::set_up()?;
    npm::build()
}

/// In Node, beside the native command and against its `serve`.
pub(crate) fn tests() -> Result<(), Trouble> {
    built()?;
    run_command(npm_run("test").env("TIDEWIRE", command()?))
}

/// The native command, whose `serve` answers.
pub(crate) fn command() -> Result<PathBuf, Trouble> {
    // The whole workspace's features, so that the same build serves as for the tests before.
    run_command(Command::new("cargo").args(["build", "--workspace", "--all-features", "--bin", "tidewire"]))?;
    let command = target_folder().join("debug").join(format!("tidewire{EXE_SUFFIX}"));
    absolute(&command).map_err(|error| Trouble::Failed(format!("{}: {error}", command.display())))
}

/// As who installs it has it.
pub(crate) fn package() -> Result<(), Trouble> {
    built()?;
    run_command(&mut npm_run("test:package"))?;
    run_command(&mut npm_run("size"))
}

fn npm_run(script: &str) -> Command {
    let mut command = Command::new(NPM);
    command.args(["run", "--silent", script]).current_dir(FOLDER);
    command
}

fn built() -> Result<(), Trouble> {
    if Path::new("js/dist/index.js").exists() {
        return Ok(());
    }
    Err(Trouble::Missing { what: "js/dist is not built".into(), install: "cargo xtask npm".into() })
}
