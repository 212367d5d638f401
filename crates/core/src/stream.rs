//! A stream: a [`Session`], which decides when to connect, and a [`MarkedDecoder`], which reads the bodies. A driver does what
//! [`Stream::next`] says, in the same way on every platform.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use crate::decoder::Decoder;
use crate::error::DecodeError;
use crate::format::Format;
use crate::frame::{Frame, Utf8};
use crate::json::{Path, lookup, unescape};
use crate::marked_decoder::{MarkedDecoder, MarkedFrame, MarkerOutcome, Markers, as_comment};
use crate::numbers::sentence;
use crate::options::DecoderOptions;
use crate::refusal_reason::refusal_reason;
use crate::session::{
    Action, At, ContentType, Failure, Head, Input, Outcome, Policy, ReplyState, Retry, Session, StreamState,
    retry_after, retry_after_ms,
};

/// The most that is kept of a refused response's body, in bytes.
pub const REFUSED_BODY_BYTES: usize = 64 * 1024;
/// How long to wait for a refused response's body.
const REFUSED_BODY_TIME: Duration = Duration::from_secs(5);
/// The most that is kept of the data of a record that reported a failure, in bytes.
const FAILURE_BYTES: usize = 4 * 1024;

/// Where the cursor comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CursorSource {
    /// The last event id of an SSE stream, sent as `Last-Event-ID`.
    #[default]
    EventId,
    /// A JSON field of each record.
    Json(Path),
}

/// How a stream is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// What may be sent again, and how long it may take. `expects_marker` follows from the markers.
    pub policy: Policy,
    /// The format; one that the caller chose overrides the content type.
    pub format: Format,
    /// Let the first bytes of the body decide the format if the content type is missing or `text/plain`. Otherwise a body without a
    /// content type is refused.
    pub sniff: bool,
    /// The only format that is read when the content type decides; `None` for any.
    pub only: Option<Format>,
    /// Refuse text, unless the caller chose it as the format.
    pub no_text: bool,
    /// The decoder's limits and choices. `done` follows from the markers.
    pub decoder: DecoderOptions,
    /// End, failure and heartbeat markers.
    pub markers: Markers,
    /// Where the cursor comes from.
    pub cursor_source: CursorSource,
    /// Where an earlier stream stopped.
    pub last_event_id: Option<String>,
    /// Leave out records that a later attempt repeats. The repeat is still reported.
    pub dedupe: bool,
}

/// The head of a response, as far as a stream looks at it. Header values are those of the response, as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; several of them joined with a comma.
    pub content_type: Option<&'a str>,
    /// `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// `retry-after-ms`, which counts before `Retry-After`.
    pub retry_after_ms: Option<&'a str>,
    /// There is a `Tidewire-Stream`, and a `Location` on the requested origin: a relay keeps the response there.
    pub relayed: bool,
}

/// What a stream says about itself between its records.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Records may be missing here.
    Gap {
        /// The cursor after which they are missing, if there is one.
        after: Option<String>,
    },
    /// The current response repeats records that an earlier attempt delivered. Reported once per response.
    Replayed {
        /// The id of the first such record.
        id: String,
    },
    /// The wire has been silent for this long.
    Stalled(Duration),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Deliver this frame, after the notice if there is one.
    Frame {
        /// The frame.
        frame: Frame<'a>,
        /// The notice to report before it.
        notice: Option<Notice>,
    },
    /// Report this.
    Notice(Notice),
    /// Send the request: to the relay if [`Stream::continues_at_relay`], and with [`Stream::request_cursor`]. Call
    /// [`Stream::sent`] once it is handed to the transport.
    Connect,
    /// Drop the request that is under way, and report that another one will follow.
    Retry(Retry),
    /// Nothing this time; call again.
    Pass,
    /// The input is used up: wait for more, or for the [deadline](Stream::deadline).
    Starved,
    /// Drop the request that is under way, if any. The stream is over; see [`Stream::outcome`].
    Closed,
}

