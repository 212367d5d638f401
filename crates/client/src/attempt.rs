//! The request of one attempt, which the caller's functions may look at and change before it is sent.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::value::{RawValue, to_raw_value};
use url::{Url, form_urlencoded};

use crate::body::{Body, forget_body};
use crate::cursor::{CursorTo, LAST_EVENT_ID};
use crate::error::UsageError;
use crate::event::Attempt;
use crate::input::{parse_header, parse_url};
use crate::json_fields::JsonFields;
use crate::redact::debug_request;
use crate::template::RequestTemplate;
use crate::transport::Outgoing;

/// Makes the request that continues after a cursor.
pub(crate) type ResumeFunction = dyn Fn(&str, &mut AttemptRequest) -> Result<(), UsageError> + Send + Sync;

/// The request of one attempt before it is sent: its method, URL, headers and body, to look at and to change.
pub struct AttemptRequest {
    attempt: Attempt,
    /// Replaces the URL of the template, which then needs no copy.
    url: Url,
    template: Arc<RequestTemplate>,
    reply_id: String,
}

impl AttemptRequest {
    /// `reply_id` is the id of the LLM's reply that the request continues; empty if it continues none or the id is unknown.
    pub(crate) fn new(
        attempt: Attempt,
        template: &Arc<RequestTemplate>,
        reply_id: &str,
    ) -> Result<Self, UsageError> {
        let Some(url) = template.url.clone() else {
            return Err(UsageError::Url { problem: "it is missing".to_owned() });
        };
        Ok(Self { attempt, url, template: Arc::clone(template), reply_id: reply_id.to_owned() })
    }

    /// Which attempt of the stream this is, why it is made, and the cursor from which it continues.
    #[must_use]
    pub const fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The URL, with its query.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.template.method
    }

    /// The headers, those included that the client adds (`Accept`, `User-Agent`, `Last-Event-ID`). Only `Host`, `Content-Length` and
    /// what HTTP needs for the connection are added later.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.template.headers
    }

    /// The bytes of the body; `None` if there is no body, or one that can be read only once.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.template.body.as_bytes()
    }

    /// The id of the LLM's reply that this request continues; empty if it continues none or the id is unknown.
    #[must_use]
    pub fn reply_id(&self) -> &str {
        &self.reply_id
    }

    /// Changes the method.
    pub fn set_method(&mut self, method: Method) {
        self.change().method = method;
    }

    /// Changes the URL. A relative one is resolved against the present URL. If the new one has another origin, the headers of the client
    /// are withdrawn, see [`ClientBuilder::header`](crate::ClientBuilder::header).
    ///
    /// # Errors
    /// [`UsageError::Url`] if the result is not an HTTP(S) URL.
    pub fn set_url(&mut self, url: &str) -> Result<(), UsageError> {
        self.url = match self.url.join(url) {
            Ok(joined) => parse_url(joined.as_str())?,
            Err(error) => return Err(UsageError::Url { problem: error.to_string() }),
        };
        if let Some(client_headers) = self.template.client_headers.clone()
            && !client_headers.are_for(&self.url)
        {
            client_headers.withdraw(self.change().headers_mut());
        }
        Ok(())
    }

    /// Sets a query parameter, replacing those of the same name. The others stay as they are written, byte for byte, since a signature
    /// may cover them.
    pub fn set_query(&mut self, name: &str, value: &str) {
        let is_other = |pair: &&str| {
            form_urlencoded::parse(pair.as_bytes()).next().is_none_or(|(other, _)| other != name)
        };
        let own = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        let query = self.url.query().filter(|query| !query.is_empty());
        let pairs = query.into_iter().flat_map(|query| query.split('&')).filter(is_other);
        let query = pairs.chain([&*own]).collect::<Vec<_>>().join("&");
        self.url.set_query(Some(&query));
    }

    /// Sets a header, replacing those of the same name. A header that was secret stays secret.
    ///
    /// # Errors
    /// [`UsageError::Header`] if HTTP does not allow the name or the value.
    pub fn set_header(&mut self, name: &str, value: &str) -> Result<(), UsageError> {
        let (name, mut value) = parse_header(name, value)?;
        if self.template.headers.get(&name).is_some_and(HeaderValue::is_sensitive) {
            value.set_sensitive(true);
        }
        self.change().headers_mut().insert(name, value);
        Ok(())
    }

    /// Removes all headers of this name.
    pub fn remove_header(&mut self, name: &str) {
        if self.template.headers.contains_key(name) {
            self.change().headers_mut().remove(name);
        }
    }

    /// Sets the body. A `Content-Length` that the caller set is dropped, since it is that of another body.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        let template = self.change();
        template.body = Body::bytes(body);
        if template.headers.contains_key(header::CONTENT_LENGTH) {
            template.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }

    /// Removes the body and the headers that describe it.
    pub fn clear_body(&mut self) {
        let template = self.change();
        template.body = Body::Empty;
        forget_body(template.headers_mut());
    }

    /// Drops a body that can be read only once and may have been read.
    pub(crate) fn drop_once_body(&mut self) {
        if !self.template.body.is_repeatable() {
            self.change().body = Body::Empty;
        }
    }

    /// Puts the cursor into the part of the request that the caller chose. `is_string` means that it was a JSON string in its record. A
    /// cursor that cannot be a header value is not sent as `Last-Event-ID`.
    pub(crate) fn put_cursor(
        &mut self,
        cursor: &str,
        is_string: bool,
        to: Option<&CursorTo>,
    ) -> Result<(), UsageError> {
        match to {
            None => {
                if let Ok(value) = HeaderValue::from_bytes(cursor.as_bytes()) {
                    let template = self.change();
                    template.headers_mut().insert(LAST_EVENT_ID, value);
                    template.cursor_header = Some(HeaderName::from_static(LAST_EVENT_ID));
                }
            }
            Some(CursorTo::Header(name)) => {
                self.set_header(name, cursor)?;
                self.change().cursor_header = HeaderName::from_bytes(name.as_bytes()).ok();
            }
            Some(CursorTo::Query(name)) => self.set_query(name, cursor),
            Some(CursorTo::Body(field)) => {
                let Some(bytes) = self.body() else { return Err(UsageError::CursorBody) };
                let mut fields = JsonFields::parse(bytes).ok_or(UsageError::CursorBody)?;
                fields.set(field, cursor_json(cursor, is_string)?);
                let body = fields.to_json().map_err(UsageError::Json)?;
                self.set_body(body);
            }
        }
        Ok(())
    }

    /// Lets a caller's function put the cursor into the request, and notes the header that it used. Of several headers, one that a
    /// redirect to another origin drops takes precedence.
    pub(crate) fn put_cursor_by(&mut self, cursor: &str, resume: &ResumeFunction) -> Result<(), UsageError> {
        let before = Arc::clone(&self.template.headers);
        resume(cursor, self)?;
        let is_new = |(name, value): &(&HeaderName, &HeaderValue)| {
            value.as_bytes() == cursor.as_bytes() && before.get_all(*name).iter().all(|old| old != *value)
        };
        let carriers = self.template.headers.iter().filter(is_new);
        let carrier = carriers.max_by_key(|(name, value)| *name == LAST_EVENT_ID || value.is_sensitive());
        if let Some(name) = carrier.map(|(name, _)| name.clone()) {
            self.change().cursor_header = Some(name);
        }
        Ok(())
    }

    pub(crate) fn into_outgoing(mut self) -> Outgoing {
        if self.template.url.as_ref() != Some(&self.url) {
            self.change().url = Some(self.url.clone());
        }
        Outgoing { url: self.url, template: self.template }
    }

    /// The template of this attempt alone, to change it.
    fn change(&mut self) -> &mut RequestTemplate {
        Arc::make_mut(&mut self.template)
    }
}

