//! The Android package: an AAR with the classes, and with the native libraries that were built for Android.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::elf;
use super::{SOURCES, maven, repository, work};
use crate::build;
use crate::report::{say, yellow};
use crate::run::{Trouble, run as run_command};

/// The processors of phones and emulators: Android's name, and the compiler's.
const ABIS: [(&str, &str); 4] = [
    ("arm64-v8a", "aarch64-linux-android"),
    ("armeabi-v7a", "armv7-linux-androideabi"),
    ("x86_64", "x86_64-linux-android"),
    ("x86", "i686-linux-android"),
];
const LIBRARY: &str = "libtidewire_ffi.so";

/// Zips the AAR and puts it into the repository of packages. Its classes have been built.
pub(super) fn pack() -> Result<(), Trouble> {
    let content = work().join("aar");
    empty(&content)?;
    let sources = Path::new(SOURCES).join("android");
    for (from, name) in [
        (sources.join("src/main/AndroidManifest.xml"), "AndroidManifest.xml"),
        (sources.join("src/main/proguard.txt"), "proguard.txt"),
        (sources.join("target/classes.jar"), "classes.jar"),
    ] {
        copy(&from, &content.join(name))?;
    }
    // It has no resources.
    fs::write(content.join("R.txt"), "").map_err(|error| cannot("write", &content, &error))?;
    let missing = add_libraries(&content)?;

    let aar = work().join("tidewire-android.aar");
    let mut jar = Command::new("jar");
    jar.args(["--create", "--no-manifest", "--file"]).arg(&aar).arg("-C").arg(&content).arg(".");
    run_command(&mut jar)?;
    let mut deploy = maven(SOURCES);
    deploy.args(["--non-recursive", "deploy:deploy-file", "-Dpackaging=aar", "-DrepositoryId=packed"]);
    // Maven takes a relative path for one below the project.
    let pom =
        std::path::absolute(sources.join("aar.pom.xml")).map_err(|error| cannot("find", &sources, &error))?;
    deploy.arg(format!("-DpomFile={}", pom.display()));
    deploy.arg(format!("-Dfile={}", aar.display())).arg(format!("-Durl={}", repository(&work())));
    run_command(&mut deploy)?;
    if !missing.is_empty() {
        say!(
            "{}",
            yellow(format!(
                "the AAR has no library for {}; the NDK and cargo-ndk make one:",
                missing.join(", ")
            ))
        );
        let names: Vec<_> = missing.iter().map(|abi| format!("-t {abi}")).collect();
        say!(
            "  cargo ndk {} -P 24 build -p tidewire-ffi --profile ffi --config 'profile.ffi.strip=\"symbols\"'",
            names.join(" ")
        );
    }
    Ok(())
}

/// Runs the packed AAR on the JVM, with Robolectric in place of Android and the native library of this system.
pub(crate) fn test() -> Result<(), Trouble> {
    let unpacked = work().join("aar-unpacked");
    empty(&unpacked)?;
    let mut jar = Command::new("jar");
    run_command(
        jar.arg("--extract").arg("--file").arg(work().join("tidewire-android.aar")).current_dir(&unpacked),
    )?;
    let mut test = maven(&format!("{SOURCES}/android-tests"));
    test.arg(format!("-Dtidewire.aar={}", unpacked.display()));
    test.env("TIDEWIRE", build::program("tidewire")?);
    run_command(test.args(["clean", "test"]))
}

/// Copies the libraries from where cargo leaves them, and returns the ABIs for which there is none.
fn add_libraries(content: &Path) -> Result<Vec<&'static str>, Trouble> {
    let mut missing = Vec::new();
    for (abi, target) in ABIS {
        let library = build::target_folder().join(target).join("ffi").join(LIBRARY);
        if !library.exists() {
            missing.push(abi);
            continue;
        }
        elf::check_pages(&library)?;
        let folder = content.join("jni").join(abi);
        empty(&folder)?;
        copy(&library, &folder.join(LIBRARY))?;
    }
    Ok(missing)
}

fn empty(folder: &Path) -> Result<(), Trouble> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| cannot("remove", folder, &error))?;
    }
    fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))
}

fn copy(from: &PathBuf, to: &Path) -> Result<(), Trouble> {
    fs::copy(from, to).map_err(|error| cannot("copy", from, &error))?;
    Ok(())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Failed(format!("cannot {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    /// The verifier's part in Java and its part in Rust are of one version, which the Kotlin code and the README name.
    #[test]
    fn the_verifier_is_of_the_locked_version() {
        let lock = include_str!("../../../../Cargo.lock");
        let (_, package) =
            lock.split_once("name = \"rustls-platform-verifier-android\"\nversion = \"").unwrap();
        let (version, _) = package.split_once('"').unwrap();
        let component = format!("rustls:rustls-platform-verifier:{version}\"");
        for text in [
            include_str!(
                "../../../../bindings/kotlin/android/src/main/kotlin/dev/tidewire/android/PlatformVerifier.kt"
            ),
            include_str!("../../../../bindings/kotlin/README.md"),
        ] {
            assert!(text.contains(&component), "{component} is not named");
        }
    }
}