/// What a stream received and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// From the start to the first byte of a body.
    pub first_byte: Option<Duration>,
    /// From the start to the first record.
    pub first_event: Option<Duration>,
    /// Bytes of the decoded bodies.
    pub bytes: u64,
    /// Records that were delivered.
    pub events: u64,
    /// Requests that were sent.
    pub attempts: u32,
    /// The longest silence on the wire while the consumer was asking.
    pub longest_silence: Duration,
    /// From the start to the end, or to now.
    pub elapsed: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// No response: not started, connecting, or waiting.
    NoResponse,
    /// The head had no content type, and nothing of the body has arrived.
    Untyped,
    /// A body is being read.
    Reading,
    /// The body has ended; the frames that its end completes are being handed out.
    Finishing,
    /// The frames that the body's end completes were handed out.
    Finished,
    /// A marker decided how the stream ends.
    Decided(MarkerOutcome),
    /// The body cannot be decoded any further.
    Undecodable(Box<DecodeError>),
    /// The response is refused; its body is collected.
    Refused(Box<Refused>),
    /// Over.
    Closed { refused: Option<Box<Refused>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    until: Duration,
    body: Vec<u8>,
}

/// One stream over all its requests; it does no input or output itself.
///
/// A service has many streams at a time, most of them with the same options: clones share these.
#[derive(Clone, Debug)]
// In this order, so that the fields that an event touches are adjacent: with thousands of streams, they have all left the processor's
// caches before the next event.
#[repr(C)]
pub struct Stream {
    session: Session,
    phase: Phase,
    /// The next step is [`Step::Connect`].
    connect: bool,
    /// The cursor was a JSON string in its record.
    quoted: bool,
    /// Steps to return before anything else; nearly always empty.
    #[expect(clippy::box_collection, reason = "an empty one takes no more than a word")]
    pending: Option<Box<Vec<Step<'static>>>>,
    /// Without its markers, which the decoder has.
    options: Arc<StreamOptions>,
    counters: Counters,
    marked: MarkedDecoder,
    error: Option<Box<str>>,
}

/// See [`Stats`].
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    first_byte: Option<Duration>,
    first_event: Option<Duration>,
    bytes: u64,
    events: u64,
    /// Bytes of the present body.
    body_bytes: u64,
}

impl Stream {
    /// A stream that has not begun.
    #[must_use]
    pub fn new(mut options: StreamOptions) -> Self {
        options.policy.expects_marker = options.markers.expected();
        options.decoder.done = options.markers.done();
        let first = options.last_event_id.as_deref().unwrap_or_default();
        let decoder = Decoder::new(options.format, options.decoder).with_last_event_id(first.as_bytes());
        Self {
            session: Session::new(options.policy, options.last_event_id.as_deref()),
            marked: MarkedDecoder::new(decoder, mem::take(&mut options.markers), options.policy.follow),
            options: Arc::new(options),
            phase: Phase::NoResponse,
            connect: false,
            quoted: false,
            pending: None,
            counters: Counters::default(),
            error: None,
        }
    }

    /// The consumer asks for the stream; [`next`](Self::next) says [`Step::Connect`].
    pub fn start(&mut self, at: At) {
        self.handle(at, Input::Start);
    }

    /// The request was handed to the transport.
    pub fn sent(&mut self, at: At) {
        self.handle(at, Input::Sent);
    }

    /// The request's credentials could not be renewed, so the refusal stands; `error` says why, for people.
    pub fn refresh_failed(&mut self, at: At, error: String) {
        self.handle(at, Input::RefreshFailed);
        if matches!(self.phase, Phase::Refused(_)) {
            self.close();
            self.error = Some(error.into());
        }
    }

    /// The response's head arrived. `clock` is the time since 1970, for a `Retry-After` that is a date.
    pub fn head(&mut self, at: At, head: &ResponseHead<'_>, clock: Duration) {
        if self.phase != Phase::NoResponse {
            return;
        }
        let status = head.status;
        self.error = (!(200..=299).contains(&status))
            .then(|| sentence("the server answered with status {}", &[status.into()]).into());
        let decoder = self.decoder_for(head.content_type);
        let in_ms = head.retry_after_ms.and_then(retry_after_ms);
        let facts = Head {
            status,
            content_type: match (&decoder, head.content_type) {
                (Err(why), _) => *why,
                (Ok(_), Some(_)) => ContentType::Accepted,
                (Ok(_), None) => ContentType::Assumed,
            },
            retry_after: in_ms.or_else(|| head.retry_after.and_then(|value| retry_after(value, clock))),
            relayed: head.relayed,
        };
        self.handle(at, Input::Head(facts));
        if !self.session.is_open() {
            return;
        }
        self.counters.body_bytes = 0;
        self.phase = match decoder {
            Ok(decoder) => {
                self.marked.restart(decoder);
                Phase::Reading
            }
            Err(_) => Phase::Untyped,
        };
    }

