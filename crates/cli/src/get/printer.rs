//! What `get` prints, by `--output`.

use std::io::{self, IsTerminal, Write};
use std::mem;
use std::time::Duration;

use tidewire::core::json;
use tidewire::{Dialect, Frame, Message, Stats, StreamEnd};

use super::pretty::Pretty;
use super::said::{Said, said};
use crate::args::Output;
use crate::exit;
use crate::lines::Line;

/// Prints frames as they come; standard output is flushed after each.
pub(crate) enum Printer {
    Pretty(Pretty),
    Events {
        message: Box<Message>,
        /// The next delta is the first of a reply that is told from its beginning again.
        anew: bool,
    },
    Data(Lines),
    Text(Lines),
    /// Standard output belongs to somebody else.
    Nothing,
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        match output {
            Output::Pretty => Self::Pretty(Pretty::default()),
            Output::Events => Self::Events { message: Box::default(), anew: false },
            Output::Data => Self::Data(Lines::default()),
            Output::Text => Self::Text(Lines::default()),
        }
    }

    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Pretty(pretty) => pretty.frame(frame)?,
            Self::Events { message, anew } => {
                if matches!(frame, Frame::Gap { after: None }) {
                    *anew = true;
                }
                if let Frame::Delta(delta) = frame {
                    if mem::take(anew) {
                        **message = Message::default();
                    }
                    message.push(delta);
                    Line::delta(delta, &mut out)?;
                } else if let Some(line) = Line::of(frame) {
                    line.write(&mut out)?;
                }
            }
            Self::Data(lines) => match frame {
                Frame::Event(event) => lines.whole(&event.data)?,
                Frame::Record { json, .. } => {
                    let mut line = String::with_capacity(json.len());
                    json::compact(json, &mut line);
                    lines.whole(&line)?;
                }
                Frame::Text(text) => lines.piece(text)?,
                Frame::Delta(delta) => Line::delta(delta, &mut out)?,
                other => tell_what_is_missing(other),
            },
            Self::Text(lines) => match said(frame) {
                Said::Piece(piece) => lines.piece(&piece)?,
                Said::Whole(text) => lines.whole(text)?,
                Said::Nothing => tell_what_is_missing(frame),
            },
            Self::Nothing => {}
        }
        out.flush()
    }

    /// `dialect` is that of the reply, where it was read in one.
    pub(crate) fn end(&mut self, ending: &StreamEnd, dialect: Option<&Dialect>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Pretty(pretty) => pretty.end(ending)?,
            Self::Events { message, .. } => {
                if let Some(dialect) = dialect {
                    let mut line = String::new();
                    message.write_line(dialect, &mut line);
                    writeln!(out, "{line}")?;
                }
                let cursor = ending.cursor.as_deref();
                Line::end(&ending.outcome, &ending.stats, cursor, ending.error.as_deref()).write(&mut out)?;
            }
            // The prompt begins on a line of its own.
            Self::Text(lines) | Self::Data(lines) if lines.inside && out.is_terminal() => writeln!(out)?,
            Self::Text(_) | Self::Data(_) | Self::Nothing => {}
        }
        out.flush()
    }
}

/// Text on standard output, in pieces and whole lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// It stands inside a line.
    pub(crate) inside: bool,
}

impl Lines {
    /// A piece of a text that goes on.
    pub(crate) fn piece(&mut self, piece: &str) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.inside = !piece.ends_with('\n');
        write(piece)
    }

    /// A line of its own.
    pub(crate) fn whole(&mut self, text: &str) -> io::Result<()> {
        self.start()?;
        write(text)?;
        write("\n")
    }

    /// Ends the line that is open.
    pub(crate) fn start(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.inside) { write("\n") } else { Ok(()) }
    }
}

/// To a file as it is, to a terminal so that it does no harm.
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = if out.is_terminal() { exit::harmless(text) } else { text.into() };
    out.write_all(text.as_bytes())
}

/// Where standard output has no room for it, standard error has.
fn tell_what_is_missing(frame: &Frame) {
    match frame {
        Frame::BadRecord(problem) => exit::tell(&problem.to_string()),
        Frame::Skipped(problem) => exit::tell(&format!("passed over: {problem}")),
        Frame::Gap { after: Some(after) } => exit::tell(&format!("events are missing after {after}")),
        Frame::Gap { after: None } => exit::tell("events may be missing here"),
        _ => {}
    }
}

/// What a stream took, on standard error.
pub(crate) fn stats(stats: &Stats) {
    let after = |time: Option<Duration>| time.map_or_else(|| "none".to_owned(), seconds);
    let _ = writeln!(
        anstream::stderr(),
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

/// A time for people.
pub(crate) fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.1} s", time.as_secs_f64())
    }
}

/// A count for people.
pub(crate) fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
