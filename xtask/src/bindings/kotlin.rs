//! The Kotlin package: jars with the API and with the native library, as a Maven repository in `target/bindings/kotlin`.

pub(crate) mod android;

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::library;
use crate::build;
use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command};

const SOURCES: &str = "bindings/kotlin";
/// The oldest Java that runs the build and the tests. The jars themselves run with 11.
const OLDEST_JAVA: u32 = 17;
const INSTALL: &str = "sudo apt-get install default-jdk-headless maven";

/// Generates the API, builds the jars, and packs them into a repository of their own. The native library has been built.
pub(crate) fn pack() -> Result<(), Trouble> {
    tools()?;
    let work = work();
    for part in ["generated", "natives", "repository"] {
        let folder = work.join(part);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .map_err(|error| Trouble::Failed(format!("cannot remove {}: {error}", folder.display())))?;
        }
    }
    library::generate("kotlin", &work.join("generated"))?;
    library::strip_into(&work.join("natives").join(platform()))?;
    let repository = repository(&work);
    let mut deploy = maven(SOURCES);
    deploy.arg(format!("-DaltDeploymentRepository=packed::{repository}"));
    run_command(deploy.args(["clean", "deploy"]))?;
    android::pack()?;
    say!("packed into {repository}");
    Ok(())
}

/// Packs, and runs the tests, which are a project of their own that uses the packed jars.
pub(crate) fn test() -> Result<(), Trouble> {
    library::build()?;
    pack()?;
    let mut test = maven(&format!("{SOURCES}/tests"));
    test.env("TIDEWIRE", build::program("tidewire")?);
    test.env("TIDEWIRE_CASES", super::packed().join("cases.jsonl"));
    run_command(test.args(["clean", "test"]))
}

/// The same with ten times as many cancellations and absences.
pub(crate) fn test_long() -> Result<(), Trouble> {
    tools()?;
    let mut test = maven(&format!("{SOURCES}/tests"));
    test.env("TIDEWIRE", build::program("tidewire")?).env("TIDEWIRE_LONG", "1");
    run_command(test.args(["-Dtest=CancellationTest,AbsenceTest", "test"]))
}

/// Maven in a project, with the folder of what was built for it.
fn maven(project: &str) -> Command {
    let work = work();
    let mut maven = Command::new(MAVEN);
    maven.args(["--batch-mode", "--no-transfer-progress", "--file"]).arg(format!("{project}/pom.xml"));
    maven.arg(format!("-Dtidewire.work={}", work.display()));
    maven.arg(format!("-Dtidewire.repository={}", repository(&work)));
    maven
}

fn tools() -> Result<(), Trouble> {
    let missing = |what: &str| Trouble::Missing { what: what.into(), install: INSTALL.into() };
    let compiler =
        output_of("javac", &["-version"]).ok_or_else(|| missing("the Java development kit is missing"))?;
    if java_version(&compiler).is_some_and(|version| version < OLDEST_JAVA) {
        return Err(missing(&format!("{} is older than {OLDEST_JAVA}", compiler.trim())));
    }
    output_of(MAVEN, &["--version"]).ok_or_else(|| missing("Maven is missing"))?;
    Ok(())
}

const MAVEN: &str = if cfg!(windows) { "mvn.cmd" } else { "mvn" };

/// The first number of `javac 17.0.15`.
fn java_version(said: &str) -> Option<u32> {
    said.split_whitespace().nth(1)?.split(['.', '-']).next()?.parse().ok()
}

/// This system, as JNA names it.
fn platform() -> String {
    let system = match OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let processor = if ARCH == "x86_64" { "x86-64" } else { ARCH };
    format!("{system}-{processor}")
}

fn work() -> PathBuf {
    super::packed().join("kotlin")
}

fn repository(work: &Path) -> String {
    let path = work.join("repository").display().to_string().replace('\\', "/");
    format!("file://{}{path}", if path.starts_with('/') { "" } else { "/" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_java_is_read() {
        assert_eq!(
            ["javac 17.0.15\n", "javac 21-ea", "javac 1.8.0_292", ""].map(java_version),
            [Some(17), Some(21), Some(1), None]
        );
    }
}
