//! The messages between the conductor and a contender's process, one line each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::tally::Digest;

/// A contender whose run takes longer than this needs no warm-up, and gets few runs.
pub const LONG: Duration = Duration::from_millis(400);

/// The first line of a driven process: the result of its checked, counted and untimed run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Checked {
    Right(Facts),
    /// It cannot do the case, for this reason.
    Cannot(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Bytes of the body that the timed runs read.
    pub body_bytes: u64,
    pub digest: Digest,
    pub allocations: u64,
    pub allocated: u64,
    pub peak: u64,
    /// Allocated since the first event was handed out.
    pub allocated_after_first: u64,
    /// The CPU time of one run, from which the conductor decides how many there will be.
    pub took: Duration,
}

/// Starts a contender's turn; it answers with the CPU times of the timed runs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// The untimed runs that come first. The other contenders have pushed this one's body and code out of the caches, while
    /// a body that has just arrived from a socket is in them.
    pub warming: usize,
    pub timed: usize,
}

/// What a client's process reports after it has read all events of all its streams, each once and in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientFacts {
    pub events: u64,
    /// CPU time of the process, from the first request on.
    pub cpu: Duration,
    pub allocations: u64,
    pub allocated: u64,
    /// Bytes of the events' text, which belongs to the consumer.
    pub text: u64,
    pub peak: u64,
    /// Bytes held at three moments: after as many events as there are streams, after half of all events, and when as many events are left as there are streams.
    pub live: Vec<i64>,
    /// The time from the server's write of an event until the consumer has it.
    pub median: Duration,
    pub p99: Duration,
}
