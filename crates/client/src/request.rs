//! A request and what its stream may do.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::{HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidewire_core::session::{Policy, Resume};
use tidewire_core::{CursorSource, Format, Marker, Markers, StreamOptions};
use tidewire_llm::Dialect;
use url::Url;

use crate::attempt::{AttemptRequest, Changes, RequestTemplate};
use crate::body::Body;
use crate::client::{self, Shared};
use crate::error::UsageError;
use crate::event::{Attempt, Event, Frame};
use crate::reply::Reply;
use crate::streaming::{Hooks, Streaming, item_mapper};
use crate::transport::{MaybeSend, MaybeSync, Sendable, Transport, boxed};
use crate::wire::Wire;

/// What [`Request::records`] asks for: of [`Format::Auto`] all but text.
const ACCEPT_RECORDS: &str = "text/event-stream, application/x-ndjson, application/jsonl, application/json-seq, application/json;q=0.9";

/// A request to be streamed. Nothing is sent before its stream is asked for the first item.
///
/// A problem with the URL, a header or the body is said by the stream's first item.
#[must_use = "a request does nothing until one of events(), records(), text() or frames() makes a stream of it"]
pub struct Request {
    pub(crate) shared: Arc<Shared>,
    pub(crate) template: RequestTemplate,
    pub(crate) options: StreamOptions,
    /// Boxed, like the hooks and the problem, since few requests have any.
    pub(crate) changes: Option<Box<Changes>>,
    pub(crate) hooks: Hooks,
    pub(crate) problem: Option<Box<UsageError>>,
    pub(crate) dialect: Option<Dialect>,
    /// Declared by the caller; else the method says it.
    idempotent: bool,
}

/// Where a cursor that is a JSON field goes in the request that resumes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorTo {
    /// A query parameter of this name.
    Query(String),
    /// A header of this name.
    Header(String),
    /// A field of the JSON body.
    Body(String),
}

impl Request {
    pub(crate) fn new(shared: Arc<Shared>, method: Method, url: &str) -> Self {
        let (url, problem) = match parse_url(url) {
            Ok(url) => (Some(url), None),
            Err(problem) => (None, Some(Box::new(problem))),
        };
        let headers = Arc::clone(&shared.headers);
        Self {
            shared,
            template: RequestTemplate::new(method, url, headers),
            options: StreamOptions::default(),
            changes: None,
            hooks: Hooks::default(),
            problem,
            dialect: None,
            idempotent: false,
        }
    }

