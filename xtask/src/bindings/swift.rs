//! The Swift package: its sources, the API that is generated for it and the native library, in `target/bindings/swift`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::{copy, failed, replace_folder};
use super::library;
use crate::build;
use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command};

const SOURCES: &str = "bindings/swift";
/// What is packed of it, beside the sources of the package.
const FILES: [&str; 2] = ["Package.swift", "README.md"];
const FOLDERS: [&str; 4] = ["Sources", "Tests", "Example", "bench"];
const INSTALL: &str = "curl -O https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz && \
    tar zxf swiftly-*.tar.gz && ./swiftly init";

/// Packs what `library::build` has built. What the compiler made of an earlier package stays.
pub(crate) fn pack() -> Result<PathBuf, Trouble> {
    let package = package();
    for folder in FOLDERS {
        replace_folder(&Path::new(SOURCES).join(folder), &package.join(folder))?;
    }
    for file in FILES {
        copy(&Path::new(SOURCES).join(file), &package)?;
    }
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(Path::new(file), &package)?;
    }
    let generated = super::packed().join("swift-generated");
    library::generate("swift", &generated)?;
    copy(&generated.join("TidewireFFI.swift"), &package.join("Sources/TidewireFFI"))?;
    copy(&generated.join("CTidewireFFI.h"), &package.join("Sources/CTidewireFFI"))?;
    library::strip_into(&package.join("lib"))?;
    say!("packed into {}", package.display());
    Ok(package)
}

/// Packs, and tests the packed package.
pub(crate) fn test() -> Result<(), Trouble> {
    compiler()?;
    library::build()?;
    pack()?;
    run_command(tests()?.env("TIDEWIRE_LONG", "0"))
}

/// The cancellations, ten times as many, and the absences, within tighter limits.
pub(crate) fn test_long() -> Result<(), Trouble> {
    compiler()?;
    run_command(tests()?.args(["--filter", "Cancellation|Lives"]).env("TIDEWIRE_LONG", "1"))
}

fn tests() -> Result<Command, Trouble> {
    let mut test = swift();
    test.args(["test", "--disable-xctest", "--package-path"]).arg(package());
    test.env("TIDEWIRE", build::program("tidewire")?);
    test.env("TIDEWIRE_CASES", super::packed().join("cases.jsonl"));
    let list = Path::new("bindings/end_to_end.json");
    test.env("TIDEWIRE_END_TO_END", std::path::absolute(list).map_err(|error| failed("find", list, &error))?);
    Ok(test)
}

/// The compiler. `TIDEWIRE_SWIFT` names another one than that of the path.
fn swift() -> Command {
    Command::new(program())
}

fn program() -> String {
    env::var("TIDEWIRE_SWIFT").unwrap_or_else(|_| "swift".into())
}

fn compiler() -> Result<(), Trouble> {
    let missing = |what: String| Trouble::Missing { what, install: INSTALL.into() };
    let said = output_of(&program(), &["--version"]).ok_or_else(|| missing("Swift is missing".into()))?;
    match version(&said) {
        Some(version) if version < OLDEST => Err(missing(format!("Swift {version} is older than {OLDEST}"))),
        _ => Ok(()),
    }
}

/// The oldest Swift that reads the package: its language mode is 6.
const OLDEST: u32 = 6;

/// The first number of `Swift version 6.0.3 (…)`.
fn version(said: &str) -> Option<u32> {
    said.split("Swift version ").nth(1)?.split('.').next()?.parse().ok()
}

fn package() -> PathBuf {
    super::packed().join("swift")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_swift_is_read() {
        let apple = "swift-driver version: 1.115.1 Apple Swift version 6.1.2 (swiftlang-6.1.2.1.2)";
        assert_eq!(
            ["Swift version 6.0.3 (swift-6.0.3-RELEASE)\n", apple, "Swift version 5.10", ""].map(version),
            [Some(6), Some(6), Some(5), None]
        );
    }
}
