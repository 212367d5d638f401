//! When to connect, wait, resume and give up: one state machine for every platform.
//!
//! It does no input or output. A driver reports what happened ([`Input`]) and when, and carries out the [`Action`] that it
//! returns. Time is a [`Duration`](core::time::Duration) since any origin that does not move; chance is a number that the
//! driver draws. Everything that changes the session goes through [`Session::handle`].
//!
//! `machine.rs` has the states and says which inputs each of them handles. `table.rs` has the rules that move between them:
//! the table of reconnects.

mod action;
mod backoff;
mod delivered;
mod id_order;
mod input;
mod machine;
mod outcome;
mod policy;
mod reply_state;
mod retry_after;
mod stream_state;
mod table;
#[cfg(test)]
mod tests;
mod watchdog;

pub use action::{Action, Reason, Retry};
pub use input::{At, ContentType, Failure, Head, Input};
pub use machine::Session;
pub use outcome::{Limit, Outcome, Refusal};
pub use policy::{Policy, Resume};
pub use reply_state::ReplyState;
pub use retry_after::{retry_after, retry_after_ms};
pub use stream_state::StreamState;
pub use table::SUSPICIOUS_SILENCE;
