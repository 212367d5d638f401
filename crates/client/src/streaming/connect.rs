//! Announces attempts, makes their requests and sends them.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidewire_core::StreamState;
use tidewire_core::session::{At, Failure, Reason, Retry};
use tidewire_llm::Deltas;

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::event::{Attempt, Frame};
use crate::preparation::{Preparation, Situation, prepare_async};
use crate::streaming::Streaming;
use crate::streaming::io::{Io, Parked, UnreadHead};
use crate::wire::Wire;

impl<I> Streaming<I> {
    /// Announces a further attempt, whose time the session now waits for.
    pub(super) fn announce(&mut self, retry: Retry) {
        if matches!(retry.reason, Reason::Idle | Reason::FirstEvent | Reason::Kick) {
            self.distrust_connection();
        }
        self.io = Io::Idle;
        self.chunk = Bytes::new();
        let attempt = Attempt {
            number: retry.attempt,
            delay: retry.delay,
            reason: Some(retry.reason),
            cursor: self.stream.request_cursor().map(str::to_owned),
            asked: retry.asked,
            error: self.stream.error().map(str::to_owned),
        };
        self.hooks.attempt(&attempt);
        self.parked = match mem::replace(&mut self.parked, Parked::Nothing) {
            Parked::Head(head) if retry.refresh => Parked::Refresh(Box::new((attempt.clone(), *head))),
            // The previous attempt was given up during its refresh.
            Parked::Refresh(refresh) if retry.refresh => {
                let (_, head) = *refresh;
                Parked::Refresh(Box::new((attempt.clone(), head)))
            }
            _ => Parked::Announced(Box::new(attempt.clone())),
        };
        if let Some(map) = self.mapper.notice {
            self.queue.push_back(Ok(map(Frame::Attempt(attempt))));
        }
    }

    /// Makes the request of the attempt that is due, and sends it unless asynchronous functions must run first.
    pub(super) fn connect(&mut self, at: At) {
        match mem::replace(&mut self.parked, Parked::Nothing) {
            Parked::Announced(announced) => self.prepare(at, *announced),
            Parked::Refresh(refresh) => self.refresh(at, *refresh),
            _ => {
                let first = Attempt {
                    number: 1,
                    delay: Duration::ZERO,
                    reason: None,
                    cursor: self.stream.request_cursor().map(str::to_owned),
                    asked: None,
                    error: None,
                };
                self.hooks.attempt(&first);
                self.prepare(at, first);
            }
        }
    }

    /// The function that renews the credentials has finished. If it failed, the refusal stands.
    pub(super) fn refreshed(&mut self, at: At, refreshed: Result<AttemptRequest, String>) {
        self.io = Io::Idle;
        let Parked::Refresh(refresh) = mem::replace(&mut self.parked, Parked::Nothing) else { return };
        let (attempt, mut head) = *refresh;
        match refreshed {
            Ok(request) => {
                self.template = request.into_outgoing().template;
                self.prepare(at, attempt);
            }
            Err(problem) => {
                head.refresh_error = Some(problem.clone());
                self.parked = Parked::Head(Box::new(head));
                self.stream.refresh_failed(at, problem);
            }
        }
    }

    /// The functions that change the request of this attempt have finished. If one failed, the attempt counts as one that did not connect.
    pub(super) fn prepared(&mut self, at: At, prepared: Result<AttemptRequest, String>) {
        match prepared {
            Ok(request) => self.send(at, request),
            Err(problem) => {
                self.io = Io::Idle;
                self.stream.broke(at, Failure::Connect, problem);
            }
        }
    }

    /// Calls the caller's function that renews the credentials. It gets the request as the caller described it, and its changes apply to
    /// every later attempt.
    fn refresh(&mut self, at: At, (attempt, head): (Attempt, UnreadHead)) {
        let Some(refresh) = self.preparation.as_ref().and_then(|preparation| preparation.refresh.clone())
        else {
            return self.prepare(at, attempt);
        };
        match AttemptRequest::new(attempt.clone(), &self.template, "") {
            Ok(request) => {
                self.io = Io::Refreshing(refresh(request));
                self.parked = Parked::Refresh(Box::new((attempt, head)));
            }
            Err(problem) => self.give_up(problem),
        }
    }

    fn prepare(&mut self, at: At, attempt: Attempt) {
        let preparation = self.preparation.as_deref();
        let relay = preparation
            .and_then(|preparation| preparation.relay.as_ref())
            .filter(|_| self.stream.continues_at_relay());
        let situation = Situation {
            reply_id: self.stream.has_begun().then(|| self.deltas().map_or("", Deltas::id)),
            cursor_is_string: self.stream.cursor_is_string(),
            at_relay: relay.is_some(),
        };
        let template = match relay {
            Some(url) => Arc::new(self.template.at_relay(url)),
            None => Arc::clone(&self.template),
        };
        let request = match Preparation::request(preparation, attempt, &template, situation) {
            Ok(request) => request,
            Err(problem) => return self.give_up(problem),
        };
        match Preparation::asynchronous(preparation) {
            None => self.send(at, request),
            Some(functions) => self.io = Io::Preparing(prepare_async(functions, request)),
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
        self.stream.sent(at);
        self.observer.sent(at.time(), &request);
        self.hooks.wire(Wire::Sent);
        let outgoing = request.into_outgoing();
        let request = Arc::clone(&outgoing.template);
        let (sending, pool) = transport.send(outgoing);
        self.pool = pool;
        self.io = Io::Sending { sending, request };
    }

    /// The request was given up for its silence, so its connection may be dead, and with it others of its pool.
    pub(super) fn distrust_connection(&self) {
        if let Ok(transport) = &self.shared.transport {
            transport.replace_pool(self.pool);
        }
    }

    /// Of a stream that waits: its next request may find only connections that died meanwhile.
    pub(super) fn distrust_idle_connections(&self) {
        if let (Ok(transport), StreamState::Waiting { .. }) = (&self.shared.transport, self.state()) {
            transport.replace_present_pool();
        }
    }
}
