//! The sans-IO core of Tidewire: bytes of a streaming HTTP body become events, and a state machine says when to connect,
//! wait, resume and give up.
//!
//! Three levels, each usable alone:
//!
//! - A *decoder* ([`Decoder`], or one format's [`Sse`], [`json`] and [`Text`]) turns bytes into frames, by its format's standard.
//! - A [`MarkedDecoder`] adds markers: which records end a stream, report a failure, or are heartbeats.
//! - A [`Stream`] adds the [`session`]: attempts, waits, the cursor, and how the stream ended ([`session::Outcome`]).
//!
//! Nothing here does input or output, reads a clock, draws random numbers, or needs `std`.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod decoder;
mod error;
mod format;
mod frame;
pub mod json;
mod marked_decoder;
mod marker;
mod numbers;
mod options;
mod refusal_reason;
mod replace;
pub mod session;
mod sse;
mod stream;
mod text;

pub use decoder::{Decoder, unknown_text};
pub use error::{DecodeError, TooLarge};
pub use format::{Format, UnknownFormat};
pub use frame::{BadRecord, Event, Frame, Record, Utf8};
pub use marked_decoder::{MarkedDecoder, MarkedFrame, MarkerOutcome, Markers};
pub use marker::{InvalidMarker, JsonCondition, Marker};
#[doc(hidden)]
pub use numbers::decimal;
pub use options::{DEFAULT_MAX_EVENT_BYTES, DecoderOptions};
pub use refusal_reason::refusal_reason;
#[doc(hidden)]
pub use replace::replace;
pub use session::{ReplyState, StreamState};
pub use sse::Sse;
pub use stream::{
    CursorSource, Notice, REFUSED_BODY_BYTES, ResponseHead, Stats, Step, Stream, StreamOptions,
};
pub use text::Text;