    /// Bytes of the body arrived, to be given to [`next`](Self::next) now. An empty piece, as some transports hand over, does not count as an
    /// arrival.
    pub fn received(&mut self, at: At, bytes: usize) {
        self.conclude(at);
        if bytes == 0 {
            return;
        }
        if matches!(self.phase, Phase::Reading) {
            let counters = &mut self.counters;
            counters.first_byte.get_or_insert(at.now.saturating_sub(self.session.started()));
            counters.bytes += bytes as u64;
            counters.body_bytes += bytes as u64;
        }
        self.handle(at, Input::Wire);
    }

    /// Bytes of the body arrived that decode to nothing yet: the wire is not silent.
    pub fn activity(&mut self, at: At) {
        self.conclude(at);
        if matches!(self.phase, Phase::Reading | Phase::Untyped) {
            self.handle(at, Input::Activity);
        }
    }

    /// The body ended cleanly.
    pub fn body_end(&mut self) {
        match self.phase {
            Phase::Reading => self.phase = Phase::Finishing,
            Phase::Untyped => self.phase = Phase::Finished,
            Phase::Refused(_) => self.close(),
            Phase::NoResponse
            | Phase::Finishing
            | Phase::Finished
            | Phase::Decided(_)
            | Phase::Undecodable(_)
            | Phase::Closed { .. } => {}
        }
    }

    /// The transport failed; `error` says how, for people.
    pub fn broke(&mut self, at: At, failure: Failure, error: String) {
        self.conclude(at);
        match self.phase {
            Phase::Refused(_) => self.close(),
            Phase::Closed { .. } => {}
            Phase::NoResponse
            | Phase::Untyped
            | Phase::Reading
            | Phase::Finishing
            | Phase::Finished
            | Phase::Decided(_)
            | Phase::Undecodable(_) => {
                self.error = Some(error.into());
                self.handle(at, Input::Broken(failure));
            }
        }
    }

