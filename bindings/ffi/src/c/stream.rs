//! Streams.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, TryLockError};

use super::client::{default_client, tidewire_client};
use super::end::{KeptEnd, tidewire_end, tidewire_stream_state, tidewire_stream_stats};
use super::event::tidewire_event;
use super::hooks::{taken_over, tidewire_hooks};
use super::status::{call, clear, free, required, tidewire_error, tidewire_status};
use super::text::{argument, bytes, give, tidewire_string};
use crate::end::StreamEnd;
use crate::error::NativeError;
use crate::item::Item;
use crate::queue::Batch;
use crate::settings::RequestSettings;
use crate::source::StreamKind;
use crate::stream::NativeStream;

/// How many items are taken over at a time.
const BATCH: u32 = 256;

/// What a stream reads its response as.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tidewire_stream_kind {
    /// SSE events.
    TIDEWIRE_EVENTS = 0,
    /// JSON records of any format.
    TIDEWIRE_RECORDS = 1,
    /// Text.
    TIDEWIRE_TEXT = 2,
    /// The deltas of an LLM's reply.
    TIDEWIRE_REPLY = 3,
    /// Everything, comments included.
    TIDEWIRE_FRAMES = 4,
}

/// A stream. One thread at a time reads it with tidewire_next. Any thread may call everything else meanwhile, except
/// tidewire_stream_free, which must be the last call.
pub struct tidewire_stream {
    native: Arc<NativeStream>,
    /// How many items the caller got.
    taken: AtomicU64,
    reader: Mutex<Reader>,
    end: OnceLock<KeptEnd>,
}

/// What the reading thread alone touches.
#[derive(Debug, Default)]
pub(super) struct Reader {
    ready: VecDeque<Item>,
    /// The last event of the caller points into it.
    current: Option<Item>,
}

impl Reader {
    pub(super) fn add(&mut self, items: Vec<Item>) {
        self.ready.extend(items);
    }

    /// The next event, which stays valid until this is called again.
    pub(super) fn next(&mut self) -> Option<tidewire_event> {
        self.current = self.ready.pop_front();
        self.current.as_ref().map(tidewire_event::of)
    }
}

/// The reader's state, unless another thread has it.
pub(super) fn own<T>(reader: &Mutex<T>) -> Result<MutexGuard<'_, T>, NativeError> {
    match reader.try_lock() {
        Ok(reader) => Ok(reader),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            Err(NativeError::usage("another thread is reading; one thread at a time may do that"))
        }
    }
}

impl tidewire_stream {
    fn next(
        &self,
        timeout_ms: Option<u64>,
        event: &mut MaybeUninit<tidewire_event>,
    ) -> Result<tidewire_status, NativeError> {
        event.write(tidewire_event::NOTHING);
        let mut reader = own(&self.reader)?;
        loop {
            if let Some(next) = reader.next() {
                self.taken.fetch_add(1, Relaxed);
                event.write(next);
                return Ok(tidewire_status::TIDEWIRE_EVENT);
            }
            match self.native.wait(self.taken.load(Relaxed), BATCH, timeout_ms)? {
                None => return Ok(tidewire_status::TIDEWIRE_TIMEOUT),
                Some(Batch { items, end: Some(end) }) if items.is_empty() => {
                    event.write(tidewire_event::of_end(self.kept(end)));
                    return Ok(tidewire_status::TIDEWIRE_END);
                }
                Some(Batch { items, .. }) if items.is_empty() => {
                    return Ok(tidewire_status::TIDEWIRE_INTERRUPTED);
                }
                Some(Batch { items, .. }) => reader.add(items),
            }
        }
    }

    fn kept(&self, end: StreamEnd) -> tidewire_end {
        self.end.get_or_init(|| KeptEnd::new(end)).for_c()
    }
}

/// Opens a stream. Nothing is sent before its first event is asked for.
///
/// `client` may be NULL. `kind` is a tidewire_stream_kind. `options_json` is an object with `url` and any of the options of the README; an
/// option that does not exist is an error. `hooks` may be NULL; they are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_open(
    client: Option<&tidewire_client>,
    kind: c_int,
    options_json: *const c_char,
    hooks: Option<&tidewire_hooks>,
    stream: Option<&mut MaybeUninit<Option<Box<tidewire_stream>>>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    // SAFETY: the caller promises the same here; without a body there are no bytes.
    unsafe { open(client, kind, options_json, None, hooks, stream, error) }
}

