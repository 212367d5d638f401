//! What one who knows the dialect of a stream makes of its records.

/// How a stream stands behind a record; see [`Stream::judge`](crate::Stream::judge).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyState {
    /// It goes on, and its end must come.
    #[default]
    Open,
    /// All that was to come has come; the stream is complete if its body now ends cleanly.
    MayComplete,
    /// The dialect has no end of its own: a clean end of the body is an end, and proves nothing.
    MayEnd,
    /// The record was the last one.
    Complete,
    /// The peer has failed, whatever follows.
    Failed,
}
