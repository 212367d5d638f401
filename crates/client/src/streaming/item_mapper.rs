//! From the core's lent frames to the items of a stream.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use tidewire_core::{self as core, Utf8};
use tidewire_llm::{Delta, Deltas};

use crate::error::{Error, RecordError};
use crate::event::{Event, Frame};

/// What a stream hands out.
pub(crate) type Item<I> = Result<I, Error>;

/// The memory of an empty queue is given back where it had room for more items than this.
const MOST_KEPT: usize = 64;

/// Items that wait to be handed out, in order; nearly always none.
#[expect(clippy::box_collection, reason = "an empty one takes no more than a word")]
pub(crate) struct Queue<I>(Option<Box<VecDeque<Item<I>>>>);

impl<I> Queue<I> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn push_front(&mut self, item: Item<I>) {
        self.0.get_or_insert_default().push_front(item);
    }

    pub(crate) fn push_back(&mut self, item: Item<I>) {
        self.0.get_or_insert_default().push_back(item);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Item<I>> {
        let queue = self.0.as_mut()?;
        let item = queue.pop_front();
        if queue.is_empty() && queue.capacity() > MOST_KEPT {
            self.0 = None;
        }
        item
    }
}

/// What items are made of. Nearly every frame makes one item, which is returned, so that it passes through no queue.
pub(crate) struct ItemMapper<I> {
    /// Makes items of a frame: the first is returned, further ones are queued.
    pub(crate) items: fn(core::Frame<'_>, &mut Queue<I>) -> Option<Item<I>>,
    /// Makes items of what a dialect reads, where it is known; the records themselves then make none.
    pub(crate) tell: Option<Tell<I>>,
    /// Where attempts, stalls and gaps are items themselves.
    pub(crate) notice: Option<fn(Frame) -> I>,
}

impl<I> ItemMapper<I> {
    /// Reads a frame in its dialect.
    pub(crate) fn read(
        &self,
        frame: core::Frame<'_>,
        deltas: &mut Deltas,
        queue: &mut Queue<I>,
    ) -> Option<Item<I>> {
        let is_record =
            matches!(frame, core::Frame::Event(_) | core::Frame::Record(_) | core::Frame::Text(_));
        let read = deltas.read(&frame, &mut |delta| {
            if let Some(tell) = self.tell {
                tell(delta, queue);
            }
        });
        match (read, self.tell) {
            // Passed over, as a bad line is.
            (Err(bad), Some(_)) => {
                queue.push_back(Err(not_json(bad)));
                None
            }
            (_, Some(_)) if is_record => None,
            _ => (self.items)(frame, queue),
        }
    }
}

pub(crate) const EVENT: ItemMapper<Event> = ItemMapper {
    items: |frame, _| match frame {
        core::Frame::Event(event) => Some(Ok(event.into())),
        other => problem(other),
    },
    tell: None,
    notice: None,
};

pub(crate) const TEXT: ItemMapper<String> = ItemMapper {
    items: |frame, _| match frame {
        core::Frame::Text(text) => Some(Ok(text.to_owned())),
        core::Frame::Event(event) => Some(Ok(event.data.to_str().into_owned())),
        core::Frame::Record(record) => Some(Ok(record.json.to_str().into_owned())),
        other => problem(other),
    },
    tell: Some(tell_text),
    notice: None,
};

pub(crate) const REPLY: ItemMapper<Delta<'static>> =
    ItemMapper { items: |frame, _| problem(frame), tell: Some(tell_delta), notice: None };

pub(crate) const FRAME: ItemMapper<Frame> = ItemMapper {
    items: |frame, _| Frame::from_lent(frame).map(Ok),
    tell: Some(tell_frame),
    notice: Some(|frame| frame),
};

pub(crate) const fn record<T: DeserializeOwned>() -> ItemMapper<T> {
    ItemMapper { items: records, tell: None, notice: None }
}

/// An event's data may hold several values.
fn records<T: DeserializeOwned>(frame: core::Frame<'_>, queue: &mut Queue<T>) -> Option<Item<T>> {
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

type Tell<I> = fn(&Delta<'_>, &mut Queue<I>);

fn tell_delta(delta: &Delta<'_>, queue: &mut Queue<Delta<'static>>) {
    queue.push_back(Ok(delta.clone().into_owned()));
}

fn tell_text(delta: &Delta<'_>, queue: &mut Queue<String>) {
    if let Delta::Text { choice: 0, text } = delta {
        queue.push_back(Ok(text.to_string()));
    }
}

fn tell_frame(delta: &Delta<'_>, queue: &mut Queue<Frame>) {
    queue.push_back(Ok(Frame::Delta(delta.clone().into_owned())));
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

    #[test]
    fn the_memory_of_many_items_is_given_back() {
        let mut queue = Queue::new();
        for (items, kept) in [(MOST_KEPT, true), (MOST_KEPT + 1, false), (1, true)] {
            (0..items).for_each(|item| queue.push_back(Ok(item)));
            for item in 0..items {
                assert_eq!(queue.pop_front().and_then(Result::ok), Some(item));
            }
            assert_eq!(queue.0.is_some(), kept, "{items}");
            assert!(queue.pop_front().is_none());
        }
    }
}
