//! `cargo xtask bench`: measures Tidewire and its peers, in figures that anyone can reproduce.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::process::Command;

use crate::run::{Trouble, run as run_command};

/// Measures every case and writes the tables to docs/benchmarks.md; with --only or --quick it only prints them.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// These cases or groups only (`--list` shows them)
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Use small bodies and few runs, to check that it works
    #[arg(long)]
    quick: bool,
    /// List the cases and exit
    #[arg(long)]
    list: bool,
}

/// The bench has its own workspace and lock file, so that its peers never touch the product's.
const MANIFEST: &str = "bench/Cargo.toml";
const TARGET: &str = "target/bench";
const CLIENT: &str = "tidewire-bench-client";
const DOCUMENT: &str = "docs/benchmarks.md";

pub(crate) fn run(arguments: &Arguments) -> Result<(), Trouble> {
    // Two builds of the client: with tracing and metrics, and without.
    run_command(build().args(["--features", "seen", "--bin", CLIENT]))?;
    fs::copy(
        format!("{TARGET}/release/{CLIENT}{EXE_SUFFIX}"),
        format!("{TARGET}/release/{CLIENT}-seen{EXE_SUFFIX}"),
    )
    .map_err(|error| Trouble::Failed(format!("cannot copy {CLIENT}: {error}")))?;
    run_command(&mut build())?;
    let mut bench = Command::new(format!("{TARGET}/release/tidewire-bench"));
    bench.args(["--write", DOCUMENT]);
    if !arguments.only.is_empty() {
        bench.args(["--only", &arguments.only.join(",")]);
    }
    bench.args(arguments.quick.then_some("--quick")).args(arguments.list.then_some("--list"));
    run_command(&mut bench)
}

/// Runs each case briefly, to check that it works.
pub(crate) fn quick() -> Result<(), Trouble> {
    run(&Arguments { only: Vec::new(), quick: true, list: false })
}

fn build() -> Command {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--manifest-path", MANIFEST, "--target-dir", TARGET]);
    build
}
