//! What comes over the wire, for who records it.

use http::HeaderMap;

/// Something that went or came over the wire.
#[derive(Clone, Copy, Debug)]
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
