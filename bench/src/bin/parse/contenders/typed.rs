//! Contenders that parse NDJSON into a struct with all its fields.

use std::hint::black_box;

use memchr::memchr;
use ndjson_stream::engine::NdjsonEngine;
use serde::Deserialize;
use tidewire_bench::tally::Tally;

use super::{Outcome, ndjson};
use crate::chunks::Chunks;

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding them is what is measured")]
pub(super) struct Chunk {
    id: String,
    object: String,
    created: u64,
    model: String,
    system_fingerprint: Option<String>,
    pub(super) choices: Vec<Choice>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding them is what is measured")]
pub(super) struct Choice {
    index: u32,
    pub(super) delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Delta {
    pub(super) content: String,
}

pub(crate) fn tidewire<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    ndjson::each_record(chunks, false, |record| take_slice(record.json.as_bytes(), tally))
}

/// Checks each line once to be UTF-8, instead of each string.
pub(crate) fn tidewire_text<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    ndjson::each_record(chunks, false, |record| take_str(&record.json.to_str(), tally))
}

pub(crate) fn memchr_slice<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    by_hand(chunks, |line| take_slice(line, tally))
}

pub(crate) fn memchr_text<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    by_hand(chunks, |line| take_str(std::str::from_utf8(line)?, tally))
}

/// The hand-written loop: finds lines with memchr, parses them in place, and copies only those that span chunks.
#[inline(always)]
fn by_hand(chunks: &Chunks, mut take: impl FnMut(&[u8]) -> Outcome) -> Outcome {
    let mut kept = Vec::new();
    for mut chunk in chunks.iter() {
        while let Some(end) = memchr(b'\n', chunk) {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            chunk = rest;
            if kept.is_empty() {
                take(line)?;
            } else {
                kept.extend_from_slice(line);
                take(&kept)?;
                kept.clear();
            }
        }
        kept.extend_from_slice(chunk);
    }
    Ok(())
}

pub(crate) fn lines_codec<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    ndjson::each_line(chunks, |line| take_str(&line, tally))
}

pub(crate) fn ndjson_stream<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let mut engine = NdjsonEngine::new();
    for chunk in chunks.iter() {
        engine.input(chunk);
        while let Some(record) = engine.pop() {
            take(record?, tally)?;
        }
    }
    Ok(())
}

// Never inlined: one compiled parser for all, so that only the framing differs.
#[inline(never)]
fn take_slice<const CHECKED: bool>(json: &[u8], tally: &mut Tally<CHECKED>) -> Outcome {
    take(serde_json::from_slice(json)?, tally)
}

#[inline(never)]
fn take_str<const CHECKED: bool>(json: &str, tally: &mut Tally<CHECKED>) -> Outcome {
    take(serde_json::from_str(json)?, tally)
}

fn take<const CHECKED: bool>(record: Chunk, tally: &mut Tally<CHECKED>) -> Outcome {
    let record = black_box(record);
    let choice = record.choices.first().ok_or("a record without a choice")?;
    tally.event(choice.delta.content.as_bytes());
    Ok(())
}
