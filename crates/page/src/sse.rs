//! Server-sent events, by the WHATWG HTML standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream".

use alloc::vec::Vec;
use core::mem;

use tidewire_core::{decimal, replace};

use crate::abi::kind;
use crate::buffer::{Buffer, Span};
use crate::line::{Line, begins_with, is_message, read_line};
use crate::listener::{Event, Listener};
use crate::table::Table;

/// Data without a value.
const EMPTY_DATA: &[u8] = b"data:";

/// A decoder of server-sent events.
///
/// What the block has so far lies in the buffer: `data` before the unfinished line, each further line of it moved up to directly follow the
/// first. A name or an id is a range of the buffer until a line of data would be moved over it, or until the next piece may be; then it is kept
/// apart.
#[derive(Debug)]
pub struct Sse {
    /// The most bytes that the data of one event, or a line that is not data, may have.
    pub(crate) max_event_bytes: usize,
    /// Leave out a block beyond the limit, add a row for it, and continue.
    pub(crate) skip_oversized: bool,
    /// The body passed the limit, and nothing can follow.
    pub(crate) has_failed: bool,
    /// The body, should it end here, ends inside an event: with data or a line (other than a comment) that no line end has closed.
    pub(crate) is_inside: bool,
    /// The block's data.
    pub(crate) data: Option<Span>,
    /// The block's event name, and the id that it sets.
    name: Part,
    id: Part,
    /// Inside a line that outgrew its limit and is thrown away.
    is_lost: bool,
    /// After a carriage return that ended a piece; a line feed here belongs to it.
    is_after_cr: bool,
    /// The block outgrew its limit and will not be dispatched.
    is_oversized: bool,
    /// The name in the last row that gave one.
    told_name: Vec<u8>,
    last_id: Vec<u8>,
    /// The last id that took effect in this piece.
    pub(crate) newest_id: Option<Span>,
    /// The bytes before this offset in the buffer make no row, whatever limit they pass: they precede the one that decided the format.
    pub(crate) lead: usize,
    /// No row has given `last_id` yet.
    is_id_untold: bool,
    kept_name: Vec<u8>,
    kept_id: Vec<u8>,
}

/// Where a part of a block is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// There is none.
    #[default]
    None,
    /// In the buffer.
    Here(Span),
    /// Kept apart.
    Kept,
}

impl Sse {
    pub(crate) const NEW: Self = Self {
        max_event_bytes: 0,
        skip_oversized: false,
        has_failed: false,
        is_inside: false,
        data: None,
        name: Part::None,
        id: Part::None,
        is_lost: false,
        is_after_cr: false,
        is_oversized: false,
        told_name: Vec::new(),
        last_id: Vec::new(),
        newest_id: None,
        lead: 0,
        is_id_untold: false,
        kept_name: Vec::new(),
        kept_id: Vec::new(),
    };

    /// Sets the last event id of the connection before this one.
    pub(crate) fn set_last_id(&mut self, id: &[u8]) {
        replace(&mut self.last_id, id);
        self.is_id_untold = !id.is_empty();
    }

    /// The last event id in effect, of blocks that have ended; empty if none was set.
    #[must_use]
    pub fn last_id(&self) -> &[u8] {
        &self.last_id
    }

    /// The same of the block that ended last, while it is being decoded.
    #[cfg(feature = "streams")]
    #[inline]
    pub(crate) fn present_id<'a>(&'a self, buffer: &'a Buffer) -> &'a [u8] {
        self.newest_id.map_or(&self.last_id, |id| buffer.text(id))
    }

    /// The name of the event that ended last; empty for `message`.
    #[cfg(feature = "streams")]
    #[inline]
    pub(crate) fn name(&self) -> &[u8] {
        &self.told_name
    }

    /// Begins the next body.
    #[cfg(feature = "streams")]
    pub(crate) fn restart(&mut self) {
        self.data = None;
        (self.name, self.id) = (Part::None, Part::None);
        (self.is_lost, self.is_after_cr, self.is_oversized) = (false, false, false);
        (self.has_failed, self.is_inside) = (false, false);
    }

    /// Whether the bytes received end inside a line of data.
    pub(crate) fn is_in_data(&self, buffer: &Buffer) -> bool {
        let line = Span { start: buffer.start, end: buffer.filled };
        // A line that is only "data" has a value, which is empty.
        !self.is_lost && line.length() >= 4 && begins_with(buffer.text(line), EMPTY_DATA)
    }

    /// Whether nothing of a block is held, and no event has had an id.
    #[cfg(feature = "llm")]
    fn is_between_blocks(&self) -> bool {
        let has_parts = self.data.is_some() || self.name != Part::None || self.id != Part::None;
        !(has_parts || self.is_lost || self.is_oversized || self.is_after_cr)
            && self.last_id.is_empty()
            && self.newest_id.is_none()
    }

