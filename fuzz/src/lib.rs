//! Fuzz targets of the core and the dialects. Each reads its input as a few choices and a body, or as a list of operations, and compares the
//! result of the core with that of an oracle: the same body uncut, a simple implementation, or another crate.
//!
//! `cargo xtask fuzz` runs them all under libFuzzer, `cargo xtask fuzz --slice` for a few seconds on the stable compiler.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a target that finds a difference panics"
)]

extern crate alloc;

mod alike;
mod decoder;
mod dialects;
mod ids;
mod input;
mod json;
mod lookup;
mod memory;
mod page;
mod partial;
mod reading;
mod retry_after;
mod session;
#[cfg(test)]
mod slice;
mod sse;
mod stream;
mod strings;
mod support;
#[cfg(test)]
mod targets;
mod text;
mod views;

pub use alike::alike;
pub use decoder::decoder;
pub use dialects::dialects;
pub use json::{concat, json_array, json_seq, ndjson};
pub use lookup::lookup;
pub use page::page;
pub use partial::partial;
pub use retry_after::retry_after;
pub use session::{History, session};
pub use sse::sse;
pub use stream::stream;
pub use strings::strings;
pub use text::text;
pub use views::views;