/// The same with a body of any bytes, which are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_open_with_body(
    client: Option<&tidewire_client>,
    kind: c_int,
    options_json: *const c_char,
    body: *const c_void,
    body_length: usize,
    hooks: Option<&tidewire_hooks>,
    stream: Option<&mut MaybeUninit<Option<Box<tidewire_stream>>>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    // SAFETY: the caller promises the same here.
    unsafe { open(client, kind, options_json, Some((body, body_length)), hooks, stream, error) }
}

/// # Safety
/// The pointers are NULL or what the functions above say.
unsafe fn open(
    client: Option<&tidewire_client>,
    kind: c_int,
    options_json: *const c_char,
    body: Option<(*const c_void, usize)>,
    hooks: Option<&tidewire_hooks>,
    stream: Option<&mut MaybeUninit<Option<Box<tidewire_stream>>>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        // First, so that they are released in every case.
        let hooks = taken_over(hooks);
        let stream = required(stream, "stream")?;
        clear(stream);
        // SAFETY: as the caller promises.
        let json = unsafe { argument(options_json, "options_json") }?;
        let mut settings = RequestSettings::from_json(json)?;
        if let Some((body, length)) = body {
            if settings.body.is_some() {
                return Err(NativeError::usage(
                    "a request has one body: that of the options or that of the call",
                ));
            }
            // SAFETY: as the caller promises.
            settings.body = Some(unsafe { bytes(body, length, "body") }?.to_vec());
        }
        let client = match client {
            Some(client) => Arc::clone(&client.0),
            None => default_client()?,
        };
        let native = client.open(kind_of(kind)?, settings, hooks)?;
        stream.write(Some(Box::new(tidewire_stream {
            native,
            taken: AtomicU64::new(0),
            reader: Mutex::default(),
            end: OnceLock::new(),
        })));
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

fn kind_of(kind: c_int) -> Result<StreamKind, NativeError> {
    use tidewire_stream_kind::*;
    let kinds = [
        (TIDEWIRE_EVENTS, StreamKind::Events),
        (TIDEWIRE_RECORDS, StreamKind::Records),
        (TIDEWIRE_TEXT, StreamKind::Text),
        (TIDEWIRE_REPLY, StreamKind::Reply),
        (TIDEWIRE_FRAMES, StreamKind::Frames),
    ];
    let found = kinds.into_iter().find(|(known, _)| *known as c_int == kind);
    found
        .map(|(_, kind)| kind)
        .ok_or_else(|| NativeError::usage(format!("there is no tidewire_stream_kind {kind}")))
}

/// Waits for the next event: TIDEWIRE_EVENT, TIDEWIRE_END, TIDEWIRE_TIMEOUT, TIDEWIRE_INTERRUPTED, or TIDEWIRE_ERROR with `error`.
///
/// It waits `timeout_ms` milliseconds at most; a negative number is no limit. With 0 it takes what has arrived and does not wait; the limits
/// on silence do not count then. A stream is read by these calls alone. No event is lost when a call returns without one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_next(
    stream: Option<&tidewire_stream>,
    timeout_ms: i64,
    event: Option<&mut MaybeUninit<tidewire_event>>,
    error: Option<&mut MaybeUninit<tidewire_error>>,
) -> tidewire_status {
    call(error, || {
        let event = required(event, "event")?;
        event.write(tidewire_event::NOTHING);
        required(stream, "stream")?.next(u64::try_from(timeout_ms).ok(), event)
    })
}

/// Does what any thread may do.
fn on(stream: Option<&tidewire_stream>, act: impl FnOnce(&NativeStream)) -> tidewire_status {
    call(None, || {
        act(&required(stream, "stream")?.native);
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

/// Lets the call of tidewire_next that waits return TIDEWIRE_INTERRUPTED, or the next one that would wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_interrupt(stream: Option<&tidewire_stream>) -> tidewire_status {
    on(stream, NativeStream::interrupt)
}

/// Stops the stream and closes its connection. Events that were read are still handed out; then it ends with TIDEWIRE_CODE_CANCELLED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_stop(stream: Option<&tidewire_stream>) -> tidewire_status {
    on(stream, NativeStream::stop)
}

/// Reads nothing until tidewire_resume, although a call may wait. The limits on silence stand still.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_pause(stream: Option<&tidewire_stream>) -> tidewire_status {
    on(stream, NativeStream::pause)
}

