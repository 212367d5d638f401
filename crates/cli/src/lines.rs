//! The lines that `--output events` and `decode` print: one JSON object each, without the fields that have no value.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use tidewire::core::{Stats, json};
use tidewire::{Delta, Frame, Outcome};

/// One line of output.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum OutputLine<'a> {
    Event {
        event: &'a str,
        data: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        id: &'a str,
    },
    Record {
        index: u64,
        value: Box<RawValue>,
    },
    Text {
        text: &'a str,
    },
    Comment {
        comment: &'a str,
    },
    Retry {
        ms: u128,
    },
    Attempt {
        attempt: u32,
        delay_ms: u128,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<&'a str>,
        /// The wait that the server asked for, if it is longer than the wait that is honoured.
        #[serde(skip_serializing_if = "Option::is_none")]
        asked_ms: Option<u128>,
    },
    Stall {
        silent_ms: u128,
    },
    Gap {
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<&'a str>,
    },
    Replayed {
        id: &'a str,
    },
    Error {
        code: &'static str,
        message: String,
        offset: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    },
    End(EndLine<'a>),
}

/// The last line: how the stream ended, and its counts.
#[derive(Debug, Serialize)]
pub(crate) struct EndLine<'a> {
    outcome: &'static str,
    events: u64,
    bytes: u64,
    /// The requests that were sent; `None` for `decode`, which makes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> OutputLine<'a> {
    /// The line of a frame, or `None` for a kind of frame that is not printed.
    pub(crate) fn of(frame: &'a Frame) -> Option<Self> {
        Some(match frame {
            Frame::Event(event) => Self::Event { event: &event.event, data: &event.data, id: &event.id },
            Frame::Record { index, json } => Self::Record { index: *index, value: compact(json)? },
            Frame::Text(text) => Self::Text { text },
            Frame::Comment(comment) => Self::Comment { comment },
            Frame::Retry(time) => Self::Retry { ms: time.as_millis() },
            Frame::Attempt(attempt) => Self::Attempt {
                attempt: attempt.number,
                delay_ms: attempt.delay.as_millis(),
                reason: attempt.reason.map(tidewire::Reason::name),
                cursor: attempt.cursor.as_deref(),
                asked_ms: attempt.asked.map(|wait| wait.as_millis()),
            },
            Frame::Stall(silent) => Self::Stall { silent_ms: silent.as_millis() },
            Frame::Gap { after } => Self::Gap { after: after.as_deref() },
            Frame::Replayed { id } => Self::Replayed { id },
            Frame::BadRecord(problem) => Self::Error {
                code: "bad_record",
                message: problem.problem.to_owned(),
                offset: problem.offset,
                limit: None,
            },
            Frame::Skipped(problem) => Self::Error {
                code: "too_large",
                message: problem.to_string(),
                offset: problem.offset,
                limit: Some(problem.limit),
            },
            _ => return None,
        })
    }

    /// The last line. `attempts` is `None` if no requests are made.
    pub(crate) fn end(
        outcome: &Outcome,
        stats: &Stats,
        attempts: Option<u32>,
        cursor: Option<&'a str>,
        error: Option<&'a str>,
    ) -> Self {
        let mut end = EndLine {
            outcome: outcome.code(),
            events: stats.events,
            bytes: stats.bytes,
            attempts,
            status: None,
            timeout: None,
            retry_after_ms: None,
            // A stream that ended well has nothing to continue.
            cursor: cursor.filter(|_| !outcome.is_success()),
            offset: None,
            limit: None,
            error,
        };
        match outcome {
            Outcome::Refused { status, why } => {
                end.status = Some(*status);
                if let tidewire::Refusal::RetryAfter(wait) = why {
                    end.retry_after_ms = Some(wait.as_millis());
                }
            }
            Outcome::TimedOut(limit) => end.timeout = Some(limit.name()),
            Outcome::Unreadable { offset, limit } => (end.offset, end.limit) = (Some(*offset), *limit),
            _ => {}
        }
        Self::End(end)
    }

    /// Writes the line of a delta.
    pub(crate) fn write_delta(delta: &Delta<'_>, out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        delta.write_line(&mut line);
        line.push('\n');
        out.write_all(line.as_bytes())
    }

    /// Writes the line in many small pieces, so `out` should have a buffer.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// A record's own text without white space between its tokens.
fn compact(text: &str) -> Option<Box<RawValue>> {
    let mut compacted = String::with_capacity(text.len());
    json::compact(text, &mut compacted);
    RawValue::from_string(compacted).ok()
}
