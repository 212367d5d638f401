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
    let want = oracle::text(input.body, input.options.done);
    // Where a limit made the decoder let go of what it held back, `[DONE]` is text like any other.
    if input.is_limited() && input.options.done && whole.frames().all(|frame| frame != Seen::Done) {
        let shown = oracle::text(input.body, false);
        assert!(says(&whole, &shown.lines));
    } else {
        assert!(says(&whole, &want.lines), "{whole:?}\n{:?}", want.lines);
    }
    assert_eq!(whole.end == End::Inside, want.inside_record, "inside a record");
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