/// Continues after tidewire_pause.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_resume(stream: Option<&tidewire_stream>) -> tidewire_status {
    on(stream, NativeStream::resume)
}

/// Connects again at once, if the request may be sent again: the network is back, or the stream seems dead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_reconnect(stream: Option<&tidewire_stream>) -> tidewire_status {
    on(stream, NativeStream::reconnect)
}

/// Looks whether the stream is alive after an absence (an app was in the background, a computer slept) of `away_ms` milliseconds: a stream
/// that waits connects at once, and one whose connection may be dead, and stays silent for a second more, is continued by another request
/// if that loses nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_check(stream: Option<&tidewire_stream>, away_ms: u64) -> tidewire_status {
    on(stream, |stream| stream.check(away_ms))
}

/// What the stream is doing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_state(
    stream: Option<&tidewire_stream>,
    state: Option<&mut MaybeUninit<tidewire_stream_state>>,
) -> tidewire_status {
    call(None, || {
        let state = required(state, "state")?;
        state.write(required(stream, "stream")?.native.state().into());
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

/// What the stream received so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_stats(
    stream: Option<&tidewire_stream>,
    stats: Option<&mut MaybeUninit<tidewire_stream_stats>>,
) -> tidewire_status {
    call(None, || {
        let stats = required(stats, "stats")?;
        stats.write(required(stream, "stream")?.native.stats().into());
        Ok(tidewire_status::TIDEWIRE_OK)
    })
}

/// How the stream ended; TIDEWIRE_NOTHING while it runs. It may be over before its last events were taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_outcome(
    stream: Option<&tidewire_stream>,
    end: Option<&mut MaybeUninit<tidewire_end>>,
) -> tidewire_status {
    call(None, || {
        let out = required(end, "end")?;
        out.write(tidewire_event::NOTHING.end);
        let stream = required(stream, "stream")?;
        match stream.native.outcome() {
            Some(end) => {
                out.write(stream.kept(end));
                Ok(tidewire_status::TIDEWIRE_OK)
            }
            None => Ok(tidewire_status::TIDEWIRE_NOTHING),
        }
    })
}

/// Gives a text of the stream to the caller, or TIDEWIRE_NOTHING.
fn text_of(
    stream: Option<&tidewire_stream>,
    string: Option<&mut MaybeUninit<tidewire_string>>,
    text: impl FnOnce(&tidewire_stream) -> Option<String>,
) -> tidewire_status {
    call(None, || {
        let string = required(string, "string")?;
        clear(string);
        give(text(required(stream, "stream")?), Some(string))
    })
}

/// The cursor after the events that the caller got, from which another stream can continue (`lastEventId`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_last_event_id(
    stream: Option<&tidewire_stream>,
    string: Option<&mut MaybeUninit<tidewire_string>>,
) -> tidewire_status {
    text_of(stream, string, |stream| stream.native.last_event_id(stream.taken.load(Relaxed)))
}

/// The message of a reply so far, as the JSON object that the command `tidewire` prints; TIDEWIRE_NOTHING for other kinds of streams.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_message(
    stream: Option<&tidewire_stream>,
    string: Option<&mut MaybeUninit<tidewire_string>>,
) -> tidewire_status {
    text_of(stream, string, |stream| stream.native.message())
}

/// The format of the present response; "auto" before it is known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_format(
    stream: Option<&tidewire_stream>,
    string: Option<&mut MaybeUninit<tidewire_string>>,
) -> tidewire_status {
    text_of(stream, string, |stream| Some(stream.native.format()))
}

/// The dialect in which the reply is read; "auto" until a record identifies it, TIDEWIRE_NOTHING without a dialect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_dialect(
    stream: Option<&tidewire_stream>,
    string: Option<&mut MaybeUninit<tidewire_string>>,
) -> tidewire_status {
    text_of(stream, string, |stream| stream.native.dialect())
}

/// Stops the stream and frees it. No other call may be using it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tidewire_stream_free(stream: Option<Box<tidewire_stream>>) {
    free(stream);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_thread_may_use_a_stream() {
        fn shared<T: Send + Sync>() {}
        shared::<tidewire_stream>();
        shared::<tidewire_client>();
    }
}
