//! The Python package: one wheel of the native library, the module that is generated for it, and the sources in `bindings/python`.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use super::library;
use crate::build;
use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command};

const SOURCES: &str = "bindings/python";

/// Builds the wheel, and returns its path.
pub(crate) fn pack() -> Result<PathBuf, Trouble> {
    let python = set_up()?;
    let folder = folder();
    let native = folder.join("native");
    library::generate("python", &native)?;
    library::strip_into(&native)?;
    for old in wheels(&folder) {
        fs::remove_file(&old).map_err(cannot("remove", &old))?;
    }
    // What builds it is installed already.
    let mut pip = pip(&python, "wheel");
    pip.args(["--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir"]).arg(&folder).arg(SOURCES);
    run_command(pip.env("TIDEWIRE_NATIVE", &native))?;
    let wheel = wheels(&folder).pop().ok_or_else(|| Trouble::Failed("pip made no wheel".into()))?;
    let size = fs::metadata(&wheel).map_err(cannot("read", &wheel))?.len();
    say!("{}: {size} bytes", wheel.display());
    Ok(wheel)
}

/// Builds the wheel, installs it, and tests what is installed.
pub(crate) fn test() -> Result<(), Trouble> {
    let wheel = pack()?;
    let python = python();
    run_command(
        pip(&python, "install").args(["--no-deps", "--no-index", "--force-reinstall", "--quiet"]).arg(&wheel),
    )?;
    run_command(pytest()?.env("TIDEWIRE_WHEEL", &wheel))
}

/// The cancellations, ten times as many, with the wheel that `test` installed.
pub(crate) fn test_long() -> Result<(), Trouble> {
    run_command(pytest()?.arg("tests/test_cancellation.py").env("TIDEWIRE_LONG", "1"))
}

fn pytest() -> Result<Command, Trouble> {
    let mut pytest = Command::new(python());
    pytest.args(["-m", "pytest", "-q"]).current_dir(SOURCES).env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("TIDEWIRE", build::program("tidewire")?);
    pytest.env("TIDEWIRE_CASES", super::packed().join("cases.jsonl"));
    Ok(pytest)
}

/// Sets up a virtual environment with what builds and tests the wheel, once for each list of versions, and returns its Python.
fn set_up() -> Result<PathBuf, Trouble> {
    let Some(version) = output_of("python3", &["--version"]) else {
        return Err(missing("Python is missing"));
    };
    let folder = folder();
    fs::create_dir_all(&folder).map_err(cannot("create", &folder))?;
    let requirements = Path::new(SOURCES).join("requirements.txt");
    let listed = fs::read_to_string(&requirements).map_err(cannot("read", &requirements))?;
    let (stamp, content) = (folder.join("venv.stamp"), format!("{version}{listed}"));
    let python = python();
    if fs::read_to_string(&stamp).is_ok_and(|stamped| stamped == content) && python.exists() {
        return Ok(python);
    }
    let venv = run_command(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")));
    venv.map_err(|trouble| or_interrupted(trouble, missing("Python's venv is missing")))?;
    run_command(pip(&python, "install").arg("--quiet").arg("--requirement").arg(&requirements)).map_err(
        |trouble| {
            let install = format!("{} -m pip install -r {}", python.display(), requirements.display());
            or_interrupted(
                trouble,
                Trouble::Missing { what: "what tests the Python package is missing".into(), install },
            )
        },
    )?;
    fs::write(&stamp, content).map_err(cannot("write", &stamp))?;
    Ok(python)
}

fn folder() -> PathBuf {
    super::packed().join("python")
}

fn python() -> PathBuf {
    folder().join(if cfg!(windows) { "venv/Scripts/python.exe" } else { "venv/bin/python" })
}

fn pip(python: &Path, subcommand: &str) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", subcommand, "--disable-pip-version-check"]);
    pip
}

fn wheels(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.filter_map(|entry| absolute(entry.path()).ok());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "whl")).collect()
}

fn missing(what: &str) -> Trouble {
    let install = if cfg!(target_os = "macos") {
        "brew install python"
    } else if cfg!(windows) {
        "winget install Python.Python.3.13"
    } else {
        "sudo apt-get install python3-venv"
    };
    Trouble::Missing { what: what.into(), install: install.into() }
}

fn or_interrupted(trouble: Trouble, otherwise: Trouble) -> Trouble {
    if matches!(trouble, Trouble::Interrupted) { trouble } else { otherwise }
}

fn cannot(verb: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Trouble {
    let what = format!("cannot {verb} {}", path.display());
    move |error| Trouble::Failed(format!("{what}: {error}"))
}
