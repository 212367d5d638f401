//! A streaming HTTP client: SSE and JSON records, cut anywhere; safe retries, resume, and a truthful end.
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
//! An LLM's reply is read as typed deltas, whatever provider sends it, and assembled into a [`Message`]:
//!
//! ```no_run
//! use serde_json::json;
//! use tidewire::{Delta, Dialect};
//!
//! # async fn example() -> Result<(), tidewire::Error> {
//! let body = json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "hello" }] });
//! let client = tidewire::Client::new();
//! let mut reply = client.post("https://example.com/v1/chat/completions").json(&body).reply(Dialect::OpenAiChat);
//! while let Some(delta) = reply.next().await {
//!     if let Delta::Text { text, .. } = delta? {
//!         print!("{text}");
//!     }
//! }
//! println!("{:?}", reply.message().usage);
//! # Ok(()) }
//! ```
//!
//! The last item is an `Err` unless the [outcome](Outcome) is complete or ended, so a loop with `?` never takes a truncated reply for a
//! whole one. [`Request`] has the options of a stream, and [`Streaming`] says how it is read.
//!
//! # In the browser
//!
//! On `wasm32-unknown-unknown` the same client sends with `fetch` and reads the `ReadableStream` of the response, in pages, in workers
//! and in Node; dropping a stream aborts its request. There the platform decides about redirects, proxies, TLS, content codings (a
//! corrupt one looks like a break), and which headers a page may send to another origin and see of its responses. A rejected `fetch`
//! does not say whether the request was sent, so it counts as sent. `connect_timeout` does not apply. Nothing that a caller hands over
//! has to be `Send` ([`MaybeSend`]). `RequestBuilderExt`, `Client::from_reqwest` and `Request::body_once` exist natively only.
//!
//! # Features
//!
//! On by default, all of them for the native client only:
//!
//! - `rustls-aws-lc`, `rustls-ring`, `native-tls`: TLS, by rustls with aws-lc or ring, or by the platform's own library (OpenSSL on Linux,
//!   with its headers and pkg-config). Only the first of them is on by default. Of several, the first one is used, so that a
//!   dependency that enables another one changes nothing. Without any, an `https` URL is a [`UsageError`]; plain HTTP works. With
//!   `rustls-ring`, a `reqwest::Client` of your own needs a crypto provider from you: ask its documentation for `rustls-no-provider`.
//! - `http2`: HTTP/2, if the server offers it.
//! - `gzip`, `brotli`, `deflate`, `zstd`: content codings. Each is requested with `Accept-Encoding`, and decoded piece by piece.
//!
//! Tidewire decodes them itself. If your program enables those of reqwest too (its features `gzip`, `brotli`, `deflate` or `zstd`), reqwest
//! hides how an HTTP/2 stream ended: one that was reset with the code NO_ERROR then looks as if it had ended, unless it has a
//! `Content-Length` or an end marker is expected.
//!
//! Off by default, and only there to show what happens:
//!
//! - `tracing`: each stream is a span `stream` of the target `tidewire`, at level INFO, from its first poll to its end, over all its
//!   requests. Its parent is the span of the first poll; what hooks, functions for an attempt and the HTTP library record while the
//!   stream is polled belongs to it. It has `http.request.method`, `url.full`, `server.address`, `server.port`,
//!   `http.response.status_code` (the last one), `http.request.resend_count`, `gen_ai.response.time_to_first_chunk` (in seconds),
//!   `error.type` (a status, or the code of the outcome), `otel.name`, `otel.kind`, `otel.status_code`, `otel.status_description` and
//!   `tidewire.outcome`. Its events are `attempt` (`tidewire.attempt`, `tidewire.reason`, `tidewire.delay_ms`, `url.full`),
//!   `first_event` (`gen_ai.response.time_to_first_chunk`), `stall` (`tidewire.silent_ms`) and `end` (`tidewire.outcome`,
//!   `tidewire.events`, `tidewire.bytes`, `tidewire.attempts`, `tidewire.elapsed_ms`, `error.type`). A stall, and an end that is an
//!   error, are at level WARN, the others at INFO.
//! - `metrics`: gauges, counters and histograms of all streams, for the recorder of the `metrics` facade. The module `metrics` lists
//!   them with their units, and has buckets for exporters that need some.
//!
//! Nothing that these two emit holds a header, a cursor, a URL's user or query, or the words of a peer.

mod attempt;
mod body;
mod client;
mod cursor;
mod error;
mod event;
mod input;
mod json_fields;
mod observe;
mod origins;
mod platform;
mod preparation;
mod redact;
mod reply;
mod request;
mod secret;
mod shared;
mod streaming;
mod template;
mod transport;
mod wire;
#[cfg(target_family = "wasm")]
mod with_fetch;
#[cfg(not(target_family = "wasm"))]
mod with_reqwest;

pub use attempt::AttemptRequest;
pub use client::{Client, ClientBuilder};
pub use cursor::CursorTo;
pub use error::{Error, RecordError, RefusedResponse, StreamEnd, UsageError};
pub use event::{Attempt, Event, Frame};
#[cfg(feature = "metrics")]
pub use observe::metrics;
pub use platform::{MaybeSend, MaybeSync};
pub use reply::Reply;
pub use request::Request;
pub use secret::is_secret_name;
pub use streaming::Streaming;
pub use streaming::next::Next;
pub use tidewire_core as core;
pub use tidewire_core::session::{Limit, Outcome, Reason, Refusal, Resume};
pub use tidewire_core::{BadRecord, Format, Marker, Markers, Stats, StreamState, TooLarge};
pub use tidewire_llm as llm;
pub use tidewire_llm::{Delta, Dialect, Message};
#[cfg(not(target_family = "wasm"))]
pub use transport::forget_connections;
pub use wire::Wire;
#[cfg(not(target_family = "wasm"))]
pub use with_reqwest::RequestBuilderExt;

/// Builds the example of the README together with those of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
