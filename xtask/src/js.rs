//! The steps of `cargo xtask test` for the npm package.

use std::path::Path;
use std::process::Command;

use crate::build;
use crate::npm::{self, FOLDER};
use crate::run::{Trouble, output_of, run as run_command};
use crate::tools::NPM;

/// Installs what the package needs, and builds it.
pub(crate) fn build() -> Result<(), Trouble> {
    npm::set_up()?;
    npm::build_package()
}

/// Tests it in Node, against the native command and its `serve`.
pub(crate) fn tests() -> Result<(), Trouble> {
    built()?;
    run_command(npm_run(FOLDER, "test").env("TIDEWIRE", build::program("tidewire")?))
}

/// Reads many more random bodies than the step `js` does.
pub(crate) fn random() -> Result<(), Trouble> {
    built()?;
    run_command(npm_run(FOLDER, "test").args(["--", "random"]).env("TIDEWIRE_RANDOM_BODIES", "100000"))
}

/// Runs each of its benches briefly, to check that they work.
pub(crate) fn benches() -> Result<(), Trouble> {
    built()?;
    installed("chromium", CHROMIUM)?;
    run_command(npm_run(FOLDER, "bench").args(["--", "--quick"]))
}

pub(crate) fn chromium() -> Result<(), Trouble> {
    browser("chromium", CHROMIUM)
}

pub(crate) fn firefox() -> Result<(), Trouble> {
    browser("firefox", FIREFOX)
}

pub(crate) fn webkit() -> Result<(), Trouble> {
    browser("webkit", WEBKIT)
}

/// Reads more events over `XMLHttpRequest` than one request may bring, in each engine.
pub(crate) fn xhr() -> Result<(), Trouble> {
    for (engine, install) in [("chromium", CHROMIUM), ("firefox", FIREFOX), ("webkit", WEBKIT)] {
        run_command(suite(engine, install)?.env("TIDEWIRE_XHR_EVENTS", "100000"))?;
    }
    Ok(())
}

const CHROMIUM: &str = "apt-get install chromium, or name the program in CHROMIUM";
const FIREFOX: &str = "apt-get install firefox-esr, or name the program in FIREFOX";
const WEBKIT: &str = "apt-get install webkit2gtk-driver xvfb";

fn browser(engine: &str, install: &str) -> Result<(), Trouble> {
    run_command(&mut suite(engine, install)?)
}

fn suite(engine: &str, install: &str) -> Result<Command, Trouble> {
    built()?;
    installed(engine, install)?;
    let mut suite = npm_run(FOLDER, "test:browser");
    suite.env("TIDEWIRE", build::program("tidewire")?).env("TIDEWIRE_ENGINES", engine);
    Ok(suite)
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

/// Tests the packed package as a user installs it, and its size.
pub(crate) fn package() -> Result<(), Trouble> {
    built()?;
    run_command(&mut npm_run(FOLDER, "test:package"))?;
    run_command(&mut npm_run(FOLDER, "size"))
}

/// Installs the hosts, bundlers and servers that the packed package is tested with: some hundred megabytes.
pub(crate) fn set_up_packaging() -> Result<(), Trouble> {
    npm::install(PACKAGING)
}

/// Tests the packed package in hosts and bundlers, and what linters say of it.
pub(crate) fn packaging() -> Result<(), Trouble> {
    packaged(&["hosts", "workerd", "bundlers", "readme", "lint"])
}

/// Tests the packed package in Next.js and behind development servers.
pub(crate) fn frameworks() -> Result<(), Trouble> {
    packaged(&["ssr", "proxies"])
}

const PACKAGING: &str = "js/test/packaging";

fn packaged(suites: &[&str]) -> Result<(), Trouble> {
    built()?;
    if !Path::new(PACKAGING).join("node_modules/.tidewire-lock").exists() {
        let install = format!("npm ci --prefix {PACKAGING}");
        return Err(Trouble::Missing { what: "its hosts and bundlers are not installed".into(), install });
    }
    installed("chromium", CHROMIUM)?;
    let files = suites.iter().map(|suite| format!("{suite}.test.mjs"));
    let mut test = npm_run(PACKAGING, "test");
    run_command(test.arg("--").args(files).env("TIDEWIRE", build::program("tidewire")?))
}

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
