//! Installs the third-party servers of `tests/servers`, and Prometheus, into `target/servers`, once for each list of versions.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{dim, say};
use crate::run::{Trouble, output_of, run};
use crate::tools::NPM;

/// Installs Flask and FastAPI into a virtual environment.
pub(crate) fn set_up_python() -> Result<(), Trouble> {
    PYTHON.set_up()
}

/// Installs llama.cpp's server and what writes its model: about 14 seconds and 210 MB.
pub(crate) fn set_up_llama() -> Result<(), Trouble> {
    LLAMA.set_up()
}

/// A Python virtual environment with packages in it.
struct Environment {
    what: &'static str,
    folder: &'static str,
    requirements: &'static str,
    /// A statement that must then work.
    imports: &'static str,
}

const PYTHON: Environment = Environment {
    what: "Flask and FastAPI",
    folder: "venv",
    requirements: "requirements.txt",
    imports: "import flask, fastapi",
};

const LLAMA: Environment = Environment {
    what: "llama.cpp's server",
    folder: "venv-llama",
    requirements: "requirements-llama.txt",
    imports: "import gguf, xllamacpp",
};

impl Environment {
    fn python(&self) -> PathBuf {
        servers().join(self.folder).join("bin/python")
    }

    fn set_up(&self) -> Result<(), Trouble> {
        if cfg!(windows) {
            return Err(Trouble::Missing {
                what: format!("{} needs a Unix", self.what),
                install: "use WSL".into(),
            });
        }
        let requirements = sources().join(self.requirements);
        let Some(version) = output_of("python3", &["--version"]) else {
            return Err(missing("Python", "python3-venv", "python"));
        };
        let python = self.python();
        let stamp = Stamp::new(self.folder, format!("{version}{}", read(&requirements)?));
        if stamp.holds() && output_of(&text(&python), &["-c", self.imports]).is_some() {
            say!("{}", dim("already there"));
            return Ok(());
        }
        stamp.clear()?;
        run(Command::new("python3").args(["-m", "venv"]).arg(servers().join(self.folder)))
            .map_err(|trouble| or_interrupted(trouble, missing("Python's venv", "python3-venv", "python")))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--requirement"]);
        let install = format!("{} -m pip install -r {}", text(&python), text(&requirements));
        run(pip.arg(requirements)).map_err(|trouble| {
            or_interrupted(trouble, Trouble::Missing { what: self.what.into(), install })
        })?;
        stamp.set()
    }

    /// Its Python, if it is set up.
    fn found(&self) -> Option<PathBuf> {
        let stamp = servers().join(format!("{}.stamp", self.folder));
        (stamp.exists() && works(&text(&self.python()))).then(|| self.python())
    }
}

/// Installs better-sse, next to a copy of the app: an ES module finds packages only from its own folder.
pub(crate) fn set_up_node() -> Result<(), Trouble> {
    if !works("node") || !works(NPM) {
        return Err(missing("Node", "nodejs npm", "node"));
    }
    let folder = node_folder();
    fs::create_dir_all(&folder).map_err(cannot("create", &folder))?;
    for name in ["better_sse.mjs", "package.json", "package-lock.json", ".npmrc"] {
        let from = sources().join(name);
        fs::copy(&from, folder.join(name)).map_err(cannot("copy", &from))?;
    }
    let stamp = Stamp::new("node/node_modules", read(&sources().join("package-lock.json"))?);
    if stamp.holds() {
        say!("{}", dim("already there"));
        return Ok(());
    }
    stamp.clear()?;
    run(Command::new(NPM).arg("ci").current_dir(&folder)).map_err(|trouble| {
        let install = format!("cd {} && npm ci", folder.display());
        or_interrupted(trouble, Trouble::Missing { what: "better-sse".into(), install })
    })?;
    stamp.set()
}

/// Finds nginx, or unpacks Debian's package without installing it, so that no service is started.
pub(crate) fn set_up_nginx() -> Result<(), Trouble> {
    if let Some(program) = nginx() {
        say!("{}", dim(format!("already there: {program}")));
        return Ok(());
    }
    debian_package("nginx")?;
    nginx().map(|_| ()).ok_or_else(|| missing("nginx", "nginx", "nginx"))
}

/// The same for Prometheus and promtool, which evaluate the alert rules of the examples.
pub(crate) fn set_up_prometheus() -> Result<(), Trouble> {
    if let [Some(program), Some(_)] = PROMETHEUS.map(|(name, _)| prometheus(name)) {
        say!("{}", dim(format!("already there: {program}")));
        return Ok(());
    }
    debian_package("prometheus")?;
    found_prometheus().map(|_| ()).ok_or_else(|| missing("prometheus", "prometheus", "prometheus"))
}

