//! What a frame means for the session.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;

use crate::frame::{Frame, Utf8};
use crate::json::{lookup, unescape};
use crate::session::{Noted, Session, ms};

use super::{CursorSource, Notice};

/// The most that is kept of the data of a record that reported a failure, in bytes.
const FAILURE_BYTES: usize = 4 * 1024;

/// The session's reaction to a frame.
#[derive(Default)]
pub(super) struct Reaction {
    /// To be reported before the frame.
    pub(super) notice: Option<Notice>,
    /// The frame is not to be delivered.
    pub(super) is_dropped: bool,
}

/// Reports a frame to the session.
#[inline]
pub(super) fn note_frame(
    frame: &Frame<'_>,
    now: f64,
    source: &CursorSource,
    quoted: &mut bool,
    session: &mut Session,
) -> Reaction {
    let field = match (frame, source) {
        (Frame::Retry(wait), _) => {
            session.retry_field(ms(*wait));
            return Reaction::default();
        }
        (Frame::Id(id), CursorSource::EventId) => {
            return Reaction { notice: note_id(*id, true, session), is_dropped: false };
        }
        (Frame::Event(event), CursorSource::EventId) => {
            if event.id.is_empty() {
                session.record(now, Some(b""), None);
                return Reaction::default();
            }
            let id = event.id.to_str();
            let noted = session.record(now, Some(sendable(&id)), event.has_own_id.then_some(id.as_bytes()));
            return reaction(noted, &id, session);
        }
        (Frame::Event(event), CursorSource::Json(path)) => lookup(event.data.as_bytes(), path),
        (Frame::Record(record), CursorSource::Json(path)) => lookup(record.json.as_bytes(), path),
        // It has no cursor, and resuming from an older one would repeat it.
        (Frame::Record(_) | Frame::Text(_), _) => {
            session.record(now, Some(b""), None);
            return Reaction::default();
        }
        _ => return Reaction::default(),
    };
    let cursor = field.and_then(scalar);
    let is_string = field.is_some_and(|json| json.starts_with(b"\""));
    let id = cursor.as_deref().filter(|id| !id.is_empty());
    let noted = session.record(now, cursor.as_deref().map(str::as_bytes), id.map(str::as_bytes));
    if cursor.is_some() && !noted.is(Noted::REPEAT) {
        *quoted = is_string;
    }
    reaction(noted, id.unwrap_or_default(), session)
}

#[inline]
fn reaction(noted: Noted, id: &str, session: &Session) -> Reaction {
    let notice = if noted.is(Noted::GAP) {
        Some(Notice::Gap { after: text(session.gap_before_id()) })
    } else {
        noted.is(Noted::FIRST_REPEAT).then(|| Notice::Replayed { id: id.to_owned() })
    };
    Reaction { notice, is_dropped: noted.is(Noted::DROPPED) }
}

/// Reports a heartbeat to the session: it is not a record, but its id counts.
pub(super) fn note_heartbeat(
    frame: &Frame<'_>,
    source: &CursorSource,
    session: &mut Session,
) -> Option<Notice> {
    match (frame, source) {
        (Frame::Event(event), CursorSource::EventId) => note_id(event.id, event.has_own_id, session),
        _ => None,
    }
}

/// Reports an id without a record to the session.
pub(super) fn note_id(id: Utf8<'_>, own: bool, session: &mut Session) -> Option<Notice> {
    let id = id.to_str();
    let own = own && !id.is_empty();
    let is_gap = session.id(sendable(&id), own.then_some(id.as_bytes()));
    is_gap.then(|| Notice::Gap { after: text(session.gap_before_id()) })
}

/// A cursor as text, if there is one. It came as text.
pub(super) fn text(cursor: &[u8]) -> Option<String> {
    as_text(cursor).map(ToOwned::to_owned)
}

/// The same, borrowed.
pub(super) fn as_text(cursor: &[u8]) -> Option<&str> {
    core::str::from_utf8(cursor).ok().filter(|cursor| !cursor.is_empty())
}

/// A JSON string's content, or a number as written.
fn scalar(json: &[u8]) -> Option<Cow<'_, str>> {
    match json.first()? {
        b'"' => unescape(json).map(Cow::Owned),
        b'-' | b'0'..=b'9' => core::str::from_utf8(json).ok().map(Cow::Borrowed),
        _ => None,
    }
}

/// The id as a cursor: empty if it cannot be a header value (RFC 9110, 5.5), and so cannot be sent.
pub(super) fn sendable(id: &str) -> &[u8] {
    let unsendable = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7F;
    if id.bytes().any(unsendable) { b"" } else { id.as_bytes() }
}

/// The text of a record that reported a failure.
pub(super) fn failure_text(frame: &Frame<'_>) -> Option<Box<str>> {
    let data = match frame {
        Frame::Event(event) => event.data,
        Frame::Record(record) => record.json,
        _ => return None,
    };
    Some(shortened(&data.to_str()))
}

/// The first 4 KiB of a failure's text.
pub(super) fn shortened(text: &str) -> Box<str> {
    let mut end = FAILURE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}
