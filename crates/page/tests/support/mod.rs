//! Reads a body with both decoders, in the same pieces, and compares all that they say.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tidewire_core::{DecodeError, DecoderOptions, Format, Frame};
use tidewire_page::{Parser, abi};

/// What a decoder hands out, owned. Texts are as JavaScript reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Event { name: String, data: String, id: String, has_own_id: bool },
    Id(String),
    Comment(String),
    Retry(u64),
    Skipped(u64),
    Text(String),
    Failed(u64),
    Record(u64, String),
    BadRecord(u64, String),
    Malformed(u64, String),
    Done,
}

/// All that can be known after a piece: what came, whether it is inside a record, and the last event id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) seen: Vec<Seen>,
    pub(crate) inside: bool,
    pub(crate) last_id: String,
}

pub(crate) const MODES: [bool; 2] = [false, true];

/// The decoder of this crate, seen as JavaScript sees it.
pub(crate) struct Page {
    pub(crate) parser: Parser,
    name: String,
    id: String,
    /// A row told an id that the present block set.
    own_id: bool,
}

fn format_number(format: Format) -> u32 {
    match format {
        Format::Sse => abi::format::SSE,
        Format::Text => abi::format::TEXT,
        Format::Ndjson => abi::format::NDJSON,
        Format::JsonSeq => abi::format::JSON_SEQ,
        Format::JsonArray => abi::format::JSON_ARRAY,
        Format::Concat => abi::format::CONCAT,
        _ => abi::format::AUTO,
    }
}

impl Page {
    pub(crate) fn new(format: Format, options: DecoderOptions, id: &[u8], is_wide: bool) -> Self {
        let mut parser = Parser::new(is_wide);
        let mut set = |word: u32, value: u32| parser.header[word as usize] = value;
        set(abi::header::FORMAT, format_number(format));
        set(abi::header::MAX_EVENT_BYTES, u32::try_from(options.max_event_bytes).unwrap_or(u32::MAX));
        set(abi::header::SKIP_OVERSIZED, options.skip_oversized.into());
        set(abi::header::DELIVER_UNTERMINATED, options.deliver_unterminated.into());
        set(abi::header::ACCEPT_DONE, options.done.into());
        if !id.is_empty() {
            parser.write(id);
            parser.continue_from(id.len());
        }
        Self { parser, name: "message".into(), id: String::new(), own_id: false }
    }

    pub(crate) fn step(&mut self, piece: &[u8], is_last: bool) -> Step {
        self.parser.write(piece);
        let ok = self.parser.decode(piece.len(), is_last);
        let mut seen = self.rows();
        if !ok {
            match seen.pop() {
                Some(Seen::Skipped(offset)) => seen.push(Seen::Failed(offset)),
                Some(Seen::BadRecord(offset, problem)) => seen.push(Seen::Malformed(offset, problem)),
                other => panic!("it fails without a reason: {other:?}"),
            }
        }
        let inside = self.parser.header[abi::header::INSIDE as usize] != 0;
        // The other side is not told of it after a failure.
        let last_id = String::from_utf8_lossy(self.parser.last_id()).into_owned();
        Step { seen, inside, last_id }
    }

    /// The rows as JavaScript reads them: the window as a whole, and texts as slices of it.
    fn rows(&mut self) -> Vec<Seen> {
        if self.parser.table().form() == abi::form::UTF8 {
            match std::str::from_utf8(self.parser.window()).map(|text| text.encode_utf16().count()) {
                Ok(units) if units == self.parser.window().len() => {}
                read => self.parser.measure(read.is_err()),
            }
        }
        let window: Vec<u16> = match self.parser.table().form() {
            abi::form::UTF16 => {
                let units = self.parser.table().wide().chunks_exact(2);
                units.map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect()
            }
            _ => std::str::from_utf8(self.parser.window()).unwrap().encode_utf16().collect(),
        };
        let bytes = match self.parser.table().form() {
            abi::form::UTF16 => 2 * window.len(),
            _ => self.parser.window().len(),
        };
        let shown =
            [abi::header::WORDS, abi::header::LENGTH].map(|word| self.parser.header[word as usize] as usize);
        assert_eq!(shown, [self.parser.table().rows().len(), bytes], "the header is another table's");
        let mut seen = Vec::new();
        for &[kind, a, b, start, end] in self.parser.table().rows().as_chunks().0 {
            let text = String::from_utf16(&window[start as usize..end as usize]).unwrap();
            let number = u64::from(a) | u64::from(b) << 32;
            match kind {
                abi::kind::EVENT => {
                    let (name, id) = (self.name.clone(), self.id.clone());
                    assert!(a == 0 || self.own_id, "an id of its own, which no row told");
                    self.own_id = false;
                    seen.push(Seen::Event { name, data: text, id, has_own_id: a == 1 });
                }
                abi::kind::NAME => self.name = if text.is_empty() { "message".into() } else { text },
                abi::kind::ID => {
                    self.id.clone_from(&text);
                    self.own_id = a == 0;
                    if a == 1 {
                        seen.push(Seen::Id(text));
                    }
                }
                abi::kind::COMMENT => seen.push(Seen::Comment(text)),
                abi::kind::RETRY => seen.push(Seen::Retry(number)),
                abi::kind::SKIPPED => seen.push(Seen::Skipped(number)),
                abi::kind::TEXT => seen.push(Seen::Text(text)),
                abi::kind::RECORD => seen.push(Seen::Record(number, text)),
                abi::kind::BAD_RECORD => seen.push(Seen::BadRecord(number, text)),
                abi::kind::DONE => seen.push(Seen::Done),
                other => panic!("a row of kind {other}"),
            }
        }
        seen
    }
}

