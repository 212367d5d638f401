//! Finds out the dialect of a reply: by the first record that has a mark of one. The content type has chosen the framing.

use alloc::vec::Vec;

use crate::dialect::{Dialect, Paths, TABLES};
use crate::dialects::generic::Generic;
use crate::json::Value;

/// So many records may come before one that identifies the dialect, and so many bytes of them.
const MOST_RECORDS: usize = 64;
const MOST_BYTES: usize = 64 * 1024;

/// What came before the dialect was known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unread {
    records: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Unread {
    /// The dialect of a reply that has this record, under this event name; `None` if it may be any. A record that no dialect knows and that has a text is
    /// generic, and so is a reply that has had too many others.
    pub(crate) fn dialect(&self, name: &[u8], record: Value<'_>) -> Option<Dialect> {
        let is_generic = || {
            Generic::default().has_text(record)
                || self.records.len() >= MOST_RECORDS
                || self.bytes >= MOST_BYTES
        };
        known(name, record).or_else(|| is_generic().then(|| Dialect::Generic(Paths::default())))
    }

    /// Keeps a record until the dialect is known.
    pub(crate) fn keep(&mut self, name: &[u8], text: &[u8]) {
        self.bytes += name.len() + text.len();
        self.records.push((name.to_vec(), text.to_vec()));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Takes what was kept.
    pub(crate) fn take(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        core::mem::take(self).records
    }
}

/// The dialect that has this mark.
fn known(name: &[u8], record: Value<'_>) -> Option<Dialect> {
    TABLES.iter().find(|(_, table)| table.recognises(name, record)).map(|(dialect, _)| dialect.clone())
}

/// The dialect of an event that is not JSON, by its name.
pub(crate) fn by_name(name: &[u8]) -> Option<Dialect> {
    known(name, Value::sound(b"null"))
}
