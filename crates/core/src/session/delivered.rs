//! Remembers the ids of records that were delivered, to recognise repeats and gaps.

use alloc::vec;
use alloc::vec::Vec;

use super::id_order::{covers, is_gap};
use crate::replace;

/// How many of the last ids are remembered.
const LAST: usize = 1024;
/// How many of the first ids are remembered: enough to recognise a response that starts over.
const FIRST: usize = 16;

/// Remembers the ids of the last records, so that a later attempt recognises those that arrive again, and the position of
/// ordered ids, so that a gap between them is noticed.
///
/// Ids of the present attempt are remembered but not compared with: a server may give several records one id.
///
/// A response that starts over may first bring records that are too old to be remembered. It is recognised by its first records.
/// From there until it has passed the last records of the earlier attempts, nothing in it is new.
#[derive(Clone, Debug)]
// Large fields come last, since small offsets are encoded shorter in WebAssembly.
#[repr(C)]
pub(super) struct Delivered {
    /// The highest id of the current epoch; empty if ids have no order.
    highest: Vec<u8>,
    /// The same when the current attempt began.
    highest_earlier: Vec<u8>,
    /// The id before the last gap.
    gap_after: Vec<u8>,
    /// The last ids of earlier attempts.
    earlier: Hashes,
    /// The last ids of this attempt.
    present: Hashes,
    /// Whether the present response repeats what was delivered.
    repeats: Repeats,
    /// A record that arrived again was reported in this attempt.
    reported: bool,
    /// How many hashes of first ids there are.
    firsts: usize,
    /// Hashes of the stream's first ids, keyed by a random number. An id can be as long as a whole record, so its bytes are not kept.
    first: [u64; FIRST],
}

/// Whether a response repeats what earlier attempts delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    No,
    /// Its last record with an id had arrived before.
    LastRecord,
    /// It started over, and has not reached the remembered last records.
    FromTheStart,
}

/// What is known of a record with an id of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is new.
    New,
    /// It was delivered by an earlier attempt.
    Delivered,
    /// It is too old to be remembered, in a response that started over.
    Old,
}

/// Hashes of the last [`LAST`] ids.
#[derive(Clone, Debug)]
struct Hashes {
    /// Used as a ring once it is full. Its length is a power of two, or 0.
    places: Vec<u64>,
    /// How many hashes were added.
    count: usize,
}

impl Hashes {
    const NONE: Self = Self { places: Vec::new(), count: 0 };

    fn add(&mut self, hash: u64) {
        let places = self.places.len();
        if self.count == places && places < LAST {
            let mut more = vec![0; FIRST.max(2 * places)];
            more[..places].copy_from_slice(&self.places);
            self.places = more;
        }
        let at = self.place(self.count);
        self.places[at] = hash;
        self.count += 1;
    }

    /// The place of the hash with this number.
    const fn place(&self, number: usize) -> usize {
        number & (self.places.len() - 1)
    }

    fn contains(&self, hash: u64) -> bool {
        self.places.iter().take(self.count).any(|one| *one == hash)
    }
}

impl Delivered {
    /// Nothing was delivered.
    pub(super) const NEW: Self = Self {
        highest: Vec::new(),
        highest_earlier: Vec::new(),
        gap_after: Vec::new(),
        first: [0; FIRST],
        firsts: 0,
        earlier: Hashes::NONE,
        present: Hashes::NONE,
        repeats: Repeats::No,
        reported: false,
    };

    /// A further attempt begins.
    pub(super) fn begin_attempt(&mut self) {
        replace(&mut self.highest_earlier, &self.highest);
        let Self { earlier, present, .. } = self;
        for number in present.count.saturating_sub(LAST)..present.count {
            earlier.add(present.places[present.place(number)]);
        }
        present.count = 0;
        self.repeats = Repeats::No;
        self.reported = false;
    }

    /// Whether the id is among the last ones of earlier attempts, or is ordered and not above them.
    pub(super) fn contains(&self, id: &[u8], key: u64) -> bool {
        covers(&self.highest_earlier, id) || self.earlier.contains(hash(id, key))
    }

    /// Compares the id of a record of a later attempt with what earlier ones delivered.
    pub(super) fn compare(&mut self, id: &[u8], key: u64) -> Known {
        if self.contains(id, key) {
            self.repeats = Repeats::LastRecord;
            return Known::Delivered;
        }
        let starts_over = self.present.count == 0 && self.repeats == Repeats::No;
        if (starts_over || self.repeats == Repeats::FromTheStart) && self.is_first(hash(id, key)) {
            self.repeats = Repeats::FromTheStart;
            return Known::Delivered;
        }
        if self.repeats == Repeats::FromTheStart {
            return Known::Old;
        }
        self.repeats = Repeats::No;
        Known::New
    }

    /// Whether a record without an id of its own is among records that had arrived before.
    pub(super) fn repeats(&self) -> bool {
        self.repeats != Repeats::No
    }

    /// Whether this is the first record of this attempt that arrived again.
    pub(super) const fn report(&mut self) -> bool {
        !core::mem::replace(&mut self.reported, true)
    }

    /// Remembers the id of a new record.
    pub(super) fn remember(&mut self, id: &[u8], key: u64) {
        let hash = hash(id, key);
        if let Some(place) = self.first.get_mut(self.firsts) {
            *place = hash;
            self.firsts += 1;
        }
        self.present.add(hash);
    }

    fn is_first(&self, hash: u64) -> bool {
        self.first.iter().take(self.firsts).any(|one| *one == hash)
    }

