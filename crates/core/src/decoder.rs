//! One decoder for every format, chosen by hand, by content type, or by the first byte.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::error::DecodeError;
use crate::format::{Announced, Format};
use crate::frame::{Frame, Utf8};
use crate::json::{Concat, JsonArray, JsonSeq, Ndjson, is_white};
use crate::options::DecoderOptions;
use crate::sse::Sse;
use crate::text::Text;

const BOM: &[u8] = b"\xEF\xBB\xBF";
/// How much white space before the deciding byte is held. Nobody sends JSON with more.
const LONGEST_LEAD: usize = 4096;

/// A decoder of any format, fed in pieces that may be cut anywhere.
///
/// ```
/// use tidewire_core::{Decoder, Format, Frame, DecoderOptions};
///
/// let mut decoder = Decoder::new(Format::Auto, DecoderOptions::default());
/// let mut body: &[u8] = b"{\"token\":\"hi\"}\n{\"token\":\"!\"}\n";
/// let mut count = 0;
/// while let Some(frame) = decoder.next(&mut body)? {
///     assert!(matches!(frame, Frame::Record(_)));
///     count += 1;
/// }
/// assert_eq!((count, decoder.format()), (2, Format::Ndjson));
/// # Ok::<(), tidewire_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    framing: Framing,
    last_event_id: Box<[u8]>,
}

#[derive(Clone, Debug)]
enum Framing {
    /// The format is not known before the first bytes: white space, a BOM, and what does not decide yet.
    Sniffing {
        by: Sniff,
        lead: Vec<u8>,
        options: DecoderOptions,
        text_markers: Option<Arc<[Box<str>]>>,
    },
    Sse(Sse),
    // Boxed, since they are larger than the SSE decoder, which most streams use.
    Other(Box<Other>),
}

/// The decoders that are too rare to be worth inlining.
#[derive(Clone, Debug)]
enum Other {
    Ndjson(Ndjson),
    JsonSeq(JsonSeq),
    JsonArray(JsonArray),
    Concat(Concat),
    Text(Text),
}

#[derive(Clone, Copy, Debug)]
enum Sniff {
    /// Nothing is known: `{` ndjson, `[` json-array, 0x1E json-seq, else sse.
    Anything,
    /// `application/json`: `[` json-array, else concat.
    Json,
    /// Text that may be something else: SSE if it begins with a field or a comment, JSON if with an object or an array of objects, and
    /// otherwise text.
    UnknownText,
}

macro_rules! each {
    ($other:expr, $decoder:ident => $result:expr) => {
        match $other {
            Other::Ndjson($decoder) => $result,
            Other::JsonSeq($decoder) => $result,
            Other::JsonArray($decoder) => $result,
            Other::Concat($decoder) => $result,
            Other::Text($decoder) => $result,
        }
    };
}

impl Decoder {
    /// A decoder of `format` at the start of a body; [`Format::Auto`] goes by the first byte: `{` is ndjson, `[` json-array,
    /// 0x1E json-seq, anything else sse. White space and a BOM before it are skipped.
    #[must_use]
    pub fn new(format: Format, options: DecoderOptions) -> Self {
        let mut decoder = Self::sniffing(Sniff::Anything, options);
        decoder.choose(format, options);
        decoder
    }

    /// A decoder for a body of this `Content-Type`, or `None` if bodies of that type are not read as streams.
    #[must_use]
    pub fn for_content_type(content_type: &str, options: DecoderOptions) -> Option<Self> {
        Some(match Announced::by_content_type(content_type)? {
            Announced::Format(format) => Self::new(format, options),
            Announced::Json => Self::sniffing(Sniff::Json, options),
        })
    }

    /// A decoder for a body that is labelled as text by a server that may not know better: it is read as SSE if it begins with a field
    /// or a comment of SSE, as concat if it begins with `{`, as json-array if with an array of objects, as json-seq if with 0x1E, and
    /// otherwise as text.
    #[must_use]
    pub fn for_unknown_text(options: DecoderOptions) -> Self {
        Self::sniffing(Sniff::UnknownText, options)
    }

    /// In the text format, holds these strings back while one may be the last of the body; if it is, it is handed out as
    /// [`Frame::LastText`].
    pub fn hold_back(&mut self, markers: Arc<[Box<str>]>) {
        match &mut self.framing {
            Framing::Sniffing { text_markers, .. } => *text_markers = Some(markers),
            Framing::Other(other) => {
                if let Other::Text(text) = &mut **other {
                    text.hold_back(markers);
                }
            }
            Framing::Sse(_) => {}
        }
    }

