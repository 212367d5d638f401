//! Makes a stream's items of the frames that the core lends.

use serde::de::DeserializeOwned;
use tidewire_core::{self as core, Utf8};
use tidewire_llm::{Delta, Deltas};

use crate::error::{Error, RecordError};
use crate::event::{Event, Frame};
use crate::streaming::queue::{Item, Queue};

/// How frames, deltas and notices become items.
pub(crate) struct ItemMapper<I> {
    /// Makes items of a frame: the first is returned, so that it passes through no queue; further ones are queued.
    pub(crate) frame: fn(core::Frame<'_>, &mut Queue<I>) -> Option<Item<I>>,
    /// Makes items of deltas. If set, a record that the dialect has read makes no items itself.
    pub(crate) delta: Option<MapDelta<I>>,
    /// Makes an item of a notice (an attempt, a stall, a gap); most streams leave these to the hooks.
    pub(crate) notice: Option<fn(Frame) -> I>,
}

type MapDelta<I> = fn(&Delta<'_>, &mut Queue<I>);

impl<I> ItemMapper<I> {
    /// Reads a frame in its dialect and makes items of what it says.
    pub(crate) fn map_in_dialect(
        &self,
        frame: core::Frame<'_>,
        deltas: &mut Deltas,
        queue: &mut Queue<I>,
    ) -> Option<Item<I>> {
        let is_record =
            matches!(frame, core::Frame::Event(_) | core::Frame::Record(_) | core::Frame::Text(_));
        let read = deltas.read(&frame, &mut |delta| {
            if let Some(map) = self.delta {
                map(delta, queue);
            }
        });
        match (read, self.delta) {
            // Reported and passed over, like a bad line.
            (Err(bad), Some(_)) => {
                queue.push_back(Err(not_json(bad)));
                None
            }
            (_, Some(_)) if is_record => None,
            _ => (self.frame)(frame, queue),
        }
    }
}

/// The items of [`Request::events`](crate::Request::events).
pub(crate) const EVENTS: ItemMapper<Event> = ItemMapper {
    frame: |frame, _| match frame {
        core::Frame::Event(event) => Some(Ok(event.into())),
        other => problem(other),
    },
    delta: None,
    notice: None,
};

/// The items of [`Request::text`](crate::Request::text).
pub(crate) const TEXT: ItemMapper<String> = ItemMapper {
    frame: |frame, _| match frame {
        core::Frame::Text(text) => Some(Ok(text.to_owned())),
        core::Frame::Event(event) => Some(Ok(event.data.to_str().into_owned())),
        core::Frame::Record(record) => Some(Ok(record.json.to_str().into_owned())),
        other => problem(other),
    },
    delta: Some(|delta, queue| {
        if let Delta::Text { choice: 0, text } = delta {
            queue.push_back(Ok(text.to_string()));
        }
    }),
    notice: None,
};

/// The items of [`Request::reply`](crate::Request::reply).
pub(crate) const DELTAS: ItemMapper<Delta<'static>> = ItemMapper {
    frame: |frame, _| problem(frame),
    delta: Some(|delta, queue| queue.push_back(Ok(delta.clone().into_owned()))),
    notice: None,
};

/// The items of [`Request::frames`](crate::Request::frames).
pub(crate) const FRAMES: ItemMapper<Frame> = ItemMapper {
    frame: |frame, _| Frame::from_lent(frame).map(Ok),
    delta: Some(|delta, queue| queue.push_back(Ok(Frame::Delta(delta.clone().into_owned())))),
    notice: Some(|frame| frame),
};

/// The items of [`Request::records`](crate::Request::records).
pub(crate) const fn records<T: DeserializeOwned>() -> ItemMapper<T> {
    ItemMapper { frame: typed_records, delta: None, notice: None }
}

/// An event's data may hold several values.
fn typed_records<T: DeserializeOwned>(frame: core::Frame<'_>, queue: &mut Queue<T>) -> Option<Item<T>> {
    match frame {
        core::Frame::Record(record) => Some(parse(record.json)),
        core::Frame::Event(event) => {
            let mut values = core::json::values(event.data.as_bytes())
                .map(|value| value.map_err(not_json).and_then(parse));
            let first = values.next();
            values.for_each(|value| queue.push_back(value));
            first
        }
        other => problem(other),
    }
}

fn problem<I>(frame: core::Frame<'_>) -> Option<Item<I>> {
    match frame {
        core::Frame::BadRecord(problem) => Some(Err(not_json(problem))),
        core::Frame::Skipped(problem) => Some(Err(problem.into())),
        _ => None,
    }
}

fn parse<T: DeserializeOwned>(json: Utf8<'_>) -> Item<T> {
    let result = match std::str::from_utf8(json.as_bytes()) {
        Ok(json) => serde_json::from_str(json),
        Err(_) => serde_json::from_str(&json.to_str()),
    };
    result.map_err(|error| RecordError::Type(error).into())
}

fn not_json(problem: core::BadRecord) -> Error {
    RecordError::NotJson(problem).into()
}