    /// Decodes what the buffer has from `from` on.
    pub(crate) fn decode(
        &mut self,
        from: usize,
        buffer: &mut Buffer,
        table: &mut Table,
        listener: &mut impl Listener,
    ) {
        if mem::take(&mut self.is_id_untold) {
            let id = buffer.put_aside(&self.last_id);
            table.add(kind::ID, 0, id);
        }
        self.lines(from, buffer, table, listener);
        if let Some(id) = self.newest_id.take() {
            replace(&mut self.last_id, buffer.text(id));
        }
        if self.data.is_none() && buffer.start == buffer.filled {
            self.keep_parts(buffer, 0);
            buffer.restart();
        }
    }

    /// Reads line by line.
    #[inline(never)]
    pub(crate) fn lines(
        &mut self,
        mut from: usize,
        buffer: &mut Buffer,
        table: &mut Table,
        listener: &mut impl Listener,
    ) {
        let filled = buffer.filled;
        if self.is_after_cr && buffer.start < filled {
            self.is_after_cr = false;
            if buffer.bytes()[from] == b'\n' {
                from += 1;
                buffer.start = from;
            }
        }
        loop {
            #[cfg(feature = "llm")]
            if from == buffer.start && self.is_between_blocks() {
                let input = Span { start: from, end: filled };
                let used = listener.alike(input, self.max_event_bytes, buffer, table);
                buffer.start += used;
                from = buffer.start;
            }
            let end = buffer.line_end(from).min(filled);
            let (says, value) = read_line(buffer.bytes(), buffer.start);
            let is_out = self.is_lost
                || (!self.fits(end - buffer.start) && self.outgrows(says, value, end, buffer, table));
            self.is_lost = false;
            if end == filled {
                self.is_inside = self.data.is_some()
                    || if buffer.start == filled || is_out {
                        self.is_oversized
                    } else {
                        !matches!(says, Line::Comment | Line::Blank)
                    };
                if is_out {
                    // It is thrown away at once, or it would grow without bound.
                    self.is_lost = true;
                    buffer.start = filled;
                }
                return;
            }
            // A carriage return counts at once; a line feed after it may come later.
            let mut next = end + 1;
            if let [b'\r', b'\n'] = buffer.bytes()[end..=next] {
                self.is_after_cr = next == filled;
                next = filled.min(end + 2);
            }
            // The blank line that may follow.
            let blank = match *buffer.bytes().get(next..next + 2).unwrap_or_default() {
                [b'\n', _] => 1,
                [b'\r', b'\n'] => 2,
                _ => 0,
            };
            if blank > 0 && next + blank <= filled && says == Line::Data && !is_out && self.is_plain() {
                // One line of data, then a blank line: nearly every event of an LLM stream. Of tiny events half the time (`npm run bench`, tiny).
                next += blank;
                if listener.plain(self, Span { start: value, end }, buffer, table) {
                    buffer.start = filled;
                    return;
                }
            } else if is_out {
                if self.has_failed {
                    return;
                }
            } else if self.line(says, Span { start: value, end }, buffer, table, listener) {
                // What follows is no longer needed.
                buffer.start = filled;
                return;
            }
            buffer.start = next;
            from = next;
        }
    }

    /// Reads one line, whose value is `text`. Returns whether the body is over with it.
    #[inline(always)]
    fn line(
        &mut self,
        says: Line,
        text: Span,
        buffer: &mut Buffer,
        table: &mut Table,
        listener: &mut impl Listener,
    ) -> bool {
        match says {
            Line::Blank => return self.close_block(buffer, table, listener),
            Line::Data if self.is_oversized => {}
            Line::Data => {
                self.data = Some(match self.data {
                    None => text,
                    Some(data) => {
                        self.keep_parts(buffer, data.end);
                        Span { end: buffer.join(data.end, text), ..data }
                    }
                });
            }
            Line::Event => self.name = Part::Here(text),
            // NUL would make the id unsendable as a header; the standard drops the field.
            Line::Id if buffer.text(text).iter().all(|byte| *byte != 0) => self.id = Part::Here(text),
            Line::Comment => {
                // Where further data would be moved over it, it is in the way.
                let text = if self.data.is_some() { buffer.move_aside(text) } else { text };
                table.add(kind::COMMENT, 0, text);
            }
            Line::Retry => {
                if let Some(time) = decimal(buffer.text(text)) {
                    table.add_number(kind::RETRY, time, text.start);
                    listener.retry(time);
                }
            }
            Line::Id | Line::Ignored => {}
        }
        false
    }

