//! The request of one attempt, made of what the caller planned and of the cursor.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::value::{RawValue, to_raw_value};
use url::{Url, form_urlencoded};

use crate::body::{Body, Fields, forget_body};
use crate::client;
use crate::error::UsageError;
use crate::event::Attempt;
use crate::request::{CursorTo, parse_url};
use crate::secret::is_secret_name;
use crate::transport::Outgoing;

/// Where a cursor goes unless the caller says otherwise.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

type Prepare = Arc<dyn Fn(&mut AttemptRequest) -> Result<(), UsageError> + Send + Sync>;
type Prepared = Pin<Box<dyn Future<Output = Result<AttemptRequest, String>> + Send>>;
type PrepareAsync = Arc<dyn Fn(AttemptRequest) -> Prepared + Send + Sync>;
type ResumeWith = Arc<dyn Fn(&str, &mut AttemptRequest) -> Result<(), UsageError> + Send + Sync>;

/// A request as the caller wants it, before any attempt. Attempts and redirects keep a share of it, and change a copy.
#[derive(Clone)]
pub(crate) struct RequestTemplate {
    pub(crate) method: Method,
    pub(crate) url: Option<Url>,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) body: Body,
}

/// What is changed for each attempt.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) cursor_to: Option<CursorTo>,
    /// Puts the cursor where the dialect wants it.
    pub(crate) put_cursor_with: Option<fn(&str, &mut AttemptRequest)>,
    pub(crate) prepare: Vec<Prepare>,
    pub(crate) prepare_async: Option<PrepareAsync>,
    pub(crate) resume_with: Option<ResumeWith>,
    /// That function makes its request of the reply's id.
    pub(crate) needs_reply_id: bool,
}

/// The request of one attempt, as it is about to be sent.
pub struct AttemptRequest {
    attempt: Attempt,
    /// Where it goes, whatever the template says.
    url: Url,
    template: Arc<RequestTemplate>,
    /// The id of the LLM's reply that goes on.
    reply_id: String,
}

impl RequestTemplate {
    pub(crate) const fn new(method: Method, url: Option<Url>, headers: Arc<HeaderMap>) -> Self {
        Self { method, url, headers, body: Body::Empty }
    }

    /// The request of this attempt. `continues` says that records have come, so that it goes on behind them, and has the id of the
    /// LLM's reply that they are; `cursor_is_string` that the cursor was no number in its record.
    pub(crate) fn request(
        self: &Arc<Self>,
        attempt: Attempt,
        changes: Option<&Changes>,
        continues: Option<&str>,
        cursor_is_string: bool,
    ) -> Result<AttemptRequest, UsageError> {
        let Some(url) = self.url.clone() else {
            return Err(UsageError::Url { problem: "there is none".to_owned() });
        };
        let cursor = attempt.cursor.clone();
        let elsewhere =
            changes.and_then(|changes| changes.resume_with.as_ref()).filter(|_| continues.is_some());
        let mut request = AttemptRequest {
            attempt,
            url,
            template: Arc::clone(self),
            reply_id: continues.unwrap_or_default().to_owned(),
        };
        if elsewhere.is_some() && !self.body.is_repeatable() {
            request.change().body = Body::Empty;
        }
        for prepare in changes.into_iter().flat_map(|changes| &changes.prepare) {
            prepare(&mut request)?;
        }
        match (cursor, elsewhere) {
            (Some(cursor), Some(resume)) => resume(&cursor, &mut request)?,
            (Some(cursor), None) => match changes.and_then(|changes| changes.put_cursor_with) {
                Some(put) => put(&cursor, &mut request),
                None => {
                    let to = changes.and_then(|changes| changes.cursor_to.as_ref());
                    request.put_cursor(&cursor, cursor_is_string, to)?;
                }
            },
            (None, _) => {}
        }
        Ok(request)
    }

    /// The headers, to be changed.
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        Arc::make_mut(&mut self.headers)
    }
}

