//! The decoder that pages download, compared with the native one: frames, ids, limits and offsets after each piece.

use tidewire_core::{DecoderOptions, Format};

use crate::input::Input;
use both::compare;

/// The comparison that the crate's own tests make.
#[path = "../../crates/page/tests/support/mod.rs"]
mod both;

const IDS: [&[u8]; 4] = [b"", b"7", b"\xFFx", "\u{e4}".as_bytes()];

/// The input is a body of server-sent events or text.
pub fn page(data: &[u8]) {
    let Some(input) = Input::new(data) else { return };
    let choice = input.choice();
    // The decoder of pages knows no end markers, and checks no JSON.
    let options = DecoderOptions { done: false, validate: true, ..input.options };
    let format = if choice / 8 == 7 { Format::Text } else { Format::Sse };
    let pieces: Vec<&[u8]> = input.pieces().collect();
    compare(format, options, IDS[choice % 4], choice / 4 % 2 == 1, &pieces);
}
