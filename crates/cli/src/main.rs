//! The `tidewire` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidewire_cli::run()
}