    /// The same, with the last event id of the previous connection in effect.
    #[must_use]
    pub fn with_last_event_id(mut self, id: &[u8]) -> Self {
        self.last_event_id = id.into();
        if let Framing::Sse(sse) = self.framing {
            self.framing = Framing::Sse(sse.with_last_event_id(id));
        }
        self
    }

    /// The format; [`Format::Auto`] until a byte has decided it.
    #[must_use]
    pub const fn format(&self) -> Format {
        match &self.framing {
            Framing::Sniffing { .. } => Format::Auto,
            Framing::Sse(_) => Format::Sse,
            Framing::Other(other) => other.format(),
        }
    }

    /// The last event id in effect; empty for formats without ids.
    #[must_use]
    pub fn last_event_id(&self) -> Utf8<'_> {
        match &self.framing {
            Framing::Sse(sse) => sse.last_event_id(),
            _ => Utf8::new(&self.last_event_id),
        }
    }

    /// The next frame of `input`, or `None` once the input is used up. What was used is removed from the front of `input`; an
    /// unfinished record is kept for the next piece.
    ///
    /// # Errors
    /// [`DecodeError`] when the body cannot be decoded any further; the frames before it were handed out.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        if matches!(self.framing, Framing::Sniffing { .. }) {
            self.begin(input)?;
        }
        match &mut self.framing {
            Framing::Sniffing { .. } => Ok(None),
            Framing::Sse(sse) => sse.next(input),
            Framing::Other(other) => other.next(input),
        }
    }

    /// The SSE decoder, once the body is known to be SSE, for callers that read its frames without asking for the format each time.
    #[inline]
    pub const fn as_sse(&mut self) -> Option<&mut Sse> {
        match &mut self.framing {
            Framing::Sse(sse) => Some(sse),
            Framing::Sniffing { .. } | Framing::Other(_) => None,
        }
    }

    /// To be called when the body has ended cleanly, until it returns `None`: hands out what only the end completes.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        self.finish_block(false)
    }

    /// As [`finish`](Self::finish). With `at_any_rate` it hands out an unterminated SSE block whatever the options say.
    #[inline]
    pub(crate) fn finish_block(&mut self, at_any_rate: bool) -> Result<Option<Frame<'_>>, DecodeError> {
        if let Framing::Sniffing { by: Sniff::UnknownText, .. } = self.framing {
            // Too little to be anything else.
            self.choose_text();
        }
        if let Framing::Sse(sse) = &mut self.framing {
            let mut line_ends = sse.missing_line_ends(at_any_rate);
            return self.next(&mut line_ends);
        }
        match &mut self.framing {
            Framing::Other(other) => other.finish(),
            Framing::Sniffing { .. } | Framing::Sse(_) => Ok(None),
        }
    }

    /// Whether the body ended inside a record; call it after [`finish`](Self::finish).
    #[must_use]
    pub fn inside_record(&self) -> bool {
        match &self.framing {
            Framing::Sniffing { .. } => false,
            Framing::Sse(sse) => sse.inside_record(),
            Framing::Other(other) => each!(&**other, decoder => decoder.inside_record()),
        }
    }

    /// The data so far of the unfinished SSE block, if there is any.
    #[must_use]
    pub fn unterminated_data(&self) -> Option<Vec<u8>> {
        match &self.framing {
            Framing::Sse(sse) => sse.unterminated_data(),
            _ => None,
        }
    }

    fn sniffing(by: Sniff, options: DecoderOptions) -> Self {
        Self {
            framing: Framing::Sniffing { by, lead: Vec::new(), options, text_markers: None },
            last_event_id: Box::default(),
        }
    }

    fn choose(&mut self, format: Format, options: DecoderOptions) {
        let other = match format {
            Format::Auto => return,
            Format::Sse => {
                self.framing = Framing::Sse(Sse::new(options).with_last_event_id(&self.last_event_id));
                return;
            }
            Format::Ndjson => Other::Ndjson(Ndjson::new(options)),
            Format::JsonSeq => Other::JsonSeq(JsonSeq::new(options)),
            Format::JsonArray => Other::JsonArray(JsonArray::new(options)),
            Format::Concat => Other::Concat(Concat::new(options)),
            Format::Text => Other::Text(Text::new(options)),
        };
        self.framing = Framing::Other(Box::new(other));
    }

    /// Chooses the format and reads what precedes the deciding byte. That makes no record, and what a format does not accept there
    /// is skipped.
    #[cold]
    #[inline]
    fn begin(&mut self, input: &mut &[u8]) -> Result<(), DecodeError> {
        let lead = self.sniff(input);
        let mut lead = &lead[..];
        if lead.is_empty() {
            return Ok(());
        }
        match &mut self.framing {
            Framing::Sniffing { .. } => {}
            Framing::Sse(sse) => while sse.next_by_line(&mut lead, None)?.is_some() {},
            Framing::Other(other) => while other.next(&mut lead)?.is_some() {},
        }
        Ok(())
    }

    /// Looks for the bytes that decide the format; returns what precedes them, which has to be read first.
    fn sniff(&mut self, input: &mut &[u8]) -> Vec<u8> {
        let Framing::Sniffing { by, lead, options, .. } = &mut self.framing else { return Vec::new() };
        let mut decided = None;
        while let Some((&byte, rest)) = input.split_first() {
            decided = match by {
                Sniff::UnknownText => unknown_text(lead, byte),
                Sniff::Anything | Sniff::Json => first_byte(lead, byte).map(|byte| match (&by, byte) {
                    (_, b'[') => Format::JsonArray,
                    (Sniff::Json, _) => Format::Concat,
                    (_, b'{') => Format::Ndjson,
                    (_, 0x1E) => Format::JsonSeq,
                    _ => Format::Sse,
                }),
            };
            if decided.is_some() {
                break;
            }
            lead.push(byte);
            *input = rest;
        }
        match decided {
            None => Vec::new(),
            Some(Format::Text) => {
                self.choose_text();
                Vec::new()
            }
            Some(format) => {
                let (lead, options) = (core::mem::take(lead), *options);
                self.choose(format, options);
                lead
            }
        }
    }

    /// Chooses text; what was inspected is part of it.
    fn choose_text(&mut self) {
        let Framing::Sniffing { lead, options, text_markers, .. } = &mut self.framing else { return };
        let mut text = Text::new(*options).with_first_bytes(core::mem::take(lead));
        if let Some(markers) = text_markers.take() {
            text.hold_back(markers);
        }
        self.framing = Framing::Other(Box::new(Other::Text(text)));
    }
}

