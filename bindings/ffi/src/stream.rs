//! A stream, read by a task of the shared runtime while its consumer waits.

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use event_listener::{Event, EventListener, Listener};
use tidewire::Request;
use tokio::task::yield_now;

use crate::direct;
use crate::end::{StreamEnd, StreamStats};
use crate::engine;
use crate::error::NativeError;
use crate::item::ms;
use crate::queue::{Batch, Queue};
use crate::source::{Polled, Source, StreamKind};

/// What a stream is doing.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StreamState {
    /// `idle`, `connecting`, `open`, `waiting` or `closed`.
    pub name: String,
    /// In `waiting`: the rest of the wait in milliseconds.
    pub delay_ms: Option<u64>,
    /// In `closed`: the outcome; `None` if no request could be made.
    pub outcome: Option<String>,
}

/// A stream of items, which a consumer takes in numbered batches.
#[derive(uniffi::Object)]
pub struct NativeStream {
    shared: Arc<Shared>,
    process: u32,
    started: AtomicBool,
    /// Its number for direct calls; 0 if it has none.
    number: AtomicU64,
}

/// What the consumer and the reading task share. `source` is locked before `queue` where both are.
struct Shared {
    source: Mutex<Source>,
    queue: Mutex<Queue>,
    demand: Mutex<Demand>,
    /// Something changed for the reading task.
    for_reader: Event,
    /// Something changed for consumers: items, the end, an interruption, the state.
    for_consumer: Event,
}

/// What the consumer wants.
#[derive(Debug, Default)]
struct Demand {
    /// Calls that wait for items.
    waiting: u32,
    /// A consumer that is told once there are items.
    told: Option<Told>,
    paused: bool,
    /// The next call, or the one that waits, is to return without items.
    interrupted: bool,
    /// The stream was dropped or stopped, so the task is to end.
    over: bool,
}

/// What is called, once, when there is something to hand over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) call: extern "C" fn(u64),
    pub(crate) data: u64,
}

#[uniffi::export]
impl NativeStream {
    /// The next items, `number` and after, at most `most`. It waits for at least one, unless the stream is over or
    /// [interrupted](Self::interrupt). The items before `number` are acknowledged by that; those of a call that was cancelled come again.
    ///
    /// # Errors
    /// [`NativeError::Usage`] for a number that was acknowledged or not handed out, and in a forked child.
    pub async fn next_batch(&self, number: u64, most: u32) -> Result<Batch, NativeError> {
        if let Some(batch) = self.ready(number, most)? {
            return Ok(batch);
        }
        let _waiting = Waiting::begin(&self.shared);
        loop {
            let changed = self.shared.for_consumer.listen();
            if let Some(batch) = self.shared.batch(most) {
                return Ok(batch);
            }
            changed.await;
        }
    }

    /// The same for a thread that may block. After `timeout_ms` without an item it returns an empty batch. With 0 it takes what has
    /// arrived and does not wait; the limits on silence do not count then.
    ///
    /// # Errors
    /// As for [`next_batch`](Self::next_batch).
    pub fn next_batch_blocking(
        &self,
        number: u64,
        most: u32,
        timeout_ms: Option<u64>,
    ) -> Result<Batch, NativeError> {
        Ok(self.wait(number, most, timeout_ms)?.unwrap_or_default())
    }

    /// Lets the call that waits for items return an empty batch, or the next one if none waits. For languages whose cancellation does not reach a
    /// waiting call.
    pub fn interrupt(&self) {
        if self.is_here() {
            self.shared.demand().interrupted = true;
            self.shared.tell_consumers();
        }
    }

    /// Stops the stream and closes its connection. Items that were read are still handed out; then it ends `cancelled`.
    pub fn stop(&self) {
        if self.is_here() {
            self.shared.stop();
        }
    }

    /// Reads nothing until [`resume`](Self::resume), although a consumer may wait. The limits on silence stand still.
    pub fn pause(&self) {
        self.set_paused(true);
    }

    /// Continues after [`pause`](Self::pause).
    pub fn resume(&self) {
        self.set_paused(false);
    }