    /// The body's content coding is corrupt; `error` says how, for people.
    pub fn corrupt(&mut self, at: At, error: String) {
        self.conclude(at);
        match self.phase {
            Phase::Refused(_) => self.close(),
            Phase::NoResponse | Phase::Closed { .. } => {}
            Phase::Untyped
            | Phase::Reading
            | Phase::Finishing
            | Phase::Finished
            | Phase::Decided(_)
            | Phase::Undecodable(_) => {
                self.error = Some(error.into());
                self.handle(at, Input::Unreadable { offset: self.counters.body_bytes, limit: None });
            }
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, at: At) {
        self.conclude(at);
        match self.phase {
            Phase::Refused(ref refused) if at.now >= refused.until => self.close(),
            Phase::Refused(_) => {}
            _ => {
                self.handle(at, Input::Tick);
            }
        }
    }

    /// The consumer asks for nothing until [`resume`](Self::resume).
    pub fn pause(&mut self, at: At) {
        self.handle(at, Input::Pause);
    }

    /// The consumer asks again.
    pub fn resume(&mut self, at: At) {
        self.handle(at, Input::Resume);
    }

    /// Connect now, if the request may be sent again.
    pub fn kick(&mut self, at: At) {
        self.conclude(at);
        self.handle(at, Input::Kick);
    }

    /// The program is back after an absence: a stream that waits connects now, and one whose connection may be dead, and stays silent
    /// for a second more, is continued by another request if that loses nothing. What arrives at once may have been waiting since before
    /// the connection died, and does not count.
    pub fn check(&mut self, at: At, away: Duration) {
        self.conclude(at);
        self.handle(at, Input::Check { away });
    }

    /// The client had no free slot for the stream in time.
    pub fn queue_timeout(&mut self, at: At) {
        self.handle(at, Input::QueueTimeout);
    }

    /// The caller stops the stream.
    pub fn cancel(&mut self, at: At) {
        self.conclude(at);
        self.handle(at, Input::Cancel);
        if matches!(self.phase, Phase::Refused(_)) {
            self.close();
        }
    }

    /// Returns the next step, and removes the bytes that it used from the front of `input`. Discard the rest of `input` on
    /// [`Step::Retry`] and [`Step::Closed`].
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, at: At, input: &mut &'i [u8]) -> Step<'a> {
        if mem::take(&mut self.connect) {
            return Step::Connect;
        }
        if let Some(pending) = self.pending.as_mut().filter(|pending| !pending.is_empty()) {
            return pending.remove(0);
        }
        match &mut self.phase {
            Phase::NoResponse | Phase::Untyped => return Step::Starved,
            Phase::Closed { .. } => return Step::Closed,
            Phase::Refused(refused) => {
                let body = &mut refused.body;
                let room = REFUSED_BODY_BYTES - body.len();
                body.extend_from_slice(&input[..input.len().min(room)]);
                *input = &[];
                if body.len() < REFUSED_BODY_BYTES {
                    return Step::Starved;
                }
                self.close();
                return Step::Pass;
            }
            Phase::Finished | Phase::Decided(_) | Phase::Undecodable(_) => {
                self.conclude(at);
                return Step::Pass;
            }
            Phase::Reading | Phase::Finishing => {}
        }
        let finishing = self.phase == Phase::Finishing;
        let read = if finishing { self.marked.finish() } else { self.marked.next(input) };
        // From here on the frame borrows the decoder, so the consequences of the frame are left to the next call.
        match read {
            Ok(MarkedFrame::Frame(frame, outcome)) => {
                if let Some(outcome) = outcome {
                    self.phase = Phase::Decided(outcome);
                    if outcome == MarkerOutcome::Failed {
                        self.error = failure_text(&frame);
                    }
                }
                let noted = note_frame(&frame, at, &self.options, &mut self.quoted, &mut self.session);
                if noted.dropped {
                    return noted.notice.map_or(Step::Pass, Step::Notice);
                }
                if is_record(&frame) {
                    self.counters.events += 1;
                    self.counters.first_event.get_or_insert(at.now.saturating_sub(self.session.started()));
                }
                Step::Frame { frame, notice: noted.notice }
            }
            Ok(MarkedFrame::Heartbeat(frame)) => {
                let notice = note_heartbeat(&frame, at, &self.options, &mut self.session);
                Step::Frame { frame: as_comment(frame), notice }
            }
            Ok(MarkedFrame::Ended(outcome)) => {
                self.phase = Phase::Decided(outcome);
                Step::Pass
            }
            Ok(MarkedFrame::Nothing) if finishing => {
                self.phase = Phase::Finished;
                Step::Pass
            }
            Ok(MarkedFrame::Nothing) => Step::Starved,
            Err(error) => {
                self.phase = Phase::Undecodable(Box::new(error));
                Step::Pass
            }
        }
    }

    /// Removes events from the front of `input` that the caller recognises by their bytes, as [`Sse::known`](crate::Sse::known) does.
    /// Their data is JSON, and no marker matches them. Returns whether there were any; the first event that is not recognised, or that
    /// a marker may match, is left for [`next`](Self::next).
    #[inline]
    pub fn known<'i, T>(
        &mut self,
        at: At,
        input: &mut &'i [u8],
        name: &[u8],
        mut known: impl FnMut(&'i [u8]) -> Option<(T, usize)>,
        mut each: impl FnMut(T),
    ) -> bool {
        let is_pending = self.connect || self.pending.as_ref().is_some_and(|pending| !pending.is_empty());
        if is_pending
            || !matches!(self.phase, Phase::Reading)
            || self.options.cursor_source != CursorSource::EventId
        {
            return false;
        }
        // With ids, gaps must be looked for, which is left to `next`.
        let Some(sse) = self.marked.sse_if_unmarked(name).filter(|sse| sse.last_event_id().is_empty()) else {
            return false;
        };
        let mut events = 0;
        while let Some(made) = sse.known(input, name, &mut known) {
            each(made);
            events += 1;
        }
        if events > 0 {
            self.note_known(at, events);
        }
        events > 0
    }

    #[inline]
    fn note_known(&mut self, at: At, events: u64) {
        self.counters.events += events;
        self.counters.first_event.get_or_insert(at.now.saturating_sub(self.session.started()));
        self.session.handle(at, Input::Record { cursor: Some(""), id: None });
    }

    /// Takes in whether an LLM reply is over after the frame that was just handed out, from a caller that knows its dialect; `error` is
    /// the peer's text about its failure, for people. If a marker has already decided how the stream ends, that stands; if it decided
    /// for a failure, `error` replaces the text of the failure.
    pub fn reply_state(&mut self, at: At, state: ReplyState, error: Option<&str>) {
        if let (Phase::Decided(MarkerOutcome::Failed), ReplyState::Failed, Some(error)) =
            (&self.phase, state, error)
        {
            self.error = Some(shortened(error));
        }
        if !matches!(self.phase, Phase::Reading | Phase::Finishing) {
            return;
        }
        match state {
            ReplyState::Complete => self.phase = Phase::Decided(MarkerOutcome::Complete),
            ReplyState::Failed => {
                self.phase = Phase::Decided(MarkerOutcome::Failed);
                self.error = error.map(shortened);
            }
            ReplyState::Open | ReplyState::MayComplete | ReplyState::MayEnd => {
                self.session.handle(at, Input::Reply(state));
            }
        }
    }

    /// Forgets the cursor, because the driver cannot send it or does not know which reply it belongs to.
    pub fn forget_cursor(&mut self, at: At) {
        self.session.handle(at, Input::Cursor { cursor: "", id: None });
    }

    /// The response whose head arrived was requested without the cursor, because a redirect to another origin dropped it: it starts
    /// over. A stream that has delivered records is truncated, unless it is followed; otherwise this is reported as a gap.
    pub fn lost_cursor(&mut self, at: At) {
        let Some(after) = self.session.request_cursor().filter(|_| self.is_reading()).map(ToOwned::to_owned)
        else {
            return;
        };
        self.handle(at, Input::CursorLost);
        if self.is_reading() {
            self.pending().push(Step::Notice(Notice::Gap { after: Some(after) }));
        }
    }

    /// The latest time for the next [`tick`](Self::tick); `None` if no tick is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Refused(refused) => Some(refused.until),
            _ => self.session.deadline(),
        }
    }

    /// Whether the present response is read as a stream.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        matches!(self.phase, Phase::Reading)
    }

    /// What the stream is doing now. While a refused response's body is still read, it is open.
    #[must_use]
    pub const fn state(&self, now: Duration) -> StreamState {
        match self.phase {
            Phase::Refused(_) => StreamState::Open,
            _ => self.session.state(now),
        }
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Closed { .. } => self.session.outcome(),
            _ => None,
        }
    }

    /// What the transport or the peer said about the failure, for people. Of a stream that was refused, the
    /// [reason](refusal_reason) that the response gives.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The body of a refused response, as far as it was kept.
    #[must_use]
    pub fn refused_body(&self) -> &[u8] {
        match &self.phase {
            Phase::Closed { refused: Some(refused) } => &refused.body,
            _ => &[],
        }
    }

    /// The cursor from which another stream can continue this one.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.session.cursor()
    }

    /// The cursor to send with the next request.
    #[must_use]
    pub fn request_cursor(&self) -> Option<&str> {
        self.session.request_cursor()
    }

    /// Whether the next request is a GET, without a body, of the `Location` under which a relay keeps the response.
    #[must_use]
    pub const fn continues_at_relay(&self) -> bool {
        self.session.continues_at_relay()
    }

    /// Whether the cursor was a JSON string in its record; otherwise it was a number, or was stored by the caller.
    #[must_use]
    pub const fn cursor_is_string(&self) -> bool {
        self.quoted
    }

    /// Whether records have arrived, so that a further request continues after them.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.counters.events > 0
    }

    /// What the stream received so far, and how long it took.
    #[must_use]
    pub fn stats(&self, now: Duration) -> Stats {
        let Counters { first_byte, first_event, bytes, events, body_bytes: _ } = self.counters;
        Stats {
            first_byte,
            first_event,
            bytes,
            events,
            attempts: self.session.attempts(),
            longest_silence: self.session.longest_silence(now),
            elapsed: now.saturating_sub(self.session.started()),
        }
    }

    /// The format of the present body; [`Format::Auto`] until it is known.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.marked.decoder().format()
    }

    /// The decoder for a body of this content type, or why the body is not read.
    fn decoder_for(&self, content_type: Option<&str>) -> Result<Decoder, ContentType> {
        let StreamOptions { format: chosen, only, no_text, sniff, decoder: options, .. } = *self.options;
        let decoder = match (chosen, content_type) {
            (Format::Auto, Some(content_type)) => match Decoder::for_content_type(content_type, options) {
                Some(decoder) if sniff && decoder.format() == Format::Text => {
                    Decoder::for_unknown_text(options)
                }
                Some(decoder) => decoder,
                None => return Err(ContentType::Refused),
            },
            (Format::Auto, None) if sniff => Decoder::new(Format::Auto, options),
            (Format::Auto, None) => return Err(ContentType::Missing),
            (chosen, _) => Decoder::new(chosen, options),
        };
        // `application/json` is one of two formats; which one is unknown until the first byte has arrived.
        let decoder = match (only, decoder.format()) {
            (Some(only @ (Format::JsonArray | Format::Concat)), Format::Auto) => Decoder::new(only, options),
            _ => decoder,
        };
        let format = decoder.format();
        let unwanted = only.is_some_and(|only| only != format) || (no_text && format == Format::Text);
        if unwanted && chosen == Format::Auto {
            return Err(ContentType::Refused);
        }
        Ok(decoder.with_last_event_id(self.marked.decoder().last_event_id().as_bytes()))
    }

    /// Reports to the session how the body ended, if it has, so that later inputs no longer count.
    fn conclude(&mut self, at: At) {
        match self.phase {
            Phase::Finished => {
                let inside_record = self.marked.decoder().inside_record();
                self.handle(at, Input::BodyEnd { inside_record });
            }
            Phase::Decided(MarkerOutcome::Complete) => {
                self.note_last_id(at);
                self.handle(at, Input::EndMarker);
            }
            Phase::Decided(MarkerOutcome::Failed) => self.handle(at, Input::FailureMarker),
            Phase::Undecodable(ref error) => {
                self.error = Some(error.words().into());
                let limit = match **error {
                    DecodeError::TooLarge(error) => Some(error.limit),
                    DecodeError::Malformed(_) => None,
                };
                self.handle(at, Input::Unreadable { offset: error.offset(), limit });
            }
            Phase::NoResponse
            | Phase::Untyped
            | Phase::Reading
            | Phase::Finishing
            | Phase::Refused(_)
            | Phase::Closed { .. } => {}
        }
    }

    /// Reports the id of an end marker: the marker is not delivered, but its id counts.
    fn note_last_id(&mut self, at: At) {
        if self.options.cursor_source == CursorSource::EventId && self.format() == Format::Sse {
            let id = self.marked.decoder().last_event_id().to_str();
            self.session.handle(at, Input::Cursor { cursor: sendable(&id), id: None });
        }
    }

    fn pending(&mut self) -> &mut Vec<Step<'static>> {
        self.pending.get_or_insert_default()
    }

    fn handle(&mut self, at: At, input: Input<'_>) {
        match self.session.handle(at, input) {
            // The last two occur only for records and ids, whose actions `noted` handles.
            Action::Nothing | Action::Gap { .. } | Action::Replayed { .. } => {}
            Action::Connect => {
                self.error = None;
                match &mut self.pending {
                    Some(pending) if !pending.is_empty() => pending.push(Step::Connect),
                    _ => self.connect = true,
                }
            }
            Action::Stalled { silent } => self.pending().push(Step::Notice(Notice::Stalled(silent))),
            Action::Wait(retry) => {
                self.phase = Phase::NoResponse;
                self.pending().push(Step::Retry(retry));
                if retry.gap {
                    let after = self.session.cursor().map(ToOwned::to_owned);
                    self.pending().push(Step::Notice(Notice::Gap { after }));
                }
            }
            Action::Close => {
                if let Some(Outcome::Refused { .. }) = self.session.outcome() {
                    let rest = self.session.remaining(at.now).unwrap_or(REFUSED_BODY_TIME);
                    let until = at.now.saturating_add(rest.min(REFUSED_BODY_TIME));
                    self.phase = Phase::Refused(Box::new(Refused { until, body: Vec::new() }));
                } else {
                    self.close();
                }
            }
        }
    }

    fn close(&mut self) {
        self.connect = false;
        if let Some(pending) = &mut self.pending {
            pending.retain(|step| *step != Step::Connect);
        }
        let refused = match mem::replace(&mut self.phase, Phase::NoResponse) {
            Phase::Refused(refused) => {
                // The outcome has the status; what is worth saying is the peer's own reason.
                self.error = refusal_reason(&refused.body).map(Into::into);
                Some(refused)
            }
            _ => None,
        };
        self.phase = Phase::Closed { refused };
    }
}

