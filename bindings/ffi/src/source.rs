//! The client's streams of every kind, read as items.

use std::future::Future;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use serde_json::value::RawValue;
use tidewire::{Attempt, Delta as LlmDelta, Error, Reply, Request, StreamState, Streaming};

use crate::delta::Delta;
use crate::end::{StreamEnd, StreamStats};
use crate::error::NativeError;
use crate::item::{Item, ms};
use crate::request::dialect_of;

/// What a stream reads its response as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum StreamKind {
    /// SSE events.
    Events,
    /// JSON records of any format.
    Records,
    /// Text.
    Text,
    /// The deltas of an LLM's reply.
    Reply,
    /// Everything, comments included.
    Frames,
}

/// A stream of the client, and the notices that its hooks report.
pub(crate) struct Source {
    stream: Box<dyn AnyStream>,
    notices: Notices,
}

/// The result of a poll.
#[derive(Debug)]
pub(crate) enum Polled {
    /// An item; `None` for one of a kind that this library does not know.
    Item(Option<Item>),
    End(Box<StreamEnd>),
}

impl Source {
    pub(crate) fn open(
        kind: StreamKind,
        request: Request,
        dialect: Option<&str>,
    ) -> Result<Self, NativeError> {
        let dialect = dialect.map(dialect_of).transpose()?;
        let notices = Notices::default();
        let request = match kind {
            // It has the notices among its items.
            StreamKind::Frames => request,
            _ => notices.listen(request),
        };
        let request = match (&dialect, kind) {
            (Some(dialect), StreamKind::Text | StreamKind::Frames) => request.dialect(dialect.clone()),
            _ => request,
        };
        let stream: Box<dyn AnyStream> = match kind {
            StreamKind::Events => Box::new(Items(request.events(), |event| Some(Item::from(event)))),
            StreamKind::Records => Box::new(Items(request.records(), |json: Box<RawValue>| {
                Some(Item::Record { index: None, json: Box::<str>::from(json).into_string() })
            })),
            StreamKind::Text => Box::new(Items(request.text(), |text| Some(Item::Text { text }))),
            StreamKind::Frames => Box::new(Items(request.frames(), Item::of_frame)),
            StreamKind::Reply => Box::new(request.reply(dialect.unwrap_or_default())),
        };
        Ok(Self { stream, notices })
    }

    /// The next item, or the end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Polled> {
        self.stream.poll(cx).map(|next| self.polled(next))
    }

    /// To be called when nobody waits for an item any more: the time does not count towards the limits on silence then. An item may
    /// have arrived in the meantime.
    pub(crate) fn rest(&mut self) -> Poll<Polled> {
        self.stream.rest().map(|next| self.polled(next))
    }

    /// The notices since the last call. They precede the item of the same poll.
    pub(crate) fn notices(&mut self) -> Vec<Item> {
        self.notices.take()
    }

    pub(crate) fn close(&mut self) {
        self.stream.close();
    }

    pub(crate) fn reconnect(&mut self) {
        self.stream.reconnect();
    }

    pub(crate) fn check(&mut self, away: Duration) {
        self.stream.check(away);
    }

    pub(crate) fn state(&mut self) -> StreamState {
        self.stream.state()
    }

    pub(crate) fn stats(&mut self) -> StreamStats {
        self.stream.stats().into()
    }

    pub(crate) fn cursor(&mut self) -> Option<&str> {
        self.stream.cursor()
    }

    pub(crate) fn message(&mut self) -> Option<String> {
        self.stream.message()
    }

    pub(crate) fn format(&mut self) -> &'static str {
        self.stream.format()
    }

    pub(crate) fn dialect(&mut self) -> Option<String> {
        self.stream.dialect()
    }

    fn polled(&mut self, next: Next) -> Polled {
        match next {
            Some(Ok(item)) => Polled::Item(item),
            Some(Err(error)) => match (Item::of_error(&error), error.end()) {
                (Some(item), _) => Polled::Item(Some(item)),
                (None, Some(end)) => Polled::End(Box::new(StreamEnd::of(end))),
                (None, None) => {
                    let end = StreamEnd::without_outcome(error.code(), error.to_string());
                    Polled::End(Box::new(StreamEnd { stats: self.stats(), ..end }))
                }
            },
            None => Polled::End(Box::new(self.stream.end().unwrap_or_else(|| {
                StreamEnd::without_outcome("internal", "the stream ended without an outcome".to_owned())
            }))),
        }
    }
}

