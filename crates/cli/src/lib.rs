//! The `tidewire` command: [`run`] is all of it, and [`serve`] is its scripted upstream for tests.

mod args;
mod data;
mod decode;
mod exit;
mod get;
mod lines;
pub mod serve;
mod stop;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

/// Runs the command with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage::conclude(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::fault(&format!("the runtime cannot start: {error}")),
    };
    let code = runtime.block_on(async {
        match args.command {
            Command::Get(args) => get::run(*args).await,
            Command::Decode(args) => decode::run(&args).await,
            Command::Serve(args) => match serve::run(args).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => exit::environment(&error.to_string()),
            },
        }
    });
    // A read of standard input that will never return must not keep the process.
    runtime.shutdown_background();
    code
}
