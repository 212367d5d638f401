//! `--output pretty`: what a person wants to read. Text goes to standard output; what happens on the way, and the summary, go
//! dimly to standard error.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tidewire::{Attempt, Ending, Frame, Outcome, Reason};

use super::printer::seconds;
use super::said::{Said, said};

const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

#[derive(Default)]
pub(crate) struct Pretty {
    /// Standard output stands inside a line.
    inside_line: bool,
}

impl Pretty {
    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        match said(frame) {
            Said::Piece(piece) => self.piece(&piece)?,
            Said::Whole(text) => self.whole(frame, text)?,
            Said::Nothing => {}
        }
        match frame {
            Frame::Attempt(attempt) => self.note(&again(attempt)),
            Frame::Stall(silent) => self.note(&format!("silent for {}, still waiting", seconds(*silent))),
            Frame::Gap { after: Some(after) } => self.note(&format!("events are missing after {after}")),
            Frame::Gap { after: None } => self.note("events may be missing here"),
            Frame::BadRecord(problem) => self.note(&problem.to_string()),
            Frame::Skipped(problem) => self.note(&format!("passed over: {problem}")),
            _ => Ok(()),
        }
    }

    pub(crate) fn end(&mut self, ending: &Ending) -> io::Result<()> {
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
        parts.push(plural(stats.bytes, "byte"));
        let code = ending.outcome.code();
        writeln!(anstream::stderr(), "{start}{style}{code}{style:#} {DIM}· {}{DIM:#}", parts.join(" · "))
    }

    fn piece(&mut self, piece: &str) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.inside_line = !piece.ends_with('\n');
        io::stdout().lock().write_all(piece.as_bytes())
    }

    fn whole(&mut self, frame: &Frame, text: &str) -> io::Result<()> {
        if std::mem::take(&mut self.inside_line) {
            io::stdout().lock().write_all(b"\n")?;
        }
        let mut out = anstream::stdout();
        if let Frame::Event(event) = frame
            && event.event != "message"
        {
            write!(out, "{DIM}{}{DIM:#} ", event.event)?;
        }
        writeln!(out, "{text}")
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        let start = self.line_start();
        writeln!(anstream::stderr(), "{start}{DIM}[{text}]{DIM:#}")
    }

    /// Where both outputs meet on one screen, a note begins on a line of its own; the text on standard output stays as it came.
    fn line_start(&mut self) -> &'static str {
        if std::mem::take(&mut self.inside_line) { "\n" } else { "" }
    }
}

fn again(attempt: &Attempt) -> String {
    let why = match attempt.reason {
        Some(Reason::Connect) => "no connection",
        Some(Reason::Head) => "the connection broke before a reply",
        Some(Reason::Body) => "the connection broke",
        Some(Reason::Status) => "the server asks to come back",
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

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
