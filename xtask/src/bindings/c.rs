//! The C package: its header, the library in both forms, and the tests of what is packed.

mod upstream;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::upstream::{Authority, Upstream};
use super::library;
use crate::build;
use crate::report::say;
use crate::run::{Trouble, output_of, run as run_command, run_and_keep};

/// The sources of the package.
const SOURCES: &str = "bindings/c";
/// How many streams the test opens and frees.
const ROUNDS: &str = "1000";

/// Writes the header, and packs.
pub(super) fn make() -> Result<(), Trouble> {
    header("write")?;
    pack()
}

/// Writes the header, or checks the committed one.
fn header(command: &str) -> Result<(), Trouble> {
    run_command(Command::new(build::program("xtask-header")?).arg(command))
}

/// Packs what `library::build` has built.
fn pack() -> Result<(), Trouble> {
    let folder = packed();
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
    }
    let (include, lib) = (folder.join("include"), folder.join("lib"));
    fs::create_dir_all(&include).map_err(|error| cannot_write(&include, &error))?;
    copy(&Path::new(SOURCES).join("tidewire.h"), &include)?;
    for file in ["README.md", "example.c", "example.cpp"] {
        copy(&Path::new(SOURCES).join(file), &folder)?;
    }
    let go = folder.join("go");
    fs::create_dir_all(&go).map_err(|error| cannot_write(&go, &error))?;
    for file in ["go.mod", "main.go"] {
        copy(&Path::new(SOURCES).join("go").join(file), &go)?;
    }
    for file in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(Path::new(file), &folder)?;
    }
    library::strip_into(&lib)?;
    let archive = lib.join("libtidewire_ffi.a");
    run_command(
        Command::new("strip").args(["--strip-debug", "-o"]).arg(&archive).arg(library::static_path()),
    )?;
    let size = fs::metadata(&archive).map_err(|error| cannot_write(&archive, &error))?.len();
    say!("{}: {size} bytes", archive.display());
    Ok(())
}

/// Checks the header, packs, and tests the package from outside: in C, C++ and Go.
pub(crate) fn test() -> Result<(), Trouble> {
    let needed = [
        ("gcc", "--version", "gcc libc6-dev"),
        ("g++", "--version", "g++"),
        ("strip", "--version", "binutils"),
        ("go", "version", "golang-go"),
        ("openssl", "version", "openssl"),
    ];
    for (program, asks, package) in needed {
        if output_of(program, &[asks]).is_none() {
            let install = format!("sudo apt-get install {package}");
            return Err(Trouble::Missing { what: format!("{program} is missing"), install });
        }
    }
    header("check")?;
    pack()?;
    let programs = Programs::build()?;
    let authority = Authority::new(&programs.folder)?;
    let plain = Upstream::start(&[])?;
    let over_tls = Upstream::start(&authority.options())?;
    let rows = Path::new("bindings/end_to_end.json");
    run_command(Command::new(programs.path("cases")).arg(super::packed().join("cases.jsonl")))?;
    run_command(Command::new(programs.path("end_to_end")).arg(rows).arg(plain.url()))?;
    run_command(
        Command::new(programs.path("end_to_end")).arg(rows).arg(over_tls.url()).arg(authority.file()),
    )?;
    let mut behaviour = Command::new(programs.path("behaviour"));
    run_command(behaviour.args([plain.url(), over_tls.url()]).arg(authority.file()).arg(ROUNDS))?;
    programs.examples(&plain)
}

/// The programs of the test, in a folder beside the package.
struct Programs {
    folder: PathBuf,
}