    /// Takes in the next id in order, and returns whether ids before this one are missing.
    pub(super) fn is_gap(&mut self, id: &[u8]) -> bool {
        is_gap(&mut self.highest, &mut self.gap_after, id)
    }

    /// The id before the gap that was found last.
    pub(super) fn gap_after(&self) -> &[u8] {
        &self.gap_after
    }

    /// A record without an id arrived, so the next id cannot be predicted.
    pub(super) fn forget_order(&mut self) {
        self.highest.clear();
    }
}

/// A keyed hash: without the key, a peer cannot construct collisions.
fn hash(id: &[u8], key: u64) -> u64 {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(MULTIPLIER);
        hash ^ (hash >> 29)
    };
    let mut hash = mix(key, id.len() as u64);
    for word in id.chunks(8) {
        let word = word.iter().rfold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = mix(hash, word);
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
        let mut delivered = Delivered::NEW;
        ids.for_each(|id| delivered.remember(id.to_string().as_bytes(), KEY));
        delivered
    }

    /// Whether each id is known to a response that brings it alone.
    fn knows(delivered: &Delivered, id: u32) -> bool {
        delivered.clone().compare(id.to_string().as_bytes(), KEY) == Known::Delivered
    }

    #[test]
    fn the_last_1024_ids_of_earlier_attempts_are_known() {
        for total in [1, 2, 1023, 1024, 1025, 3000] {
            let mut delivered = delivered(0..total);
            assert!(!knows(&delivered, total - 1), "ids of the present attempt do not count");
            delivered.begin_attempt();
            let known = (0..total).filter(|id| knows(&delivered, *id)).count();
            let first = FIRST.min((total as usize).saturating_sub(LAST));
            assert_eq!(known, total.min(1024) as usize + first);
            assert!(knows(&delivered, total - 1));
        }
    }

    #[test]
    fn ids_of_the_present_attempt_count_from_the_next_one_on() {
        let mut delivered = delivered(0..1024);
        delivered.begin_attempt();
        for id in 2000..2100 {
            assert_eq!(delivered.compare(id.to_string().as_bytes(), KEY), Known::New);
            delivered.remember(id.to_string().as_bytes(), KEY);
            assert!(!knows(&delivered, id));
        }
        assert!(knows(&delivered, 99), "new ids do not push out those of earlier attempts");
        delivered.begin_attempt();
        assert!(!knows(&delivered, 99) && knows(&delivered, 100) && knows(&delivered, 2099));
    }

    #[test]
    fn a_response_that_starts_over_is_recognised_by_its_first_records() {
        let mut delivered = delivered(0..3000);
        delivered.begin_attempt();
        let known: Vec<_> = (0..3002).map(|id| delivered.compare(id.to_string().as_bytes(), KEY)).collect();
        assert!(known[..16].iter().all(|known| *known == Known::Delivered));
        assert!(known[16..1976].iter().all(|known| *known == Known::Old));
        assert!(known[1976..3000].iter().all(|known| *known == Known::Delivered));
        assert_eq!(known[3000..], [Known::New, Known::New]);
    }

    #[test]
    fn a_first_id_later_in_a_response_is_not_a_start() {
        let mut delivered = delivered(0..3000);
        delivered.begin_attempt();
        assert_eq!(delivered.compare(b"5000", KEY), Known::New);
        delivered.remember(b"5000", KEY);
        assert_eq!(delivered.compare(b"3", KEY), Known::New);
    }

    #[test]
    fn a_first_id_after_a_known_one_is_not_a_start() {
        let mut delivered = delivered(0..3000);
        delivered.begin_attempt();
        assert_eq!(delivered.compare(b"2500", KEY), Known::Delivered);
        assert_eq!(delivered.compare(b"3", KEY), Known::New);
    }

    #[test]
    fn the_oldest_ids_are_forgotten_first() {
        let mut delivered = delivered(0..1500);
        delivered.begin_attempt();
        (2000..2010).for_each(|id: u32| delivered.remember(id.to_string().as_bytes(), KEY));
        delivered.begin_attempt();
        assert!(!knows(&delivered, 485) && knows(&delivered, 486));
        assert!(knows(&delivered, 1499) && knows(&delivered, 2009));
    }

    #[test]
    fn of_ordered_ids_all_up_to_the_cursor_are_known() {
        let mut delivered = Delivered::NEW;
        for id in ["e1-1", "e1-2", "e1-7"] {
            delivered.is_gap(id.as_bytes());
        }
        let knows = |delivered: &Delivered, id: &str| {
            delivered.clone().compare(id.as_bytes(), KEY) == Known::Delivered
        };
        assert!(!knows(&delivered, "e1-7"));
        delivered.begin_attempt();
        for (id, known) in [("e1-0", true), ("e1-5", true), ("e1-7", true), ("e1-8", false), ("e2-1", false)]
        {
            assert_eq!(knows(&delivered, id), known, "{id}");
        }
        delivered.is_gap(b"e1-9");
        assert!(!knows(&delivered, "e1-8"), "the order of this attempt does not count");
    }

    #[test]
    fn hashes_differ_by_every_byte_the_length_and_the_key() {
        let ids = ["", "a", "b", "ab", "ba", "a\0", "12345678", "123456780", "12345678\0", "87654321"];
        for (at, id) in ids.iter().enumerate() {
            assert_ne!(hash(id.as_bytes(), 1), hash(id.as_bytes(), 2), "{id:?}");
            for other in &ids[at + 1..] {
                assert_ne!(hash(id.as_bytes(), 1), hash(other.as_bytes(), 1), "{id:?} {other:?}");
            }
        }
    }
}
