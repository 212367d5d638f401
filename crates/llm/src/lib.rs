//! LLM replies: typed deltas from every provider's stream, and a truthful end.
//!
//! [`Deltas`] reads the frames that [`tidewire_core`] makes of a body, in one [`Dialect`], and hands out each [`Delta`]: text, reasoning,
//! tool calls and their arguments, usage, why it finished, and the errors that providers report under status 200. It says of
//! each frame how the stream stands behind it ([`ReplyState`](tidewire_core::ReplyState)), so that `complete` is proven, a missing
//! end is `truncated`, and a reported error is `failed` whatever follows. A [`Message`] puts the deltas together.
//!
//! No tree is built and nothing is allocated for an event: fields are read off its bytes, exactly as `JSON.parse` would read them, and
//! what consecutive events share is recognised by comparison.
//!
//! Nothing here does input or output, reads a clock, or needs `std`.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

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
mod template;

pub use background::{Counting, continuation};
pub use delta::{Delta, Finish, Usage};
pub use deltas::Deltas;
pub use dialect::{DIALECTS, Dialect, Paths, UnknownDialect};
pub use message::{Alternative, Citation, Message, Other, ToolCall};
