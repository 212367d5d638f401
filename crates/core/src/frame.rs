//! Frames: the output of a decoder, borrowed from the input or from the decoder's own buffer.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::error::TooLarge;

#[cfg(not(feature = "std"))]
use core::str::from_utf8;
#[cfg(feature = "std")]
use simdutf8::basic::from_utf8;

/// Bytes as they arrived, which read as UTF-8.
///
/// The bytes are kept unchanged. Every sequence that is not UTF-8 reads as U+FFFD, as in "UTF-8 decode" of the WHATWG Encoding
/// standard (maximal subparts).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Utf8<'a>(&'a [u8]);

impl<'a> Utf8<'a> {
    /// Wraps bytes from the wire.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, unchanged.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text; borrowed unless a broken sequence had to be replaced.
    #[must_use]
    pub fn to_str(self) -> Cow<'a, str> {
        // Validating first reads broken text twice, and makes valid text much faster (`cargo xtask bench`, `sse-cjk`).
        match from_utf8(self.0) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(self.repaired()),
        }
    }

    /// The text with broken sequences replaced. `String::from_utf8_lossy` would be a second UTF-8 decoder in what a page downloads.
    #[cold]
    fn repaired(self) -> String {
        let mut text = String::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Err(error) = core::str::from_utf8(rest) {
            let (sound, broken) = rest.split_at(error.valid_up_to());
            text.push_str(core::str::from_utf8(sound).unwrap_or_default());
            text.push(char::REPLACEMENT_CHARACTER);
            rest = &broken[error.error_len().unwrap_or(broken.len())..];
        }
        text.push_str(core::str::from_utf8(rest).unwrap_or_default());
        text
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Utf8<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Utf8<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl PartialEq<str> for Utf8<'_> {
    fn eq(&self, other: &str) -> bool {
        self.to_str() == other
    }
}

impl PartialEq<&str> for Utf8<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// An event of an SSE stream (WHATWG HTML, 9.2.6 "Interpreting an event stream").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's type; `message` if the stream does not name it.
    pub event: Utf8<'a>,
    /// The event's data; its lines are joined with a line feed.
    pub data: Utf8<'a>,
    /// The last event id in effect; empty before the first id.
    pub id: Utf8<'a>,
    /// The event's own block set that id; otherwise it is inherited from an earlier one.
    pub has_own_id: bool,
}

/// One JSON value of a stream of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the body, counted from 0.
    pub index: u64,
    /// Its own text, unchanged, without the white space around it.
    pub json: Utf8<'a>,
}

/// A record that is not JSON. It is reported, and the next one is read if the format allows that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {offset}: {problem}")]
pub struct BadRecord {
    /// The offset in the decoded body of the first byte that is not allowed, counted from 0.
    pub offset: u64,
    /// What is wrong.
    pub problem: &'static str,
}

/// One piece of a decoder's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// An event of an SSE stream.
    Event(Event<'a>),
    /// A JSON record.
    Record(Record<'a>),
    /// A piece of a text stream; never half a character, never empty.
    Text(&'a str),
    /// The last event id, set by an SSE block without data. The block makes no event, but its id counts.
    Id(Utf8<'a>),
    /// An SSE comment without its colon and one leading space.
    Comment(Utf8<'a>),
    /// The `retry:` field: how long an SSE stream asks to wait before reconnecting.
    Retry(Duration),
    /// `[DONE]` in place of a JSON record; only if [`DecoderOptions::done`](crate::DecoderOptions::done) is set.
    Done,
    /// The last string of a text body, apart from white space, if it is one of those that the decoder holds back; see
    /// [`Decoder::hold_back`](crate::Decoder::hold_back).
    LastText(&'a str),
    /// A record that is not JSON.
    BadRecord(BadRecord),
    /// An event or record that exceeded its limit and was left out; only with
    /// [`DecoderOptions::skip_oversized`](crate::DecoderOptions::skip_oversized).
    Skipped(TooLarge),
}
