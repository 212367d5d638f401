//! The package for React Native: its sources, and the TypeScript and C++ that are generated for it, in `target/bindings/react-native`. In `node` there
//! are the same sources over bindings for Node, with which its tests run.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use super::files::{copy, failed, replace_folder};
use super::library;
use crate::build::{self, target_folder};
use crate::npm;
use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command};
use crate::tools::NPM;

const SOURCES: &str = "bindings/react-native";
/// What is packed of it, beside the sources.
const FILES: [&str; 6] =
    [".npmrc", "README.md", "package-lock.json", "package.json", "tsconfig.json", "ubrn.config.yaml"];
/// The namespace of the generated code.
const NAMESPACE: &str = "tidewire_ffi";
/// The version whose headers the C++ is checked with.
const REACT_NATIVE: &str = "0.88.1";

/// Packs what `library::build` has built, and returns the package's folder.
pub(crate) fn pack() -> Result<PathBuf, Trouble> {
    let package = super::packed().join("react-native");
    for file in FILES {
        copy(&Path::new(SOURCES).join(file), &package)?;
    }
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(Path::new(file), &package)?;
    }
    let node = package.join("node");
    for folder in ["src", "tests"] {
        replace_folder(&Path::new(SOURCES).join(folder), &package.join(folder))?;
        replace_folder(&Path::new(SOURCES).join(folder), &node.join(folder))?;
    }
    npm::install(&package.display().to_string())?;

    let generator = built(&package, "crates/ubrn_cli", "uniffi-bindgen-react-native")?;
    let library = absolute(library::path()).map_err(|error| failed("find", &library::path(), &error))?;
    let generate = |flavor: &str, folder: PathBuf| {
        let mut command = Command::new(&generator);
        command.args(["generate", flavor, "bindings", "--no-format", "--ts-dir"]);
        command.arg(folder).arg("--library").arg(&library);
        command
    };
    let mut jsi = generate("jsi", package.join("src/native/generated"));
    run_command(jsi.arg("--cpp-dir").arg(package.join("cpp/generated")))?;
    run_command(generate("napi", node.join("src/native")).arg("--lib-absolute"))?;
    // What makes a module of React Native of it: the installer in TypeScript, C++, and the projects for Android and iOS.
    let mut module = Command::new(&generator);
    module.args(["generate", "jsi", "turbo-module", "--config", "ubrn.config.yaml", NAMESPACE]);
    run_command(module.current_dir(&package))?;
    say!("packed into {}", package.display());
    Ok(package)
}

/// Packs, checks the types and the C++, and runs the tests in Node.
pub(crate) fn test() -> Result<(), Trouble> {
    library::build()?;
    let package = pack()?;
    let scripts = || {
        let mut command = Command::new(NPM);
        command.args(["run", "--silent"]).current_dir(&package);
        command
    };
    run_command(scripts().arg("check"))?;
    check_cpp(&package)?;
    let_go_on(&package)?;
    let runtime = format!("{DLL_PREFIX}uniffi_runtime_napi{DLL_SUFFIX}");
    let runtime = built(&package, "runtimes/napi", &runtime)?;
    let path = |path: &str| absolute(path).map_err(|error| failed("find", Path::new(path), &error));
    let mut test = scripts();
    test.arg("test").env("TIDEWIRE", build::program("tidewire")?).env("TIDEWIRE_NODE_RUNTIME", runtime);
    test.env("TIDEWIRE_CASES", super::packed().join("cases.jsonl")).env("TIDEWIRE_NPM", path("js/dist")?);
    run_command(test.env("TIDEWIRE_END_TO_END", path("bindings/end_to_end.json")?))
}

/// Builds a crate of the generator's sources, which its npm package carries, and returns the file that cargo makes.
fn built(package: &Path, name: &str, file: &str) -> Result<PathBuf, Trouble> {
    let sources = package.join("node_modules/uniffi-bindgen-react-native");
    let target = target_folder().join("ubrn");
    let mut cargo = Command::new("cargo");
    cargo.arg("build").arg("--manifest-path").arg(sources.join(name).join("Cargo.toml"));
    run_command(cargo.arg("--target-dir").arg(&target))?;
    let file = target.join("debug").join(file);
    absolute(&file).map_err(|error| failed("find", &file, &error))
}

/// Where the runtime for Node lets a thread of the library wait until JavaScript has been called.
const WAITS: &str = "    // Block until the JS thread sends back the return bytes.\n";
/// No thread waits for a function that returns nothing.
const GOES_ON: &str =
    "    if ret_len == 0 && !ud.out_return && !ud.has_rust_call_status {\n        return;\n    }\n";

/// Makes the runtime for Node behave like that for React Native. Without this, a thread that wakes a future waits for JavaScript with locks in its
/// hands; and JavaScript, which stops the stream just then, waits for these.
fn let_go_on(package: &Path) -> Result<(), Trouble> {
    let file = package.join("node_modules/uniffi-bindgen-react-native/runtimes/napi/src/callback/mod.rs");
    let source = fs::read_to_string(&file).map_err(|error| failed("read", &file, &error))?;
    if source.contains(GOES_ON) {
        return Ok(());
    }
    if !source.contains(WAITS) {
        return Err(Trouble::Failed(format!("{} is not what it was", file.display())));
    }
    fs::write(&file, source.replace(WAITS, &format!("{GOES_ON}{WAITS}")))
        .map_err(|error| failed("write", &file, &error))
}

/// Checks the generated C++ with the headers of React Native, which has no compiled JSI for computers.
fn check_cpp(package: &Path) -> Result<(), Trouble> {
    let headers = package.join("headers");
    if !headers.join("package").exists() {
        fs::create_dir_all(&headers).map_err(|error| failed("create", &headers, &error))?;
        run_command(
            Command::new(NPM)
                .args(["pack", "--silent", &format!("react-native@{REACT_NATIVE}")])
                .current_dir(&headers),
        )?;
        let archive = format!("react-native-{REACT_NATIVE}.tgz");
        let mut unpack = Command::new("tar");
        unpack.args(["-xzf", &archive, "package/ReactCommon"]);
        run_command(unpack.current_dir(&headers))?;
    }
    if output_of("c++", &["--version"]).is_none() {
        return Err(Trouble::Missing {
            what: "a C++ compiler is missing".into(),
            install: "sudo apt-get install g++".into(),
        });
    }
    let mut check = Command::new("c++");
    check.args(["-std=c++20", "-fsyntax-only", "-Wall"]);
    for folder in [
        headers.join("package/ReactCommon"),
        headers.join("package/ReactCommon/jsi"),
        headers.join("package/ReactCommon/callinvoker"),
        package.join("node_modules/uniffi-bindgen-react-native/cpp/includes"),
        package.join("cpp/generated"),
    ] {
        check.arg("-I").arg(folder);
    }
    run_command(check.arg(package.join("cpp/generated").join(format!("{NAMESPACE}.cpp"))))
}
