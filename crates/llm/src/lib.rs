//! LLM replies: typed deltas from every provider's stream, and a truthful outcome.
//!
//! [`Deltas`] reads the frames that [`tidewire_core`] decodes from a body, in one [`Dialect`], and hands out each [`Delta`]: text,
//! reasoning, tool calls and their arguments, usage, the reason of the finish, and errors that providers report with status 200. After
//! each frame it returns the [`ReplyState`](tidewire_core::ReplyState). So a `complete` stream is proven to be whole, a missing end is
//! `truncated`, and a reported error is `failed` whatever follows. A [`Message`] accumulates the deltas.
//!
//! It builds no tree and allocates nothing per event: it reads fields from the event's bytes, exactly as `JSON.parse` would, and
//! recognises by comparison what consecutive events share.
//!
//! The crate does no input or output, reads no clock, and does not need `std`.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod assembler;
mod auto;
mod background;
mod calls;
mod delta;
mod deltas;
mod dialect;
mod dialects;
mod fault;
mod grow;
pub mod json;
mod line;
mod message;
mod out;
pub mod partial;
pub mod places;
mod table;
mod template;

pub use background::{Counting, continuation};
pub use delta::{Delta, Finish, Usage};
pub use deltas::Deltas;
pub use dialect::{CustomDialect, DIALECTS, Dialect, Paths, UnknownDialect};
pub use message::{Alternative, Citation, Message, Other, ToolCall};
pub use table::compile::TableError;
