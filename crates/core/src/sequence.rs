//! Holes in ordered ids.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;

use crate::numbers::decimal;

/// Watches ids of the form `epoch-seq`, where `seq` counts up by one; other ids say nothing about order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequence {
    /// The furthest id of its epoch, and its number. Boxed, since few servers have such ids.
    last: Option<Box<(String, u64)>>,
}

impl Sequence {
    /// A record without an id has come.
    pub(crate) fn forget(&mut self) {
        self.last = None;
    }

    /// The id before this one, if others are missing between them. An id that comes again, or an older one, is no hole.
    pub(crate) fn hole_before(&mut self, id: &str) -> Option<String> {
        let Some((epoch, seq)) = split(id.as_bytes()) else {
            self.last = None;
            return None;
        };
        match self.last.as_deref_mut() {
            Some((last, number)) if split(last.as_bytes()).is_some_and(|(known, _)| known == epoch) => {
                if seq <= *number {
                    return None;
                }
                let hole = number.checked_add(1).is_some_and(|next| seq > next);
                let before = hole.then(|| last.clone());
                last.clear();
                last.push_str(id);
                *number = seq;
                before
            }
            _ => {
                self.last = Some(Box::new((id.to_owned(), seq)));
                None
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
        for (id, hole) in rows {
            assert_eq!(sequence.hole_before(id).as_deref(), hole, "{id}");
        }
    }
}
