//! Exit statuses, and errors in one line on standard error.

use std::io::{self, Write};
use std::process::ExitCode;

use tidewire::Outcome;

use crate::terminal;

const CANNOT_WRITE: u8 = 1;
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 7;
pub(crate) const BY_SIGNAL: u8 = 130;

/// The exit status of an outcome.
pub(crate) fn of(outcome: &Outcome) -> ExitCode {
    ExitCode::from(match outcome {
        Outcome::Complete | Outcome::Ended => 0,
        Outcome::Truncated => 3,
        Outcome::Refused { .. } => 4,
        Outcome::Failed => 5,
        Outcome::TimedOut(_) => 6,
        Outcome::Unreachable => UNREACHABLE,
        Outcome::Unreadable { .. } => 8,
        Outcome::Cancelled => BY_SIGNAL,
        _ => CANNOT_WRITE,
    })
}

/// Reports an error in the arguments or the input.
pub(crate) fn usage_error(message: &str) -> ExitCode {
    print_error(message);
    ExitCode::from(USAGE)
}

/// Reports that the environment prevents the command, such as a port that is in use.
pub(crate) fn environment_error(message: &str) -> ExitCode {
    print_error(message);
    ExitCode::from(UNREACHABLE)
}

/// Reports that something cannot be written.
pub(crate) fn write_error(message: &str) -> ExitCode {
    print_error(message);
    ExitCode::from(CANNOT_WRITE)
}

/// Reports that standard output cannot be written to, unless its reader has gone: then the command counts as cancelled.
pub(crate) fn stdout_error(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return of(&Outcome::Cancelled);
    }
    write_error(&format!("cannot write to standard output: {error}"))
}

/// Prints one line to standard error.
pub(crate) fn print_error(message: &str) {
    let words: Vec<&str> = message.split_whitespace().collect();
    // If standard error is gone too, there is nowhere left to report it.
    let _ = writeln!(terminal::stderr(), "tidewire: {}", words.join(" "));
}
