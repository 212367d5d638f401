//! Tells the span and the metrics what happens, and when.

use std::time::Duration;

use tidewire_core::Frame;
use tidewire_core::session::Outcome;

#[cfg(feature = "metrics")]
use super::metrics::Meter;
#[cfg(feature = "tracing")]
use super::trace::{Entered, Trace};
use crate::attempt::{AttemptRequest, RequestTemplate};
use crate::error::StreamEnd;

#[cfg(not(feature = "metrics"))]
type Meter = Off;
#[cfg(not(feature = "tracing"))]
type Trace = Off;
#[cfg(not(feature = "tracing"))]
type Entered = Off;

/// Told by the driver what happens. A stream that is dropped before its end counts as cancelled.
pub(crate) struct Observer {
    state: State,
    trace: Trace,
    meter: Meter,
}

/// What happens while it is held happens under the stream's span.
pub(crate) struct Scope {
    _span: Entered,
}

enum State {
    /// Nothing was asked for yet.
    Fresh,
    Open(Pace),
    Over,
}

/// Times are those of the stream's own clock, as the driver has read them: none is read for an event.
#[derive(Default)]
struct Pace {
    /// When the first request was sent.
    started: Option<Duration>,
    /// When the last bytes came.
    arrived: Duration,
    /// When those came that completed the last event.
    last_event: Option<Duration>,
}

/// What is done with it; by default nothing.
pub(super) trait Emit: Default {
    fn opened(&mut self, _template: &RequestTemplate) {}
    fn sent(&mut self, _request: &AttemptRequest) {}
    fn head(&mut self, _status: u16) {}
    fn bytes(&mut self, _bytes: usize) {}
    fn first_event(&mut self, _after: Duration) {}
    fn next_event(&mut self, _since_last: Duration) {}
    fn stalled(&mut self, _silent: Duration) {}
    fn ended(&mut self, _end: End<'_>) {}
}

/// How a stream ended.
#[derive(Clone, Copy)]
pub(super) enum End<'a> {
    /// So the stream says.
    Outcome(&'a Outcome),
    /// No request could be made.
    Usage,
    /// Before its end.
    Dropped,
}

impl End<'_> {
    /// The stable code, the same string in every language.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => outcome.code(),
            Self::Usage => "usage",
            Self::Dropped => Outcome::Cancelled.code(),
        }
    }
}

/// The one of the two that is not there.
#[cfg(not(all(feature = "tracing", feature = "metrics")))]
#[derive(Default)]
pub(super) struct Off;

#[cfg(not(all(feature = "tracing", feature = "metrics")))]
impl Emit for Off {}

#[cfg(not(feature = "tracing"))]
impl Off {
    const fn enter(&self) -> Self {
        Self
    }
}

impl Observer {
    pub(crate) fn new() -> Self {
        Self { state: State::Fresh, trace: Trace::default(), meter: Meter::default() }
    }

    /// Called with each poll; the first one opens the stream.
    pub(crate) fn enter(&mut self, template: &RequestTemplate) -> Scope {
        if matches!(self.state, State::Fresh) {
            self.state = State::Open(Pace::default());
            self.trace.opened(template);
            self.meter.opened(template);
        }
        Scope { _span: self.trace.enter() }
    }

    /// A request goes out.
    pub(crate) fn sent(&mut self, now: Duration, request: &AttemptRequest) {
        if let State::Open(pace) = &mut self.state {
            pace.started.get_or_insert(now);
        }
        self.trace.sent(request);
        self.meter.sent(request);
    }

    /// The head of its reply came.
    pub(crate) fn head(&mut self, status: u16) {
        self.trace.head(status);
        self.meter.head(status);
    }

    /// Bytes of a body came, decoded.
    pub(crate) fn bytes(&mut self, now: Duration, bytes: usize) {
        if let State::Open(pace) = &mut self.state {
            pace.arrived = now;
        }
        self.trace.bytes(bytes);
        self.meter.bytes(bytes);
    }

    /// A frame is delivered; only events, records and text count.
    pub(crate) fn frame(&mut self, frame: &Frame<'_>) {
        if let (State::Open(pace), Frame::Event(_) | Frame::Record(_) | Frame::Text(_)) =
            (&mut self.state, frame)
        {
            match pace.last_event.replace(pace.arrived) {
                None => {
                    let after = pace.arrived.saturating_sub(pace.started.unwrap_or_default());
                    self.trace.first_event(after);
                    self.meter.first_event(after);
                }
                Some(last) => {
                    let since_last = pace.arrived.saturating_sub(last);
                    self.trace.next_event(since_last);
                    self.meter.next_event(since_last);
                }
            }
        }
    }

    /// The wire is silent.
    pub(crate) fn stalled(&mut self, silent: Duration) {
        self.trace.stalled(silent);
        self.meter.stalled(silent);
    }

    /// The stream is over; without an end no request could be made.
    pub(crate) fn ended(&mut self, end: Option<&StreamEnd>) {
        self.end(end.map_or(End::Usage, |end| End::Outcome(&end.outcome)));
    }

    fn end(&mut self, end: End<'_>) {
        if matches!(std::mem::replace(&mut self.state, State::Over), State::Open(_)) {
            self.trace.ended(end);
            self.meter.ended(end);
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.end(End::Dropped);
    }
}
