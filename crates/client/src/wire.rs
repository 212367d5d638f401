//! What comes over the wire, for who records it.

use std::fmt;

use http::HeaderMap;

use crate::error::Names;

/// Something that went or came over the wire. Header values and the body are left out of its `Debug` output.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Wire<'a> {
    /// A request is sent.
    Sent,
    /// The head of a reply.
    Head {
        /// The HTTP status.
        status: u16,
        /// The reply's headers.
        headers: &'a HeaderMap,
    },
    /// Bytes of its body, decoded.
    Bytes(&'a [u8]),
    /// The body's clean end.
    End,
    /// The connection broke, or did not come about.
    Broken,
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("Sent"),
            Self::Head { status, headers } => {
                f.debug_struct("Head").field("status", status).field("headers", &Names(headers)).finish()
            }
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::End => f.write_str("End"),
            Self::Broken => f.write_str("Broken"),
        }
    }
}
