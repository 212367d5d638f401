//! Detects the dialect of a reply from the first record that has a dialect's mark. The content type has already chosen the framing.

use alloc::vec::Vec;

use crate::dialect::{Dialect, Paths, TABLES};
use crate::dialects::generic::Generic;
use crate::json::Value;

/// The most records, and the most bytes of them, that may precede the one that identifies the dialect.
const MOST_RECORDS: usize = 64;
const MOST_BYTES: usize = 64 * 1024;

/// The records that arrived before the dialect was known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unread {
    records: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Unread {
    /// The dialect of a reply with this record, whose event has this name; `None` if it is still open. The dialect is generic if no other one
    /// knows the record and it has a text, or if too many records came before it.
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
