//! Keeps the cursor and the ids of a stream.

use tidewire_core::json::{lookup, unescape};
use tidewire_core::{CursorSource, Frame, MarkedFrame, Notice, StreamOptions};

use crate::ids::{Ids, Known};

/// The cursor and the ids, from frames that are decoded independently of the stream.
pub(super) struct Book {
    source: CursorSource,
    dedupe: bool,
    ids: Ids,
    cursor: Option<String>,
    cursor_is_string: bool,
    any_record: bool,
    /// A repeated record was reported in this attempt.
    reported: bool,
}

/// What the stream must do with a frame.
#[derive(Debug, PartialEq)]
pub(super) struct Noted {
    pub(super) notice: Option<Notice>,
    /// It is not delivered.
    pub(super) dropped: bool,
}

impl Book {
    pub(super) fn new(setup: &StreamOptions) -> Self {
        let stored = setup.last_event_id.as_deref();
        Self {
            source: setup.cursor_source.clone(),
            dedupe: setup.dedupe,
            ids: Ids::after(stored),
            cursor: stored.map(str::to_owned),
            cursor_is_string: false,
            any_record: false,
            reported: false,
        }
    }

    pub(super) fn next_attempt(&mut self) {
        self.ids.next_attempt();
        self.reported = false;
    }

    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub(super) const fn cursor_is_string(&self) -> bool {
        self.cursor_is_string
    }

    pub(super) const fn any_record(&self) -> bool {
        self.any_record
    }

    pub(super) fn forget_cursor(&mut self) {
        self.cursor = None;
    }

    /// Takes the last event id in effect as the cursor, unless that would move it back.
    pub(super) fn last_event_id(&mut self, id: &str) {
        if self.source == CursorSource::EventId {
            self.without_record(id, false);
        }
    }

    pub(super) fn note(&mut self, read: &MarkedFrame<'_>) -> Noted {
        let is_event_id = self.source == CursorSource::EventId;
        let gap = match read {
            MarkedFrame::Frame(Frame::Event(event), _) if is_event_id => {
                let id = event.id.to_str();
                return self.record(&id, event.has_own_id && !id.is_empty());
            }
            MarkedFrame::Heartbeat(Frame::Event(event)) if is_event_id => {
                self.without_record(&event.id.to_str(), event.has_own_id)
            }
            MarkedFrame::Frame(Frame::Id(id), _) if is_event_id => self.without_record(&id.to_str(), true),
            MarkedFrame::Frame(Frame::Event(event), _) => return self.json_record(event.data.as_bytes()),
            MarkedFrame::Frame(Frame::Record(record), _) if !is_event_id => {
                return self.json_record(record.json.as_bytes());
            }
            MarkedFrame::Frame(Frame::Record(_) | Frame::Text(_), _) => {
                self.ids.lose_count();
                (self.any_record, self.cursor) = (true, None);
                None
            }
            _ => None,
        };
        Noted { notice: gap, dropped: false }
    }

    fn json_record(&mut self, json: &[u8]) -> Noted {
        let CursorSource::Json(path) = &self.source else { panic!("the cursor is an event id") };
        let found = lookup(json, path);
        let text = found.and_then(|found| match found[0] {
            b'"' => unescape(found),
            b'-' | b'0'..=b'9' => Some(String::from_utf8_lossy(found).into_owned()),
            _ => None,
        });
        match text {
            None => {
                self.any_record = true;
                Noted { notice: None, dropped: false }
            }
            Some(text) if text.is_empty() => {
                self.cursor_is_string = true;
                if !self.ids.repeats() {
                    self.ids.lose_count();
                    (self.any_record, self.cursor) = (true, None);
                }
                Noted { notice: None, dropped: false }
            }
            Some(text) => {
                if !self.ids.is_known(&text) {
                    self.cursor_is_string = found.is_some_and(|found| found[0] == b'"');
                }
                self.record_with_id(&text)
            }
        }
    }

    /// Notes an event with this last event id.
    fn record(&mut self, id: &str, own: bool) -> Noted {
        if own {
            let noted = self.record_with_id(id);
            if self.cursor.as_deref() == Some(id) && sendable(id).is_none() {
                self.cursor = None;
            }
            return noted;
        }
        if !self.ids.repeats() {
            if sendable(id).is_none() {
                self.ids.lose_count();
            }
            self.any_record = true;
            self.move_cursor(id);
        }
        Noted { notice: None, dropped: false }
    }

    fn record_with_id(&mut self, id: &str) -> Noted {
        match self.ids.compare(id) {
            Known::Delivered => {
                let first = !std::mem::replace(&mut self.reported, true);
                let notice = first.then(|| Notice::Replayed { id: id.to_owned() });
                return Noted { notice, dropped: self.dedupe };
            }
            Known::Old => return Noted { notice: None, dropped: false },
            Known::New => {}
        }
        self.any_record = true;
        self.cursor = Some(id.to_owned());
        let gap = self.ids.deliver(id);
        Noted { notice: gap.map(|after| Notice::Gap { after: Some(after) }), dropped: false }
    }

    /// Notes an id without data, or that of a heartbeat.
    fn without_record(&mut self, id: &str, own: bool) -> Option<Notice> {
        self.move_cursor(id);
        let gap = if own && !id.is_empty() { self.ids.mention(id) } else { None };
        gap.map(|after| Notice::Gap { after: Some(after) })
    }

    fn move_cursor(&mut self, id: &str) {
        if !self.ids.is_known(id) {
            self.cursor = sendable(id).map(str::to_owned);
        }
    }
}

/// The id, if it can be the value of a header.
pub(super) fn sendable(id: &str) -> Option<&str> {
    let is_sendable = id.chars().all(|character| character == '\t' || !character.is_ascii_control());
    Some(id).filter(|id| is_sendable && !id.is_empty())
}
