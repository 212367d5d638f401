//! A stream: a [`Session`] that says when to connect, and a [`MarkedDecoder`] of what comes, put together. A driver does what
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
use crate::frame::Frame;
use crate::json::{Path, lookup, unescape};
use crate::marked_decoder::{MarkedDecoder, MarkedFrame, MarkerOutcome, Markers, as_comment};
use crate::numbers::sentence;
use crate::options::DecoderOptions;
use crate::reply_state::ReplyState;
use crate::sequence::Sequence;
use crate::session::{Action, At, Failure, Head, Input, Outcome, Policy, Retry, Session, retry_after};

/// The most that is kept of a refused reply's body, in bytes.
pub const REFUSED_BODY_BYTES: usize = 64 * 1024;
/// A refused reply's body is waited for no longer.
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

/// What a stream is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// What may be sent again, and how long it may take. `expects_marker` follows from the markers.
    pub policy: Policy,
    /// The format; chosen by hand it wins over the content type.
    pub format: Format,
    /// There may be no content type; then the first byte says the format. Else such a reply is refused.
    pub sniff: bool,
    /// Of the formats that a content type announces, the one that is read. `None` for all.
    pub only: Option<Format>,
    /// Text is none of the formats that are read, unless it was chosen by hand.
    pub no_text: bool,
    /// The decoder's limits and choices. `done` follows from the markers.
    pub decoder: DecoderOptions,
    /// End, failure and heartbeat markers.
    pub markers: Markers,
    /// Where the cursor comes from.
    pub cursor_source: CursorSource,
    /// Where an earlier stream stopped.
    pub last_event_id: Option<String>,
    /// The caller knows the dialect of the records, and [judges](Stream::judge) each: as long as it does not say otherwise, a stream
    /// without an end that it calls one is truncated.
    pub judged: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Deliver this frame; `gap` says that the server's ordered ids left some out before it, with the last one before the
    /// hole.
    Frame {
        /// The frame.
        frame: Frame<'a>,
        /// The id before the hole.
        gap: Option<String>,
    },
    /// Send the request, with [`Stream::request_cursor`].
    Connect,
    /// Drop the request that is under way; another one will follow. To be told to whoever watches.
    Retry(Retry),
    /// Records may have been lost. To be told.
    Gap {
        /// The cursor behind which they are missing, where there is one.
        after: Option<String>,
    },
    /// The wire has been silent for this long. To be told.
    Stalled(Duration),
    /// Nothing this time; ask again.
    Pass,
    /// The input is used up: wait for more, or for the [deadline](Stream::deadline).
    Starved,
    /// Drop the request that is under way, if any. The stream is over; see [`Stream::outcome`].
    Closed,
}

/// What a stream brought and took.
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
    /// Requests.
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
    /// A body is being read.
    Reading,
    /// The body has ended; what its end completes is handed out.
    Finishing,
    /// What the body's end completes was handed out.
    Finished,
    /// A marker decided how the stream ends.
    Decided(MarkerOutcome),
    /// The body cannot be decoded further.
    Undecodable(Box<DecodeError>),
    /// The stream is refused; what the reply says is collected.
    Refused(Box<Refused>),
    /// Over.
    Closed { refused: Option<Box<Refused>> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    until: Duration,
    body: Vec<u8>,
}

/// One stream over all its requests; does no input or output itself.
///
/// A service has many streams at a time, and most of them alike: clones share what they were set up with.
#[derive(Clone, Debug)]
// In this order, so that what an event touches lies together: where there are thousands of streams, all of it has left the processor's
// caches before the next event.
#[repr(C)]
pub struct Stream {
    session: Session,
    phase: Phase,
    /// [`Step::Connect`] is what is to be told first.
    connect: bool,
    /// The cursor stood in its record as a JSON string.
    quoted: bool,
    /// What is to be told behind that; nearly always nothing.
    #[expect(clippy::box_collection, reason = "an empty one takes no more than a word")]
    told: Option<Box<Vec<Step<'static>>>>,
    sequence: Sequence,
    /// But for its markers, which the marked has.
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
    /// A clean end completes the stream, of the present body or of one that goes on behind it.
    may_complete: bool,
}

impl Stream {
    /// A stream that has not begun.
    #[must_use]
    pub fn new(mut options: StreamOptions) -> Self {
        options.policy.expects_marker = options.markers.expected() || options.judged;
        options.decoder.done = options.markers.done();
        let first = options.last_event_id.as_deref().unwrap_or_default();
        let decoder = Decoder::new(options.format, options.decoder).with_last_event_id(first.as_bytes());
        let mut sequence = Sequence::default();
        if let Some(id) = &options.last_event_id {
            sequence.hole_before(id);
        }
        Self {
            session: Session::new(options.policy, options.last_event_id.as_deref()),
            marked: MarkedDecoder::new(decoder, mem::take(&mut options.markers), options.policy.follow),
            options: Arc::new(options),
            phase: Phase::Away,
            connect: false,
            quoted: false,
            told: None,
            sequence,
            counters: Counters::default(),
            error: None,
        }
    }

