//! What a caller wants to be told while a stream goes on.

use std::time::Duration;

use crate::event::Attempt;
use crate::wire::Wire;

type OnAttempt = Box<dyn FnMut(&Attempt) + Send>;
type OnStall = Box<dyn FnMut(Duration) + Send>;
type OnGap = Box<dyn FnMut(Option<&str>) + Send>;
type OnWire = Box<dyn FnMut(Wire<'_>) + Send>;

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) attempt: Option<OnAttempt>,
    pub(crate) stall: Option<OnStall>,
    pub(crate) gap: Option<OnGap>,
    pub(crate) wire: Option<OnWire>,
}

impl Hooks {
    pub(crate) fn attempt(&mut self, attempt: &Attempt) {
        if let Some(hook) = &mut self.attempt {
            hook(attempt);
        }
    }

    pub(crate) fn stall(&mut self, silent: Duration) {
        if let Some(hook) = &mut self.stall {
            hook(silent);
        }
    }

    pub(crate) fn gap(&mut self, after: Option<&str>) {
        if let Some(hook) = &mut self.gap {
            hook(after);
        }
    }

    pub(crate) fn wire(&mut self, wire: Wire<'_>) {
        if let Some(hook) = &mut self.wire {
            hook(wire);
        }
    }
}
