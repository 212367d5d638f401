//! The driver's loop: asks the core what to do, and does it.

use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderValue;
use tidewire_core::Step;
use tidewire_core::session::At;
use tidewire_llm::Deltas;

use crate::cursor::CursorTo;
use crate::event::Frame;
use crate::preparation::Preparation;
use crate::streaming::Streaming;
use crate::streaming::io::Parked;
use crate::streaming::queue::Item;

impl<I> Streaming<I> {
    /// Works until there is an item, or nothing left to do now. `at` is the last reading of the clock.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>, at: &mut At) -> Poll<Option<Item<I>>> {
        // What is there at the first look counts as having arrived with this poll.
        let mut polled_at = Some(*at);
        loop {
            let mut input = &self.chunk[..];
            let before = input.len();
            let step = self.stream.next(*at, &mut input);
            let used = before - input.len();
            match step {
                Step::Frame { frame, gap } => {
                    self.observer.frame(&frame);
                    let item = match &mut self.reply {
                        None => (self.mapper.frame)(frame, &mut self.queue),
                        Some(reply) => {
                            let deltas = &mut reply.deltas;
                            let item = self.mapper.map_in_dialect(frame, deltas, &mut self.queue);
                            self.stream.reply_state(deltas.reply_state(), deltas.error());
                            item
                        }
                    };
                    self.chunk.advance(used);
                    if self.preparation.as_ref().is_some_and(|preparation| self.is_unsendable(preparation)) {
                        self.stream.forget_cursor(*at);
                    }
                    if let Some(after) = gap {
                        self.hooks.gap(Some(&after));
                        if let Some(notice) = self.mapper.notice {
                            if let Some(item) = item {
                                self.queue.push_front(item);
                            }
                            return Poll::Ready(Some(Ok(notice(Frame::Gap { after: Some(after) }))));
                        }
                    }
                    if item.is_some() {
                        return Poll::Ready(item);
                    }
                }
                Step::Pass => self.chunk.advance(used),
                Step::Connect => self.connect(*at),
                Step::Retry(retry) => self.announce(retry),
                Step::Gap { after } => {
                    // Nothing continues across a gap: what comes is another reply, or the same one from its beginning.
                    if let Some(reply) = &mut self.reply {
                        reply.restart();
                    }
                    self.hooks.gap(after.as_deref());
                    self.emit(Frame::Gap { after });
                }
                Step::Stalled(silent) => {
                    self.hooks.stall(silent);
                    self.observer.stalled(silent);
                    self.emit(Frame::Stall(silent));
                }
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

    /// Hands out a notice, to callers that read them.
    pub(super) fn emit(&mut self, frame: Frame) {
        if let Some(notice) = self.mapper.notice {
            self.queue.push_back(Ok(notice(frame)));
        }
    }

    /// Whether no request can be made from the present cursor. The server sent it, so that is not the caller's fault.
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
