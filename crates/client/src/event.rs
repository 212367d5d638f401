//! Records and notices as owned values.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use tidewire_core as core;
use tidewire_core::session::Reason;
use tidewire_llm::Delta;

use crate::redact::hidden;

/// An event of an SSE stream (WHATWG HTML, 9.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's type; `message` if the stream does not name it.
    pub event: Cow<'static, str>,
    /// The event's data: its lines, joined with line feeds.
    pub data: String,
    /// The last event id in effect; empty before the first id.
    pub id: String,
}

impl From<core::Event<'_>> for Event {
    fn from(event: core::Event<'_>) -> Self {
        let name = match event.event.as_bytes() {
            b"message" => Cow::Borrowed("message"),
            _ => Cow::Owned(event.event.to_str().into_owned()),
        };
        Self { event: name, data: event.data.to_str().into_owned(), id: event.id.to_str().into_owned() }
    }
}

/// One of everything that a stream can deliver: records, comments and notices. Its `Debug` output leaves out the cursors of notices.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// An event of an SSE stream.
    Event(Event),
    /// A JSON record.
    Record {
        /// Its index in the body, from 0.
        index: u64,
        /// Its own text as it arrived, without the white space around it.
        json: String,
    },
    /// A piece of a text stream.
    Text(String),
    /// An SSE comment, or a record that was declared a heartbeat.
    Comment(String),
    /// The server asks to wait this long before a reconnect.
    Retry(Duration),
    /// A record that is not JSON; it was passed over.
    BadRecord(core::BadRecord),
    /// An event that exceeds its limit; it was passed over.
    Skipped(core::TooLarge),
    /// A piece of an LLM's reply, instead of the record that contained it; only with
    /// [`Request::dialect`](crate::Request::dialect).
    Delta(Delta<'static>),
    /// A further request is due, after its wait.
    Attempt(Attempt),
    /// The wire has been silent for this long.
    Stall(Duration),
    /// The current response repeats records that an earlier attempt delivered; once per response.
    Replayed {
        /// The id of the first such record.
        id: String,
    },
    /// Records are missing, or may be.
    Gap {
        /// The cursor after which they are missing, if there is one.
        after: Option<String>,
    },
}

impl Frame {
    /// The frame as an owned value; `None` for a kind of frame that streams do not deliver.
    #[must_use]
    pub fn from_lent(frame: core::Frame<'_>) -> Option<Self> {
        Some(match frame {
            core::Frame::Event(event) => Self::Event(event.into()),
            core::Frame::Record(record) => {
                Self::Record { index: record.index, json: record.json.to_str().into_owned() }
            }
            core::Frame::Text(text) => Self::Text(text.to_owned()),
            core::Frame::Comment(comment) => Self::Comment(comment.to_str().into_owned()),
            core::Frame::Retry(time) => Self::Retry(time),
            core::Frame::BadRecord(problem) => Self::BadRecord(problem),
            core::Frame::Skipped(problem) => Self::Skipped(problem),
            _ => return None,
        })
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Record { index, json } => {
                f.debug_struct("Record").field("index", index).field("json", json).finish()
            }
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Comment(comment) => f.debug_tuple("Comment").field(comment).finish(),
            Self::Retry(time) => f.debug_tuple("Retry").field(time).finish(),
            Self::BadRecord(problem) => f.debug_tuple("BadRecord").field(problem).finish(),
            Self::Skipped(problem) => f.debug_tuple("Skipped").field(problem).finish(),
            Self::Delta(delta) => f.debug_tuple("Delta").field(delta).finish(),
            Self::Attempt(attempt) => f.debug_tuple("Attempt").field(attempt).finish(),
            Self::Stall(silent) => f.debug_tuple("Stall").field(silent).finish(),
            Self::Replayed { id: _ } => f.debug_struct("Replayed").finish_non_exhaustive(),
            Self::Gap { after } => f.debug_struct("Gap").field("after", &hidden(after.as_ref())).finish(),
        }
    }
}

/// One request of a stream, and why it is made. Its `Debug` output leaves out the cursor.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which attempt of the stream it is, from 1.
    pub number: u32,
    /// How long the stream waits before it.
    pub delay: Duration,
    /// Why it is made; `None` for the first.
    pub reason: Option<Reason>,
    /// The cursor from which the stream continues.
    pub cursor: Option<String>,
    /// The wait that the server's `retry:` field asked for, if it was longer than the 60 s that are honoured.
    pub asked: Option<Duration>,
    /// What the transport said about the last attempt, or the status that the server answered with; for people.
    pub error: Option<String>,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("number", &self.number)
            .field("delay", &self.delay)
            .field("reason", &self.reason)
            .field("cursor", &hidden(self.cursor.as_ref()))
            .field("asked", &self.asked)
            .field("error", &self.error)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_notices_has_no_cursor() {
        let cursor = || Some("s3cr3t".to_owned());
        let attempt = Attempt {
            number: 2,
            delay: Duration::from_secs(1),
            reason: Some(Reason::Body),
            cursor: cursor(),
            asked: None,
            error: None,
        };
        let shown = [
            (format!("{attempt:?}"), "cursor: Some(…)"),
            (format!("{:#?}", Frame::Attempt(attempt)), "number: 2"),
            (format!("{:?}", Frame::Gap { after: cursor() }), "Gap { after: Some(…) }"),
            (format!("{:?}", Frame::Gap { after: None }), "Gap { after: None }"),
            (format!("{:?}", Frame::Replayed { id: "s3cr3t".to_owned() }), "Replayed"),
        ];
        for (shown, part) in shown {
            assert!(shown.contains(part) && !shown.contains("s3cr3t"), "{shown}");
        }
    }
}