impl AttemptRequest {
    /// Which attempt it is, and why.
    #[must_use]
    pub const fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The URL.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.template.method
    }

    /// The id of the LLM's reply that this request goes on with; empty where there is none.
    #[must_use]
    pub fn reply_id(&self) -> &str {
        &self.reply_id
    }

    /// Changes the method.
    pub fn set_method(&mut self, method: Method) {
        self.change().method = method;
    }

    /// Changes the URL; one without a host is taken relative to the present one.
    ///
    /// # Errors
    /// [`UsageError::Url`] where it is none.
    pub fn set_url(&mut self, url: &str) -> Result<(), UsageError> {
        self.url = match self.url.join(url) {
            Ok(joined) => parse_url(joined.as_str())?,
            Err(error) => return Err(UsageError::Url { problem: error.to_string() }),
        };
        Ok(())
    }

    /// Sets a query parameter, in the place of those of the same name. The others stay as they are written, which a signature may be
    /// made of.
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

    /// Sets a header, in the place of those of the same name. What was a secret stays one.
    ///
    /// # Errors
    /// [`UsageError::Header`] for a name or value that HTTP does not allow.
    pub fn set_header(&mut self, name: &str, value: &str) -> Result<(), UsageError> {
        let (name, mut value) = client::header(name, value)?;
        if self.template.headers.get(&name).is_some_and(HeaderValue::is_sensitive) {
            value.set_sensitive(true);
        }
        self.change().headers_mut().insert(name, value);
        Ok(())
    }

    pub(crate) fn remove_header(&mut self, name: &str) {
        self.change().headers_mut().remove(name);
    }

    /// Sets the body. Its length is counted anew.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        let template = self.change();
        template.body = Body::bytes(body);
        if template.headers.contains_key(header::CONTENT_LENGTH) {
            template.headers_mut().remove(header::CONTENT_LENGTH);
        }
    }

    /// Takes the body and what described it away.
    pub fn clear_body(&mut self) {
        let template = self.change();
        template.body = Body::Empty;
        forget_body(template.headers_mut());
    }

    /// A cursor that cannot be a header is not sent.
    fn put_cursor(&mut self, cursor: &str, is_string: bool, to: Option<&CursorTo>) -> Result<(), UsageError> {
        match to {
            None => {
                if let Ok(value) = HeaderValue::from_bytes(cursor.as_bytes()) {
                    self.change().headers_mut().insert(LAST_EVENT_ID, value);
                }
            }
            Some(CursorTo::Header(name)) => self.set_header(name, cursor)?,
            Some(CursorTo::Query(name)) => self.set_query(name, cursor),
            Some(CursorTo::Body(field)) => {
                let Body::Bytes(bytes) = &self.template.body else { return Err(UsageError::CursorBody) };
                let mut fields = Fields::of(bytes).ok_or(UsageError::CursorBody)?;
                fields.set(field, json_of(cursor, is_string)?);
                let body = fields.to_json().map_err(UsageError::Json)?;
                self.set_body(body);
            }
        }
        Ok(())
    }

    /// The template, to be changed for this attempt alone.
    fn change(&mut self) -> &mut RequestTemplate {
        Arc::make_mut(&mut self.template)
    }

    pub(crate) fn into_outgoing(mut self) -> Outgoing {
        if self.template.url.as_ref() != Some(&self.url) {
            self.change().url = Some(self.url.clone());
        }
        Outgoing { url: self.url, template: self.template }
    }
}

/// A cursor as it stood in its record, digit for digit; a stored one that reads as a number is one.
fn json_of(cursor: &str, is_string: bool) -> Result<Box<RawValue>, UsageError> {
    let number = serde_json::from_str::<&RawValue>(cursor).ok();
    let number =
        number.filter(|_| !is_string && cursor.starts_with(|c: char| c == '-' || c.is_ascii_digit()));
    number.map_or_else(|| to_raw_value(cursor).map_err(UsageError::Json), |number| Ok(number.to_owned()))
}

impl fmt::Debug for RequestTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "RequestTemplate", &self.method, self.url.as_ref(), &self.headers)
    }
}

impl fmt::Debug for AttemptRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, "AttemptRequest", &self.template.method, Some(&self.url), &self.template.headers)
    }
}

/// Without what may be a secret: a URL's user and query, sensitive headers' values, the idempotency key, the cursor, the body.
fn show(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    method: &Method,
    url: Option<&Url>,
    headers: &HeaderMap,
) -> fmt::Result {
    let mut headers = headers.clone();
    // An idempotency key is not secret for redirects, since what answers there must be safe to send twice as well; but whoever knows it
    // gets the answer to the order that was placed with it. A cursor says what was read.
    let is_secret = |name: &str| is_secret_name(name) || name == "idempotency-key" || name == LAST_EVENT_ID;
    for (name, value) in &mut headers {
        if is_secret(name.as_str()) {
            value.set_sensitive(true);
        }
    }
    f.debug_struct(name)
        .field("method", method)
        .field("url", &url.map(place))
        .field("headers", &headers)
        .finish_non_exhaustive()
}

/// A URL without its user and its query.
pub(crate) fn place(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_query_parameter_is_set_and_the_others_stay_as_they_are_written() {
        let rows = [
            ("http://h/", "http://h/?since=a+b"),
            ("http://h/?", "http://h/?since=a+b"),
            ("http://h/?a=%20b&flag&sig=x%2By%2F", "http://h/?a=%20b&flag&sig=x%2By%2F&since=a+b"),
            ("http://h/?since=1&a=b&s%69nce=2&since", "http://h/?a=b&since=a+b"),
            ("http://h/?since=1", "http://h/?since=a+b"),
            ("http://h/?a=b&&sinceless=1#f", "http://h/?a=b&&sinceless=1&since=a+b#f"),
        ];
        for (url, want) in rows {
            let url = Url::parse(url).expect("a URL");
            let template = Arc::new(RequestTemplate::new(Method::GET, Some(url), Arc::default()));
            let attempt =
                Attempt { number: 1, delay: Duration::ZERO, reason: None, cursor: None, error: None };
            let mut request = template.request(attempt, None, None, false).expect("a request");
            request.set_query("since", "a b");
            assert_eq!(request.url().as_str(), want);
        }
    }
}
