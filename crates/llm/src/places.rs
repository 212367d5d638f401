//! An index into a growing list. The peer decides how long the list is and what is looked up, so a linear search would be quadratic in total.

use alloc::vec::Vec;

/// So many of the latest are looked at one by one: nearly no reply has more, and it is nearly always one of these.
const RECENT: usize = 8;

/// A key by which an item of the list is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// Items of this choice.
    Choice(u32),
    /// Items of this choice with this number.
    Number(u32, u64),
    /// Items of this choice with this id.
    Id(u32, &'a str),
}

/// An item with keys. Several items may have the same key.
pub trait Keyed {
    /// The choice that the item belongs to. For a choice itself, that is its only key.
    fn choice(&self) -> u32;

    /// Whether the item has this key.
    fn has(&self, key: Key<'_>) -> bool {
        key == Key::Choice(self.choice())
    }

    /// Calls `tell` with each key of the item.
    fn tell_keys(&self, tell: &mut dyn FnMut(Key<'_>)) {
        tell(Key::Choice(self.choice()));
    }
}

/// An index of a list that only grows. It holds the older items; the latest few are searched one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    older: Tree,
}

impl Places {
    /// The position of the latest item with this key.
    #[must_use]
    pub fn find<T: Keyed>(&self, list: &[T], key: Key<'_>) -> Option<usize> {
        let recent = list.len().saturating_sub(RECENT);
        let found = list[recent..].iter().rposition(|one| one.has(key));
        found.map(|place| recent + place).or_else(|| self.older.find(key))
    }

    /// Must be called after each item that is added to the end of the list.
    pub fn added<T: Keyed>(&mut self, list: &[T]) {
        if let Some(place) = list.len().checked_sub(RECENT + 1) {
            list[place].tell_keys(&mut |key| self.older.put(key, place));
        }
    }
}

/// A crit-bit tree (D. J. Bernstein, "Crit-bit trees"): a fork asks for one bit, and only where two keys part. It is never deeper than a key
/// is long, whatever the peer chooses, and weighs a quarter of a `BTreeMap` where this is downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tree {
    leaves: Vec<Leaf>,
    /// One less than leaves.
    forks: Vec<Fork>,
    root: Way,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Leaf {
    key: Vec<u8>,
    place: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fork {
    bit: usize,
    /// Where the bit is not set, and where it is.
    ways: [Way; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Fork(usize),
    Leaf(usize),
}

impl Default for Way {
    fn default() -> Self {
        Self::Leaf(0)
    }
}

impl Tree {
    #[inline(never)]
    fn find(&self, key: Key<'_>) -> Option<usize> {
        let key = bytes(key);
        let leaf = self.leaves.get(self.nearest(&key))?;
        (leaf.key == key).then_some(leaf.place)
    }

    #[inline(never)]
    fn put(&mut self, key: Key<'_>, place: usize) {
        let key = bytes(key);
        let nearest = self.nearest(&key);
        let Some(nearest) = self.leaves.get_mut(nearest) else {
            return self.leaves.push(Leaf { key, place });
        };
        let Some(bit) = parting(&key, &nearest.key) else {
            nearest.place = place;
            return;
        };
        // Behind all forks that ask for an earlier bit.
        let (mut way, mut from) = (self.root, None);
        while let Way::Fork(at) = way
            && self.forks[at].bit < bit
        {
            let side = side(&key, self.forks[at].bit);
            from = Some((at, side));
            way = self.forks[at].ways[side];
        }
        let (leaf, fork) = (Way::Leaf(self.leaves.len()), Way::Fork(self.forks.len()));
        match from {
            None => self.root = fork,
            Some((at, side)) => self.forks[at].ways[side] = fork,
        }
        let ways = if side(&key, bit) == 0 { [leaf, way] } else { [way, leaf] };
        self.forks.push(Fork { bit, ways });
        self.leaves.push(Leaf { key, place });
    }

    /// The leaf that is like the key wherever the tree asks.
    fn nearest(&self, key: &[u8]) -> usize {
        let mut way = self.root;
        loop {
            match way {
                Way::Leaf(leaf) => return leaf,
                Way::Fork(at) => {
                    let fork = &self.forks[at];
                    way = fork.ways[side(key, fork.bit)];
                }
            }
        }
    }
}

/// A key as bytes, of which none begins with another: those of one kind are of one length, or have it in front.
fn bytes(key: Key<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (kind, choice, number, id) = match key {
        Key::Choice(choice) => (0, choice, 0, ""),
        Key::Number(choice, number) => (1, choice, number, ""),
        Key::Id(choice, id) => (2, choice, id.len() as u64, id),
    };
    bytes.push(kind);
    bytes.extend_from_slice(&choice.to_be_bytes());
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(id.as_bytes());
    bytes
}

/// The first bit in which they differ.
fn parting(key: &[u8], other: &[u8]) -> Option<usize> {
    let differ = key.iter().zip(other).map(|(a, b)| a ^ b);
    let (at, bits) = differ.enumerate().find(|(_, bits)| *bits != 0)?;
    Some(8 * at + bits.leading_zeros() as usize)
}

fn side(key: &[u8], bit: usize) -> usize {
    key.get(bit / 8).map_or(0, |byte| usize::from(byte << (bit % 8) >= 0x80))
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;

    struct Thing(u32, u64, String);

    impl Thing {
        fn keys(&self) -> [Key<'_>; 3] {
            [Key::Choice(self.0), Key::Number(self.0, self.1), Key::Id(self.0, &self.2)]
        }
    }

    impl Keyed for Thing {
        fn choice(&self) -> u32 {
            self.0
        }

        fn has(&self, key: Key<'_>) -> bool {
            self.keys().contains(&key)
        }

        fn tell_keys(&self, tell: &mut dyn FnMut(Key<'_>)) {
            self.keys().into_iter().for_each(tell);
        }
    }

    #[test]
    fn the_latest_item_with_a_key_is_found_at_any_position() {
        let (mut list, mut places) = (Vec::new(), Places::default());
        // Keys that come again and again, near and far; ids that begin alike, and the empty one.
        for step in 0..200_u32 {
            let number = u64::from(step * 31 % 23);
            list.push(Thing(step * step % 7, (number * number) << 40, "id\0".repeat(number as usize / 3)));
            places.added(&list);
            for choice in 0..8 {
                assert_eq!(
                    places.find(&list, Key::Choice(choice)),
                    list.iter().rposition(|one| one.0 == choice)
                );
                for number in 0..24_usize {
                    let id = format!("{}{}", "id\0".repeat(number / 2), &"id"[..number % 2]);
                    let number = (number as u64 * number as u64) << 40;
                    for key in [Key::Number(choice, number), Key::Id(choice, &id)] {
                        let want = list.iter().rposition(|one| one.has(key));
                        assert_eq!(places.find(&list, key), want, "{key:?} at {step}");
                    }
                }
            }
        }
    }
}
