//! Fuzz targets of the core and the dialects. Each reads the fuzzer's bytes as a few choices and a body (or a list of operations), and holds what
//! the core makes of it against an oracle: the same body uncut, a naive reading of the whole, a crate that others wrote.
//!
//! `cargo xtask fuzz` runs them all under libFuzzer, `cargo xtask fuzz --slice` for a few seconds on the stable compiler.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "an oracle that is contradicted panics"
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
pub use partial::partial;
pub use retry_after::retry_after;
pub use session::{Life, session};
pub use sse::sse;
pub use stream::stream;
pub use strings::strings;
pub use text::text;
pub use views::views;
