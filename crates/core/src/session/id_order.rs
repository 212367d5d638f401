//! Finds gaps in ids that the server numbers in order.

use alloc::vec::Vec;
use core::mem;

use crate::numbers::decimal;
use crate::replace;

/// Takes in the next id, and returns whether ids before it are missing. `last` is the highest id of the current epoch, and empty if ids have no
/// known order; `before` becomes the one before it. A repeated or older id is no gap.
pub(super) fn is_gap(last: &mut Vec<u8>, before: &mut Vec<u8>, id: &[u8]) -> bool {
    let mut is_gap = false;
    match (split(id), split(last)) {
        (None, _) => {
            last.clear();
            return false;
        }
        (Some((epoch, seq)), Some((same, highest))) if epoch == same => {
            if seq <= highest {
                return false;
            }
            is_gap = seq - highest > 1;
        }
        _ => {}
    }
    mem::swap(last, before);
    replace(last, id);
    is_gap
}

/// Whether an id is in the same epoch as this one and not above it.
pub(super) fn covers(highest: &[u8], id: &[u8]) -> bool {
    match (split(highest), split(id)) {
        (Some((epoch, highest)), Some((same, seq))) => epoch == same && seq <= highest,
        _ => false,
    }
}

/// Splits an id such as `1700000000-42`, in which the number counts up by one: one dash, then digits without leading zeros. A UUID or a date has
/// more dashes.
fn split(id: &[u8]) -> Option<(&[u8], u64)> {
    let dash = id.iter().position(|byte| *byte == b'-')?;
    let (epoch, seq) = (&id[..dash], &id[dash + 1..]);
    let is_ordered = dash > 0 && (seq.len() == 1 || !seq.starts_with(b"0"));
    Some((epoch, decimal(seq).filter(|_| is_ordered)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_found_only_within_an_epoch() {
        let (mut last, mut before) = (Vec::new(), Vec::new());
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
            let found = is_gap(&mut last, &mut before, id.as_bytes()).then_some(&before[..]);
            assert_eq!(found, gap.map(str::as_bytes), "{id}");
        }
    }
}
