//! The native library for phones, as far as that goes without their linkers: it is type-checked and linted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::run::{Trouble, run as run_command};
use crate::tools;

const TARGETS: [&str; 4] =
    ["aarch64-linux-android", "armv7-linux-androideabi", "aarch64-apple-ios", "aarch64-apple-ios-sim"];

/// Stands in for a C compiler and an archiver: nothing is linked, so it is enough that their files exist.
const STUB: &str = r#"#!/bin/sh
case "$1" in
cq*) : > "$2" ;;
esac
while [ $# -gt 1 ]; do
    if [ "$1" = -o ]; then : > "$2"; fi
    shift
done
"#;

/// Checks the library for each target, with the oldest Rust that is promised if the one in use cannot be had for it.
pub(crate) fn check() -> Result<(), Trouble> {
    tools::component("clippy", "clippy")?;
    let folder = folder()?;
    let stub = stub(&folder)?;
    let oldest = tools::promised_rust()?;
    let mut missing = Vec::new();
    for target in TARGETS {
        let mut check = match tools::target(target) {
            Ok(()) => {
                let mut check = Command::new("cargo");
                check.args([
                    "clippy",
                    "--package",
                    "tidewire-ffi",
                    "--target",
                    target,
                    "--",
                    "-D",
                    "warnings",
                ]);
                check
            }
            Err(Trouble::Missing { .. }) if tools::target_of(&oldest, target).is_ok() => {
                let mut check = Command::new("rustup");
                check.args(["run", &oldest, "cargo", "check", "--target-dir", "target/msrv"]);
                check.args(["--package", "tidewire-ffi", "--target", target]);
                check
            }
            Err(Trouble::Missing { .. }) => {
                missing.push(target);
                continue;
            }
            Err(trouble) => return Err(trouble),
        };
        for tool in ["CC", "AR"] {
            check.env(format!("{tool}_{}", target.replace('-', "_")), &stub);
        }
        if target.contains("apple") {
            // Otherwise Apple's tools are asked for it.
            check.env("SDKROOT", &folder);
        }
        run_command(&mut check)?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(" ");
    Err(Trouble::Missing {
        what: format!("not checked for want of a standard library: {missing}"),
        install: format!("rustup target add {missing}"),
    })
}

fn folder() -> Result<PathBuf, Trouble> {
    let path = build::target_folder().join("cross");
    let cannot = |error| Trouble::Failed(format!("cannot make {}: {error}", path.display()));
    fs::create_dir_all(&path).map_err(cannot)?;
    std::path::absolute(&path).map_err(cannot)
}

fn stub(folder: &Path) -> Result<PathBuf, Trouble> {
    let path = folder.join("stub.sh");
    let cannot = |error| Trouble::Failed(format!("cannot write {}: {error}", path.display()));
    fs::write(&path, STUB).map_err(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(cannot)?;
    }
    Ok(path)
}
