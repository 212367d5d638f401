//! The step of `cargo xtask test` for the client crate in WebAssembly.

use std::fs;
use std::path::{PathBuf, absolute};
use std::process::Command;

use crate::build::{self, target_folder};
use crate::npm::{self, TARGET};
use crate::run::{Trouble, run as run_command};
use crate::tools;

/// Lints the client crate for WebAssembly, and runs its checks in Node.
pub(crate) fn tests() -> Result<(), Trouble> {
    npm::node()?;
    lint(&["--package", "tidewire", "--package", "tidewire-tests-web"])?;
    // The npm package's cores have other features than the workspace's.
    lint(&["--package", "tidewire-wasm", "--no-default-features"])?;
    lint(&["--package", "tidewire-wasm", "--features", "llm"])?;
    let folder = bound("tidewire-tests-web", "tidewire_tests_web.wasm", "web")?;
    let folder =
        absolute(&folder).map_err(|error| Trouble::Failed(format!("{}: {error}", folder.display())))?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "tests/web/web.test.mjs"]);
    run_command(node.env("TIDEWIRE", build::program("tidewire")?).env("TIDEWIRE_WEB", folder))
}

/// Lints and builds the front end in Rust.
pub(crate) fn example() -> Result<(), Trouble> {
    lint(&["--package", "tidewire-example-web"])?;
    front_end().map(|_| ())
}

fn lint(packages: &[&str]) -> Result<(), Trouble> {
    tools::component("clippy", "clippy")?;
    tools::target(TARGET)?;
    let mut lint = Command::new("cargo");
    lint.arg("clippy").args(packages).args(["--target", TARGET, "--", "-D", "warnings"]);
    run_command(&mut lint)
}

/// Builds the front end in Rust, and returns the folder of its page.
pub(crate) fn front_end() -> Result<PathBuf, Trouble> {
    tools::target(TARGET)?;
    let folder = bound("tidewire-example-web", "tidewire-example-web.wasm", "app")?;
    let page = "examples/web/index.html";
    fs::copy(page, folder.join("index.html"))
        .map_err(|error| Trouble::Failed(format!("cannot copy {page}: {error}")))?;
    absolute(&folder).map_err(|error| Trouble::Failed(format!("{}: {error}", folder.display())))
}

/// Compiles a package to WebAssembly, and writes `name.js` and `name_bg.wasm` into a folder.
pub(crate) fn bound(package: &str, module: &str, name: &str) -> Result<PathBuf, Trouble> {
    run_command(Command::new("cargo").args(["build", "--locked", "--package", package, "--target", TARGET]))?;
    let folder = target_folder().join("web").join(name);
    let compiled = target_folder().join(TARGET).join("debug").join(module);
    npm::bind(name, &compiled, &folder)?;
    Ok(folder)
}
