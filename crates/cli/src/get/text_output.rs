//! Text on standard output, in pieces and in lines.

use std::io::{self, Write};

use crate::terminal::{self, Stdout};

/// Writes text to standard output, and tracks whether its last line is still open.
#[derive(Debug)]
pub(crate) struct TextOutput {
    out: Stdout,
    /// Whether the last line is still open. Notes on standard error end it too, since both may share a screen.
    pub(crate) in_line: bool,
}

impl TextOutput {
    pub(crate) fn new() -> Self {
        Self { out: terminal::stdout(), in_line: false }
    }

    /// The underlying writer, for output that is neither a piece nor a line.
    pub(crate) const fn writer(&mut self) -> &mut Stdout {
        &mut self.out
    }

    /// Writes a piece of a text that continues.
    pub(crate) fn piece(&mut self, piece: &str) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.in_line = !piece.ends_with('\n');
        self.out.write_all(piece.as_bytes())
    }

    /// Writes a whole line, after it has ended an open one.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        self.end_line()?;
        self.rest_of_line(text)
    }

    /// Writes the rest of a line that was begun with [`writer`](Self::writer).
    pub(crate) fn rest_of_line(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// Ends the line that is open, if one is.
    pub(crate) fn end_line(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.in_line) { self.out.write_all(b"\n") } else { Ok(()) }
    }

    /// Ends the output of a stream: on a terminal the open line is ended, so that the shell's prompt starts on a new line.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if self.out.is_terminal() { self.end_line() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
