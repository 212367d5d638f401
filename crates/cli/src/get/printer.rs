//! The output of `get`, in the format that `--output` selects.

use std::io::{self, BufWriter, Write};
use std::mem;
use std::time::Duration;

use tidewire::core::json;
use tidewire::{Dialect, Frame, Message, Stats, StreamEnd};

use super::figures::{plural, seconds};
use super::frame_text::{FrameText, frame_text};
use super::pretty::PrettyPrinter;
use super::text_output::TextOutput;
use crate::args::Output;
use crate::exit;
use crate::lines::OutputLine;
use crate::terminal::{self, Stdout};

/// Prints frames as they arrive; standard output is flushed after each.
#[derive(Debug)]
pub(crate) enum Printer {
    Pretty(PrettyPrinter),
    Events(EventPrinter),
    Data(TextOutput),
    Text(TextOutput),
    /// Nothing: a recording takes standard output.
    Nothing,
}

/// Prints JSON lines, and the message line of a reply.
#[derive(Debug)]
pub(crate) struct EventPrinter {
    out: BufWriter<Stdout>,
    message: Box<Message>,
    /// Whether the next delta is the first of a reply that starts over.
    starts_over: bool,
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        match output {
            Output::Pretty => Self::Pretty(PrettyPrinter::new()),
            Output::Events => Self::Events(EventPrinter::new()),
            Output::Data => Self::Data(TextOutput::new()),
            Output::Text => Self::Text(TextOutput::new()),
        }
    }

    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        match self {
            Self::Pretty(printer) => printer.frame(frame),
            Self::Events(printer) => printer.frame(frame),
            Self::Data(text) => {
                match frame {
                    Frame::Event(event) => text.line(&event.data)?,
                    Frame::Record { json, .. } => {
                        let mut line = String::with_capacity(json.len());
                        json::compact(json, &mut line);
                        text.line(&line)?;
                    }
                    Frame::Text(piece) => text.piece(piece)?,
                    Frame::Delta(delta) => OutputLine::write_delta(delta, text.writer())?,
                    other => report_loss(other),
                }
                text.flush()
            }
            Self::Text(text) => {
                match frame_text(frame) {
                    FrameText::Piece(piece) => text.piece(&piece)?,
                    FrameText::Whole(whole) => text.line(whole)?,
                    FrameText::None => report_loss(frame),
                }
                text.flush()
            }
            Self::Nothing => Ok(()),
        }
    }

    /// Prints the end. `dialect` is that of the reply, if it was read in one.
    pub(crate) fn end(&mut self, end: &StreamEnd, dialect: Option<&Dialect>) -> io::Result<()> {
        match self {
            Self::Pretty(printer) => printer.end(end),
            Self::Events(printer) => printer.end(end, dialect),
            Self::Data(text) | Self::Text(text) => {
                text.finish()?;
                text.flush()
            }
            Self::Nothing => Ok(()),
        }
    }
}

impl EventPrinter {
    fn new() -> Self {
        Self { out: BufWriter::new(terminal::stdout()), message: Box::default(), starts_over: false }
    }

    fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        if matches!(frame, Frame::Gap { after: None }) {
            self.starts_over = true;
        }
        if let Frame::Delta(delta) = frame {
            if mem::take(&mut self.starts_over) {
                *self.message = Message::default();
            }
            self.message.push(delta);
            OutputLine::write_delta(delta, &mut self.out)?;
        } else if let Some(line) = OutputLine::of(frame) {
            line.write(&mut self.out)?;
        }
        self.out.flush()
    }

    fn end(&mut self, end: &StreamEnd, dialect: Option<&Dialect>) -> io::Result<()> {
        if let Some(dialect) = dialect {
            let mut line = String::new();
            self.message.write_line(dialect, &mut line);
            writeln!(self.out, "{line}")?;
        }
        let cursor = end.cursor.as_deref();
        OutputLine::end(&end.outcome, &end.stats, Some(end.stats.attempts), cursor, end.error.as_deref())
            .write(&mut self.out)?;
        self.out.flush()
    }
}

/// Reports on standard error that something is missing, for a format in which standard output has no line for it.
fn report_loss(frame: &Frame) {
    match frame {
        Frame::BadRecord(problem) => exit::print_error(&problem.to_string()),
        Frame::Skipped(problem) => exit::print_error(&format!("skipped: {problem}")),
        Frame::Gap { after: Some(after) } => exit::print_error(&format!("events are missing after {after}")),
        Frame::Gap { after: None } => exit::print_error("events may be missing here"),
        _ => {}
    }
}

/// Prints `--stats` to standard error.
pub(crate) fn print_stats(stats: &Stats) {
    let after = |time: Option<Duration>| time.map_or_else(|| "none".to_owned(), seconds);
    // If standard error is gone, nobody reads it.
    let _ = writeln!(
        terminal::stderr(),
        "stats: first byte {} · first event {} · {} · {} · {} · longest silence {} · {} in all",
        after(stats.first_byte),
        after(stats.first_event),
        plural(stats.events, "event"),
        plural(stats.bytes, "byte"),
        plural(stats.attempts.into(), "request"),
        seconds(stats.longest_silence),
        seconds(stats.elapsed),
    );
}
