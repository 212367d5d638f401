//! From the core's lent frames to the items of a stream.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use tidewire_core::{self as core, Judgement, Utf8};
use tidewire_llm::{Delta, Deltas};

use crate::error::{Error, RecordError};
use crate::event::{Event, Frame};

/// The items that are ready, in order.
pub(crate) type Queue<I> = VecDeque<Result<I, Error>>;

/// Makes items of a frame: none, one, or several.
pub(crate) type Shape<I> = fn(core::Frame<'_>, &mut Queue<I>);

pub(crate) fn event(frame: core::Frame<'_>, queue: &mut Queue<Event>) {
    match frame {
        core::Frame::Event(event) => queue.push_back(Ok(event.into())),
        other => problem(other, queue),
    }
}

pub(crate) fn record<T: DeserializeOwned>(frame: core::Frame<'_>, queue: &mut Queue<T>) {
    match frame {
        core::Frame::Record(record) => queue.push_back(parse(record.json)),
        core::Frame::Event(event) => {
            for value in core::json::values(event.data.as_bytes()) {
                queue.push_back(value.map_err(not_json).and_then(parse));
            }
        }
        other => problem(other, queue),
    }
}

pub(crate) fn text(frame: core::Frame<'_>, queue: &mut Queue<String>) {
    match frame {
        core::Frame::Text(text) => queue.push_back(Ok(text.to_owned())),
        core::Frame::Event(event) => queue.push_back(Ok(event.data.to_str().into_owned())),
        core::Frame::Record(record) => queue.push_back(Ok(record.json.to_str().into_owned())),
        other => problem(other, queue),
    }
}

pub(crate) fn frame(frame: core::Frame<'_>, queue: &mut Queue<Frame>) {
    queue.extend(Frame::from_lent(frame).map(Ok));
}

/// Makes items of what a dialect reads; the records themselves then make none.
pub(crate) type Tell<I> = fn(&Delta<'_>, &mut Queue<I>);

/// Reads a frame in its dialect.
pub(crate) fn judge<I>(
    deltas: &mut Deltas,
    frame: core::Frame<'_>,
    (shape, tell): (Shape<I>, Option<Tell<I>>),
    queue: &mut Queue<I>,
) -> Judgement {
    let is_record = matches!(frame, core::Frame::Event(_) | core::Frame::Record(_) | core::Frame::Text(_));
    let read = deltas.read(&frame, &mut |delta| {
        if let Some(tell) = tell {
            tell(delta, queue);
        }
    });
    match (read, tell) {
        // Passed over, as a bad line is.
        (Err(bad), Some(_)) => shape(core::Frame::BadRecord(bad), queue),
        (_, Some(_)) if is_record => {}
        _ => shape(frame, queue),
    }
    deltas.judgement()
}

pub(crate) fn tell_delta(delta: &Delta<'_>, queue: &mut Queue<Delta<'static>>) {
    queue.push_back(Ok(delta.clone().into_owned()));
}

pub(crate) fn tell_text(delta: &Delta<'_>, queue: &mut Queue<String>) {
    if let Delta::Text { choice: 0, text } = delta {
        queue.push_back(Ok(text.to_string()));
    }
}

pub(crate) fn tell_frame(delta: &Delta<'_>, queue: &mut Queue<Frame>) {
    queue.push_back(Ok(Frame::Delta(delta.clone().into_owned())));
}

pub(crate) fn problem<I>(frame: core::Frame<'_>, queue: &mut Queue<I>) {
    match frame {
        core::Frame::BadRecord(problem) => queue.push_back(Err(not_json(problem))),
        core::Frame::Skipped(problem) => queue.push_back(Err(problem.into())),
        _ => {}
    }
}

fn parse<T: DeserializeOwned>(json: Utf8<'_>) -> Result<T, Error> {
    let result = match std::str::from_utf8(json.as_bytes()) {
        Ok(json) => serde_json::from_str(json),
        Err(_) => serde_json::from_str(&json.to_str()),
    };
    result.map_err(|error| RecordError::Type(error).into())
}

fn not_json(problem: core::BadRecord) -> Error {
    RecordError::NotJson(problem).into()
}
