//! Where a cursor goes in the request that resumes.

/// The header that carries a cursor unless the caller chooses another place.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// Where a cursor that is a JSON field of the records goes in the request that resumes.
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
