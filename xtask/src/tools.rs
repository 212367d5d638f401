//! Tools that a check needs: found, or installed if one command does that, or else reported as missing.

use std::fs;
use std::process::Command;

use crate::report::say;
use crate::run::{Trouble, output_of, run};

/// The package manager that comes with Node.
pub(crate) const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// A component of the toolchain in use, such as `clippy`.
pub(crate) fn component(name: &'static str, subcommand: &str) -> Result<(), Trouble> {
    if output_of("cargo", &[subcommand, "--version"]).is_some() {
        return Ok(());
    }
    rustup(&["component", "add", name], &format!("{name} is missing"))
}

/// The standard library for a target.
pub(crate) fn target(triple: &'static str) -> Result<(), Trouble> {
    let installed = output_of("rustup", &["target", "list", "--installed"]).unwrap_or_default();
    if installed.lines().any(|line| line.trim() == triple) {
        return Ok(());
    }
    rustup(&["target", "add", triple], &format!("the target {triple} is missing"))
}

/// The same for another toolchain, which is installed if need be.
pub(crate) fn target_of(version: &str, triple: &'static str) -> Result<(), Trouble> {
    toolchain(version)?;
    let arguments = ["target", "add", "--toolchain", version, triple];
    rustup(&arguments, &format!("the target {triple} is missing"))
}

/// OpenSSL's headers, which the client's feature `native-tls` needs where the platform has no TLS of its own.
pub(crate) fn openssl() -> Result<(), Trouble> {
    let is_needed = cfg!(not(any(windows, target_vendor = "apple")));
    if !is_needed || output_of("pkg-config", &["--exists", "openssl"]).is_some() {
        return Ok(());
    }
    let install = "sudo apt-get install libssl-dev pkg-config".into();
    Err(Trouble::Missing { what: "OpenSSL's headers or pkg-config are missing".into(), install })
}

/// A whole toolchain, by its exact version.
pub(crate) fn toolchain(version: &str) -> Result<(), Trouble> {
    let installed = output_of("rustup", &["toolchain", "list"]).unwrap_or_default();
    if installed.lines().any(|line| line.starts_with(&format!("{version}-"))) {
        return Ok(());
    }
    rustup(&["toolchain", "install", version, "--profile", "minimal"], &format!("Rust {version} is missing"))
}

/// The workspace's `rust-version`, as rustup names it.
pub(crate) fn promised_rust() -> Result<String, Trouble> {
    let manifest = fs::read_to_string("Cargo.toml")
        .map_err(|error| Trouble::Failed(format!("cannot read Cargo.toml: {error}")))?;
    rust_version(&manifest).ok_or_else(|| Trouble::Failed("Cargo.toml has no rust-version".into()))
}

/// Options for `cargo check` that spare it AWS-LC, which is C and takes a minute to compile: cargo then runs no build script for it, and
/// gets what the script would say from here. Enough for a check, which links nothing.
pub(crate) fn without_aws_lc() -> Result<Vec<String>, Trouble> {
    let failed = |why: &str| Trouble::Failed(format!("cannot leave AWS-LC out: {why}"));
    let metadata = output_of("cargo", &["metadata", "--format-version", "1", "--filter-platform", &host()?])
        .ok_or_else(|| failed("cargo metadata failed"))?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| failed(&error.to_string()))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let library = packages.filter_map(|package| package["links"].as_str()).find(|links| {
        links.strip_prefix("aws_lc_").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    });
    let library = library.ok_or_else(|| failed("no package links it"))?;
    let table = format!("target.{}.{library}", host()?);
    let settings = [format!("{table}.rustc-cfg=['universal']"), format!("{table}.include='not built'")];
    Ok(settings.into_iter().flat_map(|setting| ["--config".to_owned(), setting]).collect())
}

/// The name of this machine's target.
pub(crate) fn host() -> Result<String, Trouble> {
    let version = output_of("rustc", &["--version", "--verbose"]).unwrap_or_default();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Trouble::Failed("rustc does not name its host".into()))
}

/// The program of cargo-deny.
pub(crate) fn cargo_deny() -> Result<String, Trouble> {
    let own = format!("{TOOLS}/bin/cargo-deny");
    for program in [own.as_str(), "cargo-deny"] {
        let version = output_of(program, &["--version"]).unwrap_or_default();
        // The settings in deny.toml are those of this series.
        if version.trim().starts_with("cargo-deny 0.20.") {
            return Ok(program.into());
        }
    }
    say!("installing cargo-deny {CARGO_DENY} into {TOOLS}, once; this takes about a minute on 2 cores");
    let arguments = ["install", "--locked", "--root", TOOLS, "cargo-deny", "--version", CARGO_DENY];
    let mut install = Command::new("cargo");
    // It runs for a second, so the optimizations of its release profile cost far more than they gain.
    for (name, value) in [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "16"), ("DEBUG", "false")] {
        install.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
    }
    run(install.args(arguments)).or_else(missing("cargo-deny is missing", "cargo", &arguments))?;
    Ok(own)
}

/// The program of cargo-fuzz, and the nightly compiler that it needs.
pub(crate) fn cargo_fuzz() -> Result<String, Trouble> {
    toolchain("nightly")?;
    let own = format!("{TOOLS}/bin/cargo-fuzz");
    for program in [own.as_str(), "cargo-fuzz"] {
        if output_of(program, &["--version"]).is_some_and(|version| version.starts_with("cargo-fuzz 0.13.")) {
            return Ok(program.into());
        }
    }
    say!("installing cargo-fuzz {CARGO_FUZZ} into {TOOLS}, once; this takes about a minute on 2 cores");
    let arguments = ["install", "--locked", "--root", TOOLS, "cargo-fuzz", "--version", CARGO_FUZZ];
    run(Command::new("cargo").args(arguments)).or_else(missing(
        "cargo-fuzz is missing",
        "cargo",
        &arguments,
    ))?;
    Ok(own)
}

/// Turns the failure of an install command into the command to try by hand.
pub(crate) fn missing<'a>(
    what: &'a str,
    program: &'a str,
    arguments: &'a [&str],
) -> impl FnOnce(Trouble) -> Result<(), Trouble> + 'a {
    move |trouble| match trouble {
        Trouble::Interrupted => Err(Trouble::Interrupted),
        Trouble::Failed(_) | Trouble::Missing { .. } | Trouble::LeftOut { .. } | Trouble::Usage(_) => {
            Err(Trouble::Missing { what: what.into(), install: format!("{program} {}", arguments.join(" ")) })
        }
    }
}

const TOOLS: &str = "target/tools";
const CARGO_DENY: &str = "0.20.2";
const CARGO_FUZZ: &str = "0.13.2";

fn rustup(arguments: &[&str], what: &str) -> Result<(), Trouble> {
    run(Command::new("rustup").args(arguments)).or_else(missing(what, "rustup", arguments))
}

fn rust_version(manifest: &str) -> Option<String> {
    let value = manifest.lines().find_map(|line| line.trim().strip_prefix("rust-version"))?;
    let version = value.split('"').nth(1)?;
    // `1.88` would name a toolchain that changes with each patch release.
    Some(if version.split('.').count() == 2 { format!("{version}.0") } else { version.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_promised_rust_is_an_exact_version() {
        for (manifest, want) in [
            ("[workspace.package]\nrust-version = \"1.88\"\n", Some("1.88.0")),
            ("rust-version=\"1.90.1\"", Some("1.90.1")),
            ("edition = \"2024\"", None),
        ] {
            assert_eq!(rust_version(manifest).as_deref(), want);
        }
    }
}
