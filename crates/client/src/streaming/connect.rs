//! Announces attempts, makes their requests and sends them.

use std::mem;
use std::time::Duration;

use bytes::Bytes;
use tidewire_core::session::{At, Failure, Retry};
use tidewire_llm::Deltas;

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::event::{Attempt, Frame};
use crate::preparation::{Preparation, prepare_async};
use crate::streaming::Streaming;
use crate::streaming::io::{Io, Parked};
use crate::wire::Wire;

impl<I> Streaming<I> {
    /// Announces a further attempt, for which the session now waits.
    pub(super) fn announce(&mut self, retry: Retry) {
        self.io = Io::Idle;
        self.chunk = Bytes::new();
        let attempt = Attempt {
            number: retry.attempt,
            delay: retry.delay,
            reason: Some(retry.reason),
            cursor: self.stream.request_cursor().map(str::to_owned),
            error: self.stream.error().map(str::to_owned),
        };
        self.hooks.attempt(&attempt);
        self.parked = Parked::Announced(Box::new(attempt.clone()));
        self.emit(Frame::Attempt(attempt));
    }

    /// Makes the request of the attempt that is due, and sends it unless asynchronous functions have to change it first.
    pub(super) fn connect(&mut self, at: At) {
        let attempt = match mem::replace(&mut self.parked, Parked::Nothing) {
            Parked::Announced(announced) => *announced,
            _ => self.first_attempt(),
        };
        let reply_id = self.deltas().map_or("", Deltas::id);
        let continues = self.stream.has_begun().then_some(reply_id);
        let is_string = self.stream.cursor_is_string();
        let preparation = self.preparation.as_deref();
        let request = match Preparation::request(preparation, attempt, &self.template, continues, is_string) {
            Ok(request) => request,
            Err(problem) => return self.give_up(problem),
        };
        match Preparation::asynchronous(preparation) {
            None => self.send(at, request),
            Some(functions) => self.io = Io::Preparing(prepare_async(functions, request)),
        }
    }

    /// The asynchronous functions have finished. If one failed, the attempt counts as one that did not connect.
    pub(super) fn prepared(&mut self, at: At, prepared: Result<AttemptRequest, String>) {
        match prepared {
            Ok(request) => self.send(at, request),
            Err(problem) => {
                self.io = Io::Idle;
                self.stream.broke(at, Failure::Connect, problem);
            }
        }
    }

    fn send(&mut self, at: At, request: AttemptRequest) {
        let transport = match &self.shared.transport {
            Ok(transport) => transport.clone(),
            Err(problem) => {
                let problem = problem.clone();
                return self.give_up(UsageError::Client { problem });
            }
        };
        self.observer.sent(at.now, &request);
        self.hooks.wire(Wire::Sent);
        self.io = Io::Sending(transport.send(request.into_outgoing()));
    }

    fn first_attempt(&mut self) -> Attempt {
        let first = Attempt {
            number: 1,
            delay: Duration::ZERO,
            reason: None,
            cursor: self.stream.request_cursor().map(str::to_owned),
            error: None,
        };
        self.hooks.attempt(&first);
        first
    }
}
