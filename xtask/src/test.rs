//! `cargo xtask test`: the table of everything that is checked, in two tiers.

use std::process::Command;

use crate::run::{Trouble, run as run_command};
use crate::steps::{self, Choice, Step};
use crate::{bench, bindings, build, campaigns, contract, cross, fuzz, js, servers, tools, web};

/// Runs the steps one after the other, even if an earlier one has failed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    choice: Choice,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    steps::run("cargo xtask test", STEPS, &arguments.choice)
}

/// Each step with its cost: seconds from a cold start on two idle cores, or minutes for a step of `--long`.
const STEPS: &[Step] = &[
    Step::new("fmt", "the sources are formatted", 2, fmt),
    Step::new("clippy", "no lint warns", 80, clippy),
    Step::new("docs", "the documentation builds without a warning", 12, docs),
    Step::new("deny", "licences, sources, and the arrows between crates", 60, deny),
    Step::new("msrv", "the published crates build with the oldest Rust they promise", 40, msrv),
    Step::new("no-std", "the core and the dialects build without std", 7, no_std),
    Step::new("build", "the native programs, tests and examples build", 80, build::everything),
    Step::new("tests", "unit, table, property, documentation and end-to-end tests", 100, tests)
        .needs(&["build"]),
    Step::new("features", "the client by itself with sets of its features", 120, features),
    Step::new("fuzz-slice", "2 s of each fuzz target, on the stable compiler", 60, fuzz::slice),
    Step::new("python", "set up Flask and FastAPI", 8, servers::set_up_python),
    Step::new("node", "set up better-sse", 2, servers::set_up_node),
    Step::new("nginx", "set up nginx", 1, servers::set_up_nginx),
    Step::new("prometheus", "set up Prometheus", 2, servers::set_up_prometheus),
    Step::new("third-party", "the client against third-party servers", 30, third_party)
        .needs(&["build", "python", "node", "nginx"]),
    Step::new("llama", "set up llama.cpp's server with a tiny model, and read its replies", 10, llama)
        .needs(&["build"]),
    Step::new("alerts", "Prometheus evaluates the alert rules over the example's metrics", 10, alerts)
        .needs(&["build", "prometheus"]),
    Step::new(
        "contract",
        "the client against LaunchDarkly's test suite, if its program is installed",
        10,
        contract::step,
    )
    .needs(&["build"]),
    Step::new(
        "bindings",
        "the native library of the bindings, its size, and the cases for every language",
        90,
        bindings::set_up,
    )
    .needs(&["build"]),
    Step::new(
        "c",
        "the C package: its header, every case and the end-to-end list in C, C++ and Go",
        25,
        bindings::c::test,
    )
    .needs(&["build", "bindings"]),
    Step::new(
        "kotlin",
        "the packed Kotlin package: the cases, streams against serve, cancellation",
        80,
        bindings::kotlin::test,
    )
    .needs(&["bindings"]),
    Step::new(
        "python-package",
        "the Python package: its wheel installed, cases, streams against serve, types",
        80,
        bindings::python::test,
    )
    .needs(&["bindings"]),
    Step::new(
        "swift",
        "the packed Swift package: the cases, streams against serve, cancellation, an app's life",
        130,
        bindings::swift::test,
    )
    .needs(&["build", "bindings"]),
    Step::new("npm", "set up what builds the npm package, and build it", 60, js::build),
    Step::new(
        "js",
        "the npm package in Node: case tables, the native command, streams against serve",
        130,
        js::tests,
    )
    .needs(&["build", "npm"]),
    Step::new("chromium", "the npm package in Chromium, whose EventSource is the oracle", 100, js::chromium)
        .needs(&["build", "npm"]),
    Step::new("firefox", "the npm package in Firefox", 80, js::firefox).needs(&["build", "npm"]),
    Step::new("webkit", "the npm package in WebKitGTK", 70, js::webkit).needs(&["build", "npm"]),
    Step::new(
        "package",
        "the packed package installed, run and type-checked in an empty project; its size",
        15,
        js::package,
    )
    .needs(&["npm"]),
    Step::new(
        "hosts",
        "set up the hosts, bundlers and servers of packaging and frameworks",
        30,
        js::set_up_packaging,
    ),
    Step::new(
        "packaging",
        "the packed package in Node, Bun, Deno, workerd and bundlers; its linters",
        40,
        js::packaging,
    )
    .needs(&["build", "npm", "hosts"]),
    Step::new(
        "web",
        "the client crate in WebAssembly: lints, and streams against serve in Node",
        40,
        web::tests,
    )
    .needs(&["build"]),
    Step::long("faults", "30,000 streams with random faults, against the model", 3, campaigns::faults)
        .needs(&["build"]),
    Step::long("cancel", "100,000 cancelled calls and dropped streams", 3, campaigns::cancel)
        .needs(&["build"]),
    Step::long("corpus", "every recorded stream, cut at every offset", 3, campaigns::corpus)
        .needs(&["build"]),
    Step::long("slow-reader", "a gigabyte for a reader that pauses", 1, campaigns::slow_reader)
        .needs(&["build"]),
    Step::long("fuzz", "5 minutes of each fuzz target, under libFuzzer", 42, fuzz::campaign),
    Step::long(
        "random",
        "random bodies through the npm package, against the words of the standard",
        5,
        js::random,
    )
    .needs(&["npm"]),
    Step::long("xhr", "100,000 events over XMLHttpRequest in three engines, resumed at 16 MiB", 1, js::xhr)
        .needs(&["build", "npm"]),
    Step::long(
        "frameworks",
        "the packed package in Next.js and behind development servers",
        2,
        js::frameworks,
    )
    .needs(&["build", "npm", "hosts"]),
    Step::long("web-example", "the front end in Rust: lints, and that it builds", 2, web::example),
    Step::long(
        "kotlin-cancel",
        "10,000 cancellations of collectors in Kotlin, and 200 schedules of absences",
        2,
        bindings::kotlin::test_long,
    )
    .needs(&["kotlin"]),
    Step::long(
        "python-cancel",
        "10,000 cancellations of Python's loops, in each of several ways",
        4,
        bindings::python::test_long,
    )
    .needs(&["python-package"]),
    Step::long(
        "swift-cancel",
        "10,000 cancellations of tasks in Swift, in each of several ways, and 200 schedules of absences",
        2,
        bindings::swift::test_long,
    )
    .needs(&["swift"]),
    Step::long(
        "android",
        "the packed Android library in Robolectric: activities, networks, streams against serve",
        2,
        bindings::kotlin::android::test,
    )
    .needs(&["kotlin"]),
    Step::long(
        "react-native",
        "the package for React Native: its types and C++ checked, and run in Node against serve",
        8,
        bindings::react_native::test,
    )
    .needs(&["build", "bindings", "npm"]),
    Step::long("cross", "the native library type-checked for Android and iOS", 3, cross::check),
    Step::long("js-bench", "the benches of the npm package work", 1, js::benches).needs(&["npm"]),
    Step::long("bench", "the benches of the crates work", 5, bench::quick),
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
    tools::openssl()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])
}

