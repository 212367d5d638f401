//! What the conductor and a contender's process tell each other, a line each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::tally::Digest;

/// Who takes longer than this for a run needs no warm-up, and gets few.
pub const LONG: Duration = Duration::from_millis(400);

/// The first line of a driven process: what its checked, counted, untimed run found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Checked {
    Right(Facts),
    /// It cannot do the case, and why.
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
    /// The CPU time of a run, which says how many can be afforded.
    pub took: Duration,
}

/// A contender's turn; it answers with the CPU times of the timed runs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// Untimed runs first. The contenders before it have pushed its body and code out of the caches, and a body that has
    /// just come from a socket is in them.
    pub warming: usize,
    pub timed: usize,
}

/// What a client's process says, once it has read all events of all its streams, each once and in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientFacts {
    pub events: u64,
    /// CPU time of the process, from the first request on.
    pub cpu: Duration,
    pub allocations: u64,
    pub allocated: u64,
    /// Bytes of the events' text, which is the consumer's.
    pub text: u64,
    pub peak: u64,
    /// Bytes held: when so many events had come as there are streams, at half of all events, and when so many were left as there are streams.
    pub live: Vec<i64>,
    /// From the server's write of an event to the consumer's taking it.
    pub median: Duration,
    pub p99: Duration,
}
