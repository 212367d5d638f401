//! The floors, which no reader can beat: they find the line ends and do nothing else.

use std::hint::black_box;

use memchr::{memchr_iter, memchr2_iter};
use tidewire_bench::tally::Tally;

use super::Outcome;
use crate::chunks::Chunks;

pub(crate) fn line_ends<const CHECKED: bool>(chunks: &Chunks, _: &mut Tally<CHECKED>) -> Outcome {
    let mut found = 0;
    for chunk in chunks.iter() {
        found += memchr2_iter(b'\n', b'\r', chunk).count();
    }
    black_box(found);
    Ok(())
}

/// For an event that spans chunks: also copies everything into one growing Vec.
pub(crate) fn copy_and_line_ends<const CHECKED: bool>(chunks: &Chunks, _: &mut Tally<CHECKED>) -> Outcome {
    let mut copy = Vec::new();
    let mut found = 0;
    for chunk in chunks.iter() {
        found += memchr2_iter(b'\n', b'\r', chunk).count();
        copy.extend_from_slice(chunk);
    }
    black_box((found, copy));
    Ok(())
}

pub(crate) fn line_feeds<const CHECKED: bool>(chunks: &Chunks, _: &mut Tally<CHECKED>) -> Outcome {
    // One by one, because the iterator's own `count` would not stop at each line.
    for line_feed in chunks.iter().flat_map(|chunk| memchr_iter(b'\n', chunk)) {
        black_box(line_feed);
    }
    Ok(())
}
