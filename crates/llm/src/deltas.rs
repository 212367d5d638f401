//! Turns the frames of one reply into deltas.

use tidewire_core::session::At;
use tidewire_core::{BadRecord, Frame, ReplyState, Stream};

use crate::auto::{Unread, by_name};
use crate::delta::Delta;
use crate::dialect::{Dialect, Paths};
use crate::dialects::DialectReader;
use crate::json::Value;
use crate::out::{Out, ReplyFacts};
use crate::template::Template;

/// Reads the frames of one reply as deltas, and returns the state of the reply after each frame.
///
/// ```
/// use tidewire_core::json::Ndjson;
/// use tidewire_core::{ReplyState, DecoderOptions};
/// use tidewire_llm::{Delta, Deltas, Dialect};
///
/// let mut body = &b"{\"model\":\"m\",\"message\":{\"content\":\"hi\"},\"done\":false}\n{\"model\":\"m\",\"done\":true}\n"[..];
/// let (mut decoder, mut deltas, mut text) = (Ndjson::new(DecoderOptions::default()), Deltas::new(Dialect::Ollama), String::new());
/// while let Some(frame) = decoder.next(&mut body).unwrap() {
///     let reply_state = deltas.read(&frame, &mut |delta| {
///         if let Delta::Text { text: piece, .. } = delta {
///             text.push_str(piece);
///         }
///     });
///     assert_eq!(reply_state == Ok(ReplyState::Complete), body.is_empty());
/// }
/// assert_eq!(text, "hi");
/// ```
#[derive(Clone, Debug)]
pub struct Deltas {
    dialect: Dialect,
    reader: Option<DialectReader>,
    template: Template,
    facts: ReplyFacts,
    unread: Unread,
}

