//! The request that the caller describes, before any attempt.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method};
use url::Url;

use crate::body::{Body, forget_body};
use crate::origins::ClientHeaders;
use crate::redact::debug_request;

/// A request as the caller describes it. Attempts and redirects share it, and copy it when they change it.
#[derive(Clone)]
pub(crate) struct RequestTemplate {
    pub(crate) method: Method,
    /// `None` if the caller's URL is invalid, which the stream's first item reports.
    pub(crate) url: Option<Url>,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) body: Body,
    /// Headers that are withdrawn if the request goes to another origin than the client's.
    pub(crate) client_headers: Option<Arc<ClientHeaders>>,
    /// The header that carries this attempt's cursor: a redirect that drops it loses the cursor.
    pub(crate) cursor_header: Option<HeaderName>,
}

impl RequestTemplate {
    pub(crate) const fn new(method: Method, url: Option<Url>, headers: Arc<HeaderMap>) -> Self {
        Self { method, url, headers, body: Body::Empty, client_headers: None, cursor_header: None }
    }

    /// The request that continues at a relay, which keeps the response at this URL.
    pub(crate) fn at_relay(&self, url: &Url) -> Self {
        let mut request =
            Self { method: Method::GET, url: Some(url.clone()), body: Body::Empty, ..self.clone() };
        forget_body(request.headers_mut());
        // The key belongs to the request that made the response.
        request.headers_mut().remove("idempotency-key");
        // A function of the caller may have led the attempt that the relay answered to another origin.
        if let Some(client_headers) = request.client_headers.clone()
            && !client_headers.are_for(url)
        {
            client_headers.withdraw(request.headers_mut());
        }
        request
    }

    /// The headers of this request alone, to change them.
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        Arc::make_mut(&mut self.headers)
    }
}

impl fmt::Debug for RequestTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, headers, body: _, client_headers: _, cursor_header } = self;
        debug_request(f, "RequestTemplate", method, url.as_ref(), headers, cursor_header.as_ref())
    }
}
