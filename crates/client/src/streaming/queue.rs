//! Items that wait to be handed out.

use std::collections::VecDeque;

use crate::error::Error;

/// What a stream yields.
pub(crate) type Item<I> = Result<I, Error>;

/// An empty queue keeps its memory only if it has room for at most this many items.
const MAX_KEPT_CAPACITY: usize = 64;

/// Items in order; nearly always empty, because most frames make one item, which is returned directly. An empty queue takes no more than a
/// word.
pub(crate) struct Queue<I>(Option<Box<Waiting<I>>>);

struct Waiting<I> {
    items: VecDeque<Item<I>>,
    /// An event whose further values become items one by one, after `items`.
    unread: Option<Unread<I>>,
}

/// Takes the next item from the front of an event's data.
pub(crate) type TakeItem<I> = fn(&mut Unread<I>) -> Option<Item<I>>;

/// An event's data of which a part has been read.
pub(crate) struct Unread<I> {
    pub(crate) data: Vec<u8>,
    pub(crate) at: usize,
    pub(crate) take: TakeItem<I>,
}

impl<I> Default for Waiting<I> {
    fn default() -> Self {
        Self { items: VecDeque::new(), unread: None }
    }
}

impl<I> Queue<I> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn push_front(&mut self, item: Item<I>) {
        self.0.get_or_insert_default().items.push_front(item);
    }

    pub(crate) fn push_back(&mut self, item: Item<I>) {
        self.0.get_or_insert_default().items.push_back(item);
    }

    /// Puts the rest of an event after the items. It is handed out whole before the next frame is read, so nothing comes after it.
    pub(crate) fn push_unread(&mut self, unread: Unread<I>) {
        self.0.get_or_insert_default().unread = Some(unread);
    }

    pub(crate) fn pop_front(&mut self) -> Option<Item<I>> {
        let Waiting { items, unread } = &mut **self.0.as_mut()?;
        let item = items.pop_front().or_else(|| {
            let item = unread.as_mut().and_then(|rest| (rest.take)(rest));
            if item.is_none() {
                *unread = None;
            }
            item
        });
        if items.is_empty() && unread.is_none() && items.capacity() > MAX_KEPT_CAPACITY {
            self.0 = None;
        }
        item
    }
}

#[cfg(test)]
impl<I> Queue<I> {
    /// How many items have been made.
    pub(crate) fn ready(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.items.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_many_items_gives_its_memory_back() {
        let mut queue = Queue::new();
        for (items, kept) in [(MAX_KEPT_CAPACITY, true), (MAX_KEPT_CAPACITY + 1, false), (1, true)] {
            (0..items).for_each(|item| queue.push_back(Ok(item)));
            for item in 0..items {
                assert_eq!(queue.pop_front().and_then(Result::ok), Some(item));
            }
            assert_eq!(queue.0.is_some(), kept, "{items}");
            assert!(queue.pop_front().is_none());
        }
    }
}
