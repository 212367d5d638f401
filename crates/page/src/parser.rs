//! A decoder with its buffer and its table, and the header through which the other side sees it.

use alloc::boxed::Box;

use crate::abi::{HEADER_WORDS, form, format, header, kind};
use crate::buffer::{Buffer, Span};
#[cfg(feature = "formats")]
use crate::json::Json;
use crate::listener::{Everything, Listener};
use crate::sniff::sniff;
use crate::sse::Sse;
use crate::table::Table;
use crate::text::Text;

/// The default of the option [`MAX_EVENT_BYTES`](header::MAX_EVENT_BYTES).
const DEFAULT_MAX_EVENT_BYTES: u32 = 16 * 1024 * 1024;

/// A decoder of SSE and text, fed in pieces that may be cut anywhere.
///
/// The caller writes the options into the [header](Self::header) before the first piece. For each piece it reserves room if there is too
/// little, writes the bytes to the [inbox](Self::inbox), and calls [`decode`](Self::decode). The rows stay as they are until the next call.
///
/// ```
/// use tidewire_page::{Parser, abi};
///
/// let mut parser = Parser::new(false);
/// parser.header[abi::header::FORMAT as usize] = abi::format::SSE;
/// parser.write(b"id: 7\ndata: hi\n\n");
/// assert!(parser.decode(16, false));
/// let [_, _, _, _, _, kind, has_own_id, _, start, end] = *parser.table().rows() else { panic!("two rows") };
/// assert_eq!((kind, has_own_id), (abi::kind::EVENT, 1));
/// assert_eq!(parser.window()[start as usize..end as usize], *b"hi");
/// ```
// The header comes first, at the address of the parser.
#[repr(C)]
#[derive(Debug)]
pub struct Parser {
    /// The words that both sides see: [`abi::header`](crate::abi::header) lists them. Addresses are those of a memory with 32 bits.
    pub header: [u32; HEADER_WORDS],
    pub(crate) buffer: Buffer,
    pub(crate) table: Table,
    pub(crate) sse: Sse,
    pub(crate) text: Text,
    /// Decoding cannot go on, as the last row of its table said.
    pub(crate) has_failed: bool,
    /// The decoder of a JSON format, once it is chosen.
    #[cfg(feature = "formats")]
    json: Option<Json>,
    /// What is wrong with JSON that cannot be decoded further.
    #[cfg(feature = "formats")]
    pub(crate) problem: &'static str,
}

impl Parser {
    /// A decoder at the start of a body, with the default options. Copied from a constant, which takes less code than setting each field.
    pub(crate) const NEW: Self = {
        let mut header = [0; HEADER_WORDS];
        header[header::MAX_EVENT_BYTES as usize] = DEFAULT_MAX_EVENT_BYTES;
        header[header::FORMATS as usize] =
            1 + if cfg!(feature = "formats") { format::CONCAT } else { format::TEXT };
        Self {
            header,
            buffer: Buffer::NEW,
            table: Table::NEW,
            sse: Sse::NEW,
            text: Text::NEW,
            has_failed: false,
            #[cfg(feature = "formats")]
            json: None,
            #[cfg(feature = "formats")]
            problem: "",
        }
    };

    /// The same. With `is_wide`, texts that are not ASCII come as UTF-16.
    #[must_use]
    pub fn new(is_wide: bool) -> Self {
        let mut parser = Self::NEW;
        parser.set_wide(is_wide);
        parser
    }

    pub(crate) const fn set_wide(&mut self, is_wide: bool) {
        self.table.is_wide = is_wide;
    }

    /// A decoder in its place in memory.
    #[must_use]
    pub fn boxed(is_wide: bool) -> Box<Self> {
        let mut parser = Box::new(Self::NEW);
        parser.set_wide(is_wide);
        parser
    }

    /// Makes room for `length` bytes, and writes into the header where.
    pub fn reserve(&mut self, length: usize) {
        self.sse.keep_parts(&self.buffer, 0);
        self.buffer.reserve(length, self.sse.data.as_mut());
        self.show_inbox();
    }

