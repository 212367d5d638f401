//! Turns flat settings into a request of the client.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use http::Method;
use serde_json::value::RawValue;
use tidewire::{Client, CursorTo, Dialect, Format, Marker, Markers, Request, Resume};

use crate::error::NativeError;
use crate::settings::{CursorPlace, CursorSettings, Header, RequestSettings};

/// The request that the settings describe.
pub(crate) fn make(client: &Client, settings: &RequestSettings) -> Result<Request, NativeError> {
    let mut request = client.request(method(settings)?, &settings.url);
    for Header { name, value } in &settings.query {
        request = request.query(name, value);
    }
    for Header { name, value } in &settings.headers {
        request = request.header(name, value);
    }
    for Header { name, value } in &settings.secret_headers {
        request = request.secret_header(name, value);
    }
    request = with_body(request, settings)?;
    request = with_reading(request, settings)?;
    request = with_repetition(request, settings)?;
    request = with_limits(request, settings);
    match request.problem() {
        Some(problem) => Err(NativeError::usage(problem)),
        None => Ok(request),
    }
}

fn method(settings: &RequestSettings) -> Result<Method, NativeError> {
    let has_body = settings.body.is_some() || settings.json.is_some() || settings.form.is_some();
    match &settings.method {
        Some(method) => method
            .to_ascii_uppercase()
            .parse()
            .map_err(|_| NativeError::usage(format!("{method:?} is not an HTTP method"))),
        None if has_body => Ok(Method::POST),
        None => Ok(Method::GET),
    }
}

fn with_body(mut request: Request, settings: &RequestSettings) -> Result<Request, NativeError> {
    let bodies = [settings.body.is_some(), settings.json.is_some(), settings.form.is_some()];
    if bodies.into_iter().filter(|is_given| *is_given).count() > 1 {
        return Err(NativeError::usage("a request has one body: body, json or form"));
    }
    if let Some(body) = &settings.body {
        request = request.body(body.clone());
    }
    if let Some(json) = &settings.json {
        let value: &RawValue = serde_json::from_str(json)
            .map_err(|error| NativeError::usage(format!("the body is not JSON: {error}")))?;
        request = request.json(value);
    }
    if let Some(form) = &settings.form {
        let fields: Vec<(&str, &str)> = form.iter().map(|field| (&*field.name, &*field.value)).collect();
        request = request.form(&fields);
    }
    Ok(request)
}

fn with_reading(mut request: Request, settings: &RequestSettings) -> Result<Request, NativeError> {
    if let Some(format) = &settings.format {
        request = request.format(format_of(format)?);
    }
    if let Some(bytes) = settings.max_event_bytes {
        request = request.max_event_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if settings.skip_oversized {
        request = request.skip_oversized();
    }
    if settings.deliver_unterminated {
        request = request.deliver_unterminated();
    }
    let markers = markers(settings.end_on.as_deref(), settings.fail_on.as_deref(), &settings.heartbeat_on)?;
    Ok(request.markers(markers))
}

fn with_repetition(mut request: Request, settings: &RequestSettings) -> Result<Request, NativeError> {
    if settings.follow {
        request = request.follow();
    }
    if settings.idempotent {
        request = request.idempotent();
    }
    if let Some(key) = &settings.idempotency_key {
        request = request.idempotency_key(key);
    }
    match settings.resume.as_deref() {
        None | Some("auto") => {}
        Some("always") => request = request.resume(Resume::Always),
        Some("never") => request = request.resume(Resume::Never),
        Some(other) => return Err(no_such("resume", other, "auto, always or never")),
    }
    if let Some(CursorSettings { path, place, name }) = &settings.cursor {
        let name = name.clone();
        let to = match place {
            CursorPlace::Query => CursorTo::Query(name),
            CursorPlace::Header => CursorTo::Header(name),
            CursorPlace::Body => CursorTo::Body(name),
        };
        request = request.cursor(path, to);
    }
    if let Some(id) = &settings.last_event_id {
        request = request.last_event_id(id);
    }
    if settings.dedupe {
        request = request.dedupe();
    }
    if let Some(attempts) = settings.retry_attempts {
        request = request.retry_attempts(attempts);
    }
    if let Some(delay) = settings.retry_delay {
        request = request.retry_delay(Duration::from_millis(delay));
    }
    Ok(request)
}

fn with_limits(mut request: Request, settings: &RequestSettings) -> Request {
    type Set = fn(Request, Duration) -> Request;
    let limits: [(Option<u64>, Set); 5] = [
        (settings.first_event_timeout, Request::first_event_timeout),
        (settings.idle_timeout, Request::idle_timeout),
        (settings.progress_timeout, Request::progress_timeout),
        (settings.timeout, Request::timeout),
        (settings.stall_after, Request::stall_after),
    ];
    for (limit, set) in limits {
        if let Some(limit) = limit {
            request = set(request, Duration::from_millis(limit));
        }
    }
    request
}

pub(crate) fn markers(
    end_on: Option<&[String]>,
    fail_on: Option<&[String]>,
    heartbeat_on: &[String],
) -> Result<Markers, NativeError> {
    let parse = |marker: &String| {
        Marker::from_str(marker)
            .map_err(|_| no_such("marker", marker, "a value such as [DONE], event:NAME, or json:PATH=VALUE"))
    };
    let all = |markers: &[String]| markers.iter().map(parse).collect::<Result<Vec<_>, _>>();
    Ok(Markers {
        end_on: end_on.map(all).transpose()?,
        fail_on: fail_on.map(all).transpose()?,
        heartbeat_on: all(heartbeat_on)?,
    })
}

pub(crate) fn format_of(name: &str) -> Result<Format, NativeError> {
    let names = Format::NAMES.map(|(_, name)| name).join(", ");
    name.parse().map_err(|_| no_such("format", name, names))
}

pub(crate) fn dialect_of(name: &str) -> Result<Dialect, NativeError> {
    name.parse().map_err(|error: tidewire::llm::UnknownDialect| NativeError::usage(error))
}

fn no_such(what: &str, given: &str, accepted: impl Display) -> NativeError {
    NativeError::usage(format!("there is no {what} {given:?}; it is {accepted}"))
}
