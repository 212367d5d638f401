//! Tidewire's own commands, run as `cargo xtask …`: one file per command, and what they share.

mod bench;
mod bindings;
mod build;
mod campaigns;
mod contract;
mod cross;
mod demo;
mod fuzz;
mod js;
mod npm;
mod report;
mod run;
mod servers;
mod steps;
mod test;
mod tools;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Tidewire's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure Tidewire and its peers, and write docs/benchmarks.md
    Bench(bench::Arguments),
    /// Build and pack the packages for C, Kotlin, Python, React Native and Swift into target/bindings
    Bindings(bindings::Arguments),
    /// Run LaunchDarkly's SSE client tests, if their program is installed
    Contract(contract::Arguments),
    /// Watch a reply stream in, and survive a network that cuts it every few events
    Demo(demo::Arguments),
    /// Fuzz the decoders, the session and the stream against their oracles
    Fuzz(fuzz::Arguments),
    /// Build the npm package into js/dist
    Npm(npm::Arguments),
    /// Check everything: format, lints, docs, dependencies, tests, third-party servers, browsers
    Test(test::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = run::watch_for_interrupts().and_then(|()| run::enter_checkout()).and_then(|()| {
        match arguments.command {
            Command::Bench(arguments) => bench::run(&arguments),
            Command::Bindings(arguments) => bindings::run(&arguments),
            Command::Contract(arguments) => contract::run(&arguments),
            Command::Demo(arguments) => demo::run(&arguments),
            Command::Fuzz(arguments) => fuzz::run(&arguments),
            Command::Npm(arguments) => npm::run(&arguments),
            Command::Test(arguments) => test::run(&arguments),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            anstream::eprintln!("xtask: {trouble}");
            trouble.exit_code()
        }
    }
}
