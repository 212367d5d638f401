//! The decoder that pages download, compared with the native one: frames, ids, limits and offsets after each piece.

use tidewire_core::{DecoderOptions, Format};

use crate::input::Input;
use both::compare;

/// The comparison that the crate's own tests make.
#[path = "../../crates/page/tests/support/mod.rs"]
mod both;

const IDS: [&[u8]; 4] = [b"", b"7", b"\xFFx", "\u{e4}".as_bytes()];

/// The input is a body of server-sent events, text, or a JSON format.
pub fn page(data: &[u8]) {
    let Some(input) = Input::new(data) else { return };
    let choice = input.choice();
    let format = match choice / 8 {
        3 => Format::Ndjson,
        4 => Format::JsonSeq,
        5 => Format::JsonArray,
        6 => Format::Concat,
        7 => Format::Text,
        _ => Format::Sse,
    };
    // The decoder of pages checks all JSON, and looks for the end marker of SSE and text elsewhere.
    let is_json = matches!(choice / 8, 3..=6);
    let options = DecoderOptions { done: is_json && input.options.done, validate: true, ..input.options };
    let pieces: Vec<&[u8]> = input.pieces().collect();
    compare(format, options, IDS[choice % 4], choice / 4 % 2 == 1, &pieces);
}