    /// A header of every attempt; it replaces those of the same name. `Authorization` and the API-key headers of the usual
    /// providers are secrets by themselves, see [`secret_header`](Self::secret_header).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match client::header(name, value) {
            Ok((name, value)) => {
                self.template.headers_mut().insert(name, value);
            }
            Err(problem) => self.note(problem),
        }
        self
    }

    /// The same for a secret: left out of `Debug` output, and not sent to another origin by a redirect.
    pub fn secret_header(mut self, name: &str, value: &str) -> Self {
        match client::header(name, value) {
            Ok((name, mut value)) => {
                value.set_sensitive(true);
                self.template.headers_mut().insert(name, value);
            }
            Err(problem) => self.note(problem),
        }
        self
    }

    /// `Authorization: Bearer TOKEN`.
    pub fn bearer_auth(self, token: &str) -> Self {
        self.secret_header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a parameter to the URL's query.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Some(url) = &mut self.template.url {
            url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    /// The body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.template.body = Body::bytes(bytes);
                self.content_type("application/json");
            }
            Err(error) => self.note(UsageError::Json(error)),
        }
        self
    }

    /// The body, as form fields.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.template.body = Body::bytes(encoded);
        self.content_type("application/x-www-form-urlencoded");
        self
    }

    /// The body, as bytes; they can be sent again.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.template.body = Body::bytes(body);
        self
    }

    /// A header's value made anew for each attempt.
    pub fn header_with<F>(self, name: &str, value: F) -> Self
    where
        F: Fn(&Attempt) -> String + MaybeSend + MaybeSync + 'static,
    {
        let name = name.to_owned();
        self.prepare_with(move |request| {
            let value = value(request.attempt());
            request.set_header(&name, &value)
        })
    }

    /// The URL made anew for each attempt.
    pub fn url_with<F>(self, url: F) -> Self
    where
        F: Fn(&Attempt) -> String + MaybeSend + MaybeSync + 'static,
    {
        self.prepare_with(move |request| {
            let url = url(request.attempt());
            request.set_url(&url)
        })
    }

    /// The body made anew for each attempt.
    pub fn body_with<F, B>(self, body: F) -> Self
    where
        F: Fn(&Attempt) -> B + MaybeSend + MaybeSync + 'static,
        B: Into<Bytes>,
    {
        self.prepare_with(move |request| {
            let body = body(request.attempt());
            request.set_body(body);
            Ok(())
        })
    }

    /// Changes the request of each attempt before it is sent.
    pub fn prepare_with<F>(mut self, prepare: F) -> Self
    where
        F: Fn(&mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
    {
        let prepare = Sendable::new(prepare);
        self.changes().prepare.push(Arc::new(move |request| (*prepare)(request)));
        self
    }

    /// The same, for what has to wait: a fresh token, say. Where it fails, the attempt counts as one that did not connect.
    pub fn prepare_async<F, Fut, E>(mut self, prepare: F) -> Self
    where
        F: Fn(AttemptRequest) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<AttemptRequest, E>> + MaybeSend + 'static,
        E: fmt::Display,
    {
        let prepare = Sendable::new(prepare);
        self.changes().prepare_async = Some(Arc::new(move |request| {
            let prepared = (*prepare)(request);
            boxed(async move { prepared.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// The records are an LLM's reply in this dialect, which knows its end and its errors: without the end the stream is truncated, and an
    /// error that is reported inside it fails it. [`frames`](Self::frames) and [`text`](Self::text) then have what the reply says in the
    /// place of its records.
    ///
    /// A background response of OpenAI's Responses (`"background": true, "stream": true`) goes on where it broke if the caller says
    /// [`Resume::Always`]: with `GET {url}/{id}?stream=true&starting_after={sequence_number}`. One that is read by GET does so by itself,
    /// also behind a [stored number](Self::last_event_id).
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// The format; by default the content type says it.
    pub fn format(mut self, format: Format) -> Self {
        self.options.format = format;
        self
    }

    /// Reads this format only: it is what the request asks for, and a reply of another content type is refused. As
    /// [`events`](Self::events) does, for [`frames`](Self::frames) and the others.
    pub fn accept(mut self, format: Format) -> Self {
        self.options.only = Some(format).filter(|format| *format != Format::Auto);
        self
    }

    /// A subscription: a clean end or a break means "connect again", without end. It ends on cancel, 204, a refusal, or an end
    /// marker.
    pub fn follow(mut self) -> Self {
        self.options.policy.follow = true;
        self
    }

    /// Declares that sending the request twice does no more than sending it once. GET and HEAD are so by themselves.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Declares the same, and sends one `Idempotency-Key` with all attempts.
    pub fn idempotency_key(self, key: &str) -> Self {
        self.idempotent().header("idempotency-key", key)
    }

    /// Whether the stream may be resumed behind its cursor; by default where the request is idempotent. [`Resume::Elsewhere`] needs the
    /// function of [`resume_with`](Self::resume_with), which chooses it.
    pub fn resume(mut self, resume: Resume) -> Self {
        self.options.policy.resume = resume;
        self
    }

    /// Resumes by another request: the function makes of the cursor, and of the request as it would be sent, the one that
    /// continues.
    pub fn resume_with<F>(mut self, resume: F) -> Self
    where
        F: Fn(&str, &mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
    {
        self.options.policy.resume = Resume::Elsewhere;
        let resume = Sendable::new(resume);
        self.changes().resume_with = Some(Arc::new(move |cursor, request| (*resume)(cursor, request)));
        self
    }

    /// For formats without event ids: the cursor is the JSON field at `path` (`seq`, `meta.offset`) of each record, and goes
    /// where `to` says.
    pub fn cursor(mut self, path: &str, to: CursorTo) -> Self {
        self.options.cursor_source = CursorSource::Json(tidewire_core::json::Path::parse(path));
        self.cursor_to(to)
    }

    /// Where the cursor goes, wherever it comes from.
    pub(crate) fn cursor_to(mut self, to: CursorTo) -> Self {
        self.changes().cursor_to = Some(to);
        self
    }

    /// Where an earlier stream stopped.
    ///
    /// A redirect to another origin drops a `Last-Event-ID`, as it does secrets. What answers there begins anew: a stream that has brought
    /// records is truncated by it, and a [followed](Self::follow) one, or one that has brought none, tells of a [gap](Self::on_gap).
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
        self.options.last_event_id = Some(id.into());
        self
    }

    /// Declares an end marker, beside those declared before: without one of them the stream is truncated. `[DONE]` counts
    /// without being declared.
    pub fn end_on(mut self, marker: Marker) -> Self {
        self.options.markers.end_on.get_or_insert_default().push(marker);
        self
    }

    /// Knows no end marker, not even `[DONE]`.
    pub fn end_on_none(mut self) -> Self {
        self.options.markers.end_on = Some(Vec::new());
        self
    }

    /// Declares a failure marker, in the place of the default `event:error`.
    pub fn fail_on(mut self, marker: Marker) -> Self {
        self.options.markers.fail_on.get_or_insert_default().push(marker);
        self
    }

    /// Knows no failure marker, not even `event:error`.
    pub fn fail_on_none(mut self) -> Self {
        self.options.markers.fail_on = Some(Vec::new());
        self
    }

    /// Declares a heartbeat: such a record is read as a comment.
    pub fn heartbeat_on(mut self, marker: Marker) -> Self {
        self.options.markers.heartbeat_on.push(marker);
        self
    }

    /// All markers at once, in the place of those declared before.
    pub fn markers(mut self, markers: Markers) -> Self {
        self.options.markers = markers;
        self
    }

    /// How many times in a row to try again, not counting the first request; 3 by default.
    pub fn retry_attempts(mut self, attempts: u32) -> Self {
        self.options.policy.retry_attempts = attempts;
        self
    }

    /// The upper bound of the first wait, 1 s by default; it doubles with each further one, up to 30 s.
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        self.options.policy.retry_delay = delay;
        self
    }

    /// From sending the request to the first record; off by default. Zero turns it off.
    pub fn first_event_timeout(mut self, limit: Duration) -> Self {
        self.options.policy.first_event_timeout = limit_of(limit);
        self
    }

    /// Silence on the wire, from sending the request; 300 s by default. Zero turns it off.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.options.policy.idle_timeout = limit_of(limit);
        self
    }

    /// Silence of records; off by default. Zero turns it off.
    pub fn progress_timeout(mut self, limit: Duration) -> Self {
        self.options.policy.progress_timeout = limit_of(limit);
        self
    }

    /// The whole stream, all attempts; off by default. Zero turns it off.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.options.policy.timeout = limit_of(limit);
        self
    }

    /// Silence on the wire that is told to [`on_stall`](Self::on_stall), once each; 15 s by default. Zero turns it off.
    pub fn stall_after(mut self, limit: Duration) -> Self {
        self.options.policy.stall_after = limit_of(limit);
        self
    }

    /// The most bytes that one event or record may have; 16 MiB by default.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.options.decoder.max_event_bytes = bytes;
        self
    }

    /// Passes over what outgrows the limit, saying so with an [`Error::Skipped`](crate::Error::Skipped).
    pub fn skip_oversized(mut self) -> Self {
        self.options.decoder.skip_oversized = true;
        self
    }

    /// Hands over an SSE event that has data but no blank line at the end of the body; the standard discards it.
    pub fn deliver_unterminated(mut self) -> Self {
        self.options.decoder.deliver_unterminated = true;
        self
    }

    /// Called before each request of the stream, the first included; for a further one as soon as it is decided.
    pub fn on_attempt(mut self, hook: impl FnMut(&Attempt) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.hooks.set().attempt = Some(Box::new(move |attempt| (*hook)(attempt)));
        self
    }

    /// Called once for each long silence on the wire, with its length so far.
    pub fn on_stall(mut self, hook: impl FnMut(Duration) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.hooks.set().stall = Some(Box::new(move |silent| (*hook)(silent)));
        self
    }

    /// Called where records are missing, or may be, with the cursor before them.
    pub fn on_gap(mut self, hook: impl FnMut(Option<&str>) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.hooks.set().gap = Some(Box::new(move |after| (*hook)(after)));
        self
    }

    /// Called with all that comes over the wire, as it comes: to record a stream.
    pub fn on_wire(mut self, hook: impl FnMut(Wire<'_>) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.hooks.set().wire = Some(Box::new(move |wire| (*hook)(wire)));
        self
    }

    /// The reply as SSE events. A reply of another content type is refused, unless [`format`](Self::format) says that it is one.
    pub fn events(mut self) -> Streaming<Event> {
        self.shows("events", |format| format == Format::Sse);
        self.options.only = Some(Format::Sse);
        Streaming::new(self, Format::Sse.accept(), item_mapper::EVENT)
    }

    /// The reply as typed JSON records: of every JSON format, and of the data of SSE events, each of which may hold several
    /// values. A record that does not fit is an [`Error::BadRecord`](crate::Error::BadRecord), and the next one is read.
    ///
    /// A reply of text is refused. Lines of JSON that a server calls `text/plain` are read with
    /// [`format(Format::Ndjson)`](Self::format).
    pub fn records<T: DeserializeOwned>(mut self) -> Streaming<T> {
        self.shows("records", |format| format != Format::Text);
        self.options.no_text = true;
        // serde finds out by itself whether a line is JSON.
        self.options.decoder.validate = false;
        Streaming::new(self, ACCEPT_RECORDS, item_mapper::record())
    }

    /// The reply as text: of a text stream the pieces as they come, of events their data, of JSON records their own text; of an LLM's
    /// reply in a known [`dialect`](Self::dialect) the text that it says.
    pub fn text(self) -> Streaming<String> {
        Streaming::new(self, Format::Auto.accept(), item_mapper::TEXT)
    }

    /// The reply of an LLM, in this dialect, as deltas and then as a whole [`Message`](crate::Message).
    pub fn reply(self, dialect: Dialect) -> Reply {
        Reply::new(Streaming::new(self.dialect(dialect), Format::Auto.accept(), item_mapper::REPLY))
    }

    /// Everything that the stream shows: comments, retries, attempts, stalls and gaps too.
    pub fn frames(self) -> Streaming<Frame> {
        Streaming::new(self, Format::Auto.accept(), item_mapper::FRAME)
    }

    /// What the stream's first item would say: a URL, a header or a body that cannot be sent. Functions that are called for each
    /// attempt, and the HTTP client, are not asked.
    #[must_use]
    pub fn problem(&self) -> Option<&UsageError> {
        self.problem.as_deref()
    }

    /// Completes the request for a stream that asks for `accept`.
    pub(crate) fn ready(&mut self, accept: &'static str) {
        if self.options.policy.resume == Resume::Elsewhere && !self.has_resume_function() {
            self.note(UsageError::NoResumeFunction);
        }
        let method = &self.template.method;
        let policy: &mut Policy = &mut self.options.policy;
        policy.idempotent = self.idempotent || method == Method::GET || method == Method::HEAD;
        policy.repeatable = self.template.body.is_repeatable();
        let asked = match self.options.format {
            Format::Auto => self.options.only.map_or(accept, Format::accept),
            chosen => chosen.accept(),
        };
        let defaults = self.shared.transport.iter().flat_map(Transport::default_headers);
        let complete = |headers: &mut HeaderMap| {
            set_default(headers, header::ACCEPT, asked);
            for (name, value) in defaults {
                set_default(headers, name, value);
            }
        };
        if Arc::ptr_eq(&self.template.headers, &self.shared.headers) {
            self.template.headers = self.shared.setup.headers(asked, || {
                let mut headers = HeaderMap::clone(&self.shared.headers);
                complete(&mut headers);
                headers
            });
        } else {
            complete(self.template.headers_mut());
        }
    }

    /// Whether the caller has said what becomes of a cursor.
    pub(crate) fn says_where_the_cursor_goes(&self) -> bool {
        self.changes.as_ref().is_some_and(|changes| changes.cursor_to.is_some())
    }

    /// Whether the caller makes the request that goes on.
    pub(crate) fn has_resume_function(&self) -> bool {
        self.changes.as_ref().is_some_and(|changes| changes.resume_with.is_some())
    }

    /// Resumes by a request that is made of the reply's id.
    pub(crate) fn resume_by_id<F>(self, resume: F) -> Self
    where
        F: Fn(&str, &mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
    {
        let mut request = self.resume_with(resume);
        request.changes().needs_reply_id = true;
        request
    }

    /// Has the dialect say what becomes of a cursor.
    pub(crate) fn put_cursor_with(&mut self, put: fn(&str, &mut AttemptRequest)) {
        self.changes().put_cursor_with = Some(put);
    }

    /// Notes a format that the caller chose and whose records are no such items: nothing would come of them.
    fn shows(&mut self, items: &'static str, can: fn(Format) -> bool) {
        let chosen = [Some(self.options.format), self.options.only].into_iter().flatten();
        if let Some(format) = chosen.filter(|format| *format != Format::Auto).find(|format| !can(*format)) {
            self.note(UsageError::Format { format, items });
        }
    }

    pub(crate) fn note(&mut self, problem: UsageError) {
        self.problem.get_or_insert_with(|| Box::new(problem));
    }

    fn changes(&mut self) -> &mut Changes {
        self.changes.get_or_insert_default()
    }

    fn content_type(&mut self, value: &'static str) {
        set_default(self.template.headers_mut(), header::CONTENT_TYPE, value);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("template", &self.template)
            .field("policy", &self.options.policy)
            .field("format", &self.options.format)
            .field("markers", &self.options.markers)
            .finish_non_exhaustive()
    }
}

pub(crate) fn parse_url(url: &str) -> Result<Url, UsageError> {
    let parsed = Url::parse(url).map_err(|error| UsageError::Url { problem: error.to_string() })?;
    if matches!(parsed.scheme(), "http" | "https") {
        return Ok(parsed);
    }
    Err(UsageError::Url { problem: format!("its scheme is {:?}", parsed.scheme()) })
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

fn limit_of(limit: Duration) -> Option<Duration> {
    Some(limit).filter(|limit| !limit.is_zero())
}
