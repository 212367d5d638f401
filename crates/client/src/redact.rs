//! Requests and responses in `Debug` output and spans, without anything that may be a secret.

use std::fmt;

use http::{HeaderMap, HeaderName, Method};
use url::Url;

use crate::secret::is_secret_name;

/// Headers that are shown by name only, though a redirect may carry them: the idempotency key is enough to get the response to the
/// request it was sent with, and a cursor reveals what was read.
const HIDDEN: [&str; 2] = ["idempotency-key", "last-event-id"];

/// The names of headers: a response's values can be secrets too.
pub(crate) struct HeaderNames<'a>(pub(crate) &'a HeaderMap);

impl fmt::Debug for HeaderNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys().map(HeaderName::as_str)).finish()
    }
}

/// Shows only whether there is a cursor: it reveals what was read, and whoever has it may be able to read on.
pub(crate) fn hidden(cursor: Option<&String>) -> impl fmt::Debug + use<> {
    cursor.map(|_| format_args!("…"))
}

/// A URL without its user, password and query.
pub(crate) fn origin_and_path(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// Writes a request as `Debug` output, without its body and whatever else may be a secret.
pub(crate) fn debug_request(
    f: &mut fmt::Formatter<'_>,
    type_name: &str,
    method: &Method,
    url: Option<&Url>,
    headers: &HeaderMap,
    cursor_header: Option<&HeaderName>,
) -> fmt::Result {
    let mut headers = headers.clone();
    for (name, value) in &mut headers {
        if is_secret_name(name.as_str()) || HIDDEN.contains(&name.as_str()) || cursor_header == Some(name) {
            value.set_sensitive(true);
        }
    }
    f.debug_struct(type_name)
        .field("method", method)
        .field("url", &url.map(origin_and_path))
        .field("headers", &headers)
        .finish_non_exhaustive()
}