    /// Where the next piece goes; at least as long as was reserved.
    #[must_use]
    pub fn inbox(&mut self) -> &mut [u8] {
        self.buffer.inbox()
    }

    /// Reserves room and writes a piece, as the other side does.
    pub fn write(&mut self, piece: &[u8]) {
        if self.buffer.room() < piece.len() {
            self.reserve(piece.len());
        }
        self.inbox()[..piece.len()].copy_from_slice(piece);
    }

    /// Sets the last event id of the connection before this one, which was written like a piece. To be called before the first piece.
    pub fn continue_from(&mut self, length: usize) {
        let id = self.buffer.text(Span { start: 0, end: length });
        self.sse.set_last_id(id);
    }

    /// Decodes `length` bytes that were written, or with `is_last` what the body's clean end completes. What was found is in the table. False if
    /// decoding cannot go on; then the last row says why. After that nothing is read any more.
    pub fn decode(&mut self, length: usize, is_last: bool) -> bool {
        self.decode_for(length, is_last, &mut Everything);
        self.finish();
        !self.has_failed
    }

    /// The same with a listener. The table must then be [finished](Self::finish).
    pub(crate) fn decode_for(&mut self, length: usize, is_last: bool, listener: &mut impl Listener) {
        self.table.begin();
        if self.buffer.is_unused() {
            // The end of a body without a byte.
            self.reserve(0);
        }
        self.has_failed = self.has_failed || !self.read(length, is_last, listener);
    }

    /// Shows the other side what was decoded.
    pub(crate) fn finish(&mut self) {
        self.table.finish(&self.buffer);
        self.show_facts();
    }

    /// Begins the next body, in this format.
    #[cfg(feature = "streams")]
    pub(crate) fn restart(&mut self, format: u32) {
        self.header[header::FORMAT as usize] = format;
        self.buffer.begin();
        self.show_inbox();
        self.sse.restart();
        self.text = Text::NEW;
        self.has_failed = false;
        #[cfg(feature = "formats")]
        {
            self.json = None;
            self.problem = "";
        }
    }

    /// The limit beyond which the body cannot be decoded; negative if it is malformed.
    #[cfg(feature = "streams")]
    pub(crate) fn size_limit(&self) -> f64 {
        #[cfg(feature = "formats")]
        if !self.problem.is_empty() {
            return -1.0;
        }
        self.header[header::MAX_EVENT_BYTES as usize].into()
    }

    /// Shows a text without a row.
    #[cfg(feature = "streams")]
    pub(crate) fn show_fact(&mut self, text: &[u8]) {
        self.header[header::WINDOW as usize] = address(text.as_ptr());
        self.header[header::LENGTH as usize] = text.len() as u32;
        self.header[header::FORM as usize] = form::FACT;
    }

    /// Turns offsets into code units where the window is UTF-8 beyond ASCII, after the other side has found out whether that is broken.
    pub fn measure(&mut self, is_broken: bool) {
        self.table.measure(&self.buffer, is_broken);
        self.show_table();
    }

    /// The rows, and what their texts are.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The window, where it is not UTF-16.
    #[must_use]
    pub fn window(&self) -> &[u8] {
        self.table.window(&self.buffer)
    }

    /// The last event id in effect; empty if none was set.
    #[must_use]
    pub fn last_id(&self) -> &[u8] {
        self.sse.last_id()
    }