/// The native decoder.
pub(crate) struct Native {
    decoder: tidewire_core::Decoder,
    failed: bool,
}

impl Native {
    pub(crate) fn new(format: Format, options: DecoderOptions, id: &[u8]) -> Self {
        let decoder = tidewire_core::Decoder::new(format, options).with_last_event_id(id);
        Self { decoder, failed: false }
    }

    pub(crate) fn step(&mut self, mut piece: &[u8], is_last: bool) -> Step {
        let mut seen = Vec::new();
        loop {
            let next = if is_last { self.decoder.finish() } else { self.decoder.next(&mut piece) };
            match next {
                Ok(Some(frame)) => seen.push(owned(&frame)),
                Ok(None) => break,
                Err(DecodeError::TooLarge(error)) => {
                    self.failed = true;
                    seen.push(Seen::Failed(error.offset));
                    break;
                }
                Err(DecodeError::Malformed(bad)) => {
                    self.failed = true;
                    seen.push(Seen::Malformed(bad.offset, bad.problem.into()));
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
        let inside = !self.failed && self.decoder.inside_record();
        Step { seen, inside, last_id: self.decoder.last_event_id().to_str().into_owned() }
    }
}

fn owned(frame: &Frame<'_>) -> Seen {
    match frame {
        Frame::Event(event) => Seen::Event {
            name: event.event.to_str().into_owned(),
            data: event.data.to_str().into_owned(),
            id: event.id.to_str().into_owned(),
            has_own_id: event.has_own_id,
        },
        Frame::Id(id) => Seen::Id(id.to_str().into_owned()),
        Frame::Comment(comment) => Seen::Comment(comment.to_str().into_owned()),
        Frame::Retry(time) => Seen::Retry(u64::try_from(time.as_millis()).unwrap()),
        Frame::Skipped(error) => Seen::Skipped(error.offset),
        Frame::Text(text) => Seen::Text((*text).into()),
        Frame::Record(record) => Seen::Record(record.index, record.json.to_str().into_owned()),
        Frame::BadRecord(bad) => Seen::BadRecord(bad.offset, bad.problem.into()),
        Frame::Done => Seen::Done,
        other => panic!("not of this format: {other:?}"),
    }
}

/// Reads the pieces with both, and panics at the first difference.
pub(crate) fn compare(format: Format, options: DecoderOptions, id: &[u8], is_wide: bool, pieces: &[&[u8]]) {
    let mut page = Page::new(format, options, id, is_wide);
    let mut native = Native::new(format, options, id);
    let ends = std::iter::once((&b""[..], true));
    for (piece, is_last) in pieces.iter().map(|piece| (*piece, false)).chain(ends) {
        let (have, want) = (page.step(piece, is_last), native.step(piece, is_last));
        assert!(
            have == want,
            "{have:#?}\nis not\n{want:#?}\nafter {:?} of {:?}\n{options:?} {format:?} id {:?} wide {is_wide}",
            piece.escape_ascii().to_string(),
            pieces.iter().map(|piece| piece.escape_ascii().to_string()).collect::<Vec<_>>(),
            id.escape_ascii().to_string(),
        );
        if native.failed {
            return;
        }
    }
}
