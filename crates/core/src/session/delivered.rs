//! Remembers the ids of records that were delivered, to recognise repeats and gaps.

use alloc::vec::Vec;

use super::id_order::{IdOrder, Position};

/// How many ids are remembered.
const REMEMBERED: usize = 1024;

/// Remembers the ids of the last records, so that a later attempt recognises those that arrive again, and the position of
/// ordered ids, so that a gap between them is noticed.
///
/// Ids of the present attempt are remembered but not compared with: a server may give several records one id.
#[derive(Clone, Debug, Default)]
pub(super) struct Delivered {
    order: IdOrder,
    /// The position of the ordered ids when the current attempt began.
    order_before: Option<Position>,
    /// Hashes of ids, keyed by a random number; a ring once it is full. An id can be as long as a whole record, so its bytes
    /// are not kept.
    ids: Vec<u64>,
    /// Where in the ring the next hash goes.
    next: usize,
    /// How many of the ring's hashes are of the present attempt: the last ones before `next`.
    of_this_attempt: usize,
    /// A record that arrived again was reported in this attempt.
    reported: bool,
}

impl Delivered {
    /// A further attempt begins.
    pub(super) fn begin_attempt(&mut self) {
        self.order_before = self.order.position();
        self.of_this_attempt = 0;
        self.reported = false;
    }

    /// Whether a record with this id was delivered in an earlier attempt.
    pub(super) fn contains(&self, id: &str, key: u64) -> bool {
        if self.order_before.as_ref().is_some_and(|before| before.covers(id)) {
            return true;
        }
        let wanted = hash(id, key);
        let earlier = self.ids.len() - self.of_this_attempt;
        // Until the ring is full, its oldest hash is at 0.
        let oldest = if self.ids.len() < REMEMBERED { 0 } else { self.next };
        let (front, back) = self.ids.split_at(oldest);
        back.iter().chain(front).take(earlier).any(|known| *known == wanted)
    }

    /// Whether this is the first record of this attempt that arrived again.
    pub(super) const fn report(&mut self) -> bool {
        !core::mem::replace(&mut self.reported, true)
    }

    /// Remembers the id of a record that is delivered.
    pub(super) fn remember(&mut self, id: &str, key: u64) {
        let hash = hash(id, key);
        match self.ids.get_mut(self.next) {
            Some(place) => *place = hash,
            None => self.ids.push(hash),
        }
        self.next = (self.next + 1) % REMEMBERED;
        self.of_this_attempt = (self.of_this_attempt + 1).min(self.ids.len());
    }

    /// Takes in the next id in order, and returns the last id before a gap if ids before this one are missing.
    pub(super) fn gap_before(&mut self, id: &str) -> Option<alloc::string::String> {
        self.order.gap_before(id)
    }

    /// A record without an id arrived, so the next id cannot be predicted.
    pub(super) fn forget_order(&mut self) {
        self.order.forget();
    }
}

/// A keyed hash: without the key, a peer cannot construct collisions.
fn hash(id: &str, key: u64) -> u64 {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(MULTIPLIER);
        hash ^ (hash >> 29)
    };
    let mut hash = mix(key, id.len() as u64);
    for word in id.as_bytes().chunks(8) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(word).for_each(|(to, from)| *to = *from);
        hash = mix(hash, u64::from_le_bytes(bytes));
        hash = mix(hash, key);
    }
    mix(hash, key.rotate_left(32))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    const KEY: u64 = 7;

    fn delivered(ids: impl Iterator<Item = u32>) -> Delivered {
        let mut delivered = Delivered::default();
        ids.for_each(|id| delivered.remember(&id.to_string(), KEY));
        delivered
    }

    #[test]
    fn the_last_1024_ids_of_earlier_attempts_are_known() {
        for total in [1, 2, 1023, 1024, 1025, 3000] {
            let mut delivered = delivered(0..total);
            assert!(!delivered.contains("0", KEY), "ids of the present attempt do not count");
            delivered.begin_attempt();
            let known = (0..total).filter(|id| delivered.contains(&id.to_string(), KEY)).count();
            assert_eq!(known, total.min(1024) as usize);
            assert!(delivered.contains(&(total - 1).to_string(), KEY));
        }
    }

    #[test]
    fn ids_of_the_present_attempt_push_out_earlier_ones_and_are_not_compared_with() {
        let mut delivered = delivered(0..1024);
        delivered.begin_attempt();
        for id in 2000..2100 {
            delivered.remember(&id.to_string(), KEY);
            assert!(!delivered.contains(&id.to_string(), KEY));
        }
        assert!(!delivered.contains("99", KEY));
        assert!(delivered.contains("100", KEY) && delivered.contains("1023", KEY));
        (3000..5000).for_each(|id: u32| delivered.remember(&id.to_string(), KEY));
        assert!(!delivered.contains("1023", KEY) && !delivered.contains("4999", KEY));
    }

    #[test]
    fn of_ordered_ids_all_up_to_the_cursor_are_known() {
        let mut delivered = Delivered::default();
        for id in ["e1-1", "e1-2", "e1-7"] {
            delivered.gap_before(id);
        }
        assert!(!delivered.contains("e1-7", KEY));
        delivered.begin_attempt();
        for (id, known) in [("e1-0", true), ("e1-5", true), ("e1-7", true), ("e1-8", false), ("e2-1", false)]
        {
            assert_eq!(delivered.contains(id, KEY), known, "{id}");
        }
        delivered.gap_before("e1-9");
        assert!(!delivered.contains("e1-8", KEY), "the order of this attempt does not count");
    }

    #[test]
    fn hashes_differ_by_every_byte_the_length_and_the_key() {
        let ids = ["", "a", "b", "ab", "ba", "a\0", "12345678", "123456780", "12345678\0", "87654321"];
        for (at, id) in ids.iter().enumerate() {
            assert_ne!(hash(id, 1), hash(id, 2), "{id:?}");
            for other in &ids[at + 1..] {
                assert_ne!(hash(id, 1), hash(other, 1), "{id:?} {other:?}");
            }
        }
    }
}
