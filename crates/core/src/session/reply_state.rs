//! What an LLM dialect says about the end of a reply.

/// What a dialect knows about the end of a reply after a record; see [`Stream::reply_state`](crate::Stream::reply_state).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyState {
    /// The reply goes on, and its end must arrive.
    #[default]
    Open,
    /// Everything expected has arrived; the stream is complete if its body now ends cleanly.
    MayComplete,
    /// The dialect has no end of its own: a clean end of the body is an end, and proves nothing.
    MayEnd,
    /// The record was the last one.
    Complete,
    /// The peer has failed, whatever follows.
    Failed,
}
