//! The native client behind the Kotlin, Swift, Python, C and React Native packages.
//!
//! It converts and decides nothing: requests, retries, resuming, outcomes and dialects are the client's. What is added is what a foreign
//! caller needs:
//!
//! - One runtime with one thread serves all streams (`engine.rs`). A stream is read there, and never on the caller's thread.
//! - Items are handed over in numbered batches, and kept until the next call acknowledges them (`queue.rs`), so that a cancelled call
//!   loses nothing. At most 64 KiB, or one item, wait for a slow consumer.
//! - Nothing is read ahead: a stream is polled while its consumer waits for items, and its socket is full otherwise (`stream.rs`).
//! - The caller's functions run on threads of their own (`hooks.rs`), so one that sleeps delays only its own stream.
//!
//! The packages of each language make an idiomatic API of this one.

#[cfg(target_os = "android")]
mod android;
mod c;
mod client;
mod decode;
mod delta;
mod direct;
mod end;
mod engine;
mod error;
mod hooks;
mod item;
mod later;
mod options;
mod per_process;
mod queue;
mod request;
mod settings;
mod source;
mod stream;
#[cfg(test)]
mod tests;

pub use client::NativeClient;
pub use decode::{DecodeSettings, NativeDecoder, compact_json};
pub use delta::{Delta, Usage};
pub use end::{StreamEnd, StreamStats};
pub use error::NativeError;
pub use hooks::{HookError, RequestChanges, RequestHook, RequestHooks, RequestView};
pub use item::Item;
pub use later::{HookAnswer, LaterHook, wait_for};
pub use queue::Batch;
pub use settings::{ClientSettings, CursorPlace, CursorSettings, Header, RequestSettings};
pub use source::StreamKind;
pub use stream::{NativeStream, StreamState};

uniffi::setup_scaffolding!("tidewire_ffi");

/// Stops the runtime: streams that are still open end, and their connections are closed. To be called when the program exits; a thread
/// that calls back into a language that is shutting down would end the process. A stream that is opened later starts a new runtime.
#[uniffi::export]
pub fn shutdown() {
    engine::shutdown();
}

/// Requests from now on use new connections, in every client: another network is used, or the machine has slept. The requests that are under
/// way keep theirs, see `check` and `reconnect`.
#[uniffi::export]
pub fn forget_connections() {
    tidewire::forget_connections();
}

/// The version of this library.
#[uniffi::export]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
