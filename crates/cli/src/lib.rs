//! The `tidewire` command. [`run`] is the command itself; [`serve`] is its scripted upstream, which tests use in their own process.

mod advice;
mod args;
mod data;
mod decode;
mod exit;
mod get;
mod lines;
mod redact;
pub mod serve;
mod stop;
mod terminal;
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
        Err(error) => return exit::environment_error(&format!("the runtime cannot start: {error}")),
    };
    let code = runtime.block_on(async {
        match args.command {
            Command::Get(args) => get::run(*args).await,
            Command::Decode(args) => decode::run(&args).await,
            Command::Serve(args) => match serve::run(args).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => exit::environment_error(&error.to_string()),
            },
        }
    });
    // A read of standard input that never returns must not keep the process alive.
    runtime.shutdown_background();
    code
}
