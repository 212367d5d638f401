//! Random bodies under random cuts, and random texts, held against naive oracles.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::Value;

use super::{FORMATS, oracle, read};
use crate::DecoderOptions;
use crate::json::{Path, compact, lookup, unescape};

/// Bodies that are nearly JSON, so that random ones reach every place.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    const TOKENS: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\"a\"",
        b"\"a\":",
        b"{\"a\":1}",
        b"[1,2]",
        b"[]",
        b"{}",
        b"0",
        b"-",
        b"12",
        b".5",
        b"e",
        b"E+",
        b"true",
        b"fal",
        b"se",
        b"null",
        b"n",
        b" ",
        b"\t",
        b"\n",
        b"\r\n",
        b"\x1E",
        b"\x1E",
        b"[DONE]",
        b"[D",
        b"ONE]",
        b"\xEF\xBB\xBF",
        b"\xEF\xBB",
        b"\xE2\x82\xAC",
        b"\xFF",
        b"\\n",
        b"\\u00e9",
        b"\\ud8",
        b"\x00",
        b"\x7F",
        b"x",
    ];
    let tokens =
        prop::collection::vec(prop::sample::select(TOKENS), 0..16).prop_map(|tokens| tokens.concat());
    prop_oneof![4 => tokens, 1 => prop::collection::vec(any::<u8>(), 0..32)]
}

/// Begins a body as its format wants it, most of the time.
fn started(format: &str, mut wire: Vec<u8>, begun: bool) -> Vec<u8> {
    match format {
        "json-seq" if begun => wire.insert(0, 0x1E),
        "json-array" if begun => wire.insert(0, b'['),
        _ => {}
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_bodies_read_as_the_oracle_reads_them(wire in bodies(), begun: bool, done: bool) {
        for format in FORMATS {
            let wire = started(format, wire.clone(), begun);
            let have = read(format, DecoderOptions { done, ..DecoderOptions::default() }, [&wire[..]]);
            prop_assert_eq!(have, oracle::read(format, &wire, done), "{}", format);
        }
    }

    #[test]
    fn json_bodies_read_the_same_under_every_cut(
        wire in bodies(),
        begun: bool,
        done: bool,
        validate: bool,
        skip_oversized: bool,
        max_event_bytes in prop_oneof![0_usize..12, Just(DecoderOptions::default().max_event_bytes)],
        cuts in prop::collection::vec(0_usize..6, 1..8),
    ) {
        let options = DecoderOptions { done, validate, skip_oversized, max_event_bytes, ..DecoderOptions::default() };
        for format in FORMATS {
            let wire = started(format, wire.clone(), begun);
            let whole = read(format, options, [&wire[..]]);
            let mut rest = &wire[..];
            let mut lengths = cuts.iter().cycle();
            let mut pieces = Vec::new();
            while !rest.is_empty() && pieces.len() < 1000 {
                let (piece, after) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(&read(format, options, pieces), &whole, "{}", format);
            prop_assert_eq!(&read(format, options, wire.chunks(1)), &whole, "{}: byte by byte", format);
        }
    }

    #[test]
    fn json_values_are_those_of_serde_json(json in texts(), path in "[ab0-2](\\.[ab0-2]){0,2}") {
        let tree: Value = serde_json::from_str(&json).unwrap();
        let want = path.split('.').try_fold(&tree, |value, segment| match value {
            Value::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
            value => value.get(segment),
        });
        let have = lookup(json.as_bytes(), &Path::parse(&path));
        let parsed: Option<Value> = have.map(|raw| serde_json::from_slice(raw).unwrap());
        prop_assert_eq!(parsed.as_ref(), want, "{} {}", json, path);
        let text = have.and_then(unescape);
        prop_assert_eq!(text.as_deref(), want.and_then(Value::as_str));

        let mut compacted = String::new();
        compact(&json, &mut compacted);
        prop_assert_eq!(serde_json::from_str::<Value>(&compacted).unwrap(), tree);
        prop_assert!(!compacted.contains(' '));
    }

    #[test]
    fn no_json_text_causes_a_panic(text in bodies(), path in "[ab0-2]?(\\.[ab0-2]){0,2}") {
        let _ = lookup(&text, &Path::parse(&path));
        let _ = unescape(&text);
        compact(&String::from_utf8_lossy(&text), &mut String::new());
    }
}

/// JSON with white space, escapes, and keys that come twice.
fn texts() -> impl Strategy<Value = String> {
    const LEAVES: &[&str] = &[
        "1",
        "-0.5e1",
        "true",
        "null",
        "\"a\"",
        "\"\\u0061\\n\\ud83d\\ude00\"",
        "\"]}\\\",\"",
        "[]",
        "{ }",
        "\"é\"",
    ];
    const KEYS: &[&str] = &["\"a\"", "\"\\u0061\"", "\"b\"", "\"0\"", "\"1\"", "\"\\\"\""];
    let leaf = prop::sample::select(LEAVES).prop_map(String::from);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let member =
            (prop::sample::select(KEYS), inner.clone()).prop_map(|(key, value)| format!("{key} : {value}"));
        let list = |open: &'static str, close: &'static str| {
            move |items: Vec<String>| [open, &items.join(" ,"), close].concat()
        };
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(list("[ ", "]")),
            prop::collection::vec(member, 0..4).prop_map(list("{", " }")),
        ]
    })
}
