//! What a redirect makes of a request, and what it keeps from another origin.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, LOCATION, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::{Origin, Url};

use crate::body::{Body, forget_body};
use crate::cursor::LAST_EVENT_ID;
use crate::secret::is_secret_name;
use crate::template::RequestTemplate;
use crate::transport::message::Outgoing;

/// As many as browsers follow (WHATWG Fetch, "HTTP-redirect fetch").
pub(super) const MOST_REDIRECTS: u8 = 20;

/// The request that follows a redirect (RFC 9110, 15.4; methods as WHATWG Fetch changes them), or `None` if the response is not one
/// that can be followed.
pub(super) fn redirected(
    template: &RequestTemplate,
    status: StatusCode,
    response: &HeaderMap,
) -> Option<Outgoing> {
    let method = &template.method;
    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        StatusCode::SEE_OTHER => *method != Method::GET && *method != Method::HEAD,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
        _ => return None,
    };
    // A body that can be read only once has been.
    if !becomes_get && !template.body.is_repeatable() {
        return None;
    }
    let location = response.get(LOCATION)?.to_str().ok()?;
    let from = template.url.as_ref()?;
    let mut url = from.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // The server's own user and password: not the caller's, so they are not sent.
    forget_credentials(&mut url);
    let mut next = template.clone();
    if becomes_get {
        next.method = Method::GET;
        next.body = Body::Empty;
        forget_body(next.headers_mut());
    }
    if !is_same_origin(&from.origin(), &url.origin()) {
        forget_private(next.headers_mut());
    }
    next.url = Some(url.clone());
    Some(Outgoing { url, template: Arc::new(next) })
}

/// Removes what is meant for one origin only.
fn forget_private(headers: &mut HeaderMap) {
    let private: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| is_private(name, value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in private {
        headers.remove(name);
    }
}

/// Secrets, those that the caller marked and those with a name that says so; where a stream stands; and the headers that name the first
/// origin: a `Host` would reach the wrong site, and a `Referer` may hold the query.
fn is_private(name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_sensitive()
        || is_secret_name(name.as_str())
        || name == LAST_EVENT_ID
        || name == HOST
        || name == REFERER
}

fn is_same_origin(one: &Origin, other: &Origin) -> bool {
    one.is_tuple() && one == other
}

/// A URL's user and password become an `Authorization` (RFC 7617), which redirects treat as the secret that it is. reqwest does
/// so only in its own builder.
pub(super) fn take_credentials(client: &reqwest::Client, request: &mut Outgoing) {
    if request.url.username().is_empty() && request.url.password().is_none() {
        return;
    }
    let built = client.get(request.url.clone()).build();
    if let Some(credentials) = built.ok().and_then(|built| built.headers().get(AUTHORIZATION).cloned()) {
        Arc::make_mut(&mut request.template).headers_mut().entry(AUTHORIZATION).or_insert(credentials);
    }
    forget_credentials(&mut request.url);
    Arc::make_mut(&mut request.template).url = Some(request.url.clone());
}

/// In a URL they would show in the HTTP library's log, and split its pool of connections.
fn forget_credentials(url: &mut Url) {
    // Neither fails for an HTTP URL.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}
