//! The stream that a caller reads, and the driver that carries out what the core says.
//!
//! The core decides everything: the driver reports to [`tidewire_core::Stream`] what happened, and does what its `next` returns. [`drive`] is the loop
//! that calls it, [`wait`] waits for what it needs next, [`connect`] sends requests, [`receive`] reports what arrived, and [`finish`] ends
//! the stream.

pub(crate) mod background;
mod connect;
mod drive;
mod finish;
pub(crate) mod hooks;
mod io;
pub(crate) mod item_mapper;
pub(crate) mod next;
pub(crate) mod parts;
pub(crate) mod queue;
mod receive;
mod relay;
mod wait;

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tidewire_core::session::{At, Outcome};
use tidewire_core::{Format, Stats, Stream, StreamState};
use tidewire_llm::{Deltas, Dialect};
use tokio::sync::OwnedSemaphorePermit;

use self::hooks::Hooks;
use self::io::{Io, Parked, ReplyDecoder};
use self::item_mapper::ItemMapper;
use self::parts::StreamParts;
use self::queue::Queue;
use crate::error::{Error, StreamEnd};
use crate::observe::Observer;
use crate::platform::{Clock, Timer, chance};
use crate::preparation::Preparation;
use crate::shared::Shared;
use crate::template::RequestTemplate;

/// A stream of `I`, read with [`next`](Self::next) or as a [`futures_core::Stream`].
///
/// Nothing is sent before the caller asks for the first item, and nothing is read faster than items are taken. The last item is an `Err`
/// unless the outcome is `complete` or `ended`. After it comes `None`, and [`end`](Self::end) says how the stream ended. Dropping the
/// stream closes its connection at once.
#[must_use = "a stream does nothing until its items are asked for"]
// The fields that an event touches are adjacent, as in the core's `Stream`: with thousands of streams, each line that is fetched into
// the cache costs as much as parsing.
#[repr(C)]
pub struct Streaming<I> {
    parked: Parked,
    /// Items that are ready to be handed out.
    queue: Queue<I>,
    observer: Observer,
    clock: Clock,
    timer: Timer,
    mapper: ItemMapper<I>,
    hooks: Hooks,
    /// Bytes that arrived and were not decoded yet.
    chunk: Bytes,
    stream: Stream,
    io: Io,
    /// The pool of connections that the last request was sent over.
    pool: u32,
    /// Reads the records, if their dialect is known.
    reply: Option<Box<ReplyDecoder>>,
    shared: Arc<Shared>,
    template: Arc<RequestTemplate>,
    preparation: Option<Box<Preparation>>,
    /// The slot on the client. Boxed because few clients limit their slots.
    permit: Option<Box<OwnedSemaphorePermit>>,
}

impl<I> Unpin for Streaming<I> {}

impl<I> Streaming<I> {
    /// A stream that accepts the content types of `accept`.
    pub(crate) fn new(mut parts: StreamParts, accept: &'static str, mapper: ItemMapper<I>) -> Self {
        background::set_up(&mut parts);
        parts.complete(accept);
        Self {
            reply: parts.dialect.map(|dialect| Box::new(ReplyDecoder::new(dialect))),
            stream: parts.shared.setup.stream(parts.options),
            clock: Clock::start(),
            timer: Timer::default(),
            io: Io::Fresh,
            pool: 0,
            chunk: Bytes::new(),
            mapper,
            queue: Queue::new(),
            shared: parts.shared,
            template: Arc::new(parts.template),
            preparation: parts.preparation,
            hooks: parts.hooks,
            observer: Observer::new(),
            permit: None,
            parked: parts.problem.map_or(Parked::Nothing, Parked::Problem),
        }
    }

    /// How the stream ended, once its last item was taken. `None` before that, and if no request could be made at all.
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

    /// What the stream is doing now: idle, connecting, open, waiting or closed.
    #[must_use]
    pub fn state(&self) -> StreamState {
        if let Parked::Over(end) = &self.parked {
            return StreamState::Closed(end.as_ref().map(|end| end.outcome));
        }
        self.stream.state(self.clock.now())
    }

    /// The cursor, from which a later stream can continue this one.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.stream.cursor()
    }

    /// Counts and times so far: bytes, records, requests.
    #[must_use]
    pub fn stats(&self) -> Stats {
        match self.end() {
            Some(end) => end.stats,
            None => self.stream.stats(self.clock.now()),
        }
    }

    /// The format of the present response; [`Format::Auto`] before it is known.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.stream.format()
    }

    /// The dialect in which the reply is read: [`Dialect::Auto`] until a record identifies it, `None` if the request has no dialect.
    #[must_use]
    pub fn dialect(&self) -> Option<&Dialect> {
        self.deltas().map(Deltas::dialect)
    }

    /// Connects again at once, for use after the network returned or when the stream seems dead. Does nothing if the request may not be
    /// sent again.
    pub fn reconnect(&mut self) {
        self.distrust_idle_connections();
        let at = self.at();
        self.stream.kick(at);
    }

    /// Looks whether the stream is alive, for use when the program is back after an absence: an app was in the background, a laptop slept.
    /// `away` is how long that was; it is needed because the clock of the limits may have stood still.
    ///
    /// A stream that waits connects at once. If the absence, or the silence on the wire, was as long as
    /// [`stall_after`](crate::Request::stall_after), the connection gets a second to show that it is alive; then another request continues
    /// the stream, if that loses nothing.
    pub fn check(&mut self, away: Duration) {
        self.distrust_idle_connections();
        let at = self.at();
        self.stream.check(at, away);
    }

    /// Stops the stream. Items that have arrived are still handed out; then it ends `cancelled`.
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

    /// Whether the reply has started over since the last call.
    pub(crate) fn take_restarted(&mut self) -> bool {
        self.reply.as_mut().is_some_and(|reply| mem::take(&mut reply.restarted))
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

    /// Pauses the stream's clock until the next poll, because the caller waits for no item.
    pub(crate) fn pause(&mut self) {
        let at = self.at();
        self.stream.pause(at);
    }

    fn deltas(&self) -> Option<&Deltas> {
        self.reply.as_ref().map(|reply| &reply.deltas)
    }

    fn at(&self) -> At {
        At::new(self.clock.now(), chance())
    }

    /// Drops the request that is under way and the slot on the client.
    fn let_go(&mut self) {
        self.io = Io::Idle;
        self.chunk = Bytes::new();
        self.permit = None;
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

    /// A service pays this size for each stream, in the task that reads it. So fields that few streams need are boxed on demand, and
    /// fields that many streams have in common are shared.
    #[test]
    fn a_stream_is_small() {
        let size = size_of::<Streaming<Event>>() - size_of::<Observer>();
        // The session's rules (64 B) are in it, and not in an allocation of their own.
        assert!(size <= 936, "{size} B");
        assert_eq!(size_of::<Streaming<Event>>(), size_of::<Streaming<[u64; 64]>>());
    }

    #[test]
    fn streams_with_the_same_options_share_their_headers() {
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
