//! Text as it comes: UTF-8 by the WHATWG Encoding standard's "UTF-8 decode", never a broken character.
//!
//! No text is indexed in this crate, only asked for its parts: the panic of an index prints with tables of Unicode, which weigh more than
//! this decoder where the core is downloaded.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::DecodeError;
use crate::frame::{Frame, Utf8};
use crate::json::{trim_end, trim_start};
use crate::options::DecoderOptions;

/// The string that ends a text stream when it is the last one of the body.
const DONE: &str = "[DONE]";

/// A decoder of text bodies, fed in pieces that may be cut anywhere.
///
/// With [`DecoderOptions::done`], what may be the closing `[DONE]` is held back until it is known not to be: by other text behind it,
/// or by more white space than [`DecoderOptions::max_event_bytes`] lets it hold.
#[derive(Clone, Debug)]
pub struct Text {
    options: DecoderOptions,
    place: Place,
    /// The beginning of a character whose rest has not come: at most three bytes.
    partial: Vec<u8>,
    /// The end of the text so far, as long as it may be the closing marker.
    held: String,
    /// What the last frame was lent from.
    lent: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the first character; a BOM here is dropped.
    Start,
    Inside,
    /// The body has ended inside a character.
    EndedInside,
    Ended,
}

impl Text {
    /// A decoder at the start of a body.
    #[must_use]
    pub const fn new(options: DecoderOptions) -> Self {
        Self { options, place: Place::Start, partial: Vec::new(), held: String::new(), lent: String::new() }
    }

    /// The text in `input`, all of it but for half a character at its end. Takes all of `input`.
    ///
    /// # Errors
    /// None; every sequence of bytes reads as text.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        let mut text = self.characters(core::mem::take(input));
        if self.place == Place::Start && !text.is_empty() {
            self.place = Place::Inside;
            text = without_bom(text);
        }
        let shown = if self.options.done { self.hold_back(&mut text) } else { text.len() };
        let text = match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => {
                self.lent = text;
                &self.lent
            }
        };
        Ok(text.get(..shown).filter(|text| !text.is_empty()).map(Frame::Text))
    }

    /// Says that the body has ended cleanly; to be called until it returns `None`. Half a character reads as U+FFFD, and a
    /// closing `[DONE]` is [`Frame::Done`].
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        match self.place {
            Place::Ended | Place::EndedInside => return Ok(None),
            Place::Start | Place::Inside if self.partial.is_empty() => self.place = Place::Ended,
            Place::Start | Place::Inside => self.place = Place::EndedInside,
        }
        self.lent = core::mem::take(&mut self.held);
        if self.place == Place::EndedInside {
            self.partial.clear();
            self.lent.push(char::REPLACEMENT_CHARACTER);
        } else if trim_end(self.lent.as_bytes()) == DONE.as_bytes() {
            return Ok(Some(Frame::Done));
        }
        Ok((!self.lent.is_empty()).then_some(Frame::Text(&self.lent)))
    }

    /// Whether the body ended inside a character.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        self.place == Place::EndedInside || !self.partial.is_empty()
    }

    /// All whole characters up to the end of `piece`.
    fn characters<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, str> {
        if self.partial.is_empty() {
            let (whole, partial) = piece.split_at(whole_characters(piece));
            self.partial.extend_from_slice(partial);
            return Utf8::new(whole).to_str();
        }
        self.partial.extend_from_slice(piece);
        let whole = whole_characters(&self.partial);
        let text = Utf8::new(&self.partial[..whole]).to_str().into_owned();
        self.partial.drain(..whole);
        Cow::Owned(text)
    }

    /// How much of the text can be shown; what may be the closing marker is kept for later.
    fn hold_back(&mut self, text: &mut Cow<'_, str>) -> usize {
        let limit = self.options.max_event_bytes.max(DONE.len());
        let is_white = trim_start(text.as_bytes()).is_empty();
        if self.held.len() >= DONE.len() && is_white && self.held.len() + text.len() <= limit {
            // Only white space behind the marker: nothing has to be looked at again.
            self.held.push_str(text);
            return 0;
        }
        if !self.held.is_empty() {
            *text = Cow::Owned(core::mem::take(&mut self.held) + text);
        }
        let shown = marker_start(text);
        if text.len() - shown > limit {
            return text.len();
        }
        self.held.push_str(text.get(shown..).unwrap_or_default());
        shown
    }
}

fn without_bom(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        Cow::Owned(text) => Cow::Owned(text.strip_prefix('\u{FEFF}').map(ToOwned::to_owned).unwrap_or(text)),
    }
}

/// How many bytes stand before a character that is cut off at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(3);
    // Only the last three bytes can begin a character that more bytes would complete.
    (tail..bytes.len())
        .find(|&at| matches!(core::str::from_utf8(&bytes[at..]), Err(e) if e.valid_up_to() == 0 && e.error_len().is_none()))
        .unwrap_or(bytes.len())
}

/// Where the text's end begins to be `[DONE]` and white space, or the beginning of `[DONE]`.
fn marker_start(text: &str) -> usize {
    let trimmed = trim_end(text.as_bytes());
    if trimmed.ends_with(DONE.as_bytes()) {
        return trimmed.len() - DONE.len();
    }
    let cut = (1..DONE.len()).rev().find(|&length| text.as_bytes().ends_with(&DONE.as_bytes()[..length]));
    text.len() - cut.unwrap_or(0)
}
