//! The stream that a caller reads, and the driver that does what the core's state machine says.

mod hooks;
pub(crate) mod item_mapper;
mod next;

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};
use tidewire_core::session::{At, Failure, Outcome, Refusal, Retry};
use tidewire_core::{Format, Step, Stream};
use tidewire_llm::{Deltas, Dialect};
use tokio::sync::{AcquireError, OwnedSemaphorePermit};

pub(crate) use self::hooks::Hooks;
use self::item_mapper::{ItemMapper, Queue};
pub use self::next::Next;
use crate::attempt::{Changes, RequestTemplate};
use crate::background;
use crate::client::Shared;
use crate::error::{Error, RefusedResponse, StreamEnd, UsageError};
use crate::event::{Attempt, Frame};
use crate::observe::Observer;
use crate::request::{CursorTo, Request};
use crate::transport::{BodyReader, Clock, Response, Sending, Timer, TransportError, chance};
use crate::wire::Wire;

type Permit = Result<OwnedSemaphorePermit, AcquireError>;

/// A complete stream is held back no longer than this for the end of its body: a little more than the 40 ms for which systems
/// delay an acknowledgement, and with it a server's last small packet.
const BODY_END_TIME: Duration = Duration::from_millis(50);

/// What the driver is busy with.
enum Io {
    /// Nothing was asked for yet.
    Fresh,
    /// Waiting for a place on the client.
    Queued(Pin<Box<dyn Future<Output = Permit> + Send>>),
    /// Nothing is under way: the session waits, or is over.
    Idle,
    /// A request is under way and its head has not come.
    Sending(Sending),
    /// A body is read.
    Reading(BodyReader),
}

/// A stream of `I`, read by [`next`](Self::next) or as a [`futures_core::Stream`].
///
/// Nothing is sent before the first item is asked for, and nothing is read faster than items are taken. After the last item
/// comes `None`; [`end`](Self::end) then says how the stream ended. The last item is an `Err` unless that is `complete`
/// or `ended`. Dropping the stream closes its connection at once.
#[must_use = "a stream does nothing until its items are asked for"]
// In this order, so that what an event touches lies together, as in the core's `Stream`.
#[repr(C)]
pub struct Streaming<I> {
    parked: Parked,
    /// Items that came together with one that was handed out.
    queue: Queue<I>,
    observer: Observer,
    clock: Clock,
    timer: Timer,
    mapper: ItemMapper<I>,
    hooks: Hooks,
    /// What came and was not looked at yet.
    chunk: Bytes,
    stream: Stream,
    io: Io,
    /// What reads the records where their dialect is known.
    reply: Option<Box<ReplyDecoder>>,
    shared: Arc<Shared>,
    template: Arc<RequestTemplate>,
    changes: Option<Box<Changes>>,
    /// Boxed, since few clients have a limited number of slots.
    permit: Option<Box<OwnedSemaphorePermit>>,
}

/// An LLM's reply.
struct ReplyDecoder {
    deltas: Deltas,
    /// It is told from its beginning again, to be taken by who put the deltas together.
    anew: bool,
}

/// What is kept for later, of which there is one thing at a time.
enum Parked {
    Nothing,
    /// Why no request can be made, to be said by the first item.
    Problem(Box<UsageError>),
    /// The attempt that was announced, while the stream waits for it.
    Announced(Box<Attempt>),
    /// Of a reply that is not read as a stream.
    Head(Box<(u16, HeaderMap)>),
    /// How long the end of a complete stream's body is waited for.
    BodyEnd(Duration),
    /// The stream is over; without an end no request could be made.
    Over(Option<Box<StreamEnd>>),
}

impl<I> Unpin for Streaming<I> {}

impl<I> Streaming<I> {
    pub(crate) fn new(request: Request, accept: &'static str, mapper: ItemMapper<I>) -> Self {
        let mut request = background::set_up(request);
        request.ready(accept);
        let reply = request
            .dialect
            .map(|dialect| Box::new(ReplyDecoder { deltas: Deltas::new(dialect), anew: false }));
        Self {
            reply,
            stream: request.shared.setup.stream(request.options),
            clock: Clock::start(),
            timer: Timer::default(),
            io: Io::Fresh,
            chunk: Bytes::new(),
            mapper,
            queue: Queue::new(),
            shared: request.shared,
            template: Arc::new(request.template),
            changes: request.changes,
            hooks: request.hooks,
            observer: Observer::new(),
            permit: None,
            parked: request.problem.map_or(Parked::Nothing, Parked::Problem),
        }
    }

