//! The decoder that pages download: server-sent events, text and JSON over one buffer, for a caller that sees nothing but numbers.
//!
//! The native decoder (`tidewire_core::Sse`) lends frames from the caller's slice. Here the caller writes into the decoder's own buffer,
//! `[unfinished | new]`, so everything that a frame says lies in one place, and a frame is a row of offsets into it. That makes the decoder a
//! third as large, and it spares JavaScript a copy and a call for each frame.
//!
//! - [`abi`] has all numbers that both sides know: kinds of rows, words of the header, formats.
//! - [`Parser`] is a decoder with its buffer and its table. Options are written into its [header](Parser::header), facts are read from it.
//! - [`Sse`] and [`Text`] are the formats, [`Table`] has the rows, [`Buffer`] the bytes.
//!
//! Nothing here knows what exports it: `crates/wasm` does that, and the tests are another caller.
#![no_std]

extern crate alloc;

pub mod abi;
mod buffer;
#[cfg(feature = "formats")]
mod json;
mod line;
mod listener;
mod parser;
mod sniff;
mod sse;
#[cfg(feature = "streams")]
mod stream;
mod table;
mod text;
mod utf16;
mod vector;

pub use buffer::{Buffer, Span};
pub use parser::Parser;
pub use sse::Sse;
#[cfg(feature = "streams")]
pub use stream::{Role, Stream};
pub use table::Table;
pub use text::Text;
