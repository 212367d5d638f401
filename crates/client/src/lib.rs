//! A streaming HTTP client: SSE and JSON records, cut anywhere, safe retries, resume, and a truthful end.
//!
//! ```no_run
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), tidewire::Error> {
//! let client = tidewire::Client::new();
//! let mut events = client.post("https://example.com/chat").json(&json!({ "prompt": "hello" })).events();
//! while let Some(event) = events.next().await {
//!     println!("{}", event?.data);
//! }
//! println!("{:?}", events.outcome());
//! # Ok(()) }
//! ```
//!
//! The last item is an `Err` unless the stream is [complete or ended](Outcome): a loop with `?` never takes a truncated reply
//! for a whole one. See [`Request`] for what a stream may do, and [`Streaming`] for how it is read.

mod attempt;
mod body;
mod client;
mod error;
mod event;
mod ext;
mod observe;
mod request;
mod streaming;
mod transport;
mod wire;

pub use attempt::AttemptRequest;
pub use client::{Client, ClientBuilder};
pub use error::{Ending, Error, RecordError, RefusedReply, UsageError};
pub use event::{Attempt, Event, Frame};
pub use ext::RequestBuilderExt;
#[cfg(feature = "metrics")]
pub use observe::metrics;
pub use request::{CursorTo, Request};
pub use streaming::{Next, Streaming};
pub use tidewire_core as core;
pub use tidewire_core::session::{Limit, Outcome, Reason, Refusal, Resume};
pub use tidewire_core::{BadRecord, Format, Marker, Markers, Stats, TooLarge};
pub use wire::Wire;

/// The example of the README is built with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
