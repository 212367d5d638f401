//! What a stream delivers.

use std::time::Duration;

use tidewire::core::{BadRecord, TooLarge};
use tidewire::{Attempt, Error, Event, Frame, RecordError};

use crate::delta::Delta;

/// An item of a stream: a record, or a notice about the stream at its place between the records.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
pub enum Item {
    /// An event of an SSE stream.
    Event {
        /// Its type; `message` if the stream does not name it.
        event: String,
        /// Its data.
        data: String,
        /// The last event id in effect; empty before the first one.
        id: String,
    },
    /// A JSON record.
    Record {
        /// Its number in the body, from 0; `None` if the stream reads records of any format.
        index: Option<u64>,
        /// Its text.
        json: String,
    },
    /// A piece of a text.
    Text {
        /// The piece.
        text: String,
    },
    /// A piece of an LLM's reply.
    Reply {
        /// The piece.
        delta: Delta,
    },
    /// A comment, or a heartbeat.
    Comment {
        /// Its text.
        comment: String,
    },
    /// The server asks to wait this long before a reconnect.
    Retry {
        /// The wait, in milliseconds.
        ms: u64,
    },
    /// A record that cannot be read. The stream continues.
    Problem {
        /// `bad_record` or `too_large`.
        code: String,
        /// What is wrong with it.
        message: String,
        /// Where it is, in bytes of the decoded body, if that is known.
        offset: Option<u64>,
        /// The limit that it exceeds, in bytes.
        limit: Option<u64>,
    },
    /// A notice: a request is due, after its wait.
    Attempt {
        /// Which attempt of the stream it is, from 1.
        number: u32,
        /// How long the stream waits before it.
        delay_ms: u64,
        /// Why it is made; `None` for the first.
        reason: Option<String>,
        /// The cursor from which the stream continues.
        cursor: Option<String>,
        /// The wait that the server asked for, if it is longer than what is honoured.
        asked_ms: Option<u64>,
        /// What is known about the failure of the last attempt, for people.
        error: Option<String>,
    },
    /// A notice: the wire has been silent for this long.
    Stall {
        /// The silence so far, in milliseconds.
        silent_ms: u64,
    },
    /// A notice: records are missing here, or may be.
    Gap {
        /// The cursor after which they are missing, if there is one.
        after: Option<String>,
    },
    /// A notice: the present response repeats records.
    Replayed {
        /// The id of the first such record.
        id: String,
    },
}

/// What an item takes beside its texts, in bytes.
const ITEM_BYTES: usize = 64;

impl Item {
    /// `None` for a kind of frame that this library does not know.
    pub(crate) fn of_frame(frame: Frame) -> Option<Self> {
        Some(match frame {
            Frame::Event(event) => event.into(),
            Frame::Record { index, json } => Self::Record { index: Some(index), json },
            Frame::Text(text) => Self::Text { text },
            Frame::Comment(comment) => Self::Comment { comment },
            Frame::Retry(wait) => Self::Retry { ms: ms(wait) },
            Frame::BadRecord(problem) => problem.into(),
            Frame::Skipped(problem) => problem.into(),
            Frame::Delta(delta) => Self::Reply { delta: Delta::of(delta)? },
            Frame::Attempt(attempt) => Self::of_attempt(&attempt),
            Frame::Stall(silent) => Self::Stall { silent_ms: ms(silent) },
            Frame::Replayed { id } => Self::Replayed { id },
            Frame::Gap { after } => Self::Gap { after },
            _ => return None,
        })
    }

    pub(crate) fn of_attempt(attempt: &Attempt) -> Self {
        Self::Attempt {
            number: attempt.number,
            delay_ms: ms(attempt.delay),
            reason: attempt.reason.map(|reason| reason.name().to_owned()),
            cursor: attempt.cursor.clone(),
            asked_ms: attempt.asked.map(ms),
            error: attempt.error.clone(),
        }
    }

    /// An error after which the stream continues; `None` if it ends there.
    pub(crate) fn of_error(error: &Error) -> Option<Self> {
        match error {
            Error::BadRecord(RecordError::NotJson(problem)) => Some((*problem).into()),
            Error::Skipped(problem) => Some((*problem).into()),
            error if !error.is_last() => Some(Self::Problem {
                code: error.code().to_owned(),
                message: error.to_string(),
                offset: None,
                limit: None,
            }),
            _ => None,
        }
    }

    /// What it takes in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        ITEM_BYTES
            + match self {
                Self::Event { event, data, id } => event.len() + data.len() + id.len(),
                Self::Record { json, .. } => json.len(),
                Self::Text { text } => text.len(),
                Self::Reply { delta } => delta.size(),
                Self::Comment { comment } => comment.len(),
                Self::Problem { code, message, .. } => code.len() + message.len(),
                Self::Attempt { reason, cursor, error, .. } => {
                    optional(reason) + optional(cursor) + optional(error)
                }
                Self::Gap { after } => optional(after),
                Self::Replayed { id } => id.len(),
                Self::Retry { .. } | Self::Stall { .. } => 0,
            }
    }
}

impl From<Event> for Item {
    fn from(event: Event) -> Self {
        Self::Event { event: event.event.into_owned(), data: event.data, id: event.id }
    }
}

impl From<BadRecord> for Item {
    fn from(problem: BadRecord) -> Self {
        Self::Problem {
            code: "bad_record".to_owned(),
            message: problem.problem.to_owned(),
            offset: Some(problem.offset),
            limit: None,
        }
    }
}

impl From<TooLarge> for Item {
    fn from(problem: TooLarge) -> Self {
        Self::Problem {
            code: "too_large".to_owned(),
            message: problem.to_string(),
            offset: Some(problem.offset),
            limit: Some(problem.limit as u64),
        }
    }
}

/// The time in whole milliseconds.
pub(crate) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
