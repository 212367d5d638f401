//! The caller's hooks: functions that a stream calls for attempts, stalls, gaps, replays and traffic on the wire.

use std::time::Duration;

use crate::event::Attempt;
use crate::wire::Wire;

type OnAttempt = Box<dyn FnMut(&Attempt) + Send>;
type OnStall = Box<dyn FnMut(Duration) + Send>;
type OnGap = Box<dyn FnMut(Option<&str>) + Send>;
type OnReplayed = Box<dyn FnMut(&str) + Send>;
type OnWire = Box<dyn FnMut(Wire<'_>) + Send>;

/// A stream's hooks. Boxed, since most streams have no hooks.
#[derive(Default)]
pub(crate) struct Hooks(Option<Box<HookSet>>);

#[derive(Default)]
pub(crate) struct HookSet {
    pub(crate) attempt: Option<OnAttempt>,
    pub(crate) stall: Option<OnStall>,
    pub(crate) gap: Option<OnGap>,
    pub(crate) replayed: Option<OnReplayed>,
    pub(crate) wire: Option<OnWire>,
}

impl Hooks {
    /// The set, to add a hook to it.
    pub(crate) fn set(&mut self) -> &mut HookSet {
        self.0.get_or_insert_default()
    }

    pub(crate) fn attempt(&mut self, attempt: &Attempt) {
        if let Some(HookSet { attempt: Some(hook), .. }) = self.0.as_deref_mut() {
            hook(attempt);
        }
    }

    pub(crate) fn stall(&mut self, silent: Duration) {
        if let Some(HookSet { stall: Some(hook), .. }) = self.0.as_deref_mut() {
            hook(silent);
        }
    }

    pub(crate) fn gap(&mut self, after: Option<&str>) {
        if let Some(HookSet { gap: Some(hook), .. }) = self.0.as_deref_mut() {
            hook(after);
        }
    }

    pub(crate) fn replayed(&mut self, id: &str) {
        if let Some(HookSet { replayed: Some(hook), .. }) = self.0.as_deref_mut() {
            hook(id);
        }
    }

    pub(crate) fn wire(&mut self, wire: Wire<'_>) {
        if let Some(HookSet { wire: Some(hook), .. }) = self.0.as_deref_mut() {
            hook(wire);
        }
    }
}
