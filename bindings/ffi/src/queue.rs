//! The items of a stream on their way to the consumer: numbered from 0, and kept until a later call acknowledges them.

use std::collections::VecDeque;

use crate::end::StreamEnd;
use crate::error::NativeError;
use crate::item::Item;

/// No further item is read while the items that are kept take this much memory, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// Nor while there are so many of them.
const MOST_ITEMS: usize = 256;

/// Items in order, and the end of the stream after the last of them.
#[derive(Clone, Debug, Default, PartialEq, uniffi::Record)]
pub struct Batch {
    /// The items. Empty without an end: the call was interrupted, or its time was up.
    pub items: Vec<Item>,
    /// How the stream ended, if no item follows these.
    pub end: Option<StreamEnd>,
}

/// The items that were not acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    items: VecDeque<Kept>,
    /// The number of the first of them.
    first: u64,
    bytes: usize,
    /// The cursor before the first of them.
    cursor: Option<String>,
    end: Option<StreamEnd>,
}

#[derive(Debug)]
struct Kept {
    item: Item,
    bytes: usize,
    /// The cursor after it, if it is another one than before it.
    cursor: Option<Option<String>>,
}

impl Queue {
    /// A queue of a stream that continues after `cursor`.
    pub(crate) fn new(cursor: Option<&str>) -> Self {
        Self { cursor: cursor.map(str::to_owned), ..Self::default() }
    }

    /// Adds an item, after which the stream's cursor is `cursor`.
    pub(crate) fn push(&mut self, item: Item, cursor: Option<&str>) {
        let bytes = item.size();
        let cursor = (self.last_cursor() != cursor).then(|| cursor.map(str::to_owned));
        self.bytes += bytes;
        self.items.push_back(Kept { item, bytes, cursor });
    }

    /// Adds a notice, which comes before the item that the stream has read meanwhile.
    pub(crate) fn push_notice(&mut self, notice: Item) {
        let bytes = notice.size();
        self.bytes += bytes;
        self.items.push_back(Kept { item: notice, bytes, cursor: None });
    }

    /// Whether another item may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.bytes < MOST_BYTES && self.items.len() < MOST_ITEMS
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    pub(crate) fn end(&self) -> Option<&StreamEnd> {
        self.end.as_ref()
    }

    /// The first end counts.
    pub(crate) fn set_end(&mut self, end: StreamEnd) {
        self.end.get_or_insert(end);
    }

    /// Forgets the items before this number.
    pub(crate) fn acknowledge(&mut self, number: u64) -> Result<(), NativeError> {
        let last = self.first + self.items.len() as u64;
        if !(self.first..=last).contains(&number) {
            let reason =
                format!("item {number} was asked for; the next is one from {} to {last}", self.first);
            return Err(NativeError::usage(reason));
        }
        while self.first < number {
            let Some(kept) = self.items.pop_front() else { break };
            self.first += 1;
            self.bytes -= kept.bytes;
            if let Some(cursor) = kept.cursor {
                self.cursor = cursor;
            }
        }
        if self.items.is_empty() {
            // A burst is over.
            self.items.shrink_to(16);
        }
        Ok(())
    }

    /// At most `most` items from the first that was not acknowledged; `None` if there is nothing to hand over.
    pub(crate) fn batch(&self, most: usize) -> Option<Batch> {
        let items: Vec<Item> = self.items.iter().take(most.max(1)).map(|kept| kept.item.clone()).collect();
        let end = self.end.clone().filter(|_| items.len() == self.items.len());
        (!items.is_empty() || end.is_some()).then_some(Batch { items, end })
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The cursor after the items before this number.
    pub(crate) fn cursor(&self, number: u64) -> Option<&str> {
        let count = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let changes = self.items.iter().take(count).rev().find_map(|kept| kept.cursor.as_ref());
        changes.unwrap_or(&self.cursor).as_deref()
    }

    fn last_cursor(&self) -> Option<&str> {
        self.items.iter().rev().find_map(|kept| kept.cursor.as_ref()).unwrap_or(&self.cursor).as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Item {
        Item::Text { text: text.to_owned() }
    }

    #[test]
    fn items_stay_until_they_are_acknowledged() {
        let mut queue = Queue::new(None);
        assert_eq!(queue.batch(9), None);
        for item in ["a", "b", "c"] {
            queue.push(text(item), None);
        }
        let two = || vec![text("a"), text("b")];
        assert_eq!(queue.batch(2).map(|batch| batch.items), Some(two()));
        assert_eq!(queue.batch(2).map(|batch| batch.items), Some(two()));
        queue.acknowledge(2).expect("kept");
        queue.set_end(StreamEnd::without_outcome("ended", String::new()));
        let batch = queue.batch(9).expect("the rest");
        assert_eq!((batch.items, batch.end.map(|end| end.code)), (vec![text("c")], Some("ended".to_owned())));
        assert!(queue.acknowledge(1).is_err() && queue.acknowledge(4).is_err());
        queue.acknowledge(3).expect("kept");
        assert_eq!(queue.batch(9).map(|batch| batch.items.len()), Some(0));
    }

    #[test]
    fn the_cursor_is_that_of_the_items_before() {
        let mut queue = Queue::new(Some("0"));
        queue.push(text("a"), Some("0"));
        queue.push(text("b"), Some("2"));
        queue.push(text("c"), Some("2"));
        queue.push(text("d"), None);
        let cursors =
            |queue: &Queue, numbers: [u64; 3]| numbers.map(|at| queue.cursor(at).map(str::to_owned));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(cursors(&queue, [0, 1, 2]), [some("0"), some("0"), some("2")]);
        queue.acknowledge(2).expect("kept");
        assert_eq!(cursors(&queue, [2, 3, 4]), [some("2"), some("2"), None]);
    }

    #[test]
    fn one_large_item_fills_it() {
        let mut queue = Queue::new(None);
        queue.push(text("a"), None);
        assert!(queue.has_room());
        queue.push(text(&"a".repeat(MOST_BYTES)), None);
        assert!(!queue.has_room());
        queue.acknowledge(2).expect("kept");
        assert!(queue.has_room());
    }
}
