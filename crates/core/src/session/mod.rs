//! When to connect, wait, resume and give up: one state machine for every platform.
//!
//! It does no input or output. A driver tells a [`Session`] what happened and when, by one method for each thing, and then asks what is
//! [to be done](Session::take). Times are numbers of milliseconds since any origin that does not move; chance is a number that the driver
//! draws. [`Rules`] and [`Facts`] are numbers at fixed places, which JavaScript writes and reads where they are.
//!
//! The files are the parts of a stream's life: `opening.rs` from a request to its response's head, `reading.rs` the body, `limits.rs` the
//! passing of time, `repeating.rs` whether another request follows. Together they are the table of reconnects.

mod action;
mod backoff;
mod delivered;
mod facts;
mod handle;
mod id_order;
mod input;
mod kept;
mod limits;
mod opening;
mod outcome;
mod policy;
mod reading;
mod repeating;
mod reply_state;
mod retry_after;
mod rules;
#[expect(clippy::module_inception, reason = "it is what the module is about")]
mod session;
mod stream_state;
#[cfg(test)]
mod tests;
mod time;
mod watchdog;

pub use action::{Action, Reason, Retry, Todo};
pub(crate) use facts::known;
pub use facts::{End, Facts, State, Why};
pub use input::{ContentType, Failure, Head, Input};
pub use limits::SUSPICIOUS_SILENCE;
pub use outcome::{Limit, Outcome, Refusal};
pub use policy::{Policy, Resume};
pub use reading::Noted;
pub use reply_state::ReplyState;
pub use retry_after::{retry_after, retry_after_ms};
pub use rules::Rules;
pub use session::{Body, Session};
pub use stream_state::StreamState;
pub use time::At;
pub(crate) use time::{duration, ms};
