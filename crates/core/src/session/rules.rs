//! What a caller allows a session to do, as numbers at fixed places: JavaScript writes them there.

use super::policy::{Policy, Resume};
use super::time::ms;

/// A [`Policy`] in numbers. Times are in milliseconds, and infinite where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
#[expect(missing_docs, reason = "as in Policy")]
pub struct Rules {
    pub retry_delay: f64,
    pub timeout: f64,
    pub idle_timeout: f64,
    pub first_event_timeout: f64,
    pub progress_timeout: f64,
    pub stall_after: f64,
    pub retry_attempts: u32,
    pub resume: Resume,
    pub idempotent: bool,
    pub repeatable: bool,
    pub follow: bool,
    pub expects_marker: bool,
    pub reply: bool,
    pub refresh: bool,
    /// Records that a later attempt repeats are not to be delivered.
    pub dedupe: bool,
}

impl Rules {
    /// Those of the default [`Policy`].
    pub const DEFAULT: Self = Self {
        retry_delay: 1000.0,
        timeout: f64::INFINITY,
        idle_timeout: 300_000.0,
        first_event_timeout: f64::INFINITY,
        progress_timeout: f64::INFINITY,
        stall_after: 15_000.0,
        retry_attempts: 3,
        resume: Resume::Auto,
        idempotent: false,
        repeatable: true,
        follow: false,
        expects_marker: false,
        reply: false,
        refresh: false,
        dedupe: false,
    };

    /// The rules of a policy.
    #[must_use]
    pub fn new(policy: &Policy, dedupe: bool) -> Self {
        let limit = |limit: Option<_>| limit.map_or(f64::INFINITY, ms);
        Self {
            retry_delay: ms(policy.retry_delay),
            timeout: limit(policy.timeout),
            idle_timeout: limit(policy.idle_timeout),
            first_event_timeout: limit(policy.first_event_timeout),
            progress_timeout: limit(policy.progress_timeout),
            stall_after: limit(policy.stall_after),
            retry_attempts: policy.retry_attempts,
            resume: policy.resume,
            idempotent: policy.idempotent,
            repeatable: policy.repeatable,
            follow: policy.follow,
            expects_marker: policy.expects_marker,
            reply: policy.reply,
            refresh: policy.refresh,
            dedupe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_are_those_of_the_default_policy() {
        assert_eq!(Rules::DEFAULT, Rules::new(&Policy::default(), false));
    }
}
