//! Items that wait to be handed out.

use std::collections::VecDeque;

use crate::error::Error;

/// What a stream yields.
pub(crate) type Item<I> = Result<I, Error>;

/// An empty queue keeps its memory only if it has room for at most this many items.
const MAX_KEPT_CAPACITY: usize = 64;

/// Items in order; nearly always empty, because most frames make one item, which is returned directly.
#[expect(clippy::box_collection, reason = "an empty queue takes no more than a word")]
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
        if queue.is_empty() && queue.capacity() > MAX_KEPT_CAPACITY {
            self.0 = None;
        }
        item
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
