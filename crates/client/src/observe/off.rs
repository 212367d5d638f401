//! The observer without the features: it does nothing.

use std::time::Duration;

use tidewire_core::Frame;

use crate::attempt::AttemptRequest;
use crate::error::StreamEnd;
use crate::template::RequestTemplate;

/// Does nothing; see the observer of `on.rs`.
pub(crate) struct Observer;

/// Stands for the entered span.
pub(crate) struct Scope;

impl Observer {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self
    }

    #[inline]
    pub(crate) const fn enter(&mut self, _template: &RequestTemplate) -> Scope {
        Scope
    }

    #[inline]
    pub(crate) const fn sent(&mut self, _now: Duration, _request: &AttemptRequest) {}

    #[inline]
    pub(crate) const fn head(&mut self, _status: u16) {}

    #[inline]
    pub(crate) const fn bytes(&mut self, _now: Duration, _bytes: usize) {}

    #[inline]
    pub(crate) const fn frame(&mut self, _frame: &Frame<'_>) {}

    #[inline]
    pub(crate) const fn stalled(&mut self, _silent: Duration) {}

    #[inline]
    pub(crate) const fn ended(&mut self, _end: Option<&StreamEnd>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observer_that_does_nothing_costs_nothing() {
        assert_eq!(size_of::<Observer>(), 0);
        assert_eq!(size_of::<Scope>(), 0);
        assert!(!std::mem::needs_drop::<Observer>());
        assert!(!std::mem::needs_drop::<Scope>());
    }
}
