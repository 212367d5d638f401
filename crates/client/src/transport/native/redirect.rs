//! Makes the request that follows a redirect, and removes what another origin must not get.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, LOCATION, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::{Origin, Url};

use crate::body::{Body, forget_body};
use crate::cursor::LAST_EVENT_ID;
use crate::secret::is_secret_name;
use crate::template::RequestTemplate;
use crate::transport::message::Outgoing;

/// The most redirects that are followed, as in browsers (WHATWG Fetch, "HTTP-redirect fetch").
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
    // A body that can be read only once has been read.
    if !becomes_get && !template.body.is_repeatable() {
        return None;
    }
    let location = response.get(LOCATION)?.to_str().ok()?;
    let from = template.url.as_ref()?;
    let mut url = from.join(location).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // A URL that browsers accept may still be invalid in HTTP (`http://{host}/`).
    url.as_str().parse::<http::Uri>().ok()?;
    // A user and password in a redirect are not the caller's, so they are not sent.
    forget_credentials(&mut url);
    let mut next = template.clone();
    if becomes_get {
        next.method = Method::GET;
        next.body = Body::Empty;
        forget_body(next.headers_mut());
    }
    if !is_same_origin(&from.origin(), &url.origin()) {
        forget_private(next.headers_mut());
        if let Some(client_headers) = next.client_headers.clone()
            && !client_headers.are_for(&url)
        {
            client_headers.withdraw(next.headers_mut());
        }
    }
    next.url = Some(url.clone());
    Some(Outgoing { url, template: Arc::new(next) })
}

/// Removes the headers that are meant for one origin only.
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

/// Whether a header is a secret (marked by the caller, or by its name), the position of a stream, or names the first origin: `Host` would
/// select the wrong site, and `Referer` may contain a query.
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

/// Turns a URL's user and password into an `Authorization` header (RFC 7617), which a redirect to another origin drops. reqwest only does
/// that in its own builder.
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

/// Removes a URL's user and password, which would show in the HTTP library's log and split its pool of connections.
fn forget_credentials(url: &mut Url) {
    // Neither fails for an HTTP URL.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origins::ClientHeaders;

    fn redirect_from(url: &str, headers: HeaderMap, location: &str) -> Option<Outgoing> {
        let url = Url::parse(url).expect("a URL");
        let template = RequestTemplate::new(Method::GET, Some(url), Arc::new(headers));
        let mut response = HeaderMap::new();
        response.insert(LOCATION, HeaderValue::from_str(location).expect("a header"));
        redirected(&template, StatusCode::TEMPORARY_REDIRECT, &response)
    }

    #[test]
    fn another_origin_gets_no_secret_and_no_cursor() {
        #[rustfmt::skip]
        let names = [
            "accept", "authorization", "cookie", "host", "idempotency-key", "last-event-id", "mcp-session-id", "ocp-apim-subscription-key",
            "private-token", "proxy-authorization", "referer", "user-agent", "x-amz-security-token", "x-api-key", "x-own", "x-request-id",
        ];
        let mut headers = HeaderMap::new();
        for name in names {
            headers.insert(name, HeaderValue::from_static("1"));
        }
        // Secret only because it is marked, not by its name.
        headers.get_mut("x-own").expect("a header").set_sensitive(true);
        let rows = [
            ("https://a.example/x", "/y", true),
            ("https://a.example/x", "https://a.example:443/y?token=1", true),
            ("http://a.example/x", "//a.example/y", true),
            ("https://a.example/x", "https://user:password@a.example/y", true),
            ("https://a.example/x", "http://a.example/y", false),
            ("http://a.example/x", "https://a.example/y", false),
            ("https://a.example/x", "https://a.example:8443/y", false),
            ("https://a.example/x", "https://b.example/y", false),
            ("https://a.example/x", "https://sub.a.example/y", false),
            ("https://a.example/x", "https://a.example.evil.example/y", false),
            ("https://a.example/x", "https://a.example@evil.example/y", false),
            ("http://127.0.0.1:1/x", "http://localhost:1/y", false),
        ];
        for (from, location, is_same) in rows {
            let next = redirect_from(from, headers.clone(), location).expect("a redirect");
            assert_eq!(next.template.url.as_ref(), Some(&next.url));
            let mut kept: Vec<&str> = next.template.headers.keys().map(HeaderName::as_str).collect();
            kept.sort_unstable();
            let want = if is_same {
                &names[..]
            } else {
                &["accept", "idempotency-key", "user-agent", "x-request-id"]
            };
            assert_eq!(kept, want, "{from} to {location}");
        }
    }

    #[test]
    fn the_clients_headers_follow_to_its_own_origins_only() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        let url = |url: &str| Url::parse(url).expect("a URL");
        let own = headers(&[("x-team", "tides"), ("x-replaced", "client")]);
        let allowed = vec![url("https://allowed.example/").origin()];
        let client = Arc::new(ClientHeaders::new(own, Some(&url("https://a.example/")), allowed));
        let rows = [
            ("https://a.example/x", "/y", true),
            ("https://a.example/x", "https://allowed.example/y", true),
            ("https://a.example/x", "https://b.example/y", false),
            ("https://a.example/x", "http://a.example/y", false),
            ("https://allowed.example/x", "https://a.example/y", true),
            ("https://allowed.example/x", "https://b.example/y", false),
        ];
        for (from, location, has_them) in rows {
            let request = headers(&[("x-team", "tides"), ("x-replaced", "request"), ("x-own", "1")]);
            let mut template = RequestTemplate::new(Method::GET, Some(url(from)), Arc::new(request));
            template.client_headers = Some(Arc::clone(&client));
            let response = headers(&[("location", location)]);
            let next = redirected(&template, StatusCode::FOUND, &response).expect("a redirect");
            let kept = &next.template.headers;
            assert_eq!(kept.contains_key("x-team"), has_them, "{from} to {location}");
            assert!(kept["x-replaced"] == "request" && kept.contains_key("x-own"), "{from} to {location}");
        }
    }

    #[test]
    fn where_a_redirect_leads() {
        let rows = [
            ("http://a.example/x/y?q=1#f", "z", Some("http://a.example/x/z")),
            ("http://a.example/x", "?q=2", Some("http://a.example/x?q=2")),
            // The user and password are the server's, not the caller's.
            ("http://a.example/x", "http://u:p@a.example/y", Some("http://a.example/y")),
            ("http://a.example/x", "ftp://a.example/y", None),
            ("http://a.example/x", "javascript:alert(1)", None),
            ("http://a.example/x", "http://", None),
            ("http://a.example/x", "http://{{host}}/", None),
        ];
        for (from, location, want) in rows {
            let next = redirect_from(from, HeaderMap::new(), location);
            assert_eq!(next.map(|next| next.url.to_string()).as_deref(), want, "{location}");
        }
    }
}
