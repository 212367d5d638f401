//! The parts from which a stream is made: the request, its options and its hooks.

use std::sync::Arc;

use http::{HeaderMap, Method, header};
use tidewire_core::session::Resume;
use tidewire_core::{Format, StreamOptions};
use tidewire_llm::Dialect;

use crate::cursor::CursorTo;
use crate::error::UsageError;
use crate::input::set_default;
use crate::json_fields::JsonFields;
use crate::preparation::Preparation;
use crate::shared::Shared;
use crate::streaming::hooks::Hooks;
use crate::template::RequestTemplate;
use crate::transport::Transport;

/// What a [`Request`](crate::Request) hands over to its stream.
pub(crate) struct StreamParts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) template: RequestTemplate,
    pub(crate) options: StreamOptions,
    /// Boxed, like the hooks and the problem, because few requests have any.
    pub(crate) preparation: Option<Box<Preparation>>,
    pub(crate) hooks: Hooks,
    /// The first problem because of which no request can be made.
    pub(crate) problem: Option<Box<UsageError>>,
    pub(crate) dialect: Option<Dialect>,
    /// The caller declared the request idempotent; otherwise the method decides.
    pub(crate) idempotent: bool,
}

impl StreamParts {
    /// Completes the headers and the policy of a stream that reads what `accept` lists.
    pub(crate) fn complete(&mut self, accept: &'static str) {
        if self.options.policy.resume == Resume::Elsewhere && !self.has_resume_function() {
            self.note(UsageError::NoResumeFunction);
        }
        if self.body_cannot_hold_cursor() {
            self.note(UsageError::CursorBody);
        }
        let method = &self.template.method;
        let policy = &mut self.options.policy;
        policy.idempotent = self.idempotent || method == Method::GET || method == Method::HEAD;
        policy.repeatable = self.template.body.is_repeatable();
        policy.refresh = self.preparation.as_ref().is_some_and(|preparation| preparation.refresh.is_some());
        let accept = match self.options.format {
            Format::Auto => self.options.only.map_or(accept, Format::accept),
            chosen => chosen.accept(),
        };
        let defaults = self.shared.transport.iter().flat_map(Transport::default_headers);
        let complete = |headers: &mut HeaderMap| {
            set_default(headers, header::ACCEPT, accept);
            for (name, value) in defaults {
                set_default(headers, name, value);
            }
        };
        if Arc::ptr_eq(&self.template.headers, &self.shared.client_headers.headers) {
            self.template.headers = self.shared.setup.headers(accept, || {
                let mut headers = HeaderMap::clone(&self.shared.client_headers.headers);
                complete(&mut headers);
                headers
            });
        } else {
            complete(self.template.headers_mut());
        }
    }

    /// Notes why no request can be made. The first problem counts.
    pub(crate) fn note(&mut self, problem: UsageError) {
        self.problem.get_or_insert_with(|| Box::new(problem));
    }

    /// The steps that make each attempt's request, to add to them.
    pub(crate) fn preparation(&mut self) -> &mut Preparation {
        self.preparation.get_or_insert_default()
    }

    /// Whether the caller wants the cursor in a body that cannot hold it. A body that a function makes is checked when it is made.
    fn body_cannot_hold_cursor(&self) -> bool {
        self.preparation.as_ref().is_some_and(|preparation| {
            let is_for_body = matches!(preparation.cursor.to, Some(CursorTo::Body(_)));
            let holds = |body| JsonFields::parse(body).is_some();
            is_for_body
                && preparation.make.is_empty()
                && !self.template.body.as_bytes().is_some_and(|body| holds(body))
        })
    }

    fn has_resume_function(&self) -> bool {
        self.preparation.as_ref().is_some_and(|preparation| preparation.cursor.resume_with.is_some())
    }
}
