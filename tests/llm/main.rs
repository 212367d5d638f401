//! Tests the dialects with recorded streams of real providers, if these are present (`TIDEWIRE_CORPUS`, by default `../shared/corpus`).
//!
//! `reading.rs` reads each stream with a real JSON parser; text, reasoning, tool calls, finish and usage must be equal. `oracle.rs` tells
//! the outcome of each stream cut at every offset (sampled in large files); the outcomes must be equal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod corpus;
mod naive;
mod oracle;
mod reading;
mod rig;

use std::collections::BTreeMap;

use crate::corpus::{Recording, recordings};
use crate::rig::Rig;

/// Files up to this size are cut at every offset.
const EVERY_OFFSET: usize = 2 * 1024;
/// About how many offsets of a larger file are cut.
const SAMPLES: usize = 400;
/// With the value `every`, all files are cut at every offset, as `cargo xtask test --long` does.
const CUTS: &str = "TIDEWIRE_CORPUS_CUTS";

#[test]
fn every_recording_reads_like_with_a_real_json_parser() {
    let Some(recordings) = recordings() else { return };
    let mut counts = BTreeMap::new();
    for recording in &recordings {
        let want = reading::of(recording);
        for dialect in ["auto", recording.dialect] {
            for chunk in [usize::MAX, 1, 7, 1000] {
                let mut rig = Rig::new(recording.format, dialect);
                recording.body.chunks(chunk.min(recording.body.len())).for_each(|chunk| rig.feed(chunk));
                let (outcome, bad) = (rig.end(), rig.bad);
                let place = format!("{} as {dialect} in chunks of {chunk}", recording.name);
                assert_eq!(rig.deltas.dialect().name(), recording.dialect, "{place}");
                assert_eq!(bad, 0, "{place}: bad records");
                assert_eq!(reading::Reading::from(&mut rig.message), want, "{place}");
                // What nobody recognised is not known to be whole.
                let is_unknown =
                    dialect == "auto" && recording.dialect == "generic" && rig.message.text.is_empty();
                let known = oracle::outcome(recording, recording.body.len());
                assert_eq!(outcome, if is_unknown { "truncated" } else { known }, "{place}");
            }
        }
        *counts.entry(recording.dialect).or_insert(0) += 1;
    }
    println!("{} recordings read: {counts:?}", recordings.len());
    assert!(recordings.len() > 200, "{}", recordings.len());
}

#[test]
fn every_cut_has_the_right_outcome() {
    let Some(recordings) = recordings() else { return };
    let mut outcomes = BTreeMap::new();
    let mut cuts = 0_u64;
    for recording in &recordings {
        let ends = oracle::Ends::of(recording);
        let mut rig = Rig::new(recording.format, recording.dialect);
        let mut from = 0;
        for at in offsets(recording, &ends) {
            rig.feed(&recording.body[from..at]);
            from = at;
            let want = ends.at(at);
            assert_eq!(rig.clone().end(), want, "{} cut at {at}", recording.name);
            let broken = ends.broken_at(at);
            assert_eq!(rig.clone().broken(), broken, "{} broken at {at}", recording.name);
            *outcomes.entry(want).or_insert(0_u64) += 1;
            cuts += 1;
        }
    }
    println!(
        "{cuts} cuts of {} recordings, each with a clean end and as a break; outcomes with a clean end: {outcomes:?}",
        recordings.len()
    );
    assert!(cuts > 100_000 && outcomes.len() >= 4, "{cuts} {outcomes:?}");
}

/// The offsets to cut at: all; or in a large file a sample, and around the ends of every twentieth event and of the last ones.
fn offsets(recording: &Recording, ends: &oracle::Ends) -> Vec<usize> {
    let length = recording.body.len();
    if length <= EVERY_OFFSET || std::env::var(CUTS).is_ok_and(|cuts| cuts == "every") {
        return (0..=length).collect();
    }
    let mut offsets: Vec<usize> = (0..length).step_by(length / SAMPLES + 1).collect();
    let events = ends.offsets();
    let chosen = events.iter().enumerate().filter(|(place, _)| place % 20 == 0 || place + 5 > events.len());
    offsets.extend(chosen.flat_map(|(_, end)| end.saturating_sub(3)..end + 3).filter(|at| *at < length));
    offsets.push(length);
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}