/// The next byte, if it decides the format: the first one after a BOM and white space.
fn first_byte(lead: &[u8], byte: u8) -> Option<u8> {
    let of_bom = BOM.strip_prefix(lead).filter(|_| !lead.is_empty() || byte == BOM[0]);
    match of_bom.and_then(|rest| rest.first()) {
        Some(next) if *next == byte => None,
        // Half a BOM: it is text, and so is the white space after it.
        Some(_) => Some(BOM[0]),
        None if is_white(byte) && lead.len() < LONGEST_LEAD => None,
        None => Some(byte),
    }
}

/// The format of a body that is labelled as text, if the next byte decides it; `lead` is what came before. See
/// [`Decoder::for_unknown_text`].
#[must_use]
pub fn unknown_text(lead: &[u8], byte: u8) -> Option<Format> {
    const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];
    let after_bom = lead.strip_prefix(BOM).unwrap_or(lead);
    let begun = after_bom.trim_ascii_start();
    if begun.is_empty() || BOM.starts_with(begun) {
        let white = &after_bom[..after_bom.len() - begun.len()];
        let at_line_start = matches!(white.last(), None | Some(b'\n' | b'\r'));
        return match first_byte(lead, byte)? {
            b'{' => Some(Format::Concat),
            0x1E => Some(Format::JsonSeq),
            b'[' => None,
            b':' if at_line_start => Some(Format::Sse),
            b'd' | b'e' | b'i' | b'r' if at_line_start => None,
            _ => Some(Format::Text),
        };
    }
    if begun.starts_with(b"[") {
        return match byte {
            b'{' => Some(Format::JsonArray),
            byte if is_white(byte) && lead.len() < LONGEST_LEAD => None,
            _ => Some(Format::Text),
        };
    }
    let goes_on = |name: &&[u8]| name.strip_prefix(begun).is_some_and(|rest| rest.first() == Some(&byte));
    match byte {
        b':' if FIELDS.contains(&begun) => Some(Format::Sse),
        _ if FIELDS.iter().any(goes_on) => None,
        _ => Some(Format::Text),
    }
}

impl Other {
    const fn format(&self) -> Format {
        match self {
            Self::Ndjson(_) => Format::Ndjson,
            Self::JsonSeq(_) => Format::JsonSeq,
            Self::JsonArray(_) => Format::JsonArray,
            Self::Concat(_) => Format::Concat,
            Self::Text(_) => Format::Text,
        }
    }

    #[inline(never)]
    fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        each!(self, decoder => decoder.next(input))
    }

    #[inline(never)]
    fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        each!(self, decoder => decoder.finish())
    }
}
