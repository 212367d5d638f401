//! `cargo xtask npm`: builds the npm package into js/dist.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{self, target_folder};
use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command};
use crate::tools::{self, NPM};

/// Builds the npm package into js/dist: the core in WebAssembly, and the TypeScript around it.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) const FOLDER: &str = "js";

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";
/// One build of the core, as a module of js/src/generated.
struct Core {
    name: &'static str,
    features: &'static [&'static str],
    /// Further arguments for cargo.
    options: &'static [&'static str],
    /// The module with the same core as JavaScript. Such a core is also put into js/dist, for hosts that compile it themselves.
    translated: Option<&'static str>,
}

/// The session is smaller at "s", the decoders of JSON at "z", where the profile has all of `tidewire-core`.
const WITHOUT_JSON: &[&str] = &["--config", r#"profile.wasm.package.tidewire-core.opt-level="s""#];

const CORES: [Core; 4] = [
    Core { name: "events-core", features: &[], options: WITHOUT_JSON, translated: None },
    Core {
        name: "stream-core",
        features: &["--features", "streams"],
        options: WITHOUT_JSON,
        translated: None,
    },
    Core { name: "core", features: &["--features", "formats"], options: &[], translated: Some("translated") },
    Core {
        name: "llm-core",
        features: &["--features", "llm"],
        options: &[],
        translated: Some("llm-translated"),
    },
];
/// Enough for functions that do not call each other deeply.
const STACK: &str = "-Clink-arg=-zstack-size=32768";
const COPIES: [(&str, &str); 4] = [
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("js/src/core.wasm.d.ts", "core.wasm.d.ts"),
    ("js/src/core.wasm.d.ts", "llm-core.wasm.d.ts"),
];
const MODULE: &str = "tidewire_wasm.wasm";
/// Features that all current engines have. binaryen must be told, because the module no longer names them.
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
    build_package()
}

/// Installs the npm packages that build and test this one.
pub(crate) fn set_up() -> Result<(), Trouble> {
    install(FOLDER)
}

/// Installs the npm packages of a folder, by its lock file.
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

/// Fails if Node or npm is missing.
pub(crate) fn node() -> Result<(), Trouble> {
    if output_of("node", &["--version"]).is_some() && output_of(NPM, &["--version"]).is_some() {
        return Ok(());
    }
    Err(Trouble::Missing {
        what: "Node is missing".into(),
        install: "https://nodejs.org, version 20 or newer".into(),
    })
}

/// Runs wasm-bindgen: writes `name.js` and `name_bg.wasm` for a compiled module.
pub(crate) fn bind(name: &str, module: &Path, folder: &Path) -> Result<(), Trouble> {
    let program = build::program("xtask-npm")?;
    run_command(Command::new(program).args(["bind", name]).arg(module).arg(folder))
}

/// Builds the package; [`set_up`] must have run.
pub(crate) fn build_package() -> Result<(), Trouble> {
    tools::target(TARGET)?;
    remove("js/dist")?;
    for folder in ["js/src/generated", "js/dist"] {
        fs::create_dir_all(folder)
            .map_err(|error| Trouble::Failed(format!("cannot create {folder}: {error}")))?;
    }
    run_command(Command::new(build::program("xtask-npm")?).args(["abi", "js/src/generated/abi.ts"]))?;
    for Core { name, features, options, translated } in CORES {
        let module = compiled("npm", &[features, options], &["-Ctarget-feature=+simd128"])?;
        let folder = translated.map_or_else(|| target_folder().join("npm"), |_| PathBuf::from("js/dist"));
        let optimized = folder.join(format!("{name}.wasm"));
        let mut optimize = Command::new(tool("wasm-opt")?);
        optimize
            // Nothing lies below the stack's end.
            .args(["-Oz", "--converge", "--low-memory-unused"])
            // Keeps large rare code out of the hot path, and the module compresses better (`npm run bench`, `npm run size`).
            .arg("--one-caller-inline-max-function-size=200")
            // The names of the optimized functions, for `npm run size`. It is a pass, so it stands after those that optimize.
            .arg(format!("--symbolmap=js/src/generated/{name}.names"))
            .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
            .args(FEATURES);
        run_command(optimize.arg(module).arg("-o").arg(&optimized))?;
        script("hex.mjs", &optimized, &format!("{name}.ts"))?;
        if let Some(translated) = translated {
            // wasm2js does not support SIMD.
            script(
                "translate.mjs",
                &compiled("npm-js", &[features, options], &[])?,
                &format!("{translated}.ts"),
            )?;
        }
    }
    run_command(Command::new(tool("tsc")?).args(["--project", FOLDER]))?;
    for (from, to) in COPIES {
        fs::copy(from, format!("js/dist/{to}"))
            .map_err(|error| Trouble::Failed(format!("cannot copy {from}: {error}")))?;
    }
    Ok(())
}

/// Compiles a core in a target folder with these flags, and returns the module without what JavaScript never needs.
fn compiled(folder: &str, options: &[&[&str]], flags: &[&str]) -> Result<PathBuf, Trouble> {
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
    compile.args(options.concat()).arg("--target-dir").arg(&made);
    run_command(compile.env("RUSTFLAGS", format!("{} {STACK} {}", remaps()?, flags.join(" "))))?;
    let small = made.join(MODULE);
    let module = made.join(TARGET).join(PROFILE).join(MODULE);
    run_command(Command::new(build::program("xtask-npm")?).arg("shrink").arg(module).arg(&small))?;
    Ok(small)
}

/// Makes a module of js/src/generated from a compiled core.
fn script(name: &str, from: &Path, to: &str) -> Result<(), Trouble> {
    let mut node = Command::new("node");
    node.arg(format!("js/scripts/{name}")).arg(from).arg(format!("js/src/generated/{to}"));
    run_command(&mut node)
}

/// Flags that keep this machine's paths out of the module, so that every machine builds the same one.
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

/// The absolute path of a program of js/node_modules: a relative one would depend on the current folder.
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
