//! The tables of `tests/cases`: every row at every cut, against what it says and against a naive oracle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use serde_json::{Value, json};
use tidewire_core::{DecodeError, DecoderOptions, Format};

use support::cuts::{bytes, each_cutting, with_line_ends};
use support::decoding::{Decoded, Run, decode};
use support::table::{Row, each_row, rows};
use support::{oracle, streaming};

const DECODING: [&str; 2] = ["line_ends", "last_event_id"];
const STREAMING: [&str; 8] =
    ["content_type", "format", "end_on", "fail_on", "heartbeat_on", "follow", "broken", "last_event_id"];

#[test]
fn sse() {
    let rows = rows("sse.json", &DECODING);
    assert!(rows.len() >= 70, "{} rows", rows.len());
    each_row(&rows, |row| {
        check(row, Format::Sse, |body, options| oracle::sse(body, options.deliver_unterminated));
    });
}

#[test]
fn text() {
    let rows = rows("text.json", &DECODING);
    each_row(&rows, |row| {
        check(row, Format::Text, |body, options| oracle::text(body, options.done));
    });
}

/// No frame is handed out later than with the byte that makes it sure, and none earlier.
#[test]
fn sse_as_early_as_can_be() {
    let rows = rows("sse.json", &DECODING);
    each_row(&rows, |row| {
        for body in bodies(row).iter().filter(|_| !row.has_limit()) {
            let mut run = Run::new(Format::Sse, row.options());
            for (at, byte) in bytes(body).into_iter().enumerate() {
                run.push(byte);
                let want = oracle::sse(&body[..=at], false).lines;
                assert_eq!(run.lines(), want, "{}: after byte {at} of {}", row.name(), body.escape_ascii());
            }
        }
    });
}

#[test]
fn text_as_early_as_can_be() {
    let rows = rows("text.json", &DECODING);
    each_row(&rows, |row| {
        let body = row.wire();
        let options = DecoderOptions { done: false, ..row.options() };
        let mut run = Run::new(Format::Text, options);
        for (at, byte) in bytes(&body).into_iter().enumerate() {
            run.push(byte);
            let whole = oracle::whole_characters(&body[..=at]);
            assert_eq!(run.lines(), oracle::text(whole, false).lines, "{}: after byte {at}", row.name());
        }
    });
}

/// What may be the closing `[DONE]` is all that is held back.
#[test]
fn text_is_held_back_no_longer_than_necessary() {
    let mut run = Run::new(Format::Text, DecoderOptions { done: true, ..DecoderOptions::default() });
    for (piece, shown) in [
        ("a[", "a"),
        ("b", "a[b"),
        ("[DO", "a[b"),
        ("N", "a[b"),
        ("[", "a[b[DON"),
        ("DONE]", "a[b[DON"),
        (" \r\n", "a[b[DON"),
        ("[", "a[b[DON[DONE] \r\n"),
        ("c", "a[b[DON[DONE] \r\n[c"),
    ] {
        run.push(piece.as_bytes());
        assert_eq!(run.lines(), [json!({"type": "text", "text": shown})], "after {piece:?}");
    }
}

#[test]
fn streams() {
    let rows = rows("stream.json", &STREAMING);
    assert!(rows.len() >= 40, "{} rows", rows.len());
    each_row(&rows, |row| {
        let end = row.end();
        let given = end.as_object().unwrap();
        each_cutting(&row.wire(), |pieces| {
            let have = streaming::stream(row, pieces);
            assert_eq!(have.lines, row.lines(), "{}: {}", row.name(), shown(pieces));
            for key in ["type", "outcome", "events", "bytes", "cursor", "offset", "limit"] {
                if given.contains_key(key) || !["events", "bytes"].contains(&key) {
                    assert_eq!(have.end[key], end[key], "{}: {key}: {}", row.name(), shown(pieces));
                }
            }
        });
    });
}

fn check(row: &Row, format: Format, oracle: impl Fn(&[u8], &DecoderOptions) -> Decoded) {
    let (name, options) = (row.name(), row.options());
    for body in bodies(row) {
        // Rows don't say which ids had no event; the oracle does.
        let want = Decoded { ids: decode(format, options, &[&body]).ids, ..expectation(row) };
        each_cutting(&body, |pieces| {
            assert_eq!(decode(format, options, pieces), want, "{name}: {}", shown(pieces));
        });
        if !row.has_limit() {
            assert_eq!(oracle(&body, &options), want, "the oracle on {name}: {}", body.escape_ascii());
        }
    }
}

fn bodies(row: &Row) -> Vec<Vec<u8>> {
    if row.flag("line_ends") { with_line_ends(&row.wire()).into() } else { vec![row.wire()] }
}

fn expectation(row: &Row) -> Decoded {
    let end = row.end();
    Decoded {
        lines: row.lines().to_vec(),
        inside_record: end["inside_record"] == true,
        error: error(&end),
        last_event_id: row.text("last_event_id").unwrap_or_default().to_owned(),
        ids: Vec::new(),
    }
}

fn error(end: &Value) -> Option<DecodeError> {
    let limit = end["limit"].as_u64().unwrap_or_default() as usize;
    let offset = end["offset"].as_u64().unwrap_or_default();
    (end["error"] == "too_large").then_some(tidewire_core::TooLarge { limit, offset }.into())
}

fn shown(pieces: &[&[u8]]) -> String {
    pieces.iter().map(|piece| piece.escape_ascii().to_string()).collect::<Vec<_>>().join(" | ")
}