/// The session's reaction to a frame.
struct Noted {
    /// To be reported before the frame.
    notice: Option<Notice>,
    /// The frame is not to be delivered.
    dropped: bool,
}

/// Reports a frame to the session.
#[inline]
fn note_frame(
    frame: &Frame<'_>,
    at: At,
    options: &StreamOptions,
    quoted: &mut bool,
    session: &mut Session,
) -> Noted {
    let nothing = Noted { notice: None, dropped: false };
    let field = match (frame, &options.cursor_source) {
        (Frame::Retry(wait), _) => {
            session.handle(at, Input::RetryField(*wait));
            return nothing;
        }
        (Frame::Id(id), CursorSource::EventId) => {
            return Noted { notice: note_id(*id, true, at, session), dropped: false };
        }
        (Frame::Event(event), CursorSource::EventId) => {
            let id = event.id.to_str();
            let own = event.has_own_id && !id.is_empty();
            let input = Input::Record { cursor: Some(sendable(&id)), id: own.then_some(&*id) };
            return noted(session.handle(at, input), &id, options.dedupe);
        }
        (Frame::Event(event), CursorSource::Json(path)) => lookup(event.data.as_bytes(), path),
        (Frame::Record(record), CursorSource::Json(path)) => lookup(record.json.as_bytes(), path),
        // It has no cursor, and resuming from an older one would repeat it.
        (Frame::Record(_) | Frame::Text(_), _) => {
            session.handle(at, Input::Record { cursor: Some(""), id: None });
            return nothing;
        }
        _ => return nothing,
    };
    let cursor = field.and_then(scalar);
    let is_string = field.is_some_and(|json| json.starts_with(b"\""));
    let id = cursor.as_deref().filter(|id| !id.is_empty());
    let action = session.handle(at, Input::Record { cursor: cursor.as_deref(), id });
    if cursor.is_some() && !matches!(action, Action::Replayed { .. }) {
        *quoted = is_string;
    }
    noted(action, id.unwrap_or_default(), options.dedupe)
}

