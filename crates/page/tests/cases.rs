//! The rows of `tests/cases/sse.json`, `text.json` and `json_*.json`, whole, byte by byte and at every cut, against the native decoder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::Value;
use support::{MODES, compare};
use tidewire_core::{DEFAULT_MAX_EVENT_BYTES, DecoderOptions, Format};

fn rows(file: &str) -> Vec<Value> {
    let path = format!("{}/../../tests/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    table["cases"].as_array().unwrap().clone()
}

fn wire(row: &Value) -> Vec<u8> {
    match row["wire_hex"].as_str() {
        Some(hex) => {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        }
        None => row["wire"].as_str().unwrap().as_bytes().to_vec(),
    }
}

fn options(row: &Value) -> DecoderOptions {
    let given = &row["options"];
    let flag = |name: &str| given[name].as_bool().unwrap_or(false);
    DecoderOptions {
        max_event_bytes: given["max_event_bytes"]
            .as_u64()
            .map_or(DEFAULT_MAX_EVENT_BYTES, |most| most as usize),
        skip_oversized: flag("skip_oversized"),
        deliver_unterminated: flag("deliver_unterminated"),
        ..DecoderOptions::default()
    }
}

/// Every body of a row: with `line_ends`, with each of the three.
fn bodies(row: &Value) -> Vec<Vec<u8>> {
    let wire = wire(row);
    if row["line_ends"] != true {
        return vec![wire];
    }
    let with = |end: &[u8]| wire.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(end);
    vec![wire.clone(), with(b"\r"), with(b"\r\n")]
}

#[test]
fn every_row_under_every_cut() {
    for (format, file, least) in [(Format::Sse, "sse.json", 80), (Format::Text, "text.json", 20)] {
        let rows = rows(file);
        assert!(rows.len() >= least, "{file}: {} rows", rows.len());
        for row in rows.iter().filter(|row| row["options"]["done"] != true) {
            let options = options(row);
            for body in bodies(row) {
                for is_wide in MODES {
                    compare(format, options, b"", is_wide, &[&body]);
                    compare(format, options, b"", is_wide, &body.chunks(1).collect::<Vec<_>>());
                    compare(format, options, b"7", is_wide, &body.chunks(2).collect::<Vec<_>>());
                    for cut in 0..=body.len() {
                        let (first, second) = body.split_at(cut);
                        compare(format, options, b"", is_wide, &[first, second]);
                    }
                }
            }
        }
    }
}

#[cfg(feature = "formats")]
#[test]
fn every_row_of_json_under_every_cut() {
    let of = [
        (Format::Ndjson, "json_ndjson.json"),
        (Format::JsonSeq, "json_seq.json"),
        (Format::JsonArray, "json_array.json"),
        (Format::Concat, "json_concat.json"),
    ];
    for (format, file) in of {
        let rows = rows(file);
        assert!(rows.len() >= 30, "{file}: {} rows", rows.len());
        for row in &rows {
            let options = DecoderOptions { done: row["options"]["done"] == true, ..options(row) };
            let body = wire(row);
            for is_wide in MODES {
                compare(format, options, b"", is_wide, &body.chunks(1).collect::<Vec<_>>());
                for cut in 0..=body.len() {
                    let (first, second) = body.split_at(cut);
                    compare(format, options, b"", is_wide, &[first, second]);
                }
            }
        }
    }
}
