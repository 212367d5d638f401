//! Checks the URLs and headers that callers write as text.

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::error::UsageError;
use crate::secret::is_secret_name;

/// An absolute HTTP(S) URL.
pub(crate) fn parse_url(url: &str) -> Result<Url, UsageError> {
    let parsed = Url::parse(url).map_err(|error| UsageError::Url { problem: error.to_string() })?;
    if matches!(parsed.scheme(), "http" | "https") {
        return Ok(parsed);
    }
    Err(UsageError::Url { problem: format!("its scheme is {:?}", parsed.scheme()) })
}

/// A header that HTTP allows. The error leaves out the value, which may be a secret.
pub(crate) fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), UsageError> {
    let invalid = || UsageError::Header { name: name.to_owned() };
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid())?;
    if is_secret_name(header.as_str()) {
        value.set_sensitive(true);
    }
    Ok((header, value))
}

/// As [`parse_header`], but always secret.
pub(crate) fn parse_secret_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), UsageError> {
    let (name, mut value) = parse_header(name, value)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Sets a header unless the request already has one of that name.
pub(crate) fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
