//! What the session, the markers and a dialect make of what is decoded.

use alloc::vec::Vec;

use tidewire_core::replace;
use tidewire_core::session::{Noted, Session};

#[cfg(feature = "formats")]
use super::cursor::cursor_of;
use super::markers::{Markers, Role};
#[cfg(feature = "llm")]
use super::reply::Reply;
use crate::abi::kind;
use crate::buffer::{Buffer, Span};
use crate::listener::{Event, Everything, Listener};
use crate::sse::Sse;
use crate::table::Table;
use crate::text::trimmed_length;
use crate::utf16::whole_characters;

/// The most that is kept of the data of a record that reported a failure.
const FAILURE_BYTES: usize = 4096;

/// Listens for a stream.
pub(super) struct Hearing<'s> {
    pub(super) session: &'s mut Session,
    pub(super) markers: &'s Markers,
    pub(super) now: f64,
    /// The data of the record that reported a failure.
    pub(super) failure: &'s mut Vec<u8>,
    /// The JSON field that is the cursor, in place of the last event id.
    #[cfg(feature = "formats")]
    pub(super) path: Option<&'s tidewire_core::json::Path>,
    /// Reads the records of an LLM's reply.
    #[cfg(feature = "llm")]
    pub(super) reply: &'s mut Reply,
}

impl Hearing<'_> {
    /// Adds a row for the gap before a record or an id, if there is one.
    fn add_gap(&self, is_gap: bool, buffer: &mut Buffer, table: &mut Table) {
        if is_gap {
            let after = buffer.put_aside(self.session.gap_before_id());
            table.add(kind::GAP, 0, after);
        }
    }

    /// Moves the rows found so far to the deltas before them, so that rows and deltas stay in the order of the body.
    #[cfg(feature = "llm")]
    fn keep_order(&mut self, buffer: &Buffer, table: &mut Table) {
        if !table.rows().is_empty()
            && let Some(made) = self.reply.rows()
        {
            table.append_to(&mut made.rows, &mut made.text, buffer);
        }
    }

    /// Tells the session of an id without a record, and returns whether there is a gap before it.
    #[inline(never)]
    fn note_id(&mut self, id: &[u8], is_own: bool) -> bool {
        #[cfg(feature = "formats")]
        if self.path.is_some() {
            return false;
        }
        self.session.id(sendable(id), (is_own && !id.is_empty()).then_some(id))
    }

    /// Tells the session if a record ends the stream, by its marker or for its dialect. Returns whether it does.
    fn decide(&mut self, role: Role, data: &[u8]) -> bool {
        if role < Role::Heartbeat {
            self.session.decided(role == Role::Failure);
        }
        if role == Role::Failure {
            let data = match data.get(..FAILURE_BYTES) {
                Some(first) => &first[..whole_characters(first)],
                None => data,
            };
            replace(self.failure, data);
        }
        self.session.is_decided()
    }
}

