//! `cargo xtask npm`: the npm package, built from the sources into js/dist.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command};
use crate::tools::{self, NPM};

/// Builds the npm package into js/dist: the core in WebAssembly, and the TypeScript around it.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) const FOLDER: &str = "js";

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";
/// A compiled core, under its name in js/src/generated; and where hosts compile it or translate it for themselves, in js/dist too, and as
/// JavaScript.
struct Core {
    name: &'static str,
    features: &'static [&'static str],
    translated: Option<&'static str>,
}

const CORES: [Core; 3] = [
    Core { name: "core", features: &[], translated: Some("translated") },
    Core { name: "llm-core", features: &["--features", "llm"], translated: Some("llm-translated") },
    Core { name: "events-core", features: &["--no-default-features"], translated: None },
];
const COPIES: [(&str, &str); 4] = [
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("js/src/core.wasm.d.ts", "core.wasm.d.ts"),
    ("js/src/core.wasm.d.ts", "llm-core.wasm.d.ts"),
];
/// A quarter of the usual stack: it is the most of the memory that a page spends on the core.
const STACK: &str = "-Clink-arg=-zstack-size=262144";
const MODULE: &str = "tidewire_wasm.wasm";
/// What every engine of the last years has. binaryen must be told, since the module no longer says it.
const FEATURES: [&str; 8] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

pub(crate) fn run(_: &Arguments) -> Result<(), Trouble> {
    set_up()?;
    build()
}

/// Node's packages that build and test this one.
pub(crate) fn set_up() -> Result<(), Trouble> {
    install(FOLDER)
}

/// The packages of a folder's `package.json`, by its lock file.
pub(crate) fn install(folder: &str) -> Result<(), Trouble> {
    node()?;
    let lock = read(&format!("{folder}/package-lock.json"))?;
    let stamp = Path::new(folder).join("node_modules/.tidewire-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        say!("{folder}/node_modules is already there");
        return Ok(());
    }
    let arguments = ["ci", "--prefix", folder];
    run_command(Command::new(NPM).args(arguments)).or_else(tools::missing(
        &format!("the packages of {folder}/package.json"),
        NPM,
        &arguments,
    ))?;
    fs::write(&stamp, lock)
        .map_err(|error| Trouble::Failed(format!("cannot write {}: {error}", stamp.display())))
}

/// Whether Node is there, with its npm.
pub(crate) fn node() -> Result<(), Trouble> {
    if output_of("node", &["--version"]).is_some() && output_of(NPM, &["--version"]).is_some() {
        return Ok(());
    }
    Err(Trouble::Missing {
        what: "Node is missing".into(),
        install: "https://nodejs.org, version 20 or newer".into(),
    })
}

/// wasm-bindgen: makes `name.js` and `name_bg.wasm` of a compiled module.
pub(crate) fn bind(name: &str, module: &Path, folder: &Path) -> Result<(), Trouble> {
    let mut bind = Command::new("cargo");
    bind.args(["run", "--locked", "--package", "xtask-npm", "--", name]).arg(module).arg(folder);
    run_command(&mut bind)
}

/// The package, once [`set_up`] has run.
pub(crate) fn build() -> Result<(), Trouble> {
    tools::target(TARGET)?;
    remove("js/dist")?;
    for folder in ["js/src/generated", "js/dist"] {
        fs::create_dir_all(folder)
            .map_err(|error| Trouble::Failed(format!("cannot create {folder}: {error}")))?;
    }
    for Core { name, features, translated } in CORES {
        let module = compiled("npm", features, &["-Ctarget-feature=+simd128"])?;
        let folder = translated.map_or_else(|| target_folder().join("npm"), |_| PathBuf::from("js/dist"));
        let optimized = folder.join(format!("{name}.wasm"));
        let mut optimize = Command::new(tool("wasm-opt")?);
        optimize
            // Below the stack's end there is nothing.
            .args(["-Oz", "--converge", "--low-memory-unused"])
            // What is rare and large stays beside the way of every event, and the whole packs better (`npm run bench`, `npm run size`).
            .arg("--one-caller-inline-max-function-size=200")
            .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
            .args(FEATURES);
        run_command(optimize.arg(module).arg("-o").arg(&optimized))?;
        script("inline.mjs", &optimized, &format!("{name}.ts"))?;
        if let Some(translated) = translated {
            // wasm2js knows no vectors.
            script("translate.mjs", &compiled("npm-js", features, &[])?, &format!("{translated}.ts"))?;
        }
    }
    run_command(Command::new(tool("tsc")?).args(["--project", FOLDER]))?;
    for (from, to) in COPIES {
        fs::copy(from, format!("js/dist/{to}"))
            .map_err(|error| Trouble::Failed(format!("cannot copy {from}: {error}")))?;
    }
    Ok(())
}

/// The core, compiled in a folder of its own with these flags, as wasm-bindgen leaves it.
fn compiled(folder: &str, features: &[&str], flags: &[&str]) -> Result<PathBuf, Trouble> {
    let made = target_folder().join(folder);
    let mut compile = Command::new("cargo");
    compile.args([
        "build",
        "--locked",
        "--package",
        "tidewire-wasm",
        "--profile",
        PROFILE,
        "--target",
        TARGET,
    ]);
    compile.args(features).arg("--target-dir").arg(&made);
    run_command(compile.env("RUSTFLAGS", format!("{} {STACK} {}", remaps()?, flags.join(" "))))?;
    bind("core", &made.join(TARGET).join(PROFILE).join(MODULE), &made)?;
    Ok(made.join("core_bg.wasm"))
}

/// Makes a module of js/src/generated out of a compiled core.
fn script(name: &str, from: &Path, to: &str) -> Result<(), Trouble> {
    let mut node = Command::new("node");
    node.arg(format!("js/scripts/{name}")).arg(from).arg(format!("js/src/generated/{to}"));
    run_command(&mut node)
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// No path of this machine in the module, so that it is the same wherever it is built.
fn remaps() -> Result<String, Trouble> {
    let here = env::current_dir().map_err(|error| Trouble::Failed(format!("no current folder: {error}")))?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let compiler = output_of("rustc", &["--print", "sysroot"]).map(|path| PathBuf::from(path.trim()));
    let known = [(Some(here), "tidewire"), (home, "cargo"), (compiler, "rust")];
    let flags = known.iter().filter_map(|(path, name)| Some(remap(path.as_deref()?, name)));
    Ok(flags.collect::<Vec<_>>().join(" "))
}

fn remap(path: &Path, name: &str) -> String {
    format!("--remap-path-prefix={}={name}", path.display())
}

/// A program of js/node_modules, by its whole path: a relative one would be looked for elsewhere.
fn tool(name: &str) -> Result<PathBuf, Trouble> {
    let name = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
    let path = Path::new("js/node_modules/.bin").join(name);
    std::path::absolute(&path).map_err(|error| Trouble::Failed(format!("{}: {error}", path.display())))
}

fn read(path: &str) -> Result<String, Trouble> {
    fs::read_to_string(path).map_err(|error| Trouble::Failed(format!("cannot read {path}: {error}")))
}

fn remove(folder: &str) -> Result<(), Trouble> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Trouble::Failed(format!("cannot remove {folder}: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
