//! The lines of `--output events` and `decode`: one JSON object each, fields without a value left out.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use tidewire::core::{Stats, json};
use tidewire::{Delta, Frame, Outcome};

/// A line.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Line<'a> {
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
    },
    Stall {
        silent_ms: u128,
    },
    Gap {
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<&'a str>,
    },
    Error {
        code: &'static str,
        message: String,
        offset: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    },
    End(End<'a>),
}

/// The last line.
#[derive(Debug, Serialize)]
pub(crate) struct End<'a> {
    pub(crate) outcome: &'static str,
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// Requests; there are none where standard input is decoded.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<&'a str>,
}

impl<'a> Line<'a> {
    /// The line of a frame; `None` for a kind of frame that has none.
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
            },
            Frame::Stall(silent) => Self::Stall { silent_ms: silent.as_millis() },
            Frame::Gap { after } => Self::Gap { after: after.as_deref() },
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

    /// The last line.
    pub(crate) fn end(
        outcome: &Outcome,
        stats: &Stats,
        cursor: Option<&'a str>,
        error: Option<&'a str>,
    ) -> Self {
        let mut end = End {
            outcome: outcome.code(),
            events: stats.events,
            bytes: stats.bytes,
            attempts: stats.attempts,
            status: None,
            timeout: None,
            retry_after_ms: None,
            // What is whole needs no place to go on from.
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
    pub(crate) fn delta(delta: &Delta<'_>, out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        delta.write_line(&mut line);
        writeln!(out, "{line}")
    }

    /// Writes the line.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// A record's own text without its white space.
fn compact(text: &str) -> Option<Box<RawValue>> {
    let mut compacted = String::with_capacity(text.len());
    json::compact(text, &mut compacted);
    RawValue::from_string(compacted).ok()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
