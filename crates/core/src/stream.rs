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
/// How long a refused response's body is waited for.
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
    /// The format; one that was chosen by hand overrides the content type.
    pub format: Format,
    /// A missing content type and `text/plain` say nothing: the first bytes of the body decide the format. Otherwise a body without
    /// a content type is refused.
    pub sniff: bool,
    /// Of the formats that a content type announces, the only one that is read. `None` for all.
    pub only: Option<Format>,
    /// Text is not one of the formats that are read, unless it was chosen by hand.
    pub no_text: bool,
    /// The decoder's limits and choices. `done` follows from the markers.
    pub decoder: DecoderOptions,
    /// End, failure and heartbeat markers.
    pub markers: Markers,
    /// Where the cursor comes from.
    pub cursor_source: CursorSource,
    /// Where an earlier stream stopped.
    pub last_event_id: Option<String>,
    /// Records that a later attempt brings again are left out. They are reported all the same.
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
    /// There is a `Tidewire-Stream`, and a `Location` of the origin that was asked: a relay keeps the response there.
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
    /// The present response brings records that an earlier attempt had delivered. Said once for each response.
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
        /// What is to be said before it.
        notice: Option<Notice>,
    },
    /// Report this.
    Notice(Notice),
    /// Send the request: to the relay if [`Stream::continues_at_relay`], and with [`Stream::request_cursor`]. Call
    /// [`Stream::sent`] once it is handed to the transport.
    Connect,
    /// Drop the request that is under way; another one will follow. To be reported.
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
    /// Not started, connecting, or waiting.
    Away,
    /// The head had no content type, and nothing of the body has arrived.
    Untyped,
    /// A body is being read.
    Reading,
    /// The body has ended; what its end completes is handed out.
    Finishing,
    /// What the body's end completes was handed out.
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
/// A service has many streams at a time, and most of them are alike: clones share what they were set up with.
#[derive(Clone, Debug)]
// In this order, so that what an event touches lies together: where there are thousands of streams, all of it has left the processor's
// caches before the next event.
#[repr(C)]
pub struct Stream {
    session: Session,
    phase: Phase,
    /// The next step is [`Step::Connect`].
    connect: bool,
    /// The cursor was a JSON string in its record.
    quoted: bool,
    /// The steps that come first; nearly always none.
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
            phase: Phase::Away,
            connect: false,
            quoted: false,
            pending: None,
            counters: Counters::default(),
            error: None,
        }
    }

    /// The consumer asks for the stream; [`next`](Self::next) says [`Step::Connect`].
    pub fn start(&mut self, at: At) {
        self.tell(at, Input::Start);
    }

    /// The request was handed to the transport.
    pub fn sent(&mut self, at: At) {
        self.tell(at, Input::Sent);
    }

    /// What the request carries could not be renewed, so the refusal stands; `error` says why, for people.
    pub fn refresh_failed(&mut self, at: At, error: String) {
        self.tell(at, Input::RefreshFailed);
        if matches!(self.phase, Phase::Refused(_)) {
            self.close();
            self.error = Some(error.into());
        }
    }

    /// The response's head arrived. `clock` is the time since 1970, for a `Retry-After` that is a date.
    pub fn head(&mut self, at: At, head: &ResponseHead<'_>, clock: Duration) {
        if self.phase != Phase::Away {
            return;
        }
        let status = head.status;
        self.error = (!(200..=299).contains(&status))
            .then(|| sentence("the server answered with status {}", &[status.into()]).into());
        let decoder = self.decoder_for(head.content_type);
        let in_ms = head.retry_after_ms.and_then(retry_after_ms);
        let facts = Head {
            status,
            content_type: decoder.as_ref().err().copied().unwrap_or(ContentType::Accepted),
            retry_after: in_ms.or_else(|| head.retry_after.and_then(|value| retry_after(value, clock))),
            relayed: head.relayed,
        };
        self.tell(at, Input::Head(facts));
        if self.session.state() != StreamState::Open {
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

    /// Bytes of the body arrived, to be given to [`next`](Self::next) now. A piece without bytes, as some transports hand over, is nothing
    /// that arrived.
    pub fn received(&mut self, at: At, bytes: usize) {
        self.conclude(at);
        if bytes == 0 {
            return;
        }
        if matches!(self.phase, Phase::Reading) {
            self.counters.first_byte.get_or_insert(at.now.saturating_sub(self.session.started()));
        }
        self.fed(bytes);
        self.tell(at, Input::Wire);
    }

    /// The same for a body that is fed by hand, when time does not matter.
    pub fn fed(&mut self, bytes: usize) {
        if matches!(self.phase, Phase::Reading) {
            self.counters.bytes += bytes as u64;
            self.counters.body_bytes += bytes as u64;
        }
    }

    /// The body ended cleanly.
    pub fn body_end(&mut self) {
        match self.phase {
            Phase::Reading => self.phase = Phase::Finishing,
            Phase::Untyped => self.phase = Phase::Finished,
            Phase::Refused(_) => self.close(),
            Phase::Away
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
            Phase::Away
            | Phase::Untyped
            | Phase::Reading
            | Phase::Finishing
            | Phase::Finished
            | Phase::Decided(_)
            | Phase::Undecodable(_) => {
                self.error = Some(error.into());
                self.tell(at, Input::Broken(failure));
            }
        }
    }

    /// The body's content coding is corrupt; `error` says how, for people.
    pub fn corrupt(&mut self, at: At, error: String) {
        self.conclude(at);
        match self.phase {
            Phase::Refused(_) => self.close(),
            Phase::Away | Phase::Closed { .. } => {}
            Phase::Untyped
            | Phase::Reading
            | Phase::Finishing
            | Phase::Finished
            | Phase::Decided(_)
            | Phase::Undecodable(_) => {
                self.error = Some(error.into());
                self.tell(at, Input::Unreadable { offset: self.counters.body_bytes, limit: None });
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
                self.tell(at, Input::Tick);
            }
        }
    }

    /// The consumer asks for nothing until [`resume`](Self::resume).
    pub fn pause(&mut self, at: At) {
        self.tell(at, Input::Pause);
    }

    /// The consumer asks again.
    pub fn resume(&mut self, at: At) {
        self.tell(at, Input::Resume);
    }

    /// Connect now, if the request may be sent again.
    pub fn kick(&mut self, at: At) {
        self.conclude(at);
        self.tell(at, Input::Kick);
    }

    /// The client had no free slot for the stream in time.
    pub fn queue_timeout(&mut self, at: At) {
        self.tell(at, Input::QueueTimeout);
    }

    /// The caller stops the stream.
    pub fn cancel(&mut self, at: At) {
        self.conclude(at);
        self.tell(at, Input::Cancel);
        if matches!(self.phase, Phase::Refused(_)) {
            self.close();
        }
    }

    /// What to do next. Takes from the front of `input` what it used; what is left when the step is [`Step::Retry`] or
    /// [`Step::Closed`] is of no use.
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, at: At, input: &mut &'i [u8]) -> Step<'a> {
        if mem::take(&mut self.connect) {
            return Step::Connect;
        }
        if let Some(pending) = self.pending.as_mut().filter(|pending| !pending.is_empty()) {
            return pending.remove(0);
        }
        match &mut self.phase {
            Phase::Away | Phase::Untyped => return Step::Starved,
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
        // From here on the decoder is lent; what follows from the frame is done in the next call.
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
    /// Their data is JSON, and no marker matches them. Says whether there were any; the first event that is not recognised, or that a
    /// marker may match, is left for [`next`](Self::next).
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
        // An id may have a hole before it.
        let Some(sse) = self.marked.unmarked(name).filter(|sse| sse.last_event_id().is_empty()) else {
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

    /// What the frame that was just handed out says about the end of an LLM reply, by one that knows its dialect; `error` is what the
    /// peer said of its failure, for people. A marker that has decided how the stream ends is not overruled; if it decided for a
    /// failure, `error` replaces what is said of it.
    pub fn reply_state(&mut self, at: At, state: ReplyState, error: Option<&str>) {
        if let (Phase::Decided(MarkerOutcome::Failed), ReplyState::Failed, Some(error)) =
            (&self.phase, state, error)
        {
            self.error = Some(part(error));
        }
        if !matches!(self.phase, Phase::Reading | Phase::Finishing) {
            return;
        }
        match state {
            ReplyState::Complete => self.phase = Phase::Decided(MarkerOutcome::Complete),
            ReplyState::Failed => {
                self.phase = Phase::Decided(MarkerOutcome::Failed);
                self.error = error.map(part);
            }
            ReplyState::Open | ReplyState::MayComplete | ReplyState::MayEnd => {
                self.session.handle(at, Input::Reply(state));
            }
        }
    }

    /// Nothing can continue from the present cursor: the driver cannot send it, or does not know whose it is.
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
        self.tell(at, Input::CursorLost);
        if self.is_reading() {
            self.pending().push(Step::Notice(Notice::Gap { after: Some(after) }));
        }
    }

    /// When the stream wants a [`tick`](Self::tick) at the latest; `None` for never.
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

    /// Where the stream is on its way. While a refused response's body is still read, it is open.
    #[must_use]
    pub const fn state(&self) -> StreamState {
        match self.phase {
            Phase::Refused(_) => StreamState::Open,
            _ => self.session.state(),
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

    /// Where another stream would continue this one.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.session.cursor()
    }

    /// The cursor for the request that is to be sent.
    #[must_use]
    pub fn request_cursor(&self) -> Option<&str> {
        self.session.request_cursor()
    }

    /// Whether the request that is to be sent is a GET, without a body, of the `Location` under which a relay keeps the response.
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

    /// A decoder for a body of this type, or why there is none.
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
        // `application/json` is either of two until its first byte has arrived.
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

    /// Tells the session how the body ended, if it has: whatever else happens now comes too late.
    fn conclude(&mut self, at: At) {
        match self.phase {
            Phase::Finished => {
                let inside_record = self.marked.decoder().inside_record();
                self.tell(at, Input::BodyEnd { inside_record });
            }
            Phase::Decided(MarkerOutcome::Complete) => {
                self.note_last_id(at);
                self.tell(at, Input::EndMarker);
            }
            Phase::Decided(MarkerOutcome::Failed) => self.tell(at, Input::FailureMarker),
            Phase::Undecodable(ref error) => {
                self.error = Some(error.words().into());
                let limit = match **error {
                    DecodeError::TooLarge(error) => Some(error.limit),
                    DecodeError::Malformed(_) => None,
                };
                self.tell(at, Input::Unreadable { offset: error.offset(), limit });
            }
            Phase::Away
            | Phase::Untyped
            | Phase::Reading
            | Phase::Finishing
            | Phase::Refused(_)
            | Phase::Closed { .. } => {}
        }
    }

    /// The id of an end marker that is not delivered counts all the same.
    fn note_last_id(&mut self, at: At) {
        if self.options.cursor_source == CursorSource::EventId && self.format() == Format::Sse {
            let id = self.marked.decoder().last_event_id().to_str();
            self.session.handle(at, Input::Cursor { cursor: sendable(&id), id: None });
        }
    }

    fn pending(&mut self) -> &mut Vec<Step<'static>> {
        self.pending.get_or_insert_default()
    }

    fn tell(&mut self, at: At, input: Input<'_>) {
        match self.session.handle(at, input) {
            // The last two answer records, whose actions `note_frame` takes.
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
                self.phase = Phase::Away;
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
        let refused = match mem::replace(&mut self.phase, Phase::Away) {
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

/// What the session answered to a frame.
struct Noted {
    /// To be reported before the frame.
    notice: Option<Notice>,
    /// The frame is not to be delivered.
    dropped: bool,
}

/// Tells the session of a frame.
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
        // It has no cursor, and resuming from an older one would bring it again.
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
        _ => Noted { notice: None, dropped: false },
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

/// Tells the session of an id without a record.
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

/// An id that cannot be a header value (RFC 9110, 5.5) is never sent; then there is no cursor.
fn sendable(id: &str) -> &str {
    let unsendable = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7F;
    if id.bytes().any(unsendable) { "" } else { id }
}

const fn is_record(frame: &Frame<'_>) -> bool {
    matches!(frame, Frame::Event(_) | Frame::Record(_) | Frame::Text(_))
}

fn failure_text(frame: &Frame<'_>) -> Option<Box<str>> {
    let said = match frame {
        Frame::Event(event) => event.data,
        Frame::Record(record) => record.json,
        _ => return None,
    };
    Some(part(&said.to_str()))
}

/// The first 4 KiB of what a failure said.
fn part(text: &str) -> Box<str> {
    let mut end = FAILURE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}
