//! Finds the URL at which a relay keeps a response, so that its stream can be continued after any request.

use http::header::LOCATION;
use http::{HeaderMap, HeaderName};
use url::Url;

/// The header by which a relay names the stream that it keeps.
const TIDEWIRE_STREAM: HeaderName = HeaderName::from_static("tidewire-stream");

/// The URL under which a relay keeps this response, if the head says so. `asked` is the URL that was requested, and `answered` the URL
/// of the response after redirects. All three must have one origin: a request to another one would carry the headers for this origin, and a
/// response of another one may not say where this origin keeps a stream.
pub(super) fn location(headers: &HeaderMap, asked: &Url, answered: Option<&Url>) -> Option<Url> {
    if !headers.contains_key(TIDEWIRE_STREAM) {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let answered = answered?;
    let mut url = answered.join(location).ok()?;
    let origin = asked.origin();
    if !origin.is_tuple() || answered.origin() != origin || url.origin() != origin {
        return None;
    }
    // A fragment is not sent. The user and password stay the caller's, whatever the server's URL says.
    url.set_fragment(None);
    url.set_username(asked.username()).ok()?;
    url.set_password(asked.password()).ok()?;
    Some(url)
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
            (Some("http://h/7"), "http://other/chat", None),
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
            // The caller's user and password go along, and no others.
            let asked = Url::parse("http://me:s%20e@h/chat").expect("a URL");
            let found = location(&headers, &asked, Some(&answered));
            let want = want.map(|want| want.replace("http://", "http://me:s%20e@"));
            assert_eq!(found.map(String::from), want, "{value:?}");
        }
    }
}
