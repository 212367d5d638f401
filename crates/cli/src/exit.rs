//! Exit statuses, and errors in one line on standard error.

use std::io::Write;
use std::process::ExitCode;

use tidewire::Outcome;

/// What was asked for could not be written.
const FAULT: u8 = 1;
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 7;

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
        Outcome::Cancelled => 130,
        _ => FAULT,
    })
}

/// Help and version as they are; an error in the arguments in one line that says what to write instead.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let asked_for = !error.use_stderr();
    if asked_for || error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Nobody is left to tell when the output is gone.
        let _ = error.print();
        return ExitCode::from(if asked_for { 0 } else { USAGE });
    }
    let text = error.render().to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let said: Vec<&str> = lines.collect();
    tell(&said.join("; ").replace("error: ", "").replace(":; ", ": "));
    ExitCode::from(USAGE)
}

/// An error in the arguments that only shows when they are used.
pub(crate) fn bad_option(message: &str) -> ExitCode {
    tell(message);
    ExitCode::from(USAGE)
}

/// The environment does not allow what was asked for: a port in use, say.
pub(crate) fn environment(message: &str) -> ExitCode {
    tell(message);
    ExitCode::from(UNREACHABLE)
}

/// A file or standard output cannot be written.
pub(crate) fn fault(message: &str) -> ExitCode {
    tell(message);
    ExitCode::from(FAULT)
}

/// One line on standard error.
pub(crate) fn tell(message: &str) {
    let line: Vec<&str> = message.split_whitespace().collect();
    let _ = writeln!(anstream::stderr(), "tidewire: {}", line.join(" "));
}
