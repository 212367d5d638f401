//! The events of a stream that the span and the metrics get.

use std::time::Duration;

use tidewire_core::session::Outcome;

use crate::attempt::AttemptRequest;
use crate::template::RequestTemplate;

/// Something that takes what happens to a stream; by default it does nothing.
pub(crate) trait Emit: Default {
    fn opened(&mut self, _template: &RequestTemplate) {}
    fn sent(&mut self, _request: &AttemptRequest) {}
    fn head(&mut self, _status: u16) {}
    fn bytes(&mut self, _bytes: usize) {}
    fn first_event(&mut self, _after: Duration) {}
    fn next_event(&mut self, _since_last: Duration) {}
    fn stalled(&mut self, _silent: Duration) {}
    fn ended(&mut self, _end: ObservedEnd<'_>) {}
}

/// How a stream ended, for an observer.
#[derive(Clone, Copy)]
pub(crate) enum ObservedEnd<'a> {
    /// With an outcome.
    Outcome(&'a Outcome),
    /// No request could be made.
    Usage,
    /// It was dropped before its end.
    Dropped,
}

impl ObservedEnd<'_> {
    /// The stable code, the same string in every language.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Outcome(outcome) => outcome.code(),
            Self::Usage => "usage",
            Self::Dropped => Outcome::Cancelled.code(),
        }
    }
}
