//! What a caller allows a session to do.

use core::time::Duration;

/// Which requests may resume from the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u32)]
#[non_exhaustive]
pub enum Resume {
    /// Idempotent requests.
    #[default]
    Auto,
    /// Every request: the server honours the cursor and repeats no work.
    Always,
    /// No request.
    Never,
    /// Every request, by another request that the caller makes from the cursor.
    Elsewhere,
}

/// What may be sent again, how often, and how long it may take. A time limit of `None` is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Sending the request twice has the effect of sending it once: GET, HEAD, or declared.
    pub idempotent: bool,
    /// The request's body can be sent again.
    pub repeatable: bool,
    /// A subscription: a clean end or a break means "connect again", with no limit on attempts.
    pub follow: bool,
    /// Whether the cursor may be used.
    pub resume: Resume,
    /// An end marker was declared, so the stream must reach it.
    pub expects_marker: bool,
    /// The records are an LLM's reply: a clean end truncates it until [`ReplyState`](super::ReplyState) says otherwise.
    pub reply: bool,
    /// The caller can renew the request's credentials, so a 401 is worth one more attempt.
    pub refresh: bool,
    /// Retries in a row, not counting the first request.
    pub retry_attempts: u32,
    /// The upper bound of the first wait; it doubles with each further wait, up to 30 s.
    pub retry_delay: Duration,
    /// From sending the request to the first record.
    pub first_event_timeout: Option<Duration>,
    /// Silence on the wire, from sending the request.
    pub idle_timeout: Option<Duration>,
    /// Time without records, from sending the request.
    pub progress_timeout: Option<Duration>,
    /// The whole stream, all attempts.
    pub timeout: Option<Duration>,
    /// Silence on the wire that is reported, once per silence.
    pub stall_after: Option<Duration>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            idempotent: false,
            repeatable: true,
            follow: false,
            resume: Resume::Auto,
            expects_marker: false,
            reply: false,
            refresh: false,
            retry_attempts: 3,
            retry_delay: Duration::from_secs(1),
            first_event_timeout: None,
            idle_timeout: Some(Duration::from_secs(300)),
            progress_timeout: None,
            timeout: None,
            stall_after: Some(Duration::from_secs(15)),
        }
    }
}
