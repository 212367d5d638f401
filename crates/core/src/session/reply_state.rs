//! Whether an LLM reply is over, as far as its dialect can say.

/// Whether a reply is over after a record, as its dialect reports to [`Stream::reply_state`](crate::Stream::reply_state).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyState {
    /// No part of the reply has arrived: no text, call, refusal or finish. An end marker does not complete it.
    #[default]
    Nothing,
    /// The reply goes on, and its end must arrive.
    Open,
    /// Everything expected has arrived; the stream is complete if its body now ends cleanly.
    MayComplete,
    /// The dialect marks no end: a clean end of the body ends the stream, but does not prove the reply complete.
    MayEnd,
    /// The record was the last one.
    Complete,
    /// The peer reported a failure, whatever follows.
    Failed,
}
