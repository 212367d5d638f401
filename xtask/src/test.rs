//! `cargo xtask test`: everything that must hold before a change goes in.

use std::ffi::OsStr;
use std::process::Command;

use crate::run::{Trouble, run as run_command};
use crate::steps::{self, Choice, Step};
use crate::{contract, js, servers, tools, web};

/// Runs the steps one after the other; one that fails does not keep the others from running.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    steps::run("cargo xtask test", STEPS, &arguments.choice)
}

const STEPS: &[Step] = &[
    Step { name: "fmt", what: "the sources are formatted", needs: &[], run: fmt },
    Step { name: "clippy", what: "no lint warns", needs: &[], run: clippy },
    Step { name: "docs", what: "the documentation builds without a warning", needs: &[], run: docs },
    Step { name: "deny", what: "licences, sources, and the arrows between crates", needs: &[], run: deny },
    Step { name: "msrv", what: "builds with the oldest Rust it promises", needs: &[], run: msrv },
    Step {
        name: "no-std",
        what: "the core and the dialects build where there is no std",
        needs: &[],
        run: no_std,
    },
    Step { name: "python", what: "set up Flask and FastAPI", needs: &[], run: servers::set_up_python },
    Step { name: "node", what: "set up better-sse", needs: &[], run: servers::set_up_node },
    Step { name: "nginx", what: "set up nginx", needs: &[], run: servers::set_up_nginx },
    Step { name: "prometheus", what: "set up Prometheus", needs: &[], run: servers::set_up_prometheus },
    Step {
        name: "features",
        what: "the client with each set of its features, and end-to-end without any",
        needs: &[],
        run: features,
    },
    Step {
        name: "tests",
        what: "unit, table, property, documentation and end-to-end tests",
        needs: &[],
        run: tests,
    },
    Step { name: "examples", what: "the examples build", needs: &[], run: examples },
    Step {
        name: "third-party",
        what: "against servers that others wrote",
        needs: &["python", "node", "nginx"],
        run: third_party,
    },
    Step {
        name: "llama",
        what: "set up llama.cpp's server with a tiny model, and read its replies",
        needs: &[],
        run: llama,
    },
    Step {
        name: "npm",
        what: "set up what builds the npm package, and build it",
        needs: &[],
        run: js::build,
    },
    Step {
        name: "js",
        what: "the npm package in Node: case tables, the native command, streams against serve; its benches work",
        needs: &["npm"],
        run: js::tests,
    },
    Step {
        name: "chromium",
        what: "the npm package in Chromium, whose EventSource is the oracle",
        needs: &["npm"],
        run: js::chromium,
    },
    Step { name: "firefox", what: "the npm package in Firefox", needs: &["npm"], run: js::firefox },
    Step { name: "webkit", what: "the npm package in WebKitGTK", needs: &["npm"], run: js::webkit },
    Step {
        name: "package",
        what: "the packed package installed, run and type-checked in an empty project; its size",
        needs: &["npm"],
        run: js::package,
    },
    Step {
        name: "hosts",
        what: "set up the hosts, bundlers and servers of the step packaging",
        needs: &[],
        run: js::set_up_packaging,
    },
    Step {
        name: "packaging",
        what: "the packed package in Node, Bun, Deno, workerd, bundlers, Next.js, behind dev proxies; its linters",
        needs: &["npm", "hosts"],
        run: js::packaging,
    },
    Step {
        name: "web",
        what: "the client crate in WebAssembly: lints, streams against serve in Node, and a front-end builds",
        needs: &[],
        run: web::tests,
    },
    Step {
        name: "alerts",
        what: "Prometheus judges the alert rules over what the example shows",
        needs: &["prometheus"],
        run: alerts,
    },
    Step {
        name: "contract",
        what: "the client against a suite that others wrote, where its program is found",
        needs: &[],
        run: contract::run_where_found,
    },
];

