//! The four framings of JSON records, compared with the uncut body, a simple reader of whole bodies, and serde_json.

use alloc::vec::Vec;

use serde_json::value::RawValue;
use tidewire_core::json::{Concat, JsonArray, JsonSeq, Ndjson};
use tidewire_core::{DecodeError, Decoder, DecoderOptions, Format};

use crate::input::Input;
use crate::reading::{End as Ended, Framing, Reading, Seen, read};

#[path = "../../crates/core/src/json/tests/oracle.rs"]
#[allow(clippy::unwrap_used)]
mod oracle;

/// The simple reader takes quadratic time; longer bodies are compared only with themselves and serde_json.
const LONGEST_FOR_ORACLE: usize = 96;

/// A frame of the simple reader.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Record { index: u64, text: Vec<u8> },
    Done,
    Bad { offset: u64 },
}

/// How the body ended for the simple reader.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Clean,
    Inside,
    Malformed { offset: u64 },
}

/// The input is a body of lines.
pub fn ndjson(data: &[u8]) {
    check(data, Format::Ndjson, Ndjson::new);
}

/// The input is a body of records after separators.
pub fn json_seq(data: &[u8]) {
    check(data, Format::JsonSeq, JsonSeq::new);
}

/// The input is one array.
pub fn json_array(data: &[u8]) {
    check(data, Format::JsonArray, JsonArray::new);
}

/// The input is a body of values.
pub fn concat(data: &[u8]) {
    check(data, Format::Concat, Concat::new);
}

fn check<D: Framing>(data: &[u8], format: Format, new: fn(DecoderOptions) -> D) {
    let Some(input) = Input::new(data) else { return };
    let whole = read(&mut new(input.options), input.options, [input.body]);
    let cut = read(&mut Decoder::new(format, input.options), input.options, input.pieces());
    assert_eq!(cut, whole, "the cuts make a difference");
    let validated = input.options.validate || format != Format::Ndjson;
    if validated {
        records_are_json(&whole);
    }
    if input.is_limited() {
        let unlimited = DecoderOptions { max_event_bytes: usize::MAX, ..input.options };
        limit_holds(&whole, &read(&mut new(unlimited), unlimited, [input.body]));
    } else if validated && input.body.len() <= LONGEST_FOR_ORACLE {
        as_the_oracle_says(&whole, &oracle::read(format.name(), input.body, input.options.done));
    }
}

fn records_are_json(reading: &Reading) {
    let mut next = 0;
    for frame in reading.frames() {
        let Seen::Record { index, json } = frame else { continue };
        assert_eq!(index, next, "records are counted");
        next += 1;
        // The decoder does not check for UTF-8; the reader of the text does.
        let text: Vec<u8> = json.iter().map(|byte| if byte.is_ascii() { *byte } else { b'x' }).collect();
        let parsed = serde_json::from_slice::<&RawValue>(&text);
        assert!(parsed.is_ok_and(|raw| raw.get().len() == json.len()), "not JSON: {}", json.escape_ascii());
    }
}

/// A limit removes records, but changes none.
fn limit_holds(limited: &Reading, all: &Reading) {
    let text = |frame| match frame {
        Seen::Record { json, .. } => Some(json),
        _ => None,
    };
    let mut rest = all.frames().filter_map(text);
    for json in limited.frames().filter_map(text) {
        assert!(rest.any(|seen| seen == json), "{} came only with the limit", json.escape_ascii());
    }
    match limited.end {
        Ended::Failed(DecodeError::TooLarge(_)) => assert!(limited.is_start_of(all), "{limited:?}\n{all:?}"),
        _ => {
            let skipped = limited.frames().any(|frame| matches!(frame, Seen::Skipped(_)));
            assert!(skipped || limited == all, "{limited:?}\n{all:?}");
        }
    }
}

fn as_the_oracle_says(have: &Reading, (lines, end): &(Vec<Line>, End)) {
    let mut frames = have.frames();
    for line in lines {
        let frame = frames.next();
        let same = match (&frame, line) {
            (Some(Seen::Record { index, json }), Line::Record { index: place, text }) => {
                index == place && json == text
            }
            (Some(Seen::Done), Line::Done) => true,
            (Some(Seen::Bad(at)), Line::Bad { offset }) => at == offset,
            _ => false,
        };
        assert!(same, "{frame:?} is not {line:?}");
    }
    assert_eq!(frames.next(), None);
    let have = match have.end {
        Ended::Clean => End::Clean,
        Ended::Inside => End::Inside,
        Ended::Failed(error) => End::Malformed { offset: error.offset() },
    };
    assert_eq!(have, *end);
}
