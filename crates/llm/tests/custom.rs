//! Dialects that a program brings along: each flag of a table, and what a table cannot do to the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tidewire_core::{Frame, Record, ReplyState, Utf8};
use tidewire_llm::{Deltas, Dialect, Message};

/// What these records are read as: the state after them, and the text.
fn read(table: &str, records: &[&str]) -> (ReplyState, String) {
    let mut deltas = Deltas::new(Dialect::from_table(table).unwrap());
    let mut message = Message::default();
    for json in records {
        let frame = Frame::Record(Record { index: 0, json: Utf8::new(json.as_bytes()) });
        deltas.read(&frame, &mut |delta| message.push(delta)).unwrap();
    }
    deltas.finish(&mut |delta| message.push(delta));
    (deltas.reply_state(), message.text)
}

#[test]
fn flags() {
    let text = r#""paths": {"t": "text", "f": "finish", "d": "complete"}"#;
    for (flags, records, want) in [
        ("", &[r#"{"t":"a"}"#][..], (ReplyState::Open, "a")),
        ("", &[r#"{"x":1}"#], (ReplyState::Nothing, "")),
        ("", &[r#"{"t":"a","f":"stop"}"#], (ReplyState::Open, "a")),
        ("", &[r#"{"t":"a","d":true}"#], (ReplyState::Complete, "a")),
        (r#""flags": ["open_end"], "#, &[r#"{"t":"a"}"#], (ReplyState::MayEnd, "a")),
        (r#""flags": ["open_end"], "#, &[r#"{"t":"a","d":false}"#], (ReplyState::Open, "a")),
        (r#""flags": ["finish_may_end"], "#, &[r#"{"t":"a","f":"stop"}"#], (ReplyState::MayComplete, "a")),
        (
            r#""flags": ["finish_may_end"], "#,
            &[r#"{"t":"a","f":"stop"}"#, r#"{"t":"b"}"#],
            (ReplyState::Open, "ab"),
        ),
        (r#""flags": ["finish_fails"], "#, &[r#"{"t":"a","f":"error"}"#], (ReplyState::Failed, "a")),
        (r#""plain": true, "#, &["no JSON"], (ReplyState::Open, "no JSON")),
        (r#""plain": true, "#, &["no JSON", r#"{"t":"a"}"#], (ReplyState::Open, "no JSONa")),
        (r#""inside": "w", "#, &[r#"{"w":{"t":"a"}}"#, r#"{"t":"b"}"#], (ReplyState::Open, "ab")),
    ] {
        let table = format!(r#"{{"name": "t", {flags}{text}}}"#);
        let (state, text) = read(&table, records);
        assert_eq!((state, &*text), want, "{table} {records:?}");
    }
}
