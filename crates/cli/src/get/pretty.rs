//! `--output pretty`, for people: text goes to standard output; other deltas, notices and the summary go to standard
//! error, dimmed.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use tidewire::{Attempt, Delta, Frame, Outcome, Reason, StreamEnd};

use super::figures::{bytes, plural, seconds};
use super::frame_text::{FrameText, frame_text};
use super::text_output::TextOutput;
use crate::terminal::{self, Stderr};

const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Prints a stream for people.
#[derive(Debug)]
pub(crate) struct PrettyPrinter {
    text: TextOutput,
    notes: Stderr,
}

impl PrettyPrinter {
    pub(crate) fn new() -> Self {
        Self { text: TextOutput::new(), notes: terminal::stderr() }
    }

    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        match (frame_text(frame), frame) {
            (FrameText::Piece(piece), _) => self.text.piece(&piece)?,
            (FrameText::Whole(text), Frame::Event(event)) if event.event != "message" => {
                self.text.end_line()?;
                self.text.writer().styled(DIM, &event.event)?;
                self.text.rest_of_line(&format!(" {text}"))?;
            }
            (FrameText::Whole(text), _) => self.text.line(text)?,
            (FrameText::None, _) => {}
        }
        match frame {
            Frame::Attempt(attempt) => self.note(&describe(attempt)),
            Frame::Stall(silent) => self.note(&format!("silent for {}, still waiting", seconds(*silent))),
            Frame::Gap { after: Some(after) } => self.note(&format!("events are missing after {after}")),
            Frame::Gap { after: None } => self.note("events may be missing here"),
            Frame::Replayed { id } => self.note(&format!("the server repeats events, from {id} on")),
            Frame::Delta(delta) => self.delta(delta),
            Frame::BadRecord(problem) => self.note(&problem.to_string()),
            Frame::Skipped(problem) => self.note(&format!("skipped: {problem}")),
            _ => Ok(()),
        }?;
        self.text.flush()
    }

    pub(crate) fn end(&mut self, end: &StreamEnd) -> io::Result<()> {
        let stats = &end.stats;
        let style = match end.outcome {
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
        self.start_note()?;
        self.notes.styled(style, end.outcome.code())?;
        write!(self.notes, " ")?;
        self.notes.styled(DIM, format_args!("· {}", parts.join(" · ")))?;
        writeln!(self.notes)?;
        self.text.flush()
    }

    /// Prints a delta other than the text of the reply.
    fn delta(&mut self, delta: &Delta<'_>) -> io::Result<()> {
        match delta {
            Delta::Reasoning { choice: 0, text } => self.dimmed(text),
            Delta::Refusal { choice: 0, text } => self.text.piece(text),
            Delta::ToolCall { choice: 0, name, .. } => {
                self.start_note()?;
                self.text.in_line = true;
                self.notes.styled(DIM, format_args!("{name}: "))
            }
            Delta::Arguments { choice: 0, fragment, .. } => self.dimmed(fragment),
            Delta::Error { kind, message, .. } => self.note(&format!("{kind} {message}")),
            _ => Ok(()),
        }
    }

    fn dimmed(&mut self, text: &str) -> io::Result<()> {
        self.text.in_line = !text.ends_with('\n');
        self.notes.styled(DIM, text)
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.start_note()?;
        self.notes.styled(DIM, format_args!("[{text}]"))?;
        writeln!(self.notes)
    }

    /// Starts a note on a new line, since both outputs may share a screen. It writes nothing to standard output.
    fn start_note(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.text.in_line) { writeln!(self.notes) } else { Ok(()) }
    }
}

/// Why another request is made, and how.
fn describe(attempt: &Attempt) -> String {
    let why = match attempt.reason {
        Some(Reason::Connect) => "no connection",
        Some(Reason::Head) => "the connection broke before a response",
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
    let bounded = attempt.asked.map(|asked| format!("; the server asked for {}", seconds(asked)));
    let delay = seconds(attempt.delay);
    format!("{why}; {how} in {delay} (request {}){}", attempt.number, bounded.unwrap_or_default())
}