    /// Connects again at once, if the request may be sent again: the network is back, or the stream seems dead.
    pub fn reconnect(&self) {
        if self.is_here() {
            self.shared.source().reconnect();
            self.shared.for_reader.notify(usize::MAX);
        }
    }

    /// Looks whether the stream is alive after an absence of `away_ms`: a stream that waits connects at once, and one whose connection may be
    /// dead, and stays silent for a second more, is continued by another request if that loses nothing.
    pub fn check(&self, away_ms: u64) {
        if self.is_here() {
            self.shared.source().check(Duration::from_millis(away_ms));
            self.shared.for_reader.notify(usize::MAX);
        }
    }

    /// A number for the calls of `direct.rs`, which do what `next_batch` does and cost less.
    pub fn direct(self: Arc<Self>) -> u64 {
        let number = direct::register(&self);
        self.number.store(number, Relaxed);
        number
    }

    /// What the stream is doing.
    pub fn state(&self) -> StreamState {
        if self.is_here() { self.shared.state() } else { StreamState::closed(None) }
    }

    /// Waits until the stream does something else than `previous`, and says what.
    pub async fn next_state(&self, previous: String) -> StreamState {
        loop {
            let changed = self.shared.for_consumer.listen();
            let state = self.state();
            if state.name != previous || state.name == "closed" {
                return state;
            }
            changed.await;
        }
    }

    /// How the stream ended, once it is over.
    pub fn outcome(&self) -> Option<StreamEnd> {
        if self.is_here() { self.shared.queue().end().cloned() } else { None }
    }

    /// What the stream received so far.
    pub fn stats(&self) -> StreamStats {
        if self.is_here() { self.shared.source().stats() } else { StreamStats::default() }
    }

    /// The cursor after the items before `number`, from which another stream can continue.
    pub fn last_event_id(&self, number: u64) -> Option<String> {
        if self.is_here() { self.shared.queue().cursor(number).map(str::to_owned) } else { None }
    }

    /// The message of a reply so far, as the JSON object that the command prints; `None` for other kinds of streams.
    pub fn message(&self) -> Option<String> {
        if self.is_here() { self.shared.source().message() } else { None }
    }

    /// The format of the present response; `auto` before it is known.
    pub fn format(&self) -> String {
        if self.is_here() { self.shared.source().format().to_owned() } else { "auto".to_owned() }
    }

    /// The dialect in which the reply is read; `auto` until a record identifies it, `None` without a dialect.
    pub fn dialect(&self) -> Option<String> {
        if self.is_here() { self.shared.source().dialect() } else { None }
    }
}

impl NativeStream {
    pub(crate) fn open(
        kind: StreamKind,
        request: Request,
        dialect: Option<&str>,
    ) -> Result<Arc<Self>, NativeError> {
        let mut source = Source::open(kind, request, dialect)?;
        let queue = Queue::new(source.cursor());
        let shared = Shared {
            source: Mutex::new(source),
            queue: Mutex::new(queue),
            demand: Mutex::default(),
            for_reader: Event::new(),
            for_consumer: Event::new(),
        };
        Ok(Arc::new(Self {
            shared: Arc::new(shared),
            process: process::id(),
            started: AtomicBool::new(false),
            number: AtomicU64::new(0),
        }))
    }

    /// The next items as for [`next_batch`](Self::next_batch); if there are none yet, `None`, and `told` is called when there are.
    pub(crate) fn take_or_tell(
        &self,
        number: u64,
        most: u32,
        told: Told,
    ) -> Result<Option<Batch>, NativeError> {
        if let Some(batch) = self.ready(number, most)? {
            return Ok(Some(batch));
        }
        self.shared.demand().told = Some(told);
        // Something may have come between the two.
        if let Some(batch) = self.shared.batch(most) {
            self.shared.demand().told = None;
            return Ok(Some(batch));
        }
        self.shared.for_reader.notify(usize::MAX);
        Ok(None)
    }

    /// Nobody is to be told any more.
    pub(crate) fn leave(&self) {
        if self.is_here() {
            self.shared.demand().told = None;
            self.shared.for_reader.notify(usize::MAX);
        }
    }

