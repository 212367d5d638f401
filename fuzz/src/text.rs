//! Text, compared with the uncut body, and with the whole body decoded at once.

use tidewire_core::{Decoder, Format, Text};

use crate::input::Input;
use crate::reading::{End, Reading, Seen, read};

const DONE: &str = "[DONE]";
const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];
/// Closing markers that a caller may have declared.
const MARKERS: [&[&str]; 8] = [
    &[],
    &["fin"],
    &["x"],
    &["the end", "end"],
    &["[DONE]", "]"],
    &["E]", "\u{1F600}"],
    &["x y", "x"],
    &["abc", "b"],
];

/// The input is a text body.
pub fn text(data: &[u8]) {
    let Some(input) = Input::new(data) else { return };
    let markers = MARKERS[input.choice() % MARKERS.len()];
    let mut whole_decoder = Text::new(input.options);
    let mut cut_decoder = Decoder::new(Format::Text, input.options);
    if !markers.is_empty() {
        let held_back = || markers.iter().map(|marker| (*marker).into()).collect();
        whole_decoder.hold_back(held_back());
        cut_decoder.hold_back(held_back());
    }
    let whole = read(&mut whole_decoder, input.options, [input.body]);
    let cut = read(&mut cut_decoder, input.options, input.pieces());
    assert_eq!(cut, whole, "the cuts make a difference");
    as_read_at_once(&input, markers, &whole);
}

/// All of the body is text, except for a closing marker and the white space after it.
fn as_read_at_once(input: &Input<'_>, markers: &[&str], have: &Reading) {
    let body = input.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input.body);
    let half = body.len() - whole_characters(body).len();
    let text = String::from_utf8_lossy(body);
    let trimmed = text.trim_end_matches(WHITE);
    let all = input.options.done.then_some(DONE).into_iter().chain(markers.iter().copied());
    let longest = all.clone().map(str::len).max().unwrap_or_default();
    // More than this is not held back, so the marker is text.
    let limit = input.options.max_event_bytes.max(longest);
    let last = all.filter(|marker| trimmed.ends_with(marker)).max_by_key(|marker| marker.len());
    let last = last.filter(|marker| half == 0 && text.len() - trimmed.len() + marker.len() <= limit);
    let shown = last.map_or(&*text, |marker| &trimmed[..trimmed.len() - marker.len()]);
    let mut frames = have.frames();
    if !shown.is_empty() {
        assert_eq!(frames.next(), Some(Seen::Text(shown.as_bytes())));
    }
    match last {
        Some(DONE) if input.options.done => assert_eq!(frames.next(), Some(Seen::Done)),
        Some(marker) => assert_eq!(frames.next(), Some(Seen::LastText(marker.as_bytes()))),
        None => {}
    }
    assert_eq!(frames.next(), None);
    assert_eq!(have.end == End::Inside, half > 0, "inside a record");
}

/// The bytes without an incomplete character at the end.
fn whole_characters(body: &[u8]) -> &[u8] {
    crate::support::oracle::whole_characters(body)
}
