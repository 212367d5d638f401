//! Standard output and standard error, protected from a peer's control sequences.
//!
//! Everything that the command prints goes through a [`SafeWriter`]. On a terminal it shows control characters escaped, as `\u001b`;
//! a pipe or a file gets the bytes as they are. Only the styles of the command itself are written as control sequences.

use std::fmt::Display;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::mem;
use std::str;

use anstream::stream::{AsLockedWrite, RawStream};
use anstream::{AutoStream, ColorChoice};
use anstyle::Style;

/// Standard output.
pub(crate) type Stdout = SafeWriter<AutoStream<io::Stdout>>;
/// Standard error.
pub(crate) type Stderr = SafeWriter<AutoStream<io::Stderr>>;

/// A writer that escapes control characters if it leads to a terminal.
///
/// A character may be cut between two writes.
#[derive(Debug)]
pub(crate) struct SafeWriter<W> {
    out: W,
    is_terminal: bool,
    has_styles: bool,
    /// The bytes of a character whose end has not been written yet.
    unfinished: Vec<u8>,
}

/// A writer to standard output.
pub(crate) fn stdout() -> Stdout {
    writer(io::stdout())
}

/// A writer to standard error.
pub(crate) fn stderr() -> Stderr {
    writer(io::stderr())
}

/// A second handle to standard output, for watching it.
#[cfg(unix)]
pub(crate) fn stdout_handle() -> io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsFd;

    io::stdout().as_fd().try_clone_to_owned()
}

fn writer<S: RawStream + AsLockedWrite>(stream: S) -> SafeWriter<AutoStream<S>> {
    let (is_terminal, choice) = (stream.is_terminal(), AutoStream::choice(&stream));
    // On Windows, `auto` prepares the console for styles. In a pipe it would drop a peer's styles; `always_ansi` changes no byte.
    let out = if is_terminal { AutoStream::auto(stream) } else { AutoStream::always_ansi(stream) };
    SafeWriter::with_styles(out, is_terminal, choice)
}

impl<W: Write> SafeWriter<W> {
    /// A writer without styles, which escapes if `is_terminal`.
    pub(crate) const fn new(out: W, is_terminal: bool) -> Self {
        Self { out, is_terminal, has_styles: false, unfinished: Vec::new() }
    }

    fn with_styles(out: W, is_terminal: bool, choice: ColorChoice) -> Self {
        Self { has_styles: choice != ColorChoice::Never, ..Self::new(out, is_terminal) }
    }

    /// Whether it leads to a terminal.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes a text in a style, or without one if the output shows no styles.
    pub(crate) fn styled(&mut self, style: Style, text: impl Display) -> io::Result<()> {
        if self.has_styles {
            write!(self.out, "{style}")?;
        }
        write!(self, "{text}")?;
        if self.has_styles {
            write!(self.out, "{style:#}")?;
        }
        Ok(())
    }
}

impl<W: Write> Write for SafeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.out.write(bytes);
        }
        let mut joined = mem::take(&mut self.unfinished);
        joined.extend_from_slice(bytes);
        let mut shown = String::with_capacity(joined.len());
        let mut chunks = joined.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            escape(chunk.valid(), &mut shown);
            let is_last = chunks.peek().is_none();
            match chunk.invalid() {
                [] => {}
                start if is_last && is_unfinished(start) => self.unfinished = start.to_vec(),
                _ => shown.push(char::REPLACEMENT_CHARACTER),
            }
        }
        self.out.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether these bytes may still become a character.
fn is_unfinished(start: &[u8]) -> bool {
    str::from_utf8(start).is_err_and(|error| error.error_len().is_none())
}

/// Adds `text` with its control characters escaped as in JSON, so that a JSON line stays one.
fn escape(text: &str, shown: &mut String) {
    for c in text.chars() {
        if acts_on_terminal(c) {
            // All of them are in the basic plane, so four digits are enough. Writing to a string does not fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
}

/// Whether a terminal might act on the character: C0 except line feed and tab, DEL, C1, and what changes the direction of the text.
fn acts_on_terminal(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Unicode's property Bidi_Control.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    fn written(is_terminal: bool, pieces: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = SafeWriter::new(&mut out, is_terminal);
        for piece in pieces {
            writer.write_all(piece).unwrap();
        }
        writer.flush().unwrap();
        out
    }

    #[test]
    fn a_terminal_gets_control_characters_escaped_and_a_pipe_gets_them_as_they_are() {
        #[rustfmt::skip]
        let rows = [
            ("text 中文 🌊 👨‍👩‍👧\n\t.", "text 中文 🌊 👨‍👩‍👧\n\t."),
            ("\x1b[2J\x07\0\x08", r"\u001b[2J\u0007\u0000\u0008"),
            ("over\rwrite\r\n", "over\\u000dwrite\\u000d\n"),
            ("\x7f\u{80}\u{9b}31m\u{9f}", r"\u007f\u0080\u009b31m\u009f"),
            ("a\u{202e}b\u{2066}c\u{2069}\u{200f}\u{61c}", r"a\u202eb\u2066c\u2069\u200f\u061c"),
            // No-break space, soft hyphen, joiners, variation selectors, line separator: no terminal acts on them.
            ("\u{a0}\u{ad}\u{200b}\u{200c}\u{200d}\u{fe0f}\u{2028}", "\u{a0}\u{ad}\u{200b}\u{200c}\u{200d}\u{fe0f}\u{2028}"),
        ];
        for (text, want) in rows {
            let bytes = text.as_bytes();
            assert_eq!(written(false, &[bytes]), bytes, "{text:?} in a pipe");
            for cut in 0..=bytes.len() {
                let (start, end) = bytes.split_at(cut);
                let got = String::from_utf8(written(true, &[start, end])).unwrap();
                assert_eq!(got, want, "{text:?} cut after {cut} bytes");
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_on_a_terminal() {
        let rows: [(&[&[u8]], &str); 4] = [
            (&[b"\x9b31m"], "\u{fffd}31m"),
            (&[b"\xc2", b"\x9b"], r"\u009b"),
            (&[b"\xe4\xbd", b"x"], "\u{fffd}x"),
            (&[b"\xff\xfe\x1b"], "\u{fffd}\u{fffd}\\u001b"),
        ];
        for (pieces, want) in rows {
            assert_eq!(String::from_utf8(written(true, pieces)).unwrap(), want, "{pieces:?}");
            assert_eq!(written(false, pieces), pieces.concat());
        }
    }

    #[test]
    fn only_the_style_is_a_control_sequence() {
        let style = AnsiColor::Red.on_default();
        for (choice, want) in
            [(ColorChoice::Always, "\x1b[31m\\u001b[0m\x1b[0m"), (ColorChoice::Never, "\\u001b[0m")]
        {
            let mut out = Vec::new();
            SafeWriter::with_styles(&mut out, true, choice).styled(style, "\x1b[0m").unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), want, "{choice:?}");
        }
    }
}