/// Unpacks a Debian package into a folder, without installing it.
fn debian_package(name: &'static str) -> Result<(), Trouble> {
    let absent = || missing(name, name, name);
    if !works("apt-get") {
        return Err(absent());
    }
    let folder = servers().join(name);
    fs::create_dir_all(&folder).map_err(cannot("create", &folder))?;
    let download = || run(Command::new("apt-get").args(["download", name]).current_dir(&folder));
    if let Err(trouble) = download() {
        // A fresh machine has no package lists yet, and only root may fetch them.
        run(Command::new("apt-get").arg("update"))
            .and_then(|()| download())
            .map_err(|_| or_interrupted(trouble, absent()))?;
    }
    let package = fs::read_dir(&folder)
        .map_err(cannot("read", &folder))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(absent)?;
    run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&folder))
        .map_err(|trouble| or_interrupted(trouble, absent()))
}

/// The installed servers, as the variables that the test reads (`tests/servers/README.md`).
pub(crate) fn found() -> Vec<(&'static str, OsString)> {
    let mut found = Vec::new();
    if let Some(python) = PYTHON.found() {
        found.push(("TIDEWIRE_PY", absolute(python)));
        found.push(("PYTHONDONTWRITEBYTECODE", "1".into()));
    }
    if servers().join("node/node_modules.stamp").exists() && works("node") {
        found.push(("TIDEWIRE_NODE_SERVERS", absolute(node_folder())));
    }
    if found.is_empty() {
        return found;
    }
    if let Some(program) = nginx() {
        found.push(("TIDEWIRE_NGINX", absolute(program.into())));
    }
    found.push(("TIDEWIRE_SERVERS", "1".into()));
    found
}

/// The same for llama.cpp's server.
pub(crate) fn found_llama() -> Option<(&'static str, OsString)> {
    LLAMA.found().map(|python| ("TIDEWIRE_LLAMA", absolute(python)))
}

/// The same for Prometheus and promtool; both or none.
pub(crate) fn found_prometheus() -> Option<Vec<(&'static str, OsString)>> {
    PROMETHEUS
        .into_iter()
        .map(|(name, variable)| Some((variable, absolute(prometheus(name)?.into()))))
        .collect()
}

/// Prometheus's programs, and the variables that name them.
const PROMETHEUS: [(&str, &str); 2] =
    [("prometheus", "TIDEWIRE_PROMETHEUS"), ("promtool", "TIDEWIRE_PROMTOOL")];

/// Records next to a folder what it was installed from; the folder is used only while that is unchanged.
struct Stamp {
    folder: PathBuf,
    file: PathBuf,
    content: String,
}

impl Stamp {
    fn new(folder: &str, content: String) -> Self {
        Stamp { folder: servers().join(folder), file: servers().join(format!("{folder}.stamp")), content }
    }

    fn holds(&self) -> bool {
        self.folder.exists() && fs::read_to_string(&self.file).is_ok_and(|content| content == self.content)
    }

    fn clear(&self) -> Result<(), Trouble> {
        for result in [fs::remove_file(&self.file), fs::remove_dir_all(&self.folder)] {
            match result {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(cannot("remove", &self.folder)(error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn set(&self) -> Result<(), Trouble> {
        fs::write(&self.file, &self.content).map_err(cannot("write", &self.file))
    }
}

fn works(program: &str) -> bool {
    output_of(program, &["--version"]).is_some()
}

fn nginx() -> Option<String> {
    let unpacked = text(&servers().join("nginx/usr/sbin/nginx"));
    // Debian installs it where only root's PATH looks.
    let places = ["nginx".to_owned(), "/usr/sbin/nginx".to_owned(), unpacked];
    places.into_iter().find(|program| output_of(program, &["-v"]).is_some())
}

fn prometheus(name: &str) -> Option<String> {
    let unpacked = text(&servers().join("prometheus/usr/bin").join(name));
    [name.to_owned(), unpacked].into_iter().find(|program| works(program))
}

fn sources() -> PathBuf {
    PathBuf::from("tests/servers")
}

fn servers() -> PathBuf {
    PathBuf::from("target/servers")
}

fn node_folder() -> PathBuf {
    servers().join("node")
}

fn missing(what: &str, debian: &str, homebrew: &str) -> Trouble {
    let install = if cfg!(target_os = "macos") {
        format!("brew install {homebrew}")
    } else if cfg!(windows) {
        format!("winget install {what}")
    } else {
        format!("sudo apt-get install {debian}")
    };
    Trouble::Missing { what: format!("{what} is missing"), install }
}

fn or_interrupted(trouble: Trouble, otherwise: Trouble) -> Trouble {
    if matches!(trouble, Trouble::Interrupted) { trouble } else { otherwise }
}

/// The tests run in other folders, so they get absolute paths; a bare name, found on PATH, is kept.
fn absolute(path: PathBuf) -> OsString {
    if path.components().count() == 1 {
        return path.into();
    }
    std::path::absolute(&path).unwrap_or(path).into()
}

fn read(path: &Path) -> Result<String, Trouble> {
    fs::read_to_string(path).map_err(cannot("read", path))
}

fn cannot(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Trouble {
    let what = format!("cannot {verb} {}", path.display());
    move |error| Trouble::Failed(format!("{what}: {error}"))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
