//! Owned records, for who keeps them.

use std::borrow::Cow;
use std::time::Duration;

use tidewire_core as core;
use tidewire_core::session::Reason;
use tidewire_llm::Delta;

/// An event of an SSE stream (WHATWG HTML, 9.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event's type; `message` where the stream names none.
    pub event: Cow<'static, str>,
    /// The event's data, its lines joined with a line feed.
    pub data: String,
    /// The last event id in effect; empty where none was set.
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

/// Everything that a stream shows, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// An event of an SSE stream.
    Event(Event),
    /// A JSON record.
    Record {
        /// Its place in the body, counted from 0.
        index: u64,
        /// Its own text as it came, without the white space around it.
        json: String,
    },
    /// A piece of a text stream.
    Text(String),
    /// An SSE comment, or a record that was declared a heartbeat.
    Comment(String),
    /// The reconnection time that the stream asks for.
    Retry(Duration),
    /// A record that is not JSON was passed over.
    BadRecord(core::BadRecord),
    /// An event that outgrew its limit was passed over.
    Skipped(core::TooLarge),
    /// A piece of an LLM's reply, in the place of the record that brought it; only with
    /// [`Request::dialect`](crate::Request::dialect).
    Delta(Delta<'static>),
    /// A further request is about to be made.
    Attempt(Attempt),
    /// The wire has been silent for this long.
    Stall(Duration),
    /// Records are missing, or may be.
    Gap {
        /// The cursor behind which they are missing, where there is one.
        after: Option<String>,
    },
    /// The present response brings records that had arrived before; said once for each response, before the first of them.
    Replayed {
        /// The id of that record.
        id: String,
    },
}

impl Frame {
    /// The frame as its own owner; `None` for what a marker has already made something of.
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

/// A request of a stream, and why it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which request of the stream it is, counted from 1.
    pub number: u32,
    /// How long the stream waits before it.
    pub delay: Duration,
    /// What made it necessary; `None` for the first.
    pub reason: Option<Reason>,
    /// Where the stream resumes.
    pub cursor: Option<String>,
    /// The wait that the server's `retry:` asked for, if it is longer than the minute that is honoured.
    pub asked: Option<Duration>,
    /// What the transport said, or with what status the server answered; for people.
    pub error: Option<String>,
}
