//! The steps of `cargo xtask test` for the npm package.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::npm::{self, FOLDER, target_folder};
use crate::run::{Trouble, output_of, run as run_command};
use crate::tools::NPM;

/// The package, with all that it takes.
pub(crate) fn build() -> Result<(), Trouble> {
    npm::set_up()?;
    npm::build()
}

/// In Node, beside the native command and against its `serve`; and that its benches work.
pub(crate) fn tests() -> Result<(), Trouble> {
    built()?;
    run_command(npm_run(FOLDER, "test").env("TIDEWIRE", command()?))?;
    run_command(npm_run(FOLDER, "bench").args(["--", "--quick"]))
}

pub(crate) fn chromium() -> Result<(), Trouble> {
    browser("chromium", CHROMIUM)
}

pub(crate) fn firefox() -> Result<(), Trouble> {
    browser("firefox", "apt-get install firefox-esr, or name the program in FIREFOX")
}

pub(crate) fn webkit() -> Result<(), Trouble> {
    browser("webkit", "apt-get install webkit2gtk-driver xvfb")
}

const CHROMIUM: &str = "apt-get install chromium, or name the program in CHROMIUM";

fn browser(engine: &str, install: &str) -> Result<(), Trouble> {
    built()?;
    installed(engine, install)?;
    let mut suite = npm_run(FOLDER, "test:browser");
    run_command(suite.env("TIDEWIRE", command()?).env("TIDEWIRE_ENGINES", engine))
}

fn installed(engine: &str, install: &str) -> Result<(), Trouble> {
    let asked = format!(
        "import('./js/test/browser/engines.mjs').then(({{ ENGINES }}) => process.exit(ENGINES.{engine}.program ? 0 : 1))"
    );
    if output_of("node", &["-e", &asked]).is_none() {
        return Err(Trouble::Missing { what: format!("{engine} is missing"), install: install.into() });
    }
    Ok(())
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
    run_command(&mut npm_run(FOLDER, "test:package"))?;
    run_command(&mut npm_run(FOLDER, "size"))
}

/// The hosts, bundlers and servers that the packed package is tested with; some hundred megabytes of them.
pub(crate) fn set_up_packaging() -> Result<(), Trouble> {
    npm::install(PACKAGING)
}

/// The packed package in every host, bundler and development server that it promises to work with.
pub(crate) fn packaging() -> Result<(), Trouble> {
    built()?;
    if !Path::new(PACKAGING).join("node_modules/.tidewire-lock").exists() {
        let install = format!("npm ci --prefix {PACKAGING}");
        return Err(Trouble::Missing { what: "its hosts and bundlers are not installed".into(), install });
    }
    installed("chromium", CHROMIUM)?;
    run_command(npm_run(PACKAGING, "test").env("TIDEWIRE", command()?))
}

const PACKAGING: &str = "js/test/packaging";

fn npm_run(folder: &str, script: &str) -> Command {
    let mut command = Command::new(NPM);
    command.args(["run", "--silent", script]).current_dir(folder);
    command
}

fn built() -> Result<(), Trouble> {
    if Path::new("js/dist/index.js").exists() {
        return Ok(());
    }
    Err(Trouble::Missing { what: "js/dist is not built".into(), install: "cargo xtask npm".into() })
}