    /// What [`decode`](Self::decode) does between the table's beginning and its end. False if decoding cannot go on.
    #[inline]
    fn read(&mut self, length: usize, is_last: bool, listener: &mut impl Listener) -> bool {
        let Self { header, buffer, table, sse, text, .. } = self;
        sse.max_event_bytes = header[header::MAX_EVENT_BYTES as usize] as usize;
        sse.skip_oversized = header[header::SKIP_OVERSIZED as usize] != 0;
        let mut from = buffer.take_in(length);
        let mut format = header[header::FORMAT as usize];
        sse.lead = 0;
        // The decoders of JSON have rules of their own.
        let is_begun = matches!(format, format::NDJSON..=format::CONCAT) || buffer.drop_bom();
        if !matches!(format, format::SSE..=format::CONCAT) {
            if !is_begun {
                return true;
            }
            let Some((found, lead)) =
                sniff(&buffer.bytes()[..buffer.filled], buffer.start, buffer.gone(), format, is_last)
            else {
                return true;
            };
            format = found;
            header[header::FORMAT as usize] = format;
            from = 0;
            sse.lead = lead;
        }
        if format >= header[header::FORMATS as usize] {
            table.add_number(kind::UNKNOWN, format.into(), 0);
            return false;
        }
        let mut closes = is_last && header[header::DELIVER_UNTERMINATED as usize] != 0;
        if format <= format::TEXT {
            from = from.max(buffer.start);
            if format == format::TEXT {
                sse.is_inside = text.decode(from, is_last, sse.max_event_bytes, buffer, table, listener);
                return true;
            }
            if !is_begun && !closes {
                sse.is_inside = true;
                return true;
            }
        }
        #[cfg(feature = "formats")]
        if format != format::SSE {
            return self.read_json(is_last, listener);
        }
        if is_last && !closes && listener.may_end() {
            if sse.is_in_data(buffer) {
                // It still belongs to the data.
                from = buffer.add_line_feed();
                sse.decode(from, buffer, table, listener);
                from = buffer.filled;
            }
            closes = sse.data.is_some_and(|data| listener.ends_with(buffer.text(data)));
        }
        loop {
            sse.decode(from, buffer, table, listener);
            // One after the other: the first may end a line that drops the block.
            if sse.has_failed || !closes || !sse.lacks_line_feed(buffer) {
                return !sse.has_failed;
            }
            from = buffer.add_line_feed();
        }
    }

    #[cfg(feature = "formats")]
    #[inline(never)]
    fn read_json(&mut self, is_last: bool, listener: &mut impl Listener) -> bool {
        let Self { header, buffer, table, sse, json, problem, .. } = self;
        let json = json.get_or_insert_with(|| {
            let accept_done = header[header::ACCEPT_DONE as usize] != 0;
            Json::new(header[header::FORMAT as usize], sse.max_event_bytes, sse.skip_oversized, accept_done)
        });
        if let Err((kind, number, text)) = json.decode(is_last, buffer, table, listener) {
            *problem = text;
            let text = buffer.put_aside(text.as_bytes());
            table.add(kind, number, text);
            return false;
        }
        sse.is_inside = json.inside_record();
        true
    }

    fn show_facts(&mut self) {
        // After a failure there are none.
        let id = if self.has_failed { &[] } else { self.sse.last_id() };
        self.header[header::INSIDE as usize] = (self.sse.is_inside && !self.has_failed).into();
        self.header[header::LAST_ID as usize] = address(id.as_ptr());
        self.header[header::LAST_ID_LENGTH as usize] = id.len() as u32;
        self.show_table();
        self.show_inbox();
    }

    fn show_table(&mut self) {
        let Self { header, buffer, table, .. } = self;
        let (rows, window, wide) = (table.rows(), table.window(buffer), table.wide());
        let (window, length) = match table.form() {
            form::UTF16 => (address(wide.as_ptr()), wide.len()),
            _ => (address(window.as_ptr()), window.len()),
        };
        header[..5].copy_from_slice(&[
            address(rows.as_ptr()),
            rows.len() as u32,
            window,
            length as u32,
            table.form(),
        ]);
    }

    fn show_inbox(&mut self) {
        let room = self.buffer.room();
        self.header[header::INBOX as usize] = address(self.buffer.inbox().as_ptr());
        self.header[header::ROOM as usize] = room as u32;
    }
}

/// An address in this memory, which has 32 bits where it matters.
pub(crate) fn address<T>(pointer: *const T) -> u32 {
    pointer as usize as u32
}
