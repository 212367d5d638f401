//! What a stream sends and receives, for a hook that records it.

use std::fmt;

use http::HeaderMap;

use crate::redact::HeaderNames;

/// Something that was sent or that arrived. Header values and the body are left out of its `Debug` output.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Wire<'a> {
    /// A request is sent.
    Sent,
    /// The head of its response arrived.
    Head {
        /// The HTTP status.
        status: u16,
        /// The response's headers.
        headers: &'a HeaderMap,
    },
    /// Bytes of the body arrived, with the content coding removed.
    Bytes(&'a [u8]),
    /// The body ended cleanly.
    End,
    /// The connection broke, or was not established.
    Broken,
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("Sent"),
            Self::Head { status, headers } => f
                .debug_struct("Head")
                .field("status", status)
                .field("headers", &HeaderNames(headers))
                .finish(),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::End => f.write_str("End"),
            Self::Broken => f.write_str("Broken"),
        }
    }
}
