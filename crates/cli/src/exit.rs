//! Exit statuses, and errors in one line on standard error.

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use tidewire::Outcome;

/// What was asked for could not be written.
const FAULT: u8 = 1;
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
        _ => FAULT,
    })
}

/// An error in the arguments.
pub(crate) fn bad_option(message: &str) -> ExitCode {
    tell(message);
    ExitCode::from(USAGE)
}

/// The environment does not allow what was asked for: a port in use, say.
pub(crate) fn environment(message: &str) -> ExitCode {
    tell(message);
    ExitCode::from(UNREACHABLE)
}

/// Something cannot be written.
pub(crate) fn fault(message: &str) -> ExitCode {
    tell(message);
    ExitCode::from(FAULT)
}

/// Standard output does not take what is written to it.
pub(crate) fn cannot_write(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::BrokenPipe {
        // Whoever read it has gone: there is nothing left to be done, and nothing to complain about.
        return of(&Outcome::Cancelled);
    }
    fault(&format!("cannot write to standard output: {error}"))
}

/// One line on standard error.
pub(crate) fn tell(message: &str) {
    let line: Vec<&str> = message.split_whitespace().collect();
    let _ = writeln!(anstream::stderr(), "tidewire: {}", harmless(&line.join(" ")));
}

/// What a peer says, as it may be shown on a terminal: control characters, which could move the cursor or worse, become
/// visible ones.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c {
        // Unicode has a picture of each, in the same order.
        '\0'..='\x1f' if acts(c) => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        c if acts(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_text_is_left_alone() {
        let rows = [
            ("text 中文 🌊\r\n\t.", "text 中文 🌊\r\n\t."),
            ("\x1b[2J\x07\0", "␛[2J␇␀"),
            ("\x7f\u{9b}31m", "␡\u{fffd}31m"),
        ];
        for (text, want) in rows {
            assert_eq!(harmless(text), want);
        }
    }
}