impl Listener for Hearing<'_> {
    #[inline(always)]
    fn plain(&mut self, sse: &Sse, data: Span, buffer: &mut Buffer, table: &mut Table) -> bool {
        self.event(Event { sse, data, has_own_id: false }, buffer, table)
    }

    #[inline(never)]
    fn event(&mut self, event: Event<'_>, buffer: &mut Buffer, table: &mut Table) -> bool {
        let Event { sse, data, has_own_id } = event;
        if !self.session.has_begun() {
            return Everything.event(event, buffer, table);
        }
        let role = self.markers.role(Some(sse.name()), buffer.text(data));
        let id = sse.present_id(buffer);
        if role == Role::BareEnd || role == Role::Heartbeat {
            // It is no record, but its id counts.
            let is_gap = self.note_id(id, has_own_id && role == Role::Heartbeat);
            self.add_gap(is_gap, buffer, table);
            if role == Role::Heartbeat {
                table.add(kind::COMMENT, 0, data);
            }
            return self.decide(role, b"");
        }
        #[cfg(feature = "formats")]
        if self.path.is_some() {
            let noted = self.note_json(data, buffer, table);
            return self.hand_out(event, role, noted, buffer, table);
        }
        let noted =
            self.session.record(self.now, Some(sendable(id)), (has_own_id && !id.is_empty()).then_some(id));
        if noted.is(Noted::FIRST_REPEAT)
            && let Some(id) = sse.newest_id
        {
            let id = buffer.move_aside(id);
            table.add(kind::REPLAYED, 0, id);
        }
        self.add_gap(noted.is(Noted::GAP), buffer, table);
        self.hand_out(event, role, noted, buffer, table)
    }

    #[cfg(feature = "formats")]
    fn record(&mut self, index: u64, json: Span, buffer: &mut Buffer, table: &mut Table) -> bool {
        if !self.session.has_begun() {
            return Everything.record(index, json, buffer, table);
        }
        let role = self.markers.role(None, buffer.text(json));
        if role == Role::Heartbeat {
            table.add(kind::COMMENT, 0, json);
        }
        if role == Role::BareEnd || role == Role::Heartbeat {
            return self.decide(role, b"");
        }
        let noted = match self.path {
            Some(_) => self.note_json(json, buffer, table),
            // It has no cursor, and resuming from an older one would repeat it.
            None => self.session.record(self.now, Some(b""), None),
        };
        if !noted.is(Noted::DROPPED) {
            #[cfg(feature = "llm")]
            if self.reply.is_reading() {
                self.keep_order(buffer, table);
                self.reply.record(buffer.text(json));
                self.reply.settle(self.session);
                return self.decide(role, buffer.text(json));
            }
            table.add(kind::RECORD, index, json);
        }
        self.decide(role, buffer.text(json))
    }

    #[cfg(feature = "formats")]
    fn done(&mut self, table: &mut Table) -> bool {
        if !self.session.has_begun() {
            return Everything.done(table);
        }
        self.decide(Role::BareEnd, b"")
    }

    fn id(&mut self, id: Span, buffer: &mut Buffer, table: &mut Table) {
        let is_gap = self.note_id(buffer.text(id), true);
        self.add_gap(is_gap, buffer, table);
    }

    fn retry(&mut self, wait: u64) {
        self.session.retry_field(wait as f64);
    }

    fn may_end(&self) -> bool {
        self.session.has_begun()
    }

    fn ends_with(&self, data: &[u8]) -> bool {
        self.markers.is_bare_end(data)
    }

    #[cfg(feature = "llm")]
    #[inline]
    fn alike(&mut self, input: Span, most: usize, buffer: &Buffer, table: &mut Table) -> usize {
        if !self.reply.is_reading() {
            return 0;
        }
        self.keep_order(buffer, table);
        self.reply.alike(buffer.text(input), most, self.now, self.session, self.markers)
    }

    fn text(&mut self, text: Span, buffer: &Buffer, table: &mut Table) {
        // As long as it has not begun, the session takes nothing in.
        self.session.record(self.now, Some(b""), None);
        #[cfg(feature = "llm")]
        if self.reply.is_reading() {
            self.keep_order(buffer, table);
            self.reply.text(buffer.text(text));
            return self.reply.settle(self.session);
        }
        let _ = buffer;
        table.add(kind::TEXT, 0, text);
    }

    fn hold(&self, text: &[u8], most: usize) -> (usize, bool) {
        let mut hold = (text.len(), false);
        let mut most = most;
        for (_, marker) in self.markers.in_text() {
            let start = marker_start(text, marker);
            most = most.max(marker.len());
            if start.0 < hold.0 {
                hold = start;
            }
        }
        if text.len() - hold.0 > most { (text.len(), false) } else { hold }
    }

    fn last_text(&mut self, marker: Span, buffer: &Buffer, table: &mut Table) {
        let text = buffer.text(marker);
        let fails = self.markers.in_text().any(|(role, marker)| role == Role::Failure && marker == text);
        if fails {
            self.text(marker, buffer, table);
        }
        self.session.decided(fails);
    }
}

impl Hearing<'_> {
    /// Adds the row of an event, unless it is to be left out. Returns whether the body is over with it.
    #[inline(always)]
    fn hand_out(
        &mut self,
        event: Event<'_>,
        role: Role,
        noted: Noted,
        buffer: &mut Buffer,
        table: &mut Table,
    ) -> bool {
        if !noted.is(Noted::DROPPED) {
            #[cfg(feature = "llm")]
            if self.reply.is_reading() {
                self.keep_order(buffer, table);
                self.reply.event(event.sse.name(), buffer.text(event.data));
                self.reply.settle(self.session);
                return self.decide(role, buffer.text(event.data));
            }
            Everything.event(event, buffer, table);
        }
        self.decide(role, buffer.text(event.data))
    }

    /// Tells the session of a record whose cursor is a JSON field.
    #[cfg(feature = "formats")]
    #[inline(never)]
    fn note_json(&mut self, json: Span, buffer: &mut Buffer, table: &mut Table) -> Noted {
        let cursor = self.path.and_then(|path| cursor_of(buffer.text(json), path));
        let cursor = cursor.as_deref().map(str::as_bytes);
        let id = cursor.filter(|id| !id.is_empty());
        let noted = self.session.record(self.now, cursor, id);
        if noted.is(Noted::FIRST_REPEAT) {
            let id = buffer.put_aside(id.unwrap_or_default());
            table.add(kind::REPLAYED, 0, id);
        }
        self.add_gap(noted.is(Noted::GAP), buffer, table);
        noted
    }
}

/// Where a text's end begins to be the marker and white space, or a beginning of the marker; and whether it is all of it.
fn marker_start(text: &[u8], marker: &[u8]) -> (usize, bool) {
    let trimmed = &text[..trimmed_length(text)];
    if trimmed.ends_with(marker) {
        return (trimmed.len() - marker.len(), true);
    }
    let cut = (1..marker.len()).rev().find(|&length| text.ends_with(&marker[..length]));
    (text.len() - cut.unwrap_or(0), false)
}

/// The id as a cursor: empty if it cannot be a header value (RFC 9110, 5.5), and so cannot be sent.
fn sendable(id: &[u8]) -> &[u8] {
    let is_unsendable = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7F;
    if id.iter().any(is_unsendable) { b"" } else { id }
}
