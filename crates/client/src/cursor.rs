//! The part of a resuming request that carries the cursor.

/// The header that carries a cursor unless the caller chooses another part of the request.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// The part of a resuming request that carries a cursor from a JSON field of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorTo {
    /// A query parameter of this name.
    Query(String),
    /// A header of this name.
    Header(String),
    /// A top-level field of the JSON body.
    Body(String),
}
