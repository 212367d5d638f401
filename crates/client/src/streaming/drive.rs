//! The driver's loop: asks the core what to do, and does it.

use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderValue;
use tidewire_core::session::At;
use tidewire_core::{Notice, Step};
use tidewire_llm::Deltas;

use crate::cursor::CursorTo;
use crate::event::Frame;
use crate::preparation::Preparation;
use crate::streaming::Streaming;
use crate::streaming::io::Parked;
use crate::streaming::queue::Item;

impl<I> Streaming<I> {
    /// Runs until there is an item or the driver must wait. `at` is the last reading of the clock.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>, at: &mut At) -> Poll<Option<Item<I>>> {
        // Bytes already buffered are dated to this poll.
        let mut polled_at = Some(*at);
        loop {
            let mut input = &self.chunk[..];
            let before = input.len();
            let step = self.stream.next(*at, &mut input);
            let used = before - input.len();
            match step {
                Step::Frame { frame, notice } => {
                    self.observer.frame(&frame);
                    let item = match &mut self.reply {
                        None => (self.mapper.frame)(frame, &mut self.queue),
                        Some(reply) => {
                            let deltas = &mut reply.deltas;
                            let item = self.mapper.map_in_dialect(frame, deltas, &mut self.queue);
                            self.stream.reply_state(*at, deltas.reply_state(), deltas.error());
                            item
                        }
                    };
                    self.chunk.advance(used);
                    if self.preparation.as_ref().is_some_and(|preparation| self.is_unsendable(preparation)) {
                        self.stream.forget_cursor(*at);
                    }
                    if let Some(notice) = notice.and_then(|notice| self.report(notice)) {
                        // The notice precedes the items of the frame.
                        if let Some(item) = item {
                            self.queue.push_front(item);
                        }
                        return Poll::Ready(Some(Ok(notice)));
                    }
                    if item.is_some() {
                        return Poll::Ready(item);
                    }
                }
                Step::Notice(notice) => {
                    self.chunk.advance(used);
                    if let (Notice::Gap { .. }, Some(reply)) = (&notice, &mut self.reply) {
                        // A reply does not continue across such a gap: next is another reply, or the same one from its beginning.
                        reply.restart();
                    }
                    if let Some(notice) = self.report(notice) {
                        return Poll::Ready(Some(Ok(notice)));
                    }
                }
                Step::Pass => self.chunk.advance(used),
                Step::Connect => self.connect(*at),
                Step::Retry(retry) => self.announce(retry),
                Step::Starved => {
                    self.chunk = Bytes::new();
                    *at = polled_at.take().unwrap_or_else(|| self.at());
                    ready!(self.wait(cx, at));
                }
                Step::Closed => {
                    ready!(self.wait_for_body_end(cx));
                    return Poll::Ready(self.finish());
                }
                _ => {}
            }
            if let Some(item) = self.queue.pop_front() {
                return Poll::Ready(Some(item));
            }
            if matches!(self.parked, Parked::Over(_)) {
                return Poll::Ready(None);
            }
        }
    }

    /// Calls the hook for a notice. Returns the notice as an item, to callers that read them.
    fn report(&mut self, notice: Notice) -> Option<I> {
        let frame = match notice {
            Notice::Gap { after } => {
                self.hooks.gap(after.as_deref());
                Frame::Gap { after }
            }
            Notice::Replayed { id } => {
                self.hooks.replayed(&id);
                Frame::Replayed { id }
            }
            Notice::Stalled(silent) => {
                self.hooks.stall(silent);
                self.observer.stalled(silent);
                Frame::Stall(silent)
            }
            _ => return None,
        };
        self.mapper.notice.map(|map| map(frame))
    }

    /// Whether the current cursor cannot be put into a request. The server sent it, so that is not the caller's fault.
    fn is_unsendable(&self, preparation: &Preparation) -> bool {
        let placement = &preparation.cursor;
        if placement.needs_reply_id {
            return self.deltas().map(Deltas::id).is_none_or(str::is_empty);
        }
        let is_header = matches!(placement.to, Some(CursorTo::Header(_)));
        is_header
            && self.stream.cursor().is_some_and(|cursor| HeaderValue::from_bytes(cursor.as_bytes()).is_err())
    }
}
