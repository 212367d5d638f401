//! Ends a stream.

use std::mem;
use std::task::{Context, Poll};
use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use tidewire_core::refusal_reason;
use tidewire_core::session::{Limit, Outcome, Refusal, SUSPICIOUS_SILENCE};

use crate::error::{Error, RefusedResponse, StreamEnd, UsageError};
use crate::streaming::Streaming;
use crate::streaming::io::{Io, Parked, UnreadHead};
use crate::streaming::queue::Item;

/// The longest time for which a complete stream waits for the end of its body: a little more than the 40 ms by which systems delay an
/// acknowledgement, and with it a server's last small packet.
const BODY_END_TIME: Duration = Duration::from_millis(50);

impl<I> Streaming<I> {
    /// Waits for the end of a complete stream's body, which most servers send right away. Only a connection whose body was read to
    /// its end can be used again.
    pub(super) fn wait_for_body_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Io::Reading(body), Some(Outcome::Complete)) = (&mut self.io, self.stream.outcome()) else {
            return Poll::Ready(());
        };
        while let Poll::Ready(chunk) = body.poll_chunk(cx) {
            // Such as the last bytes of a content coding, which decode to nothing.
            let is_empty = matches!(&chunk, Some(Ok(bytes)) if bytes.is_empty());
            if !is_empty {
                return Poll::Ready(());
            }
        }
        let now = self.clock.now();
        let until = match self.parked {
            Parked::BodyEnd(until) => until,
            _ => now + BODY_END_TIME,
        };
        self.parked = Parked::BodyEnd(until);
        self.timer.poll(cx, self.clock, now, until)
    }

    /// The stream is over. Returns its last items, one now and the others through the queue.
    pub(super) fn finish(&mut self) -> Option<Item<I>> {
        self.let_go();
        if let (Some(reply), Some(map)) = (&mut self.reply, self.mapper.delta) {
            reply.deltas.finish(&mut |delta| map(delta, &mut self.queue));
        }
        let parked = mem::replace(&mut self.parked, Parked::Over(None));
        let outcome = self.stream.outcome()?;
        let stats = self.stream.stats(self.clock.now());
        let was_silent = match outcome {
            Outcome::TimedOut(Limit::Idle | Limit::FirstEvent) => true,
            Outcome::TimedOut(Limit::Total) => {
                stats.bytes == 0 || stats.longest_silence >= SUSPICIOUS_SILENCE
            }
            _ => false,
        };
        if was_silent {
            self.distrust_connection();
        }
        let head = match parked {
            Parked::Head(head) => Some(*head),
            _ => None,
        };
        let error = match (outcome, &head) {
            (Outcome::Complete | Outcome::Ended | Outcome::Cancelled, _) => None,
            (Outcome::Refused { why: Refusal::ContentType, .. }, Some(head)) => {
                Some(not_a_stream(&head.headers))
            }
            (Outcome::Refused { .. }, head) => {
                let refresh_error = head.as_ref().and_then(|head| head.refresh_error.clone());
                refresh_error.or_else(|| refusal_reason(self.stream.refused_body()))
            }
            _ => self.stream.error().map(str::to_owned),
        };
        let refused = head.filter(|_| matches!(outcome, Outcome::Refused { .. })).map(|head| {
            let UnreadHead { status, headers, refresh_error: _ } = head;
            Box::new(RefusedResponse { status, headers, body: self.stream.refused_body().to_vec() })
        });
        let cursor = self.stream.cursor().map(str::to_owned);
        let end = Box::new(StreamEnd { outcome, cursor, error, refused, stats });
        self.observer.ended(Some(&end));
        let last = (!outcome.is_success()).then(|| Err(Error::Ended(end.clone())));
        self.parked = Parked::Over(Some(end));
        // Deltas that the end of the reply completed precede the last item.
        let Some(first) = self.queue.pop_front() else { return last };
        if let Some(last) = last {
            self.queue.push_back(last);
        }
        Some(first)
    }

    /// Ends a stream for which no request can be made.
    pub(super) fn give_up(&mut self, problem: UsageError) {
        self.let_go();
        self.parked = Parked::Over(None);
        self.observer.ended(None);
        self.queue.push_back(Err(problem.into()));
    }
}

fn not_a_stream(headers: &HeaderMap) -> String {
    match headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes())) {
        Some(value) => format!(
            "refused: the response's content type is {value:?}, which is not a stream; choose the format by hand to read it anyway"
        ),
        None => "refused: the response has no content type; choose the format by hand to read it anyway"
            .to_owned(),
    }
}