    /// Whether the block has nothing so far, and its event is of the type of the one before it.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        self.data.is_none()
            && self.id == Part::None
            && self.name == Part::None
            && self.told_name.is_empty()
            && !self.is_oversized
    }

    /// Ends the block at its blank line. Returns whether the body is over with it.
    #[inline(always)]
    fn close_block(&mut self, buffer: &mut Buffer, table: &mut Table, listener: &mut impl Listener) -> bool {
        self.is_oversized = false;
        let has_own_id = self.id != Part::None;
        let has_name = self.name != Part::None || !self.told_name.is_empty();
        match self.data.take() {
            Some(data) => {
                if has_own_id || has_name {
                    self.describe(data.start, buffer, table);
                }
                listener.event(Event { sse: self, data, has_own_id }, buffer, table)
            }
            None => {
                self.name = Part::None;
                if has_own_id {
                    let id = self.id.take(buffer, &self.kept_id);
                    listener.id(id, buffer, table);
                    table.add(kind::ID, 1, id);
                    self.newest_id = Some(id);
                }
                false
            }
        }
    }

    /// Adds rows for what an event has besides its data, which is at `data`, if that is not as with the event before it.
    #[inline(never)]
    fn describe(&mut self, data: usize, buffer: &mut Buffer, table: &mut Table) {
        let mut name = Span { start: data, end: data };
        if self.name != Part::None {
            name = self.name.take(buffer, &self.kept_name);
            if is_message(buffer.bytes(), name) {
                name.end = name.start;
            }
        }
        let mut is_renamed = buffer.text(name) != self.told_name;
        if is_renamed {
            replace(&mut self.told_name, buffer.text(name));
        }
        if self.id != Part::None {
            let id = self.id.take(buffer, &self.kept_id);
            self.newest_id = Some(id);
            // In the order of the texts, as far as that goes.
            if is_renamed && name.start < id.start {
                is_renamed = false;
                table.add(kind::NAME, 0, name);
            }
            table.add(kind::ID, 0, id);
        }
        if is_renamed {
            table.add(kind::NAME, 0, name);
        }
    }

    /// Keeps the parts of the block apart that lie in the buffer at `from` or after it.
    #[inline(never)]
    pub(crate) fn keep_parts(&mut self, buffer: &Buffer, from: usize) {
        self.name.keep(buffer, from, &mut self.kept_name);
        self.id.keep(buffer, from, &mut self.kept_id);
    }

    /// Nearly every line: it would not pass the limit if it were all data.
    #[inline(always)]
    fn fits(&self, length: usize) -> bool {
        length <= self.max_event_bytes.saturating_sub(self.held())
    }

    /// Bytes of the block's data that count together with a further line.
    #[inline(always)]
    fn held(&self) -> usize {
        self.data.map_or(0, |data| data.length() + 1)
    }

    /// Whether the line up to `end` passes the limit, and is left out with its block.
    #[cold]
    #[inline(never)]
    fn outgrows(&mut self, says: Line, value: usize, end: usize, buffer: &Buffer, table: &mut Table) -> bool {
        let start = buffer.start;
        let is_data = says == Line::Data && !self.is_oversized;
        // Where the first byte beyond the limit is.
        let first = match self.max_event_bytes.checked_sub(self.held()) {
            Some(room) if is_data => value + room,
            None if is_data => start,
            _ => start + self.max_event_bytes,
        };
        // Data without a value does not count, nor does what may still turn out to be that, so that the limit is passed at the same byte for any cut.
        let may_be_nothing = end == buffer.filled
            && !self.is_oversized
            && end - start <= EMPTY_DATA.len()
            && begins_with(buffer.text(Span { start, end }), EMPTY_DATA);
        if end <= first || may_be_nothing {
            return false;
        }
        self.has_failed = !self.skip_oversized;
        let mut is_told = false;
        if says != Line::Comment {
            self.data = None;
            self.name = Part::None;
            is_told = mem::replace(&mut self.is_oversized, true);
        }
        if self.has_failed || !is_told && first >= self.lead {
            table.add_number(kind::SKIPPED, buffer.offset() + (first - start) as u64, start);
        }
        true
    }

    /// Whether the body lacks a line feed at its clean end, for its unterminated block to be handed out.
    pub(crate) fn lacks_line_feed(&self, buffer: &Buffer) -> bool {
        self.data.is_some() || buffer.start < buffer.filled
    }
}

impl Part {
    /// Takes a part that there is, and says where in the buffer it is.
    fn take(&mut self, buffer: &mut Buffer, kept: &[u8]) -> Span {
        match mem::take(self) {
            Self::Here(text) => text,
            Self::None | Self::Kept => buffer.put_aside(kept),
        }
    }

    /// Keeps it apart if it lies in the buffer at `from` or after it.
    fn keep(&mut self, buffer: &Buffer, from: usize, kept: &mut Vec<u8>) {
        if let Self::Here(text) = *self
            && text.start >= from
        {
            replace(kept, buffer.text(text));
            *self = Self::Kept;
        }
    }
}