    /// The consumer wants the stream; [`next`](Self::next) says [`Step::Connect`].
    pub fn start(&mut self, at: At) {
        self.tell(at, Input::Start);
    }

    /// The reply's head came. `clock` is the time since 1970, for a `Retry-After` that is a date.
    pub fn head(
        &mut self,
        at: At,
        status: u16,
        content_type: Option<&str>,
        retry: Option<&str>,
        clock: Duration,
    ) {
        if self.phase != Phase::Away {
            return;
        }
        self.error = (!(200..=299).contains(&status))
            .then(|| sentence("the server answered with status {}", &[status.into()]).into());
        // What goes on behind a cursor has finished if it had; what begins anew has not.
        self.counters.may_complete &= self.session.request_cursor().is_some();
        if status == 204 && self.counters.may_complete {
            // Nothing more is a clean end.
            self.tell(at, Input::Head(Head { status: 200, acceptable: true, retry_after: None }));
            return self.tell(at, Input::EndMarker);
        }
        let decoder = self.decoder_for(content_type);
        let head = Head {
            status,
            acceptable: decoder.is_some(),
            retry_after: retry.and_then(|value| retry_after(value, clock)),
        };
        self.tell(at, Input::Head(head));
        if let Some(decoder) = decoder.filter(|_| self.session.is_open()) {
            self.marked.restart(decoder);
            self.phase = Phase::Reading;
            self.counters.body_bytes = 0;
        }
    }

    /// Bytes of the body came, to be given to [`next`](Self::next) now.
    pub fn received(&mut self, at: At, bytes: usize) {
        self.conclude(at);
        if matches!(self.phase, Phase::Reading) {
            self.counters.first_byte.get_or_insert(at.now.saturating_sub(self.session.started()));
        }
        self.fed(bytes);
        self.tell(at, Input::Wire);
    }

    /// The same for a body that is fed by hand, where no time passes.
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
            Phase::Reading
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

    /// The consumer asks for nothing for a while.
    pub fn pause(&mut self, at: At) {
        self.tell(at, Input::Pause);
    }

    /// The consumer asks again.
    pub fn resume(&mut self, at: At) {
        self.tell(at, Input::Resume);
    }

    /// Connect now, where the request may be sent again.
    pub fn kick(&mut self, at: At) {
        self.conclude(at);
        self.tell(at, Input::Kick);
    }

