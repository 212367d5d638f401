//! Finds gaps in ids that the server numbers in order.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::numbers::decimal;

/// Follows ids of the form `epoch-seq`, in which `seq` counts up by one. Any other id has no known order.
#[derive(Clone, Debug, Default)]
pub(super) struct IdOrder {
    /// The highest id of the current epoch. Boxed, since few servers send such ids.
    last: Option<Box<Position>>,
}

/// A place in a sequence of ordered ids.
#[derive(Clone, Debug)]
pub(super) struct Position {
    id: Vec<u8>,
    seq: u64,
}

impl IdOrder {
    /// Forgets the order.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// The position of the highest id.
    pub(super) fn position(&self) -> Option<Position> {
        self.last.as_deref().cloned()
    }

    /// Takes in an id, and returns the one before it if ids between the two are missing. A repeated or older id is no gap.
    pub(super) fn gap_before(&mut self, id: &[u8]) -> Option<Vec<u8>> {
        let Some((epoch, seq)) = split(id) else {
            self.last = None;
            return None;
        };
        match self.last.as_deref_mut() {
            Some(last) if last.has_epoch(epoch) => {
                if seq <= last.seq {
                    return None;
                }
                let is_gap = last.seq.checked_add(1).is_some_and(|next| seq > next);
                let before = is_gap.then(|| last.id.clone());
                last.id.clear();
                last.id.extend_from_slice(id);
                last.seq = seq;
                before
            }
            _ => {
                self.last = Some(Box::new(Position { id: id.to_vec(), seq }));
                None
            }
        }
    }
}

impl Position {
    /// Whether the id is in the same epoch and not above this position.
    pub(super) fn covers(&self, id: &[u8]) -> bool {
        split(id).is_some_and(|(epoch, seq)| self.has_epoch(epoch) && seq <= self.seq)
    }

    fn has_epoch(&self, epoch: &[u8]) -> bool {
        split(&self.id).is_some_and(|(known, _)| known == epoch)
    }
}

/// Whether the id has the form `epoch-seq`.
pub(super) fn is_ordered(id: &[u8]) -> bool {
    split(id).is_some()
}

/// Splits an id such as `1700000000-42`: one dash, then a number without leading zeros. A UUID or a date has more dashes.
fn split(id: &[u8]) -> Option<(&[u8], u64)> {
    let dash = id.iter().position(|byte| *byte == b'-')?;
    let (epoch, seq) = (&id[..dash], &id[dash + 1..]);
    let ordered = !epoch.is_empty() && (seq == b"0" || !seq.starts_with(b"0"));
    Some((epoch, decimal(seq).filter(|_| ordered)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_found_only_within_an_epoch() {
        let mut order = IdOrder::default();
        let rows = [
            ("e1-1", None),
            ("e1-2", None),
            ("e1-5", Some("e1-2")),
            ("e1-6", None),
            ("e1-3", None),
            ("e1-7", None),
            ("e2-9", None),
            ("e2-10", None),
            ("e2-10", None),
            ("e2-18446744073709551615", Some("e2-10")),
            ("e2-1", None),
            ("7", None),
            ("9", None),
            ("550e8400-e29b-41d4-a716-446655440000", None),
            ("2026-01", None),
            ("2026-05", None),
            ("-5", None),
            ("-7", None),
        ];
        for (id, gap) in rows {
            assert_eq!(order.gap_before(id.as_bytes()).as_deref(), gap.map(str::as_bytes), "{id}");
        }
    }
}
