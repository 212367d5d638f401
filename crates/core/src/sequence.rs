//! Holes in ordered ids.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::numbers::decimal;

/// Watches ids of the form `epoch-seq`, where `seq` counts up by one; other ids say nothing about order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    /// Boxed, since few servers have such ids.
    last: Option<Box<(Vec<u8>, u64)>>,
}

impl Sequence {
    /// Whether ids are missing between the one before and this one. An id that comes again, or an older one, is no hole.
    pub(crate) fn hole_before(&mut self, id: &str) -> bool {
        let Some((epoch, seq)) = split(id.as_bytes()) else {
            self.last = None;
            return false;
        };
        match self.last.as_deref_mut() {
            Some((last_epoch, last)) if last_epoch == epoch => {
                let hole = last.checked_add(1).is_some_and(|next| seq > next);
                *last = seq.max(*last);
                hole
            }
            _ => {
                self.last = Some(Box::new((epoch.to_vec(), seq)));
                false
            }
        }
    }
}

/// One dash, a number without leading zeros behind it: `1700000000-42`. A UUID or a date has more dashes.
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
    fn a_hole_is_seen_within_an_epoch_only() {
        let mut sequence = Sequence::default();
        let rows = [
            ("e1-1", false),
            ("e1-2", false),
            ("e1-5", true),
            ("e1-6", false),
            ("e1-3", false),
            ("e1-7", false),
            ("e2-9", false),
            ("e2-10", false),
            ("e2-10", false),
            ("e2-18446744073709551615", true),
            ("e2-1", false),
            ("7", false),
            ("9", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("2026-01", false),
            ("2026-05", false),
            ("-5", false),
            ("-7", false),
        ];
        for (id, hole) in rows {
            assert_eq!(sequence.hole_before(id), hole, "{id}");
        }
    }
}
