//! `--output pretty`: what a person wants to read. Text goes to standard output; what happens on the way, and the summary, go
//! dimly to standard error.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tidewire::{Attempt, Delta, Frame, Outcome, Reason, StreamEnd};

use super::printer::{Lines, plural, seconds};
use super::said::{Said, said};
use crate::exit::harmless;

const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

#[derive(Debug, Default)]
pub(crate) struct Pretty {
    lines: Lines,
}

impl Pretty {
    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        match (said(frame), frame) {
            (Said::Piece(piece), _) => self.lines.piece(&piece)?,
            (Said::Whole(text), Frame::Event(event)) if event.event != "message" => {
                self.lines.start()?;
                write!(anstream::stdout(), "{DIM}{}{DIM:#} ", harmless(&event.event))?;
                self.lines.whole(text)?;
            }
            (Said::Whole(text), _) => self.lines.whole(text)?,
            (Said::Nothing, _) => {}
        }
        match frame {
            Frame::Attempt(attempt) => self.note(&again(attempt)),
            Frame::Stall(silent) => self.note(&format!("silent for {}, still waiting", seconds(*silent))),
            Frame::Gap { after: Some(after) } => self.note(&format!("events are missing after {after}")),
            Frame::Gap { after: None } => self.note("events may be missing here"),
            Frame::Delta(delta) => self.delta(delta),
            Frame::BadRecord(problem) => self.note(&problem.to_string()),
            Frame::Skipped(problem) => self.note(&format!("passed over: {problem}")),
            _ => Ok(()),
        }
    }

    pub(crate) fn end(&mut self, ending: &StreamEnd) -> io::Result<()> {
        let start = self.line_start();
        let stats = &ending.stats;
        let style = match ending.outcome {
            Outcome::Complete | Outcome::Ended => GOOD,
            Outcome::Cancelled => DIM,
            _ => BAD,
        };
        let mut parts = vec![plural(stats.events, "event")];
        if let Some(first) = stats.first_event {
            parts.push(format!("first event {}", seconds(first)));
            let rest = stats.elapsed.saturating_sub(first).as_secs_f64();
            if stats.events > 1 && rest > 0.0 {
                #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
                let rate = (stats.events - 1) as f64 / rest;
                parts.push(format!("{rate:.1} events/s"));
            }
        }
        parts.push(plural(u64::from(stats.attempts), "request"));
        parts.push(bytes(stats.bytes));
        let code = ending.outcome.code();
        writeln!(anstream::stderr(), "{start}{style}{code}{style:#} {DIM}· {}{DIM:#}", parts.join(" · "))
    }

    /// What of a reply is not its text.
    fn delta(&mut self, delta: &Delta<'_>) -> io::Result<()> {
        match delta {
            Delta::Reasoning { choice: 0, text } => self.dimly(text),
            Delta::Refusal { choice: 0, text } => self.lines.piece(text),
            Delta::ToolCall { choice: 0, name, .. } => {
                let start = self.line_start();
                self.lines.inside = true;
                write!(anstream::stderr(), "{start}{DIM}{}: {DIM:#}", harmless(name))
            }
            Delta::Arguments { choice: 0, fragment, .. } => self.dimly(fragment),
            Delta::Error { kind, message, .. } => self.note(&format!("{kind} {message}")),
            _ => Ok(()),
        }
    }

    fn dimly(&mut self, text: &str) -> io::Result<()> {
        self.lines.inside = !text.ends_with('\n');
        write!(anstream::stderr(), "{DIM}{}{DIM:#}", harmless(text))
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        let start = self.line_start();
        writeln!(anstream::stderr(), "{start}{DIM}[{}]{DIM:#}", harmless(text))
    }

    /// Where both outputs meet on one screen, a note begins on a line of its own; the text on standard output stays as it came.
    fn line_start(&mut self) -> &'static str {
        if std::mem::take(&mut self.lines.inside) { "\n" } else { "" }
    }
}

fn again(attempt: &Attempt) -> String {
    let why = match attempt.reason {
        Some(Reason::Connect) => "no connection",
        Some(Reason::Head) => "the connection broke before a reply",
        Some(Reason::Body) => "the connection broke",
        Some(Reason::Status) => "the server cannot answer now",
        Some(Reason::End) => "the stream ended",
        Some(Reason::Idle) => "silent for too long",
        Some(Reason::Progress) => "no event for too long",
        Some(Reason::FirstEvent) => "no first event",
        _ => "reconnecting",
    };
    let how = match &attempt.cursor {
        Some(cursor) => format!("resuming after {cursor}"),
        None => "again".to_owned(),
    };
    format!("{why}; {how} in {} (request {})", seconds(attempt.delay), attempt.number)
}

/// Three figures are enough.
fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let size = count as f64;
    match count {
        0..1_000 => plural(count, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.1} GB", size / 1e9),
    }
}