fn docs() -> Result<(), Trouble> {
    tools::openssl()?;
    let mut command = Command::new("cargo");
    command.args(["doc", "--workspace", "--no-deps", "--all-features"]);
    run_command(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn deny() -> Result<(), Trouble> {
    let cargo_deny = tools::cargo_deny()?;
    // It runs offline, and reads the crates of every platform.
    cargo(&["fetch"])?;
    run_command(Command::new(cargo_deny).args(["--offline", "check", "bans", "licenses", "sources"]))
}

fn msrv() -> Result<(), Trouble> {
    let version = tools::promised_rust()?;
    tools::toolchain(&version)?;
    // The default members are the published crates. A folder of its own: two compilers in one would rebuild each other's work every time.
    let mut check = Command::new("rustup");
    check.args(["run", &version, "cargo", "check", "--target-dir", "target/msrv"]);
    run_command(check.args(tools::without_aws_lc()?))
}

fn no_std() -> Result<(), Trouble> {
    // A target without any std; on wasm32 a stray `use std` would still build.
    const BARE: &str = "thumbv7em-none-eabi";
    tools::target(BARE)?;
    let packages = ["--package", "tidewire-core", "--package", "tidewire-llm"];
    cargo(&[&["build"], &packages[..], &["--no-default-features", "--target", BARE]].concat())
}

/// Sets of the client's features in which each comes up once, apart from most others. The steps `clippy` and `tests` have all of them.
const FEATURE_SETS: [&str; 6] =
    ["", "rustls-aws-lc,gzip", "rustls-ring,http2,deflate", "native-tls,brotli", "zstd,tracing", "metrics"];

/// The client by itself, so that no other package turns on what a set lacks.
fn features() -> Result<(), Trouble> {
    tools::component("clippy", "clippy")?;
    tools::openssl()?;
    for set in FEATURE_SETS {
        let client = ["--package", "tidewire", "--no-default-features", "--features", set, "--lib"];
        cargo(&[&["clippy"], &client[..], &["--", "-D", "warnings"]].concat())?;
        cargo(&[&["test"], &client[..], &["--test", "features"]].concat())?;
    }
    // Without tracing and metrics, as most programs build it.
    cargo(&["test", "--workspace", "--test", "scenarios", "--test", "cuts"])
}

fn tests() -> Result<(), Trouble> {
    campaigns::mention_missing_corpus();
    build::tests(campaigns::seeds())
}

fn third_party() -> Result<(), Trouble> {
    let found = servers::found();
    if found.is_empty() {
        return Err(Trouble::Missing {
            what: "no third-party server is installed".into(),
            install: "see the steps python, node and nginx".into(),
        });
    }
    build::test("third_party", found)
}

fn llama() -> Result<(), Trouble> {
    servers::set_up_llama()?;
    let found = servers::found_llama().ok_or_else(|| Trouble::Missing {
        what: "Python does not run in its environment".into(),
        install: "remove target/servers/venv-llama, and run the step again".into(),
    })?;
    build::test("llama", [found])
}

fn alerts() -> Result<(), Trouble> {
    let found = servers::found_prometheus().ok_or_else(|| Trouble::Missing {
        what: "Prometheus is not installed".into(),
        install: "see the step prometheus".into(),
    })?;
    build::test("alerts", found)
}

fn cargo(arguments: &[&str]) -> Result<(), Trouble> {
    run_command(Command::new("cargo").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_of_their_own_and_need_earlier_ones() {
        assert_eq!(steps::fault(STEPS), None);
    }
}
