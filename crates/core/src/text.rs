//! Text as it arrives: UTF-8 by the WHATWG Encoding standard's "UTF-8 decode", never a broken character.
//!
//! Text is never indexed in this crate, only sliced with `get`: the panic of an index brings Unicode tables along, which weigh more than
//! this decoder where the core is downloaded.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::DecodeError;
use crate::frame::{Frame, Utf8};
use crate::json::{trim_end, trim_start};
use crate::options::DecoderOptions;

/// The string that ends a text stream when it is the last one of the body.
const DONE: &str = "[DONE]";

/// A decoder of text bodies, fed in pieces that may be cut anywhere.
///
/// What may be the closing marker of the body (`[DONE]` with [`DecoderOptions::done`], and what [`hold_back`](Self::hold_back) was
/// given) is held back until it is known not to be: because other text follows, or more white space than
/// [`DecoderOptions::max_event_bytes`] lets it hold.
#[derive(Clone, Debug)]
pub struct Text {
    options: DecoderOptions,
    place: Place,
    /// Bytes that are read before the next piece: the beginning of a character, at most three bytes, or what was inspected to find
    /// out that the body is text.
    partial: Vec<u8>,
    /// Closing markers beside `[DONE]`.
    markers: Option<Arc<[Box<str>]>>,
    /// The end of the text so far, as long as it may be a closing marker.
    held: String,
    /// What is held is a whole marker, perhaps with white space after it.
    held_is_whole: bool,
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
        Self {
            options,
            place: Place::Start,
            partial: Vec::new(),
            markers: None,
            held: String::new(),
            held_is_whole: false,
            lent: String::new(),
        }
    }

    /// The same, with the first bytes of the body.
    pub(crate) fn with_first_bytes(mut self, bytes: Vec<u8>) -> Self {
        self.partial = bytes;
        self
    }

    /// Holds these strings back too, where one may be the last of the body; if it is, it comes as [`Frame::LastText`].
    pub fn hold_back(&mut self, markers: Arc<[Box<str>]>) {
        self.markers = Some(markers);
    }

    /// The text in `input`, all of it but for half a character at its end. Takes all of `input`.
    ///
    /// # Errors
    /// None; every sequence of bytes reads as text.
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        let (text, shown) = self.read(core::mem::take(input));
        let text = match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => {
                self.lent = text;
                &self.lent
            }
        };
        Ok(text.get(..shown).filter(|text| !text.is_empty()).map(Frame::Text))
    }

    /// To be called when the body has ended cleanly, until it returns `None`. Half a character reads as U+FFFD, a closing
    /// `[DONE]` is [`Frame::Done`], and another closing marker [`Frame::LastText`].
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        if whole_characters(&self.partial) > 0 {
            // What was inspected, and turned out to be the whole body.
            let (text, shown) = self.read(b"");
            self.lent = text.get(..shown).unwrap_or_default().to_owned();
            if shown > 0 {
                return Ok(Some(Frame::Text(&self.lent)));
            }
        }
        self.lent = core::mem::take(&mut self.held);
        if !matches!(self.place, Place::Ended | Place::EndedInside) {
            let is_cut = !self.partial.is_empty();
            self.place = if is_cut { Place::EndedInside } else { Place::Ended };
            if is_cut {
                self.partial.clear();
                self.lent.push(char::REPLACEMENT_CHARACTER);
                return Ok(Some(Frame::Text(&self.lent)));
            }
        }
        let last = trim_end(self.lent.as_bytes());
        let ends = |marker: &&str| last.ends_with(marker.as_bytes());
        let Some(length) = self.markers().filter(ends).map(str::len).max() else {
            return Ok((!self.lent.is_empty()).then_some(Frame::Text(&self.lent)));
        };
        let end = last.len();
        if end > length {
            // The marker comes by itself, with the next call.
            self.held = self.lent.split_off(end - length);
            return Ok(Some(Frame::Text(&self.lent)));
        }
        let marker = self.lent.get(..end).unwrap_or_default();
        Ok(Some(if self.options.done && marker == DONE { Frame::Done } else { Frame::LastText(marker) }))
    }

    /// Whether the body ended inside a character.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        self.place == Place::EndedInside || whole_characters(&self.partial) < self.partial.len()
    }

    /// All whole characters up to the end of `piece`, and how many of their bytes can be shown.
    fn read<'a>(&mut self, piece: &'a [u8]) -> (Cow<'a, str>, usize) {
        let mut text = self.characters(piece);
        if self.place == Place::Start && !text.is_empty() {
            self.place = Place::Inside;
            text = without_bom(text);
        }
        let watches = self.options.done || self.markers.is_some();
        let shown = if watches { self.keep_marker(&mut text) } else { text.len() };
        (text, shown)
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

    /// How much of the text can be shown; what may be a closing marker is kept for later.
    fn keep_marker(&mut self, text: &mut Cow<'_, str>) -> usize {
        let longest = self.markers().map(str::len).max().unwrap_or(0);
        let limit = self.options.max_event_bytes.max(longest);
        let is_white = trim_start(text.as_bytes()).is_empty();
        if self.held_is_whole && is_white && self.held.len() + text.len() <= limit {
            // Only white space after the marker: nothing has to be looked at again.
            self.held.push_str(text);
            return 0;
        }
        if !self.held.is_empty() {
            *text = Cow::Owned(core::mem::take(&mut self.held) + text);
        }
        let (shown, is_whole) = self
            .markers()
            .map(|marker| marker_start(text, marker))
            .min_by_key(|(start, _)| *start)
            .unwrap_or((text.len(), false));
        self.held_is_whole = is_whole;
        if text.len() - shown > limit {
            self.held_is_whole = false;
            return text.len();
        }
        self.held.push_str(text.get(shown..).unwrap_or_default());
        shown
    }

    fn markers(&self) -> impl Iterator<Item = &str> {
        let declared = self.markers.as_deref().unwrap_or_default().iter().map(AsRef::as_ref);
        self.options.done.then_some(DONE).into_iter().chain(declared)
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

/// Where the text's end begins to be the marker and white space, or a beginning of the marker; and whether it is all of it.
fn marker_start(text: &str, marker: &str) -> (usize, bool) {
    let trimmed = trim_end(text.as_bytes());
    if trimmed.ends_with(marker.as_bytes()) {
        return (trimmed.len() - marker.len(), true);
    }
    let marker = marker.as_bytes();
    let cut = (1..marker.len()).rev().find(|&length| text.as_bytes().ends_with(&marker[..length]));
    (text.len() - cut.unwrap_or(0), false)
}
