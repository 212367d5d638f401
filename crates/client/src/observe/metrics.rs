//! The metrics of all streams (feature `metrics`), reported to the recorder of the [`metrics`](https://docs.rs/metrics) facade that the
//! program has installed.
//!
//! | name | kind | labels | measures |
//! |---|---|---|---|
//! | [`tidewire_streams_active`](STREAMS_ACTIVE) | gauge | | streams that were started and are not over, including those that wait for a slot or before a retry |
//! | [`tidewire_time_to_first_event_seconds`](TIME_TO_FIRST_EVENT) | histogram | | from sending a stream's first request to its first event, retries included |
//! | [`tidewire_inter_event_seconds`](INTER_EVENT) | histogram | | from one event of a stream to the next, each dated to the read of its last bytes; 0 for events that arrived in one piece |
//! | [`tidewire_attempts_total`](ATTEMPTS) | counter | `reason` | requests: `first`, or the reason for a further one, [`Reason::name`](crate::Reason::name) |
//! | [`tidewire_streams_ended_total`](STREAMS_ENDED) | counter | `outcome` | streams that are over: [`Outcome::code`](crate::Outcome::code), or `usage` if no request could be made; a stream that is dropped early is `cancelled` |
//! | [`tidewire_stalls_total`](STALLS) | counter | | long silences on the wire (see [`stall_after`](crate::Request::stall_after)) |
//! | [`tidewire_bytes_total`](BYTES) | counter | | bytes of bodies, decoded |
//!
//! An event is an SSE event, a JSON record or a piece of text, not a comment. A stream reads only as fast as its caller takes items, so
//! the times include delays of the caller.
//!
//! A stream reports to the recorder that is installed when the caller asks for its first item.

use std::sync::Once;
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use tidewire_core::session::Reason;

use crate::attempt::AttemptRequest;
use crate::observe::emit::{Emit, ObservedEnd};
use crate::template::RequestTemplate;

/// Gauge: streams that were started and are not over.
pub const STREAMS_ACTIVE: &str = "tidewire_streams_active";
/// Histogram, in seconds: from sending the first request to the first event.
pub const TIME_TO_FIRST_EVENT: &str = "tidewire_time_to_first_event_seconds";
/// Histogram, in seconds: from one event to the next.
pub const INTER_EVENT: &str = "tidewire_inter_event_seconds";
/// Counter by `reason`: requests.
pub const ATTEMPTS: &str = "tidewire_attempts_total";
/// Counter by `outcome`: streams that are over.
pub const STREAMS_ENDED: &str = "tidewire_streams_ended_total";
/// Counter: long silences on the wire.
pub const STALLS: &str = "tidewire_stalls_total";
/// Counter, in bytes: bodies, decoded.
pub const BYTES: &str = "tidewire_bytes_total";

/// Every value of the label `reason`.
pub const REASONS: [&str; 10] =
    ["first", "connect", "head", "body", "status", "end", "idle", "progress", "first_event", "kick"];
/// Every value of the label `outcome`.
pub const OUTCOMES: [&str; 10] = [
    "complete",
    "ended",
    "truncated",
    "failed",
    "refused",
    "timed_out",
    "unreachable",
    "unreadable",
    "cancelled",
    "usage",
];

/// Upper bounds in seconds for a histogram of [`TIME_TO_FIRST_EVENT`], for an exporter that needs bounds. They include 2 s, for alerts
/// with that limit.
pub const TIME_TO_FIRST_EVENT_BUCKETS: [f64; 14] =
    [0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0, 300.0];
/// Upper bounds in seconds for a histogram of [`INTER_EVENT`]: tokens arrive some tens of milliseconds apart, stalls last many seconds.
pub const INTER_EVENT_BUCKETS: [f64; 13] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Describes every metric to the recorder, with its unit, and starts every counter at 0: a rate misses the first increment of a series
/// that starts at 1.
///
/// The program's first stream does this too. Call it after installing the recorder, so that the series exist before any stream.
pub fn describe() {
    describe_gauge!(
        STREAMS_ACTIVE,
        Unit::Count,
        "Streams that were started and are not over, also while they wait."
    );
    describe_histogram!(
        TIME_TO_FIRST_EVENT,
        Unit::Seconds,
        "From sending a stream's first request to its first event, retries included."
    );
    describe_histogram!(INTER_EVENT, Unit::Seconds, "From one event of a stream to the next.");
    describe_counter!(ATTEMPTS, Unit::Count, "Requests, by their reason.");
    describe_counter!(STREAMS_ENDED, Unit::Count, "Streams that are over, by outcome.");
    describe_counter!(STALLS, Unit::Count, "Long silences on the wire.");
    describe_counter!(BYTES, Unit::Bytes, "Bytes of bodies, decoded.");

    gauge!(STREAMS_ACTIVE).increment(0.0);
    for reason in REASONS {
        counter!(ATTEMPTS, "reason" => reason).increment(0);
    }
    for outcome in OUTCOMES {
        counter!(STREAMS_ENDED, "outcome" => outcome).increment(0);
    }
    counter!(STALLS).increment(0);
    counter!(BYTES).increment(0);
}

/// The metrics of one stream.
#[derive(Default)]
pub(super) struct Meter {
    open: Option<Handles>,
}

/// The recorder's handles, looked up once per stream so that an event costs no look-up.
struct Handles {
    active: Gauge,
    first_event: Histogram,
    inter_event: Histogram,
    bytes: Counter,
}

impl Emit for Meter {
    fn opened(&mut self, _template: &RequestTemplate) {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(describe);
        let active = gauge!(STREAMS_ACTIVE);
        active.increment(1.0);
        self.open = Some(Handles {
            active,
            first_event: histogram!(TIME_TO_FIRST_EVENT),
            inter_event: histogram!(INTER_EVENT),
            bytes: counter!(BYTES),
        });
    }

    fn sent(&mut self, request: &AttemptRequest) {
        let reason = request.attempt().reason.map_or("first", Reason::name);
        counter!(ATTEMPTS, "reason" => reason).increment(1);
    }

    fn bytes(&mut self, bytes: usize) {
        if let Some(handles) = &self.open {
            handles.bytes.increment(bytes as u64);
        }
    }

    fn first_event(&mut self, after: Duration) {
        if let Some(handles) = &self.open {
            handles.first_event.record(after);
        }
    }

    fn next_event(&mut self, since_last: Duration) {
        if let Some(handles) = &self.open {
            handles.inter_event.record(since_last);
        }
    }

    fn stalled(&mut self, _silent: Duration) {
        counter!(STALLS).increment(1);
    }

    fn ended(&mut self, end: ObservedEnd<'_>) {
        if let Some(handles) = self.open.take() {
            handles.active.decrement(1.0);
        }
        counter!(STREAMS_ENDED, "outcome" => end.code()).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_series() {
        use Reason::{Body, Connect, End, FirstEvent, Head, Idle, Kick, Progress, Status};
        let reasons = [Connect, Head, Body, Status, End, Idle, Progress, FirstEvent, Kick];
        assert!(REASONS.iter().skip(1).copied().eq(reasons.map(Reason::name)));
    }

    #[test]
    fn bounds_rise_and_include_2_s() {
        assert!(TIME_TO_FIRST_EVENT_BUCKETS.is_sorted() && INTER_EVENT_BUCKETS.is_sorted());
        assert!(TIME_TO_FIRST_EVENT_BUCKETS.contains(&2.0));
    }
}
