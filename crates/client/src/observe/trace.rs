//! The span of a stream. Names are those of OpenTelemetry's semantic conventions for HTTP clients and GenAI, if there is one.
//!
//! The words of a peer or a transport, headers, cursors, a URL's user and query may be secret or personal, so the span leaves them out.

use std::time::Duration;

use http::Method;
use tidewire_core::session::{Outcome, Reason, Refusal};
use tracing::field::Empty;
use tracing::span::EnteredSpan;
use tracing::{Span, info, info_span, warn};
use url::Url;

use crate::attempt::AttemptRequest;
use crate::observe::emit::{Emit, ObservedEnd};
use crate::platform::Clock;
use crate::redact::origin_and_path;
use crate::template::RequestTemplate;

/// The target by which subscribers filter: one for the whole crate.
const TARGET: &str = "tidewire";

/// Not kept across polls, or another task's events would belong to the span.
pub(super) type Entered = EnteredSpan;

pub(super) struct Trace {
    span: Span,
    opened: Option<Clock>,
    /// That of the last response.
    status: Option<u16>,
    attempts: u32,
    events: u64,
    bytes: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self { span: Span::none(), opened: None, status: None, attempts: 0, events: 0, bytes: 0 }
    }
}

impl Trace {
    pub(super) fn enter(&self) -> Entered {
        self.span.clone().entered()
    }
}

// Numbers are `i64`, the type of OpenTelemetry: its layer turns a `u64` into text.
impl Emit for Trace {
    fn opened(&mut self, template: &RequestTemplate) {
        let url = template.url.as_ref();
        let (method, original) = known_method(&template.method);
        self.opened = Some(Clock::start());
        self.span = info_span!(
            target: TARGET,
            "stream",
            otel.name = method.unwrap_or("HTTP"),
            otel.kind = "client",
            otel.status_code = Empty,
            otel.status_description = Empty,
            http.request.method = method.unwrap_or("_OTHER"),
            http.request.method_original = original,
            url.full = url.map(origin_and_path),
            server.address = url.and_then(host),
            server.port = url.and_then(Url::port_or_known_default).map(i64::from),
            http.request.resend_count = Empty,
            http.response.status_code = Empty,
            error.type = Empty,
            gen_ai.response.time_to_first_chunk = Empty,
            tidewire.outcome = Empty,
        );
    }

    fn sent(&mut self, request: &AttemptRequest) {
        let attempt = request.attempt();
        self.attempts = attempt.number;
        info!(
            target: TARGET,
            {
                tidewire.attempt = i64::from(attempt.number),
                tidewire.reason = attempt.reason.map_or("first", Reason::name),
                tidewire.delay_ms = ms(attempt.delay),
                url.full = origin_and_path(request.url()),
            },
            "attempt"
        );
    }

    fn head(&mut self, status: u16) {
        self.status = Some(status);
    }

    fn bytes(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    fn first_event(&mut self, after: Duration) {
        self.events = 1;
        let seconds = after.as_secs_f64();
        self.span.record("gen_ai.response.time_to_first_chunk", seconds);
        info!(target: TARGET, { gen_ai.response.time_to_first_chunk = seconds }, "first_event");
    }

    fn next_event(&mut self, _since_last: Duration) {
        self.events += 1;
    }

    fn stalled(&mut self, silent: Duration) {
        warn!(target: TARGET, { tidewire.silent_ms = ms(silent) }, "stall");
    }

    fn ended(&mut self, end: ObservedEnd<'_>) {
        let span = std::mem::replace(&mut self.span, Span::none());
        // A stream that is dropped is not polled, so its span is not entered.
        let _scope = span.enter();
        span.record("tidewire.outcome", end.code());
        if let Some(status) = self.status {
            span.record("http.response.status_code", i64::from(status));
        }
        if self.attempts > 1 {
            span.record("http.request.resend_count", i64::from(self.attempts - 1));
        }
        let problem = problem(end);
        if let Some(problem) = &problem {
            span.record("error.type", problem.as_str());
            span.record("otel.status_code", "ERROR");
        }
        if let (Some(_), ObservedEnd::Outcome(outcome)) = (&problem, end) {
            span.record("otel.status_description", outcome.to_string());
        }
        // `tracing` fixes the level of an event at its call site, so each level needs a call of its own.
        macro_rules! emit {
            ($level:ident) => {
                $level!(
                    target: TARGET,
                    {
                        tidewire.outcome = end.code(),
                        tidewire.events = whole(self.events),
                        tidewire.bytes = whole(self.bytes),
                        tidewire.attempts = i64::from(self.attempts),
                        tidewire.elapsed_ms = ms(self.opened.map_or(Duration::ZERO, Clock::now)),
                        error.type = problem,
                    },
                    "end"
                )
            };
        }
        if problem.is_some() { emit!(warn) } else { emit!(info) }
    }
}

/// `error.type`: the status if that is the problem, otherwise the code of the outcome. `None` for a success, and for a stream that the
/// caller stopped.
fn problem(end: ObservedEnd<'_>) -> Option<String> {
    match end {
        ObservedEnd::Outcome(Outcome::Complete | Outcome::Ended | Outcome::Cancelled)
        | ObservedEnd::Dropped => None,
        ObservedEnd::Outcome(Outcome::Refused { status, why: Refusal::Status | Refusal::RetryAfter(_) }) => {
            Some(status.to_string())
        }
        ObservedEnd::Outcome(_) | ObservedEnd::Usage => Some(end.code().to_owned()),
    }
}

/// The method, either as one that the conventions know or as an unknown one.
fn known_method(method: &Method) -> (Option<&str>, Option<&str>) {
    match method.as_str() {
        name @ ("CONNECT" | "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT" | "QUERY"
        | "TRACE") => (Some(name), None),
        name => (None, Some(name)),
    }
}

/// The host as the conventions write it: an IPv6 address has no brackets.
fn host(url: &Url) -> Option<&str> {
    url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']'))
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