    /// There was no place for the stream in time.
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
        if let Some(told) = self.told.as_mut().filter(|told| !told.is_empty()) {
            return told.remove(0);
        }
        match &mut self.phase {
            Phase::Away => return Step::Starved,
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
        // From here on the marked is lent; what it came to is acted upon in the next call.
        match read {
            Ok(MarkedFrame::Frame(frame, outcome)) => {
                if let Some(outcome) = outcome {
                    self.phase = Phase::Decided(outcome);
                    if outcome == MarkerOutcome::Failed {
                        self.error = failure_text(&frame);
                    }
                }
                if is_record(&frame) {
                    self.counters.events += 1;
                    self.counters.first_event.get_or_insert(at.now.saturating_sub(self.session.started()));
                }
                let source = (&self.options.cursor_source, &mut self.quoted);
                let gap = note_frame(&frame, at, source, &mut self.session, &mut self.sequence);
                Step::Frame { frame, gap }
            }
            Ok(MarkedFrame::Heartbeat(frame)) => {
                let gap = note_heartbeat(
                    &frame,
                    at,
                    &self.options.cursor_source,
                    &mut self.session,
                    &mut self.sequence,
                );
                Step::Frame { frame: as_comment(frame), gap }
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

    /// Takes events away from the front of `input` that the caller knows by their bytes, as [`Sse::known`](crate::Sse::known) does, as long
    /// as it knows them: their data is JSON, and they mean for the stream what each record does. Says whether there were any; what is not
    /// known, or may mean more, is left for [`next`](Self::next).
    #[inline]
    pub fn known<'i, T>(
        &mut self,
        at: At,
        input: &mut &'i [u8],
        name: &[u8],
        mut known: impl FnMut(&'i [u8]) -> Option<(T, usize)>,
        mut each: impl FnMut(T),
    ) -> bool {
        let is_told = self.connect || self.told.as_ref().is_some_and(|told| !told.is_empty());
        if is_told
            || !matches!(self.phase, Phase::Reading)
            || self.options.cursor_source != CursorSource::EventId
        {
            return false;
        }
        // With an id there may be a hole before it.
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
        self.sequence.forget();
        if self.session.is_open() {
            self.session.record(at.now, Some(""));
        }
    }

    /// What the frame that was just handed out means for the stream, by one who knows its dialect; `error` is what the peer
    /// said of its failure, for people. A marker that has decided how the stream ends is not overruled; of the failure that it found,
    /// the words are those of `error`.
    pub fn reply_state(&mut self, state: ReplyState, error: Option<&str>) {
        if let (Phase::Decided(MarkerOutcome::Failed), ReplyState::Failed, Some(error)) =
            (&self.phase, state, error)
        {
            self.error = Some(part(error));
        }
        if !matches!(self.phase, Phase::Reading | Phase::Finishing) {
            return;
        }
        self.counters.may_complete = state == ReplyState::MayComplete;
        match state {
            ReplyState::Complete => self.phase = Phase::Decided(MarkerOutcome::Complete),
            ReplyState::Failed => {
                self.phase = Phase::Decided(MarkerOutcome::Failed);
                self.error = error.map(part);
            }
            ReplyState::Open | ReplyState::MayComplete => self.session.expect_marker(true),
            ReplyState::MayEnd => self.session.expect_marker(self.marked.markers().expected()),
        }
    }

    /// Nobody can go on behind the present cursor: the driver cannot send it, or does not know whose it is.
    pub fn forget_cursor(&mut self, at: At) {
        self.session.handle(at, Input::Cursor(""));
    }

    /// The reply whose head came was asked for without the cursor, which a redirect to another origin drops: it begins anew. A stream that
    /// has begun is truncated by it, unless it is followed; else it is told as a gap.
    pub fn lost_cursor(&mut self, at: At) {
        let Some(after) = self.session.request_cursor().filter(|_| self.is_reading()).map(ToOwned::to_owned)
        else {
            return;
        };
        self.counters.may_complete = false;
        self.tell(at, Input::CursorLost);
        if self.is_reading() {
            self.told.get_or_insert_default().push(Step::Gap { after: Some(after) });
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

    /// Whether the present reply is read as a stream.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        matches!(self.phase, Phase::Reading)
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Closed { .. } => self.session.outcome(),
            _ => None,
        }
    }

    /// What the transport or the peer said about the failure, for people.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The body of a refused reply, as far as it was kept.
    #[must_use]
    pub fn refused_body(&self) -> &[u8] {
        match &self.phase {
            Phase::Closed { refused: Some(refused) } => &refused.body,
            _ => &[],
        }
    }

    /// Where a stream that goes on behind this one would begin.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.session.cursor()
    }

    /// The cursor for the request that is to be sent.
    #[must_use]
    pub fn request_cursor(&self) -> Option<&str> {
        self.session.request_cursor()
    }

    /// Whether the cursor stood in its record as a JSON string; else as a number, or nobody knows.
    #[must_use]
    pub const fn cursor_is_string(&self) -> bool {
        self.quoted
    }

    /// Whether records have come, so that a further request goes on behind them.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.counters.events > 0
    }

    /// What the stream brought and took so far.
    #[must_use]
    pub fn stats(&self, now: Duration) -> Stats {
        let Counters { first_byte, first_event, bytes, events, body_bytes: _, may_complete: _ } =
            self.counters;
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

    /// The format of the present body; [`Format::Auto`] as long as it is not known.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.marked.decoder().format()
    }

    fn decoder_for(&self, content_type: Option<&str>) -> Option<Decoder> {
        let options = self.options.decoder;
        let decoder = match self.options.format {
            Format::Auto => match content_type {
                Some(content_type) => Decoder::for_content_type(content_type, options)?,
                None if self.options.sniff => Decoder::new(Format::Auto, options),
                None => return None,
            },
            chosen => Decoder::new(chosen, options),
        };
        let StreamOptions { format: chosen, only, no_text, .. } = *self.options;
        // `application/json` is either of two, until its first byte has come.
        let decoder = match (only, decoder.format()) {
            (Some(only @ (Format::JsonArray | Format::Concat)), Format::Auto) => Decoder::new(only, options),
            _ => decoder,
        };
        let format = decoder.format();
        let unwanted = only.is_some_and(|only| only != format) || (no_text && format == Format::Text);
        if unwanted && chosen == Format::Auto {
            return None;
        }
        Some(decoder.with_last_event_id(self.marked.decoder().last_event_id().as_bytes()))
    }

    /// Tells the session where the body stands, and how it ended if it has: whatever else happens then comes too late.
    fn conclude(&mut self, at: At) {
        self.tell_cursor(at);
        match self.phase {
            Phase::Finished => {
                let inside_record = self.marked.decoder().inside_record();
                let complete = self.counters.may_complete && !inside_record;
                self.tell(at, if complete { Input::EndMarker } else { Input::BodyEnd { inside_record } });
            }
            Phase::Decided(MarkerOutcome::Complete) => self.tell(at, Input::EndMarker),
            Phase::Decided(MarkerOutcome::Failed) => self.tell(at, Input::FailureMarker),
            Phase::Undecodable(ref error) => {
                self.error = Some(error.words().into());
                let limit = match **error {
                    DecodeError::TooLarge(error) => Some(error.limit),
                    DecodeError::Malformed(_) => None,
                };
                self.tell(at, Input::Unreadable { offset: error.offset(), limit });
            }
            Phase::Away | Phase::Reading | Phase::Finishing | Phase::Refused(_) | Phase::Closed { .. } => {}
        }
    }

    /// An id counts from the end of its block on, also where the block had no data and made no event.
    fn tell_cursor(&mut self, at: At) {
        let reading = matches!(
            self.phase,
            Phase::Reading | Phase::Finishing | Phase::Finished | Phase::Decided(_) | Phase::Undecodable(_)
        );
        if reading && self.options.cursor_source == CursorSource::EventId && self.format() == Format::Sse {
            let id = self.marked.decoder().last_event_id().to_str();
            self.session.handle(at, Input::Cursor(sendable(&id)));
        }
    }

    fn tell(&mut self, at: At, input: Input<'_>) {
        match self.session.handle(at, input) {
            Action::Nothing => {}
            Action::Connect => {
                self.error = None;
                match &mut self.told {
                    Some(told) if !told.is_empty() => told.push(Step::Connect),
                    _ => self.connect = true,
                }
            }
            Action::Stalled { silent } => self.told.get_or_insert_default().push(Step::Stalled(silent)),
            Action::Wait(again) => {
                self.phase = Phase::Away;
                self.told.get_or_insert_default().push(Step::Retry(again));
                if again.gap {
                    let after = self.session.cursor().map(ToOwned::to_owned);
                    self.told.get_or_insert_default().push(Step::Gap { after });
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
        if let Some(told) = &mut self.told {
            told.retain(|step| *step != Step::Connect);
        }
        let refused = match mem::replace(&mut self.phase, Phase::Away) {
            Phase::Refused(refused) => Some(refused),
            _ => None,
        };
        self.phase = Phase::Closed { refused };
    }
}

/// Tells the session of a frame; returns the id before a hole in the server's ordered ids.
fn note_frame(
    frame: &Frame<'_>,
    at: At,
    (source, quoted): (&CursorSource, &mut bool),
    session: &mut Session,
    sequence: &mut Sequence,
) -> Option<String> {
    let field = match (frame, source) {
        (Frame::Retry(wait), _) => {
            session.handle(at, Input::Retry(*wait));
            return None;
        }
        (Frame::Event(event), CursorSource::EventId) => {
            let id = event.id.to_str();
            let gap = sequence.hole_before(&id);
            session.handle(at, Input::Record { cursor: Some(sendable(&id)) });
            return gap;
        }
        (Frame::Event(event), CursorSource::Json(path)) => lookup(event.data.as_bytes(), path),
        (Frame::Record(record), CursorSource::Json(path)) => lookup(record.json.as_bytes(), path),
        // Nobody can say where the stream stands behind it, and an older cursor would bring it again.
        (Frame::Record(_) | Frame::Text(_), _) => {
            session.handle(at, Input::Record { cursor: Some("") });
            return None;
        }
        _ => return None,
    };
    let cursor = field.and_then(scalar);
    if cursor.is_some() {
        *quoted = field.is_some_and(|json| json.starts_with(b"\""));
    }
    session.handle(at, Input::Record { cursor: cursor.as_deref() });
    None
}

/// A heartbeat is no record, but its id is an id like any other.
fn note_heartbeat(
    frame: &Frame<'_>,
    at: At,
    source: &CursorSource,
    session: &mut Session,
    sequence: &mut Sequence,
) -> Option<String> {
    let (Frame::Event(event), CursorSource::EventId) = (frame, source) else { return None };
    let id = event.id.to_str();
    let gap = sequence.hole_before(&id);
    session.handle(at, Input::Cursor(sendable(&id)));
    gap
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

/// As much of what a failure said as is kept.
fn part(text: &str) -> Box<str> {
    let mut end = FAILURE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}
