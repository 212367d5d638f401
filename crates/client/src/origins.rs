//! Which origins get a client's headers.

use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use url::{Origin, Url};

/// A client's headers, and the origins they are meant for: that of its base URL or, without one, that of its first request; and those
/// that the caller allows.
#[derive(Debug, Default)]
pub(crate) struct ClientHeaders {
    pub(crate) headers: Arc<HeaderMap>,
    home: OnceLock<Origin>,
    allowed: Vec<Origin>,
}

impl ClientHeaders {
    pub(crate) fn new(headers: HeaderMap, base: Option<&Url>, allowed: Vec<Origin>) -> Self {
        let home = base.map(|base| OnceLock::from(base.origin())).unwrap_or_default();
        Self { headers: Arc::new(headers), home, allowed }
    }

    /// Whether a request to this URL gets the client's headers. Without a base URL, the first URL that is checked decides which origin is
    /// the client's own.
    pub(crate) fn are_for(&self, url: &Url) -> bool {
        let origin = url.origin();
        *self.home.get_or_init(|| origin.clone()) == origin || self.allowed.contains(&origin)
    }

    /// Removes the client's headers from a request that goes to another origin. A header that the request has replaced stays.
    pub(crate) fn withdraw(&self, headers: &mut HeaderMap) {
        for name in self.headers.keys() {
            if headers.get_all(name).iter().eq(self.headers.get_all(name)) {
                headers.remove(name);
            }
        }
    }
}

/// A path after a base URL: `https://example.com/v1` and `/chat` make `https://example.com/v1/chat`. A whole URL stays as it is.
pub(crate) fn under_base(base: &Url, path: &str) -> String {
    if Url::parse(path).is_ok() || path.starts_with("//") {
        return path.to_owned();
    }
    let base = base.as_str().trim_end_matches('/');
    match path.chars().next() {
        None | Some('?' | '#') => format!("{base}{path}"),
        Some(_) => format!("{base}/{}", path.trim_start_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_after_the_base() {
        let rows = [
            ("https://h/v1", "/chat", "https://h/v1/chat"),
            ("https://h/v1/", "chat?a=b", "https://h/v1/chat?a=b"),
            ("https://h/v1", "", "https://h/v1"),
            ("https://h", "?a=b", "https://h?a=b"),
            ("https://h/v1", "https://other/x", "https://other/x"),
            ("https://h/v1", "//other/x", "//other/x"),
        ];
        for (base, path, want) in rows {
            assert_eq!(under_base(&Url::parse(base).expect("a URL"), path), want);
        }
    }
}