    /// The next items as for [`next_batch_blocking`](Self::next_batch_blocking); `None` if the time was up.
    pub(crate) fn wait(
        &self,
        number: u64,
        most: u32,
        timeout_ms: Option<u64>,
    ) -> Result<Option<Batch>, NativeError> {
        if let Some(batch) = self.ready(number, most)? {
            return Ok(Some(batch));
        }
        if timeout_ms == Some(0) {
            // The call waits for nothing, so the reading task would not notice it.
            engine::within(|| self.shared.take_what_is_ready())?;
            return Ok(self.shared.batch(most));
        }
        let until = timeout_ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
        let _waiting = Waiting::begin(&self.shared);
        loop {
            let changed = self.shared.for_consumer.listen();
            if let Some(batch) = self.shared.batch(most) {
                return Ok(Some(batch));
            }
            match until {
                None => changed.wait(),
                Some(until) => {
                    if changed.wait_deadline(until).is_none() {
                        return Ok(self.shared.batch(most));
                    }
                }
            }
        }
    }

    /// Whether this process opened the stream. In a forked child the threads behind it are missing, and its locks may be held for ever.
    fn is_here(&self) -> bool {
        self.process == process::id()
    }

    /// Acknowledges, and returns what can be returned without waiting. Afterwards the reading task runs.
    fn ready(&self, number: u64, most: u32) -> Result<Option<Batch>, NativeError> {
        if !self.is_here() {
            return Err(NativeError::usage(
                "the stream belongs to the parent process; open one in this process",
            ));
        }
        self.shared.queue().acknowledge(number)?;
        if let Some(batch) = self.shared.batch(most) {
            return Ok(Some(batch));
        }
        if !self.started.swap(true, Relaxed) {
            engine::spawn(read(Arc::clone(&self.shared)))?;
        }
        Ok(None)
    }

    fn set_paused(&self, paused: bool) {
        if self.is_here() {
            self.shared.demand().paused = paused;
            self.shared.for_reader.notify(usize::MAX);
        }
    }
}

impl Drop for NativeStream {
    fn drop(&mut self) {
        if self.is_here() {
            direct::forget(*self.number.get_mut());
            self.shared.stop();
        }
    }
}

impl StreamState {
    fn closed(outcome: Option<String>) -> Self {
        Self { name: "closed".to_owned(), delay_ms: None, outcome }
    }
}

/// A call that waits for items. Dropping it, as a cancelled call does, ends the demand.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.demand().waiting += 1;
        shared.for_reader.notify(usize::MAX);
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.demand().waiting -= 1;
        self.0.for_reader.notify(usize::MAX);
    }
}

impl Shared {
    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn demand(&self) -> MutexGuard<'_, Demand> {
        self.demand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call can return now.
    fn batch(&self, most: u32) -> Option<Batch> {
        let batch = self.queue().batch(most as usize);
        let interrupted = mem::take(&mut self.demand().interrupted);
        batch.or_else(|| interrupted.then(Batch::default))
    }

    fn state(&self) -> StreamState {
        use tidewire::StreamState as State;
        let mut source = self.source();
        let state = source.state();
        let outcome = match state {
            State::Closed(outcome) => outcome.map(|outcome| outcome.code().to_owned()),
            _ => None,
        };
        let delay_ms = match state {
            State::Waiting { delay } => Some(ms(delay)),
            _ => None,
        };
        StreamState { name: state.name().to_owned(), delay_ms, outcome }
    }

    fn stop(&self) {
        {
            let mut source = self.source();
            source.close();
            // A stopped stream waits for nothing, so it comes to its end here.
            let cx = &mut Context::from_waker(Waker::noop());
            while !self.queue().is_over() {
                let polled = source.poll(cx);
                if polled.is_pending() {
                    break;
                }
                self.take(&mut source, polled);
            }
        }
        self.demand().over = true;
        self.for_reader.notify(usize::MAX);
        self.tell_consumers();
    }

