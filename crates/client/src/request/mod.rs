//! A request and its options, from which a stream is made.

mod attempts;
mod format;
mod hooks;
mod markers;
mod resume;
mod streams;
mod time;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, header};
use serde::Serialize;
use tidewire_core::StreamOptions;

use crate::body::Body;
use crate::error::UsageError;
use crate::input::{parse_header, parse_secret_header, parse_url, set_default};
use crate::origins::under_base;
use crate::shared::Shared;
use crate::streaming::hooks::Hooks;
use crate::streaming::parts::StreamParts;
use crate::template::RequestTemplate;

/// A request to be streamed. Nothing is sent before the caller asks its stream for the first item.
///
/// An invalid URL, header, body or option is reported by the stream's first item, and by [`problem`](Self::problem).
#[must_use = "a request does nothing until events(), records(), text(), reply() or frames() makes a stream of it"]
pub struct Request {
    pub(crate) parts: StreamParts,
}

impl Request {
    pub(crate) fn new(shared: Arc<Shared>, method: Method, url: &str) -> Self {
        let url = match &shared.base {
            None => parse_url(url),
            Some(base) => parse_url(&under_base(base, url)),
        };
        let (url, problem) = match url {
            Ok(url) => (Some(url), None),
            Err(problem) => (None, Some(Box::new(problem))),
        };
        let client_headers = Some(&shared.client_headers).filter(|client| !client.headers.is_empty());
        let headers = match (client_headers, &url) {
            (Some(client), Some(url)) if !client.are_for(url) => Arc::default(),
            _ => Arc::clone(&shared.client_headers.headers),
        };
        let mut template = RequestTemplate::new(method, url, headers);
        template.client_headers = client_headers.cloned();
        Self {
            parts: StreamParts {
                shared,
                template,
                options: StreamOptions::default(),
                preparation: None,
                hooks: Hooks::default(),
                problem,
                dialect: None,
                idempotent: false,
            },
        }
    }

    /// Sends a header with every attempt, replacing those of the same name. `Authorization` and the API-key headers of the usual
    /// providers are always secret, see [`secret_header`](Self::secret_header).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match parse_header(name, value) {
            Ok((name, value)) => {
                self.parts.template.headers_mut().insert(name, value);
            }
            Err(problem) => self.parts.note(problem),
        }
        self
    }

    /// Sends a secret header: left out of `Debug` output, and not sent to another origin by a redirect.
    pub fn secret_header(mut self, name: &str, value: &str) -> Self {
        match parse_secret_header(name, value) {
            Ok((name, value)) => {
                self.parts.template.headers_mut().insert(name, value);
            }
            Err(problem) => self.parts.note(problem),
        }
        self
    }

    /// Sends `Authorization: Bearer TOKEN`.
    pub fn bearer_auth(self, token: &str) -> Self {
        self.secret_header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a parameter to the URL's query.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if let Some(url) = &mut self.parts.template.url {
            url.query_pairs_mut().append_pair(name, value);
        }
        self
    }

    /// Sends a body of JSON, with its content type.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => {
                self.parts.template.body = Body::bytes(bytes);
                self.content_type("application/json");
            }
            Err(error) => self.parts.note(UsageError::Json(error)),
        }
        self
    }

    /// Sends a body of form fields, with its content type.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.parts.template.body = Body::bytes(encoded);
        self.content_type("application/x-www-form-urlencoded");
        self
    }

    /// Sends a body of bytes, which can be sent again.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.parts.template.body = Body::bytes(body);
        self
    }

    /// The error that the stream's first item would report: an invalid URL, header, body or option. It does not cover the functions that
    /// are called for each attempt, nor the checks of the HTTP client.
    #[must_use]
    pub fn problem(&self) -> Option<&UsageError> {
        self.parts.problem.as_deref()
    }

    fn content_type(&mut self, value: &'static str) {
        set_default(self.parts.template.headers_mut(), header::CONTENT_TYPE, value);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("template", &self.parts.template)
            .field("policy", &self.parts.options.policy)
            .field("format", &self.parts.options.format)
            .field("markers", &self.parts.options.markers)
            .finish_non_exhaustive()
    }
}
