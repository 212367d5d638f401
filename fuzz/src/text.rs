//! Text: against the body uncut, and the whole of it decoded at once.

use tidewire_core::{Decoder, Format, Text};

use crate::input::Input;
use crate::reading::{End, Reading, Seen, read};
use crate::support::oracle;

/// A text body.
pub fn text(data: &[u8]) {
    let Some(input) = Input::new(data) else { return };
    let whole = read(&mut Text::new(input.options), input.options, [input.body]);
    let cut = read(&mut Decoder::new(Format::Text, input.options), input.options, input.pieces());
    assert_eq!(cut, whole, "the cuts make a difference");
    let held = held_back(input.body);
    let done = input.options.done && held <= input.options.max_event_bytes.max(DONE.len());
    let want = oracle::text(input.body, done);
    assert!(says(&whole, &want.lines), "{whole:?} and not {:?}", want.lines);
    assert_eq!(whole.end == End::Inside, want.inside_record, "inside a record");
}

const DONE: &str = "[DONE]";

/// How many bytes a decoder has to hold back to know that a `[DONE]` is the last of the body; beyond the limit it is text.
fn held_back(body: &[u8]) -> usize {
    let white = body.iter().rev().take_while(|byte| b" \t\r\n".contains(byte)).count();
    white + DONE.len()
}

fn says(have: &Reading, lines: &[serde_json::Value]) -> bool {
    let mut lines = lines.iter();
    let all = have.frames().all(|frame| {
        lines.next().is_some_and(|line| match frame {
            Seen::Text(text) => line["text"].as_str().is_some_and(|want| want.as_bytes() == text),
            Seen::Done => line["type"] == "done",
            _ => false,
        })
    });
    all && lines.next().is_none()
}
