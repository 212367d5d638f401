//! Waits for what the driver needs next: a slot, a request, a head, bytes, or a deadline.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tidewire_core::session::At;

use crate::platform::Clock;
use crate::streaming::Streaming;
use crate::streaming::io::{Io, Parked};

impl<I> Streaming<I> {
    /// Ready once the core was given an input. `at` is the last reading of the clock.
    pub(super) fn wait(&mut self, cx: &mut Context<'_>, at: &mut At) -> Poll<()> {
        match &mut self.io {
            Io::Fresh => {
                *at = self.begin();
                return Poll::Ready(());
            }
            Io::Queued(slot) => {
                if let Poll::Ready(permit) = slot.as_mut().poll(cx) {
                    // The semaphore is never closed, so there is a permit.
                    self.permit = permit.ok().map(Box::new);
                    self.start(*at);
                    return Poll::Ready(());
                }
            }
            Io::Idle => {}
            Io::Refreshing(refreshing) => {
                if let Poll::Ready(refreshed) = refreshing.as_mut().poll(cx) {
                    self.refreshed(*at, refreshed);
                    return Poll::Ready(());
                }
            }
            Io::Preparing(preparing) => {
                if let Poll::Ready(prepared) = preparing.as_mut().poll(cx) {
                    self.prepared(*at, prepared);
                    return Poll::Ready(());
                }
            }
            Io::Sending { sending, request } => {
                if let Poll::Ready(response) = sending.as_mut().poll(cx) {
                    let request = Arc::clone(request);
                    self.answered(*at, &request, response);
                    return Poll::Ready(());
                }
            }
            Io::Reading(body) => {
                if let Poll::Ready(chunk) = body.poll_chunk(cx) {
                    self.received(*at, chunk);
                    return Poll::Ready(());
                }
            }
        }
        let deadline = match (&self.io, &self.shared.slots) {
            (Io::Queued(_), Some(slots)) => slots.queue_timeout,
            _ => self.stream.deadline(),
        };
        let Some(deadline) = deadline else { return Poll::Pending };
        ready!(self.timer.poll(cx, self.clock, at.time(), deadline));
        *at = self.at();
        if matches!(self.io, Io::Queued(_)) {
            self.io = Io::Idle;
            self.stream.queue_timeout(*at);
        } else {
            self.stream.tick(*at);
        }
        Poll::Ready(())
    }

    /// Starts the clock, and takes a slot or queues for one, once the caller asks for the first item.
    fn begin(&mut self) -> At {
        self.clock = Clock::start();
        self.io = Io::Idle;
        let at = self.at();
        if let Parked::Problem(problem) = mem::replace(&mut self.parked, Parked::Nothing) {
            self.give_up(*problem);
            return at;
        }
        let Some(slots) = &self.shared.slots else {
            self.start(at);
            return at;
        };
        match slots.free.clone().try_acquire_owned() {
            Ok(permit) => {
                self.permit = Some(Box::new(permit));
                self.start(at);
            }
            Err(_) => self.io = Io::Queued(Box::pin(slots.free.clone().acquire_owned())),
        }
        at
    }

    fn start(&mut self, at: At) {
        self.io = Io::Idle;
        self.stream.start(at);
    }
}