/// A cursor as it stood in its record, digit for digit. A stored one that reads as a number is a number.
fn cursor_json(cursor: &str, is_string: bool) -> Result<Box<RawValue>, UsageError> {
    let number = serde_json::from_str::<&RawValue>(cursor).ok();
    let number =
        number.filter(|_| !is_string && cursor.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
    number.map_or_else(|| to_raw_value(cursor).map_err(UsageError::Json), |number| Ok(number.to_owned()))
}

impl fmt::Debug for AttemptRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestTemplate { method, headers, cursor_header, .. } = &*self.template;
        debug_request(f, "AttemptRequest", method, Some(&self.url), headers, cursor_header.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(url: &str) -> AttemptRequest {
        let url = Url::parse(url).expect("a URL");
        let template = Arc::new(RequestTemplate::new(Method::GET, Some(url), Arc::default()));
        let attempt = Attempt {
            number: 1,
            delay: Duration::ZERO,
            reason: None,
            cursor: None,
            asked: None,
            error: None,
        };
        AttemptRequest::new(attempt, &template, "").expect("a request")
    }

    #[test]
    fn setting_a_query_parameter_leaves_the_others_as_written() {
        let rows = [
            ("http://h/", "http://h/?since=a+b"),
            ("http://h/?", "http://h/?since=a+b"),
            ("http://h/?a=%20b&flag&sig=x%2By%2F", "http://h/?a=%20b&flag&sig=x%2By%2F&since=a+b"),
            ("http://h/?since=1&a=b&s%69nce=2&since", "http://h/?a=b&since=a+b"),
            ("http://h/?since=1", "http://h/?since=a+b"),
            ("http://h/?a=b&&sinceless=1#f", "http://h/?a=b&&sinceless=1&since=a+b#f"),
        ];
        for (url, want) in rows {
            let mut request = request(url);
            request.set_query("since", "a b");
            assert_eq!(request.url().as_str(), want);
        }
    }

    #[test]
    fn a_request_knows_which_header_carries_its_cursor() {
        let header = |name: &str| Some(HeaderName::from_bytes(name.as_bytes()).expect("a name"));
        let rows = [
            (None, header(LAST_EVENT_ID)),
            (Some(CursorTo::Header("X-Resume-Token".to_owned())), header("x-resume-token")),
            (Some(CursorTo::Query("since".to_owned())), None),
        ];
        for (to, want) in rows {
            let mut request = request("http://h/");
            request.put_cursor("7", false, to.as_ref()).expect("a place");
            assert_eq!(request.template.cursor_header, want, "{to:?}");
        }
        let mut request = request("http://h/");
        request.set_header("x-attempt", "7").expect("a header");
        request.put_cursor_by("8", &|_, request| request.set_header("x-since", "8")).expect("a place");
        assert_eq!(request.template.cursor_header, header("x-since"));
        assert!(!format!("{request:?}").contains('8'), "{request:?}");
        let both = |cursor: &str, request: &mut AttemptRequest| {
            request.set_header("authorization", cursor)?;
            request.set_header("x-since", cursor)
        };
        request.put_cursor_by("7", &both).expect("a place");
        assert_eq!(request.template.cursor_header, header("authorization"));
    }
}
