//! The options of a decoder: its limits, and what it delivers.

/// The default of [`DecoderOptions::max_event_bytes`]: 16 MiB.
pub const DEFAULT_MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// The limits of a decoder, and what it delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderOptions {
    /// The maximum size of one event or record, in bytes. It bounds every buffer of the decoder.
    ///
    /// For SSE the event's data counts, and every line that is not data; for JSON the record's own text.
    pub max_event_bytes: usize,
    /// Leave out a record that exceeds the limit, report it as [`Frame::Skipped`](crate::Frame::Skipped), and continue.
    pub skip_oversized: bool,
    /// Deliver an SSE block with data whose blank line is missing at the end of the body. The standard discards it.
    pub deliver_unterminated: bool,
    /// Accept `[DONE]` in place of a JSON record, and deliver it as [`Frame::Done`](crate::Frame::Done).
    pub done: bool,
    /// Check that every NDJSON line is JSON. If off, that is left to the caller's parser; the other JSON formats always
    /// check, since that is how they find the end of a record.
    pub validate: bool,
}

impl Default for DecoderOptions {
    fn default() -> Self {
        Self {
            max_event_bytes: DEFAULT_MAX_EVENT_BYTES,
            skip_oversized: false,
            deliver_unterminated: false,
            done: false,
            validate: true,
        }
    }
}
