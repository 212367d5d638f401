//! Makes a stream's items of the frames that the core lends.

use serde::de::DeserializeOwned;
use tidewire_core::{self as core, Utf8};
use tidewire_llm::{Delta, Deltas};

use crate::error::{Error, RecordError};
use crate::event::{Event, Frame};
use crate::streaming::queue::{Item, Queue, Unread};

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
            let data = event.data.as_bytes();
            let mut at = 0;
            let first = next_value(data, &mut at);
            if white(&data[at..]) < data.len() - at {
                // The others are parsed when they are asked for: values may take far more memory than their text.
                queue.push_unread(Unread {
                    data: data.to_vec(),
                    at,
                    take: |rest| next_value(&rest.data, &mut rest.at),
                });
            }
            first
        }
        other => problem(other),
    }
}

/// The next value of an event's data from `at` on, which moves past it; after what is not JSON, to the end.
fn next_value<T: DeserializeOwned>(data: &[u8], at: &mut usize) -> Option<Item<T>> {
    let rest = data.get(*at..)?;
    let value = core::json::values(rest).next()?;
    let value = value.map_err(|bad| core::BadRecord { offset: bad.offset + *at as u64, ..bad });
    *at += value.map_or(rest.len(), |json| white(rest) + json.as_bytes().len());
    Some(value.map_err(not_json).and_then(parse))
}

/// How many bytes of white space the text begins with (RFC 8259, 2).
fn white(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> core::Frame<'_> {
        let [event, data, id] = ["message", data, ""].map(|text| Utf8::new(text.as_bytes()));
        core::Frame::Event(core::Event { event, data, id, has_own_id: false })
    }

    #[test]
    fn the_values_of_an_event_are_parsed_one_by_one() {
        #[rustfmt::skip]
        let rows = [
            ("", &[][..]),
            (" \n", &[]),
            ("1", &["1"]),
            (" 1 \n", &["1"]),
            ("1 2\n3-4", &["1", "2", "3", "-4"]),
            ("1 \"a\" 2", &["1", "type", "2"]),
            ("1 2 x 3", &["1", "2", "bad 4"]),
            ("x", &["bad 0"]),
            ("1 2.", &["1", "bad 4"]),
        ];
        for (data, want) in rows {
            let mut queue = Queue::new();
            let mut item = (records::<i64>().frame)(event(data), &mut queue);
            let mut have = Vec::new();
            while let Some(value) = item {
                have.push(match value {
                    Ok(value) => value.to_string(),
                    Err(Error::BadRecord(RecordError::NotJson(bad))) => format!("bad {}", bad.offset),
                    Err(_) => "type".to_owned(),
                });
                item = queue.pop_front();
            }
            assert_eq!(have, want, "{data:?}");
            assert!(queue.pop_front().is_none());
        }
    }

    #[test]
    fn an_event_of_many_values_makes_one_item_at_a_time() {
        let data = "1 ".repeat(100_000);
        let mut queue = Queue::new();
        let first = (records::<u64>().frame)(event(&data), &mut queue);
        assert!(first.is_some());
        assert_eq!(queue.ready(), 0);
    }
}
