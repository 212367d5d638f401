//! Request options: time limits. All but `timeout` run only while the caller waits for an item.

use std::time::Duration;

use crate::request::Request;

impl Request {
    /// The limit from sending the request to the first record; off by default. Zero turns it off.
    pub fn first_event_timeout(mut self, limit: Duration) -> Self {
        self.parts.options.policy.first_event_timeout = non_zero(limit);
        self
    }

    /// The limit of silence on the wire, counted from sending the request; 300 s by default. Zero turns it off.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.parts.options.policy.idle_timeout = non_zero(limit);
        self
    }

    /// The limit of time without a record; comments and heartbeats do not count as records. Off by default. Zero turns it off.
    pub fn progress_timeout(mut self, limit: Duration) -> Self {
        self.parts.options.policy.progress_timeout = non_zero(limit);
        self
    }

    /// The limit of the whole stream with all its attempts; off by default. Zero turns it off.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.parts.options.policy.timeout = non_zero(limit);
        self
    }

    /// The silence on the wire after which [`on_stall`](Self::on_stall) is called, once per silence; 15 s by default. Zero turns it off.
    pub fn stall_after(mut self, limit: Duration) -> Self {
        self.parts.options.policy.stall_after = non_zero(limit);
        self
    }
}

fn non_zero(limit: Duration) -> Option<Duration> {
    Some(limit).filter(|limit| !limit.is_zero())
}
