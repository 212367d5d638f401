//! What `get` prints, by `--output`.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use tidewire::{Ending, Frame, Stats};

use super::pretty::Pretty;
use super::said::{Said, said};
use crate::args::Output;
use crate::lines::Line;

/// Prints frames as they come; standard output is flushed after each.
pub(crate) enum Printer {
    Pretty(Pretty),
    Events,
    Data,
    Text {
        /// Standard output stands inside a line.
        inside_line: bool,
    },
}

impl Printer {
    pub(crate) fn new(output: Output) -> Self {
        match output {
            Output::Pretty => Self::Pretty(Pretty::default()),
            Output::Events => Self::Events,
            Output::Data => Self::Data,
            Output::Text => Self::Text { inside_line: false },
        }
    }

    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Pretty(pretty) => pretty.frame(frame)?,
            Self::Events => {
                if let Some(line) = Line::of(frame) {
                    line.write(&mut out)?;
                }
            }
            Self::Data => match frame {
                Frame::Event(event) => writeln!(out, "{}", event.data)?,
                Frame::Record { json, .. } => writeln!(out, "{json}")?,
                Frame::Text(text) => write!(out, "{text}")?,
                _ => {}
            },
            Self::Text { inside_line } => match said(frame) {
                Said::Piece(piece) => {
                    write!(out, "{piece}")?;
                    *inside_line = !piece.ends_with('\n');
                }
                Said::Whole(text) => {
                    writeln!(out, "{text}")?;
                    *inside_line = false;
                }
                Said::Nothing => {}
            },
        }
        out.flush()
    }

    pub(crate) fn end(&mut self, ending: &Ending) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Pretty(pretty) => pretty.end(ending)?,
            Self::Events => {
                let cursor = ending.cursor.as_deref();
                Line::end(&ending.outcome, &ending.stats, cursor, ending.error.as_deref()).write(&mut out)?;
            }
            Self::Text { inside_line: true } if out.is_terminal() => writeln!(out)?,
            Self::Text { .. } | Self::Data => {}
        }
        out.flush()
    }
}

/// What a stream took, on standard error.
pub(crate) fn stats(stats: &Stats) {
    let after = |time: Option<Duration>| time.map_or_else(|| "none".to_owned(), seconds);
    let _ = writeln!(
        anstream::stderr(),
        "stats: first byte {} · first event {} · {} events · {} bytes · {} requests · longest silence {} · {} in all",
        after(stats.first_byte),
        after(stats.first_event),
        stats.events,
        stats.bytes,
        stats.attempts,
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
