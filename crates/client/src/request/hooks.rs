//! Hooks: functions of the caller that are called while the stream is read.

use std::time::Duration;

use crate::event::Attempt;
use crate::platform::{MaybeSend, Sendable};
use crate::request::Request;
use crate::wire::Wire;

impl Request {
    /// Calls `hook` before each request of the stream, the first included; for a further one as soon as it is decided, before its wait.
    pub fn on_attempt(mut self, hook: impl FnMut(&Attempt) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.parts.hooks.set().attempt = Some(Box::new(move |attempt| (*hook)(attempt)));
        self
    }

    /// Calls `hook` once for each long silence on the wire, with its length so far.
    pub fn on_stall(mut self, hook: impl FnMut(Duration) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.parts.hooks.set().stall = Some(Box::new(move |silent| (*hook)(silent)));
        self
    }

    /// Calls `hook` when records are missing, or may be, with the cursor before them.
    pub fn on_gap(mut self, hook: impl FnMut(Option<&str>) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.parts.hooks.set().gap = Some(Box::new(move |after| (*hook)(after)));
        self
    }

    /// Calls `hook` when a response repeats records that an earlier attempt delivered, once per response, with the id of the first one.
    /// Such records are not progress, so attempts and delays are not reset; [`dedupe`](Self::dedupe) leaves them out.
    pub fn on_replayed(mut self, hook: impl FnMut(&str) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.parts.hooks.set().replayed = Some(Box::new(move |id| (*hook)(id)));
        self
    }

    /// Calls `hook` with everything that is sent or arrives, at once, to record a stream.
    pub fn on_wire(mut self, hook: impl FnMut(Wire<'_>) + MaybeSend + 'static) -> Self {
        let mut hook = Sendable::new(hook);
        self.parts.hooks.set().wire = Some(Box::new(move |wire| (*hook)(wire)));
        self
    }
}
