//! Finds the URL at which a relay keeps a response, so that its stream can be continued after any request.

use http::header::LOCATION;
use http::{HeaderMap, HeaderName};
use url::Url;

/// The header by which a relay names the stream that it keeps.
const TIDEWIRE_STREAM: HeaderName = HeaderName::from_static("tidewire-stream");

/// The URL under which a relay keeps this response, if the head says so. `asked` is the URL that was requested, and `answered` the URL
/// of the response after redirects. A URL of another origin does not count: a request there would carry the headers for this origin.
pub(super) fn location(headers: &HeaderMap, asked: &Url, answered: Option<&Url>) -> Option<Url> {
    if !headers.contains_key(TIDEWIRE_STREAM) {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let mut url = answered?.join(location).ok()?;
    // A fragment is not sent, and a user would replace the caller's.
    url.set_fragment(None);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    (url.origin().is_tuple() && url.origin() == asked.origin()).then_some(url)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_location_of_the_same_origin_counts() {
        let rows = [
            (Some("/streams/7"), "http://h/chat", Some("http://h/streams/7")),
            (Some("7#x"), "http://h/a/chat", Some("http://h/a/7")),
            (Some("http://h:80/7"), "http://h/chat", Some("http://h/7")),
            (Some("http://u:p@h/7"), "http://h/chat", Some("http://h/7")),
            (Some("https://h/7"), "http://h/chat", None),
            (Some("http://h:81/7"), "http://h/chat", None),
            (Some("//other/7"), "http://h/chat", None),
            // A redirect led to a response of another origin.
            (Some("/streams/7"), "http://other/chat", None),
            (Some("http://h/7"), "http://other/chat", Some("http://h/7")),
            (Some("data:,x"), "http://h/chat", None),
            (None, "http://h/chat", None),
        ];
        let asked = Url::parse("http://h/chat").expect("a URL");
        for (value, answered, want) in rows {
            let answered = Url::parse(answered).expect("a URL");
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(LOCATION, HeaderValue::from_static(value));
            }
            assert_eq!(location(&headers, &asked, Some(&answered)), None, "{value:?} without a name");
            headers.insert(TIDEWIRE_STREAM, HeaderValue::from_static("7"));
            let found = location(&headers, &asked, Some(&answered));
            assert_eq!(found.as_ref().map(Url::as_str), want, "{value:?}");
            assert_eq!(location(&headers, &asked, None), None);
        }
    }
}
