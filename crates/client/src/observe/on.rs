//! The observer if a feature is on: passes on to the span and the metrics what the driver reports, with times.

use std::mem;
use std::time::Duration;

use tidewire_core::Frame;

use crate::attempt::AttemptRequest;
use crate::error::StreamEnd;
use crate::observe::emit::{Emit, ObservedEnd};
#[cfg(feature = "metrics")]
use crate::observe::metrics::Meter;
#[cfg(feature = "tracing")]
use crate::observe::trace::{Entered, Trace};
use crate::template::RequestTemplate;

#[cfg(not(feature = "metrics"))]
type Meter = Off;
#[cfg(not(feature = "tracing"))]
type Trace = Off;
#[cfg(not(feature = "tracing"))]
type Entered = Off;

/// Receives the driver's reports. A stream that is dropped before its end counts as cancelled.
pub(crate) struct Observer {
    state: State,
    trace: Trace,
    meter: Meter,
}

/// Keeps the stream's span entered while it is held.
pub(crate) struct Scope {
    _span: Entered,
}

enum State {
    /// The caller has not asked for an item yet.
    Fresh,
    Open(Pace),
    Over,
}

/// Times on the stream's own clock, as the driver read it, so that an event costs no further reading.
#[derive(Default)]
struct Pace {
    /// When the first request was sent.
    started: Option<Duration>,
    /// When the last bytes arrived.
    arrived: Duration,
    /// When the bytes arrived that completed the last event.
    last_event: Option<Duration>,
}

/// Stands for the span or the metrics, whichever feature is off.
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

    /// A request is sent.
    pub(crate) fn sent(&mut self, now: Duration, request: &AttemptRequest) {
        if let State::Open(pace) = &mut self.state {
            pace.started.get_or_insert(now);
        }
        self.trace.sent(request);
        self.meter.sent(request);
    }

    /// The head of its response arrived.
    pub(crate) fn head(&mut self, status: u16) {
        self.trace.head(status);
        self.meter.head(status);
    }

    /// Bytes of a body arrived, decoded.
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

    /// The stream is over; without an end, no request could be made.
    pub(crate) fn ended(&mut self, end: Option<&StreamEnd>) {
        self.close(end.map_or(ObservedEnd::Usage, |end| ObservedEnd::Outcome(&end.outcome)));
    }

    fn close(&mut self, end: ObservedEnd<'_>) {
        if matches!(mem::replace(&mut self.state, State::Over), State::Open(_)) {
            self.trace.ended(end);
            self.meter.ended(end);
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.close(ObservedEnd::Dropped);
    }
}
