//! The sans-IO core of Tidewire.
#![no_std]

extern crate alloc;

mod error;
mod frame;
pub mod json;
mod options;

pub use error::{DecodeError, TooLarge};
pub use frame::{BadRecord, Event, Frame, Record, Utf8};
pub use options::{DEFAULT_MAX_EVENT_BYTES, Options};