fn fmt() -> Result<(), Trouble> {
    tools::component("rustfmt", "fmt")?;
    // Two are workspaces of their own.
    for manifest in ["Cargo.toml", "bench/Cargo.toml", "fuzz/Cargo.toml"] {
        cargo(&["fmt", "--all", "--check", "--manifest-path", manifest])?;
    }
    Ok(())
}

fn clippy() -> Result<(), Trouble> {
    tools::component("clippy", "clippy")?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])
}

fn docs() -> Result<(), Trouble> {
    let mut command = Command::new("cargo");
    command.args(["doc", "--workspace", "--no-deps", "--all-features"]);
    run_command(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result<(), Trouble> {
    let cargo_deny = tools::cargo_deny()?;
    // Offline it sees only what is there, and it looks at the crates of every platform.
    cargo(&["fetch"])?;
    run_command(Command::new(cargo_deny).args(["--offline", "check", "bans", "licenses", "sources"]))
}

fn msrv() -> Result<(), Trouble> {
    let version = tools::promised_rust()?;
    tools::toolchain(&version)?;
    // Its own folder: two compilers in one would rebuild each other's work every time.
    let arguments = ["run", &version, "cargo", "check", "--workspace", "--target-dir", "target/msrv"];
    run_command(Command::new("rustup").args(arguments))
}

fn no_std() -> Result<(), Trouble> {
    // A target that has no std at all; on wasm32 a stray `use std` would still build.
    const BARE: &str = "thumbv7em-none-eabi";
    tools::target(BARE)?;
    let packages = ["--package", "tidewire-core", "--package", "tidewire-llm"];
    cargo(&[&["build"], &packages[..], &["--no-default-features", "--target", BARE]].concat())
}

/// All of them together are what the steps clippy and tests build.
fn features() -> Result<(), Trouble> {
    tools::component("clippy", "clippy")?;
    for set in ["", "tracing", "metrics"] {
        let package = ["--package", "tidewire", "--features", set];
        cargo(&[&["clippy"], &package[..], &["--all-targets", "--", "-D", "warnings"]].concat())?;
        cargo(&[&["test"], &package[..]].concat())?;
    }
    // What most programs build.
    let streams = ["--test", "scenarios", "--test", "cuts", "--test", "time", "--test", "reading"];
    cargo(&[&["test", "--package", "tidewire-tests"], &streams[..]].concat())
}

fn tests() -> Result<(), Trouble> {
    cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"])
}

fn examples() -> Result<(), Trouble> {
    cargo(&["build", "--workspace", "--all-features", "--examples"])
}

fn third_party() -> Result<(), Trouble> {
    let found = servers::found();
    if found.is_empty() {
        return Err(Trouble::Missing {
            what: "none of the servers is there".into(),
            install: "see the steps python, node and nginx".into(),
        });
    }
    test("third_party", found)
}

fn llama() -> Result<(), Trouble> {
    servers::set_up_llama()?;
    let found = servers::found_llama().ok_or_else(|| Trouble::Missing {
        what: "Python does not run in its environment".into(),
        install: "remove target/servers/venv-llama, and run the step again".into(),
    })?;
    test("llama", [found])
}

fn alerts() -> Result<(), Trouble> {
    let found = servers::found_prometheus().ok_or_else(|| Trouble::Missing {
        what: "Prometheus is not there".into(),
        install: "see the step prometheus".into(),
    })?;
    test("alerts", found)
}

/// One program of tests, told of what was found. The whole workspace, so that the same build serves as for the tests before.
fn test<K: AsRef<OsStr>, V: AsRef<OsStr>>(
    name: &str,
    found: impl IntoIterator<Item = (K, V)>,
) -> Result<(), Trouble> {
    let mut command = Command::new("cargo");
    command.args(["test", "--workspace", "--all-features", "--test", name, "--", "--nocapture"]);
    run_command(command.envs(found))
}

fn cargo(arguments: &[&str]) -> Result<(), Trouble> {
    run_command(Command::new("cargo").args(arguments))
}