impl Programs {
    fn build() -> Result<Self, Trouble> {
        let folder = super::packed().join("c-tests");
        fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
        let programs = Self { folder };
        let test = |name: &str| Path::new(SOURCES).join("tests").join(name);
        let json = test("json.c");
        programs.compile("gcc", "cases", &[&test("cases.c"), &json], Link::Shared)?;
        programs.compile("gcc", "end_to_end", &[&test("end_to_end.c"), &json], Link::Shared)?;
        programs.compile("gcc", "behaviour", &[&test("behaviour.c")], Link::Shared)?;
        let example = packed().join("example.c");
        programs.compile("gcc", "example", &[&example], Link::Shared)?;
        programs.compile("gcc", "example-static", &[&example], Link::Static)?;
        programs.compile("g++", "example-cpp", &[&packed().join("example.cpp")], Link::Shared)?;
        programs.compile_go()?;
        Ok(programs)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn compile(&self, compiler: &str, name: &str, sources: &[&Path], link: Link) -> Result<(), Trouble> {
        let standard = if compiler == "g++" { "-std=c++17" } else { "-std=c99" };
        let mut command = Command::new(compiler);
        command
            .args([standard, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(packed().join("include"));
        command.args(sources).arg("-o").arg(self.path(name));
        match link {
            Link::Shared => {
                let lib = packed().join("lib");
                command.arg("-L").arg(&lib).args(["-ltidewire_ffi", "-lpthread"]);
                command.arg(format!("-Wl,-rpath,{}", lib.display()));
            }
            Link::Static => {
                command.arg(packed().join("lib/libtidewire_ffi.a")).args(["-lpthread", "-ldl", "-lm"]);
            }
        }
        run_command(&mut command)
    }

    fn compile_go(&self) -> Result<(), Trouble> {
        let lib = packed().join("lib");
        let mut command = Command::new("go");
        command.args(["build", "-o"]).arg(self.path("example-go")).arg(".");
        command.current_dir(packed().join("go"));
        command.env("CGO_ENABLED", "1").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
        command.env("GOFLAGS", "-buildvcs=false");
        command.env("CGO_CFLAGS", format!("-I{}", packed().join("include").display()));
        command.env("CGO_LDFLAGS", format!("-L{0} -Wl,-rpath,{0}", lib.display()));
        run_command(&mut command)
    }

    /// Runs the examples, and that of the README as it is printed there, except for the address.
    fn examples(&self, upstream: &Upstream) -> Result<(), Trouble> {
        let url = |path: &str| format!("{}{path}", upstream.url());
        for name in ["example", "example-static"] {
            let reply = url("/llm?dialect=anthropic&interval_ms=0");
            let lines = self.lines(name, &[&reply, "why \"tide\"?"])?;
            expect(name, lines.join("\n").contains("海面很平静"))?;
        }
        let lines = self.lines("example-cpp", &[&url("/flaky?interval_ms=0&events=30&key=cpp")])?;
        expect("example-cpp", lines.len() == 33 && lines.last().is_some_and(|line| line == "complete 32"))?;
        let flaky = url("/flaky?interval_ms=0&events=30&key=go");
        let lines = self.lines("example-go", &[&flaky, &url("/stall?interval_ms=0")])?;
        expect("example-go", lines.last().is_some_and(|line| line == "32 events"))?;

        let readme = packed().join("README.md");
        let text = fs::read_to_string(&readme).map_err(|error| cannot_write(&readme, &error))?;
        let example = text.split("```c\n").nth(1).and_then(|rest| rest.split("```").next());
        let example = example.ok_or_else(|| Trouble::Failed("the README has no example".into()))?;
        let source = self.path("events.c");
        fs::write(&source, example.replace("http://127.0.0.1:8787", upstream.url()))
            .map_err(|error| cannot_write(&source, &error))?;
        self.compile("gcc", "events", &[&source], Link::Shared)?;
        let lines = self.lines("events", &[])?;
        expect("the README's example", lines.len() == 11 && lines.last().is_some_and(|line| line == "ended"))
    }

    /// What a program prints.
    fn lines(&self, name: &str, arguments: &[&str]) -> Result<Vec<String>, Trouble> {
        let (lines, result) = run_and_keep(Command::new(self.path(name)).args(arguments));
        result.map(|()| lines)
    }
}

/// How a program is linked.
#[derive(Clone, Copy, Debug)]
enum Link {
    Shared,
    Static,
}

fn expect(what: &str, holds: bool) -> Result<(), Trouble> {
    if holds { Ok(()) } else { Err(Trouble::Failed(format!("{what} does not print what it should"))) }
}

/// The folder of the package.
fn packed() -> PathBuf {
    super::packed().join("c")
}

fn copy(file: &Path, folder: &Path) -> Result<(), Trouble> {
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, folder.join(name)).map_err(|error| cannot_write(file, &error))?;
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Failed(format!("{}: {error}", path.display()))
}