impl Deltas {
    /// A reader of one reply in this dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let mut deltas = Self {
            dialect: Dialect::Auto,
            reader: None,
            template: Template::default(),
            facts: ReplyFacts::default(),
            unread: Unread::default(),
        };
        deltas.choose(dialect);
        deltas
    }

    /// The dialect of the reply; [`Dialect::Auto`] until a record has identified it.
    #[must_use]
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The provider's description of its failure, if it reported one.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.facts.error.as_deref()
    }

    /// The reply's id; empty if none has arrived.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.facts.id
    }

    /// The state of the reply after what was read.
    #[must_use]
    pub const fn reply_state(&self) -> ReplyState {
        self.facts.reply_state
    }

    /// Reads a frame, passes its deltas to `sink`, and returns the state of the reply. Frames that are not records change nothing.
    ///
    /// # Errors
    /// [`BadRecord`] for a record that is not JSON, with the offset in the record's own text (in an SSE event's data). The record is
    /// skipped, and the state stays the same.
    #[inline]
    pub fn read(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut dyn FnMut(&Delta<'_>),
    ) -> Result<ReplyState, BadRecord> {
        let (name, text) = match frame {
            Frame::Event(event) => (event.event.as_bytes(), event.data.as_bytes()),
            Frame::Record(record) => (&b""[..], record.json.as_bytes()),
            _ => return Ok(self.read_other(frame, sink)),
        };
        match self.template.token(name, text) {
            Some((slot, token)) => {
                self.facts.grower.grow(slot, token, sink);
                Ok(self.facts.reply_state)
            }
            None => self.read_whole(name, text, sink),
        }
    }

    /// Reads events at the front of `input` as long as they resemble the previous event, and reports them to the stream. The result is the
    /// same as from [`read`](Self::read) on each of their frames, in a fraction of the time.
    #[inline]
    pub fn read_alike(
        &mut self,
        stream: &mut Stream,
        at: At,
        input: &mut &[u8],
        sink: &mut dyn FnMut(&Delta<'_>),
    ) {
        let Self { template, facts, .. } = self;
        let Some((name, slot)) = template.line() else { return };
        let grower = &mut facts.grower;
        let known = |data| template.front(data);
        if stream.known(at, input, name, known, |token| grower.grow(slot, token, sink)) {
            template.came();
            stream.reply_state(at, facts.reply_state, facts.error.as_deref());
        }
    }

    /// The name of the events that [`front`](Self::front) recognises, if it would recognise any. For drivers that look at bytes before they are
    /// decoded, as [`read_alike`](Self::read_alike) does.
    #[must_use]
    #[inline]
    pub fn alike(&self) -> Option<&[u8]> {
        self.template.line().map(|(name, _)| name)
    }

    /// The token of an event that resembles the previous one, and the length of its data, which is at the front of `data`.
    #[must_use]
    #[inline]
    pub fn front<'a>(&self, data: &'a [u8]) -> Option<(&'a [u8], usize)> {
        self.template.front(data)
    }

    /// Reads the event that has this token.
    #[inline]
    pub fn take(&mut self, token: &[u8], sink: &mut dyn FnMut(&Delta<'_>)) {
        if let Some((_, slot)) = self.template.line() {
            self.facts.grower.grow(slot, token, sink);
            self.template.came();
        }
    }

    /// Ends the reply: hands out text that was waiting for more.
    pub fn finish(&mut self, sink: &mut dyn FnMut(&Delta<'_>)) {
        if self.reader.is_none() && !self.unread.is_empty() {
            self.settle(Dialect::Generic(Paths::default()), sink);
        }
        self.facts.grower.flush(sink);
    }

    /// Chooses the dialect by a record, and reads the records before it. False if the record does not decide it; then it is kept.
    fn find_dialect(
        &mut self,
        name: &[u8],
        text: &[u8],
        sink: &mut dyn FnMut(&Delta<'_>),
    ) -> Result<bool, BadRecord> {
        let dialect = match Value::first(text) {
            Ok(record) => self.unread.dialect(name, record),
            // Padding that opens a stream, and comments sent as data.
            Err(_) if matches!(text.trim_ascii_start(), [] | [b':', ..]) || text == b"[DONE]" => {
                return Ok(false);
            }
            Err(bad) if matches!(text.trim_ascii_start(), [b'{' | b'[', ..]) => return Err(bad),
            Err(_) => Some(by_name(name).unwrap_or_else(|| Dialect::Generic(Paths::default()))),
        };
        let Some(dialect) = dialect else {
            self.unread.keep(name, text);
            return Ok(false);
        };
        self.settle(dialect, sink);
        Ok(true)
    }

    /// Chooses the dialect, and reads what was kept.
    fn settle(&mut self, dialect: Dialect, sink: &mut dyn FnMut(&Delta<'_>)) {
        self.choose(dialect);
        for (name, text) in self.unread.take() {
            // Its JSON was already checked when it was kept, so an error here adds nothing.
            let _ = self.read_whole(&name, &text, sink);
        }
    }

    fn choose(&mut self, dialect: Dialect) {
        self.reader = DialectReader::new(&dialect);
        self.dialect = dialect;
        self.facts.reply_state = self.reader.as_ref().map_or(ReplyState::Nothing, DialectReader::first);
    }

    #[inline(never)]
    fn read_other(&mut self, frame: &Frame<'_>, sink: &mut dyn FnMut(&Delta<'_>)) -> ReplyState {
        if let Frame::Text(text) = frame {
            if self.reader.is_none() {
                self.choose(Dialect::Generic(Paths::default()));
            }
            if let Some(reader) = &mut self.reader {
                reader.raw(text.as_bytes(), &mut Out::new(&mut self.facts, sink));
            }
        }
        self.facts.reply_state
    }

    #[inline(never)]
    fn read_whole(
        &mut self,
        name: &[u8],
        text: &[u8],
        sink: &mut dyn FnMut(&Delta<'_>),
    ) -> Result<ReplyState, BadRecord> {
        self.template.missed();
        if self.reader.is_none() && !self.find_dialect(name, text, sink)? {
            return Ok(self.facts.reply_state);
        }
        let Some(reader) = &mut self.reader else { return Ok(self.facts.reply_state) };
        if reader.takes_raw(name) {
            reader.raw(text, &mut Out::new(&mut self.facts, sink));
            return Ok(self.facts.reply_state);
        }
        let mut at = 0;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let mut out = Out::new(&mut self.facts, sink);
            match reader.read(name, rest, &mut out) {
                Ok(length) => {
                    if length == text.len()
                        && let Some(token) = out.only_token(text)
                    {
                        self.template.keep(name, text, Value::sound(text), token, reader.varying());
                    }
                    at += length;
                }
                // [DONE] means nothing if the dialect has its own end; nor does the padding with which some servers open a stream.
                Err(_) if rest.trim_ascii() == b"[DONE]" => break,
                Err(_) if rest.trim_ascii().is_empty() => {
                    reader.empty(name, &mut out);
                    break;
                }
                Err(_) if at == 0 && reader.takes_text() => {
                    reader.raw(text, &mut out);
                    return Ok(self.facts.reply_state);
                }
                Err(bad) => return Err(BadRecord { offset: bad.offset + at as u64, ..bad }),
            }
            // Servers that forget the blank line put several records into one event.
            if text.get(at..).unwrap_or_default().trim_ascii().is_empty() {
                break;
            }
        }
        if matches!(self.facts.reply_state, ReplyState::Complete | ReplyState::Failed) {
            self.facts.grower.flush(sink);
        }
        Ok(self.facts.reply_state)
    }
}