    /// There are items, the end, or an interruption.
    fn tell_consumers(&self) {
        self.for_consumer.notify(usize::MAX);
        let told = self.demand().told.take();
        if let Some(Told { call, data }) = told {
            call(data);
        }
    }

    /// Adds the result of a poll, and the notices that it caused.
    fn take(&self, source: &mut Source, polled: Poll<Polled>) {
        let notices = source.notices();
        let cursor = source.cursor();
        let mut queue = self.queue();
        for notice in notices {
            // They come before the item, which may have moved the cursor.
            queue.push_notice(notice);
        }
        match polled {
            Poll::Ready(Polled::Item(Some(item))) => queue.push(item, cursor),
            Poll::Ready(Polled::End(end)) => queue.set_end(*end),
            Poll::Ready(Polled::Item(None)) | Poll::Pending => {}
        }
    }

    /// Whether there is nothing to hand over, and the stream continues.
    fn is_empty(&self) -> bool {
        let queue = self.queue();
        queue.len() == 0 && !queue.is_over()
    }

    /// Whether another item may be read.
    fn has_room(&self) -> bool {
        let queue = self.queue();
        !queue.is_over() && queue.has_room()
    }

    /// Whether the reading task has something to do.
    fn wants(&self) -> Want {
        let demand = self.demand();
        if demand.over || self.queue().is_over() {
            Want::Over
        } else if (demand.waiting > 0 || demand.told.is_some()) && !demand.paused && self.queue().len() == 0 {
            Want::Items
        } else {
            Want::Nothing
        }
    }

    /// Polls the stream for a consumer that waits. Ready once there is something to hand over.
    fn poll(&self, cx: &mut Context<'_>, state: &mut &'static str) -> Poll<()> {
        let mut source = self.source();
        let is_pending = loop {
            let polled = source.poll(cx);
            let is_pending = polled.is_pending();
            self.take(&mut source, polled);
            if is_pending || !self.is_empty() {
                break is_pending;
            }
        };
        let now = source.state().name();
        if mem::replace(state, now) != now {
            self.for_consumer.notify(usize::MAX);
        }
        if is_pending && self.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Takes what is ready, and returns whether there was anything. The clock of the limits stands still afterwards.
    fn take_what_is_ready(&self) -> bool {
        let mut source = self.source();
        let before = self.queue().len();
        while self.has_room() {
            let polled = source.rest();
            let is_pending = polled.is_pending();
            self.take(&mut source, polled);
            if is_pending {
                break;
            }
        }
        self.queue().len() > before
    }
}

/// What the reading task is to do.
enum Want {
    Items,
    Nothing,
    Over,
}

/// Reads a stream while its consumer waits for items.
async fn read(shared: Arc<Shared>) {
    let guard = Guard(Arc::clone(&shared));
    let mut state = "idle";
    loop {
        let mut told = shared.for_reader.listen();
        match shared.wants() {
            Want::Over => break,
            Want::Nothing => told.await,
            Want::Items => {
                poll_fn(|cx| poll_unless_told(&shared, &mut told, cx, &mut state)).await;
                // The connection is read by a task of the same thread. It gets its turn, so that a batch has all that has arrived. If
                // nobody waits any more, this stops the clock of the limits.
                while {
                    yield_now().await;
                    shared.take_what_is_ready()
                } {}
                if !shared.is_empty() {
                    shared.tell_consumers();
                }
            }
        }
    }
    drop(guard);
}

/// Ready once there is something to hand over, or something has changed for the task.
fn poll_unless_told(
    shared: &Shared,
    told: &mut EventListener,
    cx: &mut Context<'_>,
    state: &mut &'static str,
) -> Poll<()> {
    if Pin::new(told).poll(cx).is_ready() { Poll::Ready(()) } else { shared.poll(cx, state) }
}

/// Ends the stream if its task ends without an end: the runtime was shut down, or it panicked.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        let end = if thread::panicking() {
            StreamEnd::without_outcome("internal", "the library has a defect: the stream panicked".to_owned())
        } else {
            StreamEnd::without_outcome("cancelled", "the runtime was shut down".to_owned())
        };
        self.0.queue().set_end(end);
        self.0.tell_consumers();
    }
}
