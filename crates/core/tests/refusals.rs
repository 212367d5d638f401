//! `tests/cases/refusals.json`: what a refused response says of the reason.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;
use tidewire_core::refusal_reason;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/refusals.json");

#[test]
fn reasons() {
    let table: Value = serde_json::from_slice(&std::fs::read(CASES).unwrap()).unwrap();
    let rows = table["cases"].as_array().unwrap();
    assert!(rows.len() >= 30, "{} rows", rows.len());
    for row in rows {
        let reason = refusal_reason(row["body"].as_str().unwrap().as_bytes());
        assert_eq!(reason.as_deref(), row["reason"].as_str(), "{}", row["name"]);
    }
}

#[test]
fn any_bytes_are_read() {
    assert_eq!(refusal_reason(b"\xE9tat inconnu\n").as_deref(), Some("\u{FFFD}tat inconnu"));
    assert_eq!(refusal_reason(b"\0\0\n"), None);
    // Deeper than any JSON that is read.
    assert_eq!(refusal_reason("[".repeat(100_000).as_bytes()), None);
}