    /// The next item. Cancel-safe: a call that is dropped before it answered has taken nothing, and its time counts as time in
    /// which nothing was asked for.
    #[expect(clippy::should_implement_trait, reason = "the field's name for it, as in StreamExt::next")]
    pub fn next(&mut self) -> Next<'_, I> {
        Next::new(self)
    }

    /// How the stream ended, once its last item was taken. `None` before, and where no request could be made at all.
    #[must_use]
    pub fn end(&self) -> Option<&StreamEnd> {
        match &self.parked {
            Parked::Over(end) => end.as_deref(),
            _ => None,
        }
    }

    /// The outcome, once the last item was taken.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.end().map(|end| end.outcome)
    }

    /// Where a stream that goes on behind this one would begin.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.stream.cursor()
    }

    /// What the stream brought and took so far.
    #[must_use]
    pub fn stats(&self) -> tidewire_core::Stats {
        match self.end() {
            Some(end) => end.stats,
            None => self.stream.stats(self.clock.now()),
        }
    }

    /// The format of the present reply; [`Format::Auto`] before it is known.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.stream.format()
    }

    /// The dialect in which the reply is read; [`Dialect::Auto`] before a record has said it, and `None` where none was asked for.
    #[must_use]
    pub fn dialect(&self) -> Option<&Dialect> {
        self.deltas().map(Deltas::dialect)
    }

    /// Connects again at once: the network has come back, or the stream seems dead. A request that may not be sent again is
    /// left alone.
    pub fn reconnect(&mut self) {
        let at = self.at();
        self.stream.kick(at);
    }

    /// Stops the stream; the items that were ready are still handed out, then the end: `cancelled`.
    pub fn close(&mut self) {
        let at = self.at();
        self.stream.cancel(at);
        self.let_go();
    }

    /// Reads the stream to its end without keeping its items.
    pub async fn drain(&mut self) -> Option<&StreamEnd> {
        while self.next().await.is_some() {}
        self.end()
    }

    /// Whether the reply has begun anew since this was asked last.
    pub(crate) fn take_anew(&mut self) -> bool {
        self.reply.as_mut().is_some_and(|reply| mem::take(&mut reply.anew))
    }

    pub(crate) fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<I, Error>>> {
        if let Some(item) = self.queue.pop_front() {
            return Poll::Ready(Some(item));
        }
        if matches!(self.parked, Parked::Over(_)) {
            return Poll::Ready(None);
        }
        let _scope = self.observer.enter(&self.template);
        let mut at = self.at();
        self.stream.resume(at);
        let item = ready!(self.drive(cx, &mut at));
        self.stream.pause(at);
        Poll::Ready(item)
    }

    /// The consumer asks for nothing until it is polled again.
    pub(crate) fn pause(&mut self) {
        let at = self.at();
        self.stream.pause(at);
    }

    /// `at` is when the clock was last looked at.
    fn drive(&mut self, cx: &mut Context<'_>, at: &mut At) -> Poll<Option<Result<I, Error>>> {
        // What is there when the stream is polled came when it was polled.
        let mut polled = Some(*at);
        loop {
            let mut input = &self.chunk[..];
            let before = input.len();
            let step = self.stream.next(*at, &mut input);
            let used = before - input.len();
            match step {
                Step::Frame { frame, gap } => {
                    self.observer.frame(&frame);
                    let item = match &mut self.reply {
                        None => (self.mapper.items)(frame, &mut self.queue),
                        Some(reply) => {
                            let deltas = &mut reply.deltas;
                            let item = self.mapper.read(frame, deltas, &mut self.queue);
                            self.stream.reply_state(deltas.reply_state(), deltas.error());
                            item
                        }
                    };
                    self.chunk.advance(used);
                    if self.changes.as_ref().is_some_and(|changes| self.is_lost(changes)) {
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
                Step::Retry(again) => self.retry(again),
                Step::Gap { after } => {
                    // Nothing goes on behind a gap: what comes is another reply, or the same one from its beginning.
                    if let Some(reply) = &mut self.reply {
                        let deltas = Deltas::new(reply.deltas.dialect().clone());
                        **reply = ReplyDecoder { deltas, anew: true };
                    }
                    self.hooks.gap(after.as_deref());
                    self.show(Frame::Gap { after });
                }
                Step::Stalled(silent) => {
                    self.hooks.stall(silent);
                    self.observer.stalled(silent);
                    self.show(Frame::Stall(silent));
                }
                Step::Starved => {
                    self.chunk = Bytes::new();
                    *at = polled.take().unwrap_or_else(|| self.at());
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

    /// Whether no request can be made that goes on behind the present cursor. What a peer sends is no fault of the caller's.
    fn is_lost(&self, changes: &Changes) -> bool {
        let nameless = || self.deltas().is_none_or(|deltas| deltas.id().is_empty());
        match (&changes.cursor_to, changes.needs_reply_id) {
            (_, true) => nameless(),
            (Some(CursorTo::Header(_)), false) => {
                self.stream.cursor().is_some_and(|cursor| HeaderValue::from_bytes(cursor.as_bytes()).is_err())
            }
            _ => false,
        }
    }

    /// Waits until there is something to go on with: a place, a head, a piece of the body, its end, or a limit of time. `at` is when the
    /// clock was last looked at.
    fn wait(&mut self, cx: &mut Context<'_>, at: &mut At) -> Poll<()> {
        match &mut self.io {
            Io::Fresh => {
                *at = self.begin();
                return Poll::Ready(());
            }
            Io::Queued(place) => {
                if let Poll::Ready(permit) = place.as_mut().poll(cx) {
                    // The semaphore is never closed.
                    self.permit = permit.ok().map(Box::new);
                    self.start(*at);
                    return Poll::Ready(());
                }
            }
            Io::Idle => {}
            Io::Sending(sending) => {
                if let Poll::Ready(reply) = sending.as_mut().poll(cx) {
                    self.answered(*at, reply);
                    return Poll::Ready(());
                }
            }
            Io::Reading(body) => {
                if let Poll::Ready(chunk) = body.poll_chunk(cx) {
                    self.read(*at, chunk);
                    return Poll::Ready(());
                }
            }
        }
        let deadline = match (&self.io, &self.shared.slots) {
            (Io::Queued(_), Some(slots)) => slots.queue_timeout,
            _ => self.stream.deadline(),
        };
        let Some(deadline) = deadline else { return Poll::Pending };
        ready!(self.timer.poll(cx, self.clock, at.now, deadline));
        *at = self.at();
        if matches!(self.io, Io::Queued(_)) {
            self.io = Io::Idle;
            self.stream.queue_timeout(*at);
        } else {
            self.stream.tick(*at);
        }
        Poll::Ready(())
    }

    fn begin(&mut self) -> At {
        // The clock begins when the stream is wanted, not when it is described.
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

    fn connect(&mut self, at: At) {
        let attempt = match mem::replace(&mut self.parked, Parked::Nothing) {
            Parked::Announced(announced) => *announced,
            _ => {
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
        };
        let transport = match &self.shared.transport {
            Ok(transport) => transport.clone(),
            Err(problem) => {
                let problem = problem.clone();
                self.give_up(UsageError::Client { problem });
                return;
            }
        };
        let reply_id = self.deltas().map_or("", Deltas::id);
        let continues = self.stream.has_begun().then_some(reply_id);
        let is_string = self.stream.cursor_is_string();
        let request = match self.template.request(attempt, self.changes.as_deref(), continues, is_string) {
            Ok(request) => request,
            Err(problem) => {
                self.give_up(problem);
                return;
            }
        };
        self.observer.sent(at.now, &request);
        self.hooks.wire(Wire::Sent);
        self.io =
            Io::Sending(match self.changes.as_ref().and_then(|changes| changes.prepare_async.as_ref()) {
                None => transport.send(request.into_outgoing()),
                Some(prepare) => {
                    let prepared = prepare(request);
                    Box::pin(async move {
                        let request = prepared.await.map_err(TransportError::Connect)?;
                        transport.send(request.into_outgoing()).await
                    })
                }
            });
    }

    fn retry(&mut self, again: Retry) {
        self.io = Io::Idle;
        self.chunk = Bytes::new();
        let attempt = Attempt {
            number: again.attempt,
            delay: again.delay,
            reason: Some(again.reason),
            cursor: self.stream.request_cursor().map(str::to_owned),
            error: self.stream.error().map(str::to_owned),
        };
        self.hooks.attempt(&attempt);
        self.parked = Parked::Announced(Box::new(attempt.clone()));
        self.show(Frame::Attempt(attempt));
    }

    fn answered(&mut self, at: At, reply: Result<Response, TransportError>) {
        self.io = Io::Idle;
        match reply {
            Ok(Response { status, headers, body, lost_cursor }) => {
                self.observer.head(status);
                self.hooks.wire(Wire::Head { status, headers: &headers });
                let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
                self.stream.head(at, status, text(CONTENT_TYPE), text(RETRY_AFTER), Clock::wall());
                if lost_cursor {
                    self.stream.lost_cursor(at);
                }
                if !self.stream.is_reading() {
                    self.parked = Parked::Head(Box::new((status, headers)));
                }
                self.io = Io::Reading(body);
            }
            Err(TransportError::Unsendable(problem)) => self.give_up(UsageError::Client { problem }),
            Err(error) => {
                self.hooks.wire(Wire::Broken);
                let failure = match error {
                    TransportError::Connect(_) => Failure::Connect,
                    TransportError::ConnectTimeout(_) => Failure::ConnectTimeout,
                    TransportError::Broken(_)
                    | TransportError::Permanent(_)
                    | TransportError::Corrupt(_)
                    | TransportError::Unsendable(_) => Failure::Head,
                };
                self.stream.broke(at, failure, error.into_text());
            }
        }
    }

    fn read(&mut self, at: At, chunk: Option<Result<Bytes, TransportError>>) {
        match chunk {
            Some(Ok(bytes)) => {
                self.observer.bytes(at.now, bytes.len());
                self.hooks.wire(Wire::Bytes(&bytes));
                self.stream.received(at, bytes.len());
                self.chunk = bytes;
            }
            None => {
                self.hooks.wire(Wire::End);
                self.io = Io::Idle;
                self.stream.body_end();
            }
            Some(Err(error)) => {
                self.hooks.wire(Wire::Broken);
                self.io = Io::Idle;
                match error {
                    TransportError::Corrupt(error) => self.stream.corrupt(at, error),
                    error => self.stream.broke(at, Failure::Body, error.into_text()),
                }
            }
        }
    }

    /// A complete stream's body has nothing more to say, but only one that was read to its end leaves a connection that the next
    /// request can use. Servers end it in the same breath as a rule.
    fn wait_for_body_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Io::Reading(body), Some(Outcome::Complete)) = (&mut self.io, self.stream.outcome()) else {
            return Poll::Ready(());
        };
        if body.poll_chunk(cx).is_ready() {
            return Poll::Ready(());
        }
        let now = self.clock.now();
        let until = match self.parked {
            Parked::BodyEnd(until) => until,
            _ => now + BODY_END_TIME,
        };
        self.parked = Parked::BodyEnd(until);
        self.timer.poll(cx, self.clock, now, until)
    }

    /// The stream is over; its last item, unless that was handed out.
    fn finish(&mut self) -> Option<Result<I, Error>> {
        self.let_go();
        if let (Some(reply), Some(tell)) = (&mut self.reply, self.mapper.tell) {
            reply.deltas.finish(&mut |delta| tell(delta, &mut self.queue));
        }
        let parked = mem::replace(&mut self.parked, Parked::Over(None));
        let outcome = self.stream.outcome()?;
        let refused = match (outcome, parked) {
            (Outcome::Refused { .. }, Parked::Head(head)) => {
                let (status, headers) = *head;
                Some(Box::new(RefusedResponse { status, headers, body: self.stream.refused_body().to_vec() }))
            }
            _ => None,
        };
        let error = match (outcome, &refused) {
            (Outcome::Complete | Outcome::Ended | Outcome::Cancelled, _) => None,
            (Outcome::Refused { why: Refusal::ContentType, .. }, Some(reply)) => {
                Some(not_a_stream(&reply.headers))
            }
            (Outcome::Refused { .. }, _) => None,
            _ => self.stream.error().map(str::to_owned),
        };
        let stats = self.stream.stats(self.clock.now());
        let end = Box::new(StreamEnd {
            outcome,
            cursor: self.stream.cursor().map(str::to_owned),
            error,
            refused,
            stats,
        });
        self.observer.ended(Some(&end));
        let last = (!outcome.is_success()).then(|| Err(Error::Ended(end.clone())));
        self.parked = Parked::Over(Some(end));
        let Some(first) = self.queue.pop_front() else { return last };
        // What the dialect told at the end comes before it.
        if let Some(last) = last {
            self.queue.push_back(last);
        }
        Some(first)
    }

    /// No request can be made.
    fn give_up(&mut self, problem: UsageError) {
        self.let_go();
        self.parked = Parked::Over(None);
        self.observer.ended(None);
        self.queue.push_back(Err(problem.into()));
    }

    /// Drops the request that is under way and the place on the client.
    fn let_go(&mut self) {
        self.io = Io::Idle;
        self.chunk = Bytes::new();
        self.permit = None;
    }

    fn show(&mut self, frame: Frame) {
        if let Some(notice) = self.mapper.notice {
            self.queue.push_back(Ok(notice(frame)));
        }
    }

    fn deltas(&self) -> Option<&Deltas> {
        self.reply.as_ref().map(|reply| &reply.deltas)
    }

    fn at(&self) -> At {
        At { now: self.clock.now(), chance: chance() }
    }
}

fn not_a_stream(headers: &HeaderMap) -> String {
    match headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes())) {
        Some(value) => {
            format!(
                "refused: the reply's content type is {value:?}, which is no stream; choose the format by hand to read it anyway"
            )
        }
        None => {
            "refused: the reply has no content type; choose the format by hand to read it anyway".to_owned()
        }
    }
}

impl<I> futures_core::Stream for Streaming<I> {
    type Item = Result<I, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}

impl<I> fmt::Debug for Streaming<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming")
            .field("template", &self.template)
            .field("end", &self.end())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Client, Event};

    /// What a service pays for each of its streams, in the tasks that read them. What arises in few streams is boxed when it does,
    /// and what many share is shared.
    #[test]
    fn a_stream_is_small() {
        let size = size_of::<Streaming<Event>>() - size_of::<Observer>();
        assert!(size <= 880, "{size} B");
        assert_eq!(size_of::<Streaming<Event>>(), size_of::<Streaming<[u64; 64]>>());
    }

    #[test]
    fn streams_that_are_described_alike_share_their_headers() {
        let client = Client::builder().header("x-team", "tides").expect("a header").build();
        let get = |path: &str| client.get(format!("http://localhost/{path}"));
        let headers = |stream: &Streaming<Event>| Arc::clone(&stream.template.headers);
        let first = headers(&get("one").events());
        assert!(Arc::ptr_eq(&first, &headers(&get("two").events())));
        let own = headers(&get("one").header("x-own", "1").events());
        assert_eq!(own.len(), first.len() + 1);
        assert!(!Arc::ptr_eq(&first, &headers(&get("one").format(Format::Ndjson).events())));
    }

    #[test]
    fn streams_that_are_described_otherwise_share_nothing() {
        let client = Client::new();
        let get = || client.get("http://localhost/");
        assert_eq!(get().format(Format::Ndjson).frames().format(), Format::Ndjson);
        assert_eq!(get().frames().format(), Format::Auto);
        assert_eq!(get().last_event_id("7").frames().last_event_id(), Some("7"));
        assert_eq!(get().frames().last_event_id(), None);
        let mut closed = get().frames();
        closed.close();
        assert_eq!(get().frames().stream.outcome(), None);
    }
}