#[inline]
fn noted(action: Action, id: &str, dedupe: bool) -> Noted {
    match action {
        Action::Gap { after } => Noted { notice: Some(Notice::Gap { after: Some(after) }), dropped: false },
        Action::Replayed { first } => {
            let notice = first.then(|| Notice::Replayed { id: id.to_owned() });
            Noted { notice, dropped: dedupe }
        }
        // A record or an id causes nothing else.
        Action::Nothing | Action::Connect | Action::Stalled { .. } | Action::Wait(_) | Action::Close => {
            Noted { notice: None, dropped: false }
        }
    }
}

/// A heartbeat is not a record, but its id counts.
fn note_heartbeat(
    frame: &Frame<'_>,
    at: At,
    options: &StreamOptions,
    session: &mut Session,
) -> Option<Notice> {
    match (frame, &options.cursor_source) {
        (Frame::Event(event), CursorSource::EventId) => note_id(event.id, event.has_own_id, at, session),
        _ => None,
    }
}

/// Reports an id without a record to the session.
fn note_id(id: Utf8<'_>, own: bool, at: At, session: &mut Session) -> Option<Notice> {
    let id = id.to_str();
    let own = own && !id.is_empty();
    let input = Input::Cursor { cursor: sendable(&id), id: own.then_some(&*id) };
    noted(session.handle(at, input), &id, false).notice
}

/// A JSON string's content, or a number as written.
fn scalar(json: &[u8]) -> Option<Cow<'_, str>> {
    match json.first()? {
        b'"' => unescape(json).map(Cow::Owned),
        b'-' | b'0'..=b'9' => core::str::from_utf8(json).ok().map(Cow::Borrowed),
        _ => None,
    }
}

/// The id as a cursor: empty if it cannot be a header value (RFC 9110, 5.5), and so cannot be sent.
fn sendable(id: &str) -> &str {
    let unsendable = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7F;
    if id.bytes().any(unsendable) { "" } else { id }
}

const fn is_record(frame: &Frame<'_>) -> bool {
    matches!(frame, Frame::Event(_) | Frame::Record(_) | Frame::Text(_))
}

fn failure_text(frame: &Frame<'_>) -> Option<Box<str>> {
    let data = match frame {
        Frame::Event(event) => event.data,
        Frame::Record(record) => record.json,
        _ => return None,
    };
    Some(shortened(&data.to_str()))
}

/// The first 4 KiB of a failure's text.
fn shortened(text: &str) -> Box<str> {
    let mut end = FAILURE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}
