//! The state that the driver keeps between two polls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tidewire_llm::{Deltas, Dialect};
use tokio::sync::{AcquireError, OwnedSemaphorePermit};

use crate::error::{StreamEnd, UsageError};
use crate::event::Attempt;
use crate::preparation::Prepared;
use crate::template::RequestTemplate;
use crate::transport::{BodyReader, Sending};

pub(crate) type Acquired = Result<OwnedSemaphorePermit, AcquireError>;

/// What the driver waits for.
pub(crate) enum Io {
    /// The caller has not asked for an item yet.
    Fresh,
    /// A slot on the client.
    Queued(Pin<Box<dyn Future<Output = Acquired> + Send>>),
    /// Nothing: the session waits, or is over.
    Idle,
    /// The caller's function that renews the credentials.
    Refreshing(Prepared),
    /// The caller's functions that change the request of the attempt.
    Preparing(Prepared),
    /// The head of a response.
    Sending {
        sending: Sending,
        /// The request.
        request: Arc<RequestTemplate>,
    },
    /// Bytes of a body.
    Reading(BodyReader),
}

/// A value that the driver keeps for a later step; it needs at most one at a time.
pub(crate) enum Parked {
    Nothing,
    /// Why no request can be made; the first item reports it.
    Problem(Box<UsageError>),
    /// The attempt that was announced, while the session waits for it.
    Announced(Box<Attempt>),
    /// An announced attempt whose credentials must be renewed first, because of this head.
    Refresh(Box<(Attempt, UnreadHead)>),
    /// The head of a response that is not read as a stream.
    Head(Box<UnreadHead>),
    /// How long to wait for the end of a complete stream's body.
    BodyEnd(Duration),
    /// The stream is over; without an end, no request could be made.
    Over(Option<Box<StreamEnd>>),
}

/// The head of a response that is not read as a stream.
pub(crate) struct UnreadHead {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Why the credentials could not be renewed, so that the refusal stands.
    pub(crate) refresh_error: Option<String>,
}

/// Reads an LLM's reply.
pub(crate) struct ReplyDecoder {
    pub(crate) deltas: Deltas,
    /// The reply has started over, which the assembled message does not reflect yet.
    pub(crate) restarted: bool,
}

impl ReplyDecoder {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { deltas: Deltas::new(dialect), restarted: false }
    }

    /// Forgets everything: the reply starts over.
    pub(crate) fn restart(&mut self) {
        self.deltas = Deltas::new(self.deltas.dialect().clone());
        self.restarted = true;
    }
}
