//! The step of `cargo xtask test` for Rust in the browser.

use std::fs;
use std::path::{PathBuf, absolute};
use std::process::Command;

use crate::js;
use crate::npm::{self, TARGET, target_folder};
use crate::run::{Trouble, run as run_command};
use crate::tools;

/// The client crate and the front-end that uses it, compiled to WebAssembly; the client's checks in Node.
pub(crate) fn tests() -> Result<(), Trouble> {
    npm::node()?;
    tools::component("clippy", "clippy")?;
    tools::target(TARGET)?;
    let packages =
        ["--package", "tidewire", "--package", "tidewire-tests-web", "--package", "tidewire-example-web"];
    let mut lint = Command::new("cargo");
    lint.arg("clippy").args(packages).args(["--target", TARGET, "--", "-D", "warnings"]);
    run_command(&mut lint)?;
    // The cores of the npm package that are built with other features than the workspace's.
    for features in [&["--no-default-features"][..], &["--features", "llm"]] {
        let mut lint = Command::new("cargo");
        lint.args(["clippy", "--package", "tidewire-wasm", "--target", TARGET]).args(features);
        run_command(lint.args(["--", "-D", "warnings"]))?;
    }
    let folder = bound("tidewire-tests-web", "tidewire_tests_web.wasm", "web")?;
    let folder =
        absolute(&folder).map_err(|error| Trouble::Failed(format!("{}: {error}", folder.display())))?;
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec", "tests/web/web.test.mjs"]);
    run_command(node.env("TIDEWIRE", js::command()?).env("TIDEWIRE_WEB", folder))
}

/// Builds the front-end in Rust, and says where its page is.
pub(crate) fn front_end() -> Result<PathBuf, Trouble> {
    tools::target(TARGET)?;
    let folder = bound("tidewire-example-web", "tidewire-example-web.wasm", "app")?;
    let page = "examples/web/index.html";
    fs::copy(page, folder.join("index.html"))
        .map_err(|error| Trouble::Failed(format!("cannot copy {page}: {error}")))?;
    absolute(&folder).map_err(|error| Trouble::Failed(format!("{}: {error}", folder.display())))
}

/// Compiles a package to WebAssembly, and makes of its module `name.js` and `name_bg.wasm` in a folder.
pub(crate) fn bound(package: &str, module: &str, name: &str) -> Result<PathBuf, Trouble> {
    run_command(Command::new("cargo").args(["build", "--locked", "--package", package, "--target", TARGET]))?;
    let folder = target_folder().join("web").join(name);
    let compiled = target_folder().join(TARGET).join("debug").join(module);
    npm::bind(name, &compiled, &folder)?;
    Ok(folder)
}