/// Notices that the client's hooks report while it is polled.
#[derive(Clone, Default)]
struct Notices(Arc<Mutex<Vec<Item>>>);

impl Notices {
    fn push(&self, item: Item) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn take(&self) -> Vec<Item> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The request, which reports its notices here.
    fn listen(&self, request: Request) -> Request {
        let [attempts, stalls, gaps, replays] = [self.clone(), self.clone(), self.clone(), self.clone()];
        request
            .on_attempt(move |attempt: &Attempt| attempts.push(Item::of_attempt(attempt)))
            .on_stall(move |silent: Duration| stalls.push(Item::Stall { silent_ms: ms(silent) }))
            .on_gap(move |after: Option<&str>| gaps.push(Item::Gap { after: after.map(str::to_owned) }))
            .on_replayed(move |id: &str| replays.push(Item::Replayed { id: id.to_owned() }))
    }
}

type Next = Option<Result<Option<Item>, Error>>;

/// A stream of the client, whatever it yields.
trait AnyStream: Send {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Next>;
    fn rest(&mut self) -> Poll<Next>;
    fn close(&mut self);
    fn reconnect(&mut self);
    fn check(&mut self, away: Duration);
    fn state(&mut self) -> StreamState;
    fn stats(&mut self) -> tidewire::Stats;
    fn cursor(&mut self) -> Option<&str>;
    fn end(&mut self) -> Option<StreamEnd>;
    fn message(&mut self) -> Option<String>;
    fn format(&mut self) -> &'static str;
    fn dialect(&mut self) -> Option<String>;
}

/// A stream, and how its items are made.
struct Items<I>(Streaming<I>, fn(I) -> Option<Item>);

impl<I: Send + 'static> AnyStream for Items<I> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let Self(stream, item) = self;
        Pin::new(stream).poll_next(cx).map(|next| next.map(|next| next.map(item)))
    }

    fn rest(&mut self) -> Poll<Next> {
        let Self(stream, item) = self;
        poll_once(stream.next()).map(|next| next.map(|next| next.map(item)))
    }

    fn close(&mut self) {
        self.0.close();
    }

    fn reconnect(&mut self) {
        self.0.reconnect();
    }

    fn check(&mut self, away: Duration) {
        self.0.check(away);
    }

    fn state(&mut self) -> StreamState {
        self.0.state()
    }

    fn stats(&mut self) -> tidewire::Stats {
        self.0.stats()
    }

    fn cursor(&mut self) -> Option<&str> {
        self.0.last_event_id()
    }

    fn end(&mut self) -> Option<StreamEnd> {
        self.0.end().map(StreamEnd::of)
    }

    fn message(&mut self) -> Option<String> {
        None
    }

    fn format(&mut self) -> &'static str {
        self.0.format().name()
    }

    fn dialect(&mut self) -> Option<String> {
        self.0.dialect().map(ToString::to_string)
    }
}

impl AnyStream for Reply {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        Pin::new(self).poll_next(cx).map(|next| next.map(|next| next.map(of_delta)))
    }

    fn rest(&mut self) -> Poll<Next> {
        poll_once(Self::next(self)).map(|next| next.map(|next| next.map(of_delta)))
    }

    fn close(&mut self) {
        self.stream().close();
    }

    fn reconnect(&mut self) {
        self.stream().reconnect();
    }

    fn check(&mut self, away: Duration) {
        self.stream().check(away);
    }

    fn state(&mut self) -> StreamState {
        self.stream().state()
    }

    fn stats(&mut self) -> tidewire::Stats {
        self.stream().stats()
    }

    fn cursor(&mut self) -> Option<&str> {
        self.stream().last_event_id()
    }

    fn end(&mut self) -> Option<StreamEnd> {
        Self::end(self).map(StreamEnd::of)
    }

    fn message(&mut self) -> Option<String> {
        let mut line = String::new();
        Self::message(self).write_line(Self::dialect(self), &mut line);
        Some(line)
    }

    fn format(&mut self) -> &'static str {
        self.stream().format().name()
    }

    fn dialect(&mut self) -> Option<String> {
        Some(Self::dialect(self).to_string())
    }
}

fn of_delta(delta: LlmDelta<'static>) -> Option<Item> {
    Delta::of(delta).map(|delta| Item::Reply { delta })
}

/// A future that is dropped after its first poll.
fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
