//! Counts and hashes what a contender has read, to be compared with what was written.

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use crate::memory::{self, Counts};

/// A summary of the events of a body: their number, the bytes of their data, and a hash over the data in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    pub events: u64,
    pub bytes: u64,
    pub hash: u64,
}

impl Digest {
    pub fn add(&mut self, data: &[u8]) {
        const FNV_PRIME: u64 = 0x0100_0000_01b3;
        self.events += 1;
        self.bytes += data.len() as u64;
        // A byte that no UTF-8 text contains separates the events.
        self.hash = data
            .iter()
            .chain(&[0xFF])
            .fold(self.hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    }
}

/// Counts events. With `CHECKED` it also hashes them and reads the allocator; timed runs only count.
#[derive(Debug, Default)]
pub struct Tally<const CHECKED: bool> {
    digest: Digest,
    after_first: Option<Counts>,
}

impl<const CHECKED: bool> Tally<CHECKED> {
    /// Adds the data of an event while the contender still holds it.
    #[inline]
    pub fn event(&mut self, data: &[u8]) {
        if CHECKED {
            self.digest.add(data);
            self.after_first.get_or_insert_with(memory::counts);
        } else {
            self.digest.events += 1;
            self.digest.bytes += data.len() as u64;
            black_box(data);
        }
    }

    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The counts at the time when the first event was handed out.
    #[must_use]
    pub fn after_first(&self) -> Counts {
        self.after_first.unwrap_or_default()
    }
}
