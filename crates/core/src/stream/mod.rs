//! A stream: a [`Session`], which decides when to connect, and a [`MarkedDecoder`], which reads the bodies. A driver does what
//! [`Stream::next`] says, in the same way on every platform.

mod head;
mod note;
mod options;
mod step;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use crate::decoder::Decoder;
use crate::error::DecodeError;
use crate::format::Format;
use crate::marked_decoder::{MarkedDecoder, MarkedFrame, MarkerOutcome, as_comment};
use crate::refusal_reason::refusal_reason;
use crate::session::{
    At, Body, Failure, Outcome, ReplyState, Rules, Session, State, StreamState, Todo, duration, known, ms,
};

use note::{Reaction, as_text, failure_text, note_frame, note_heartbeat, note_id, shortened, text};
pub use options::{CursorSource, ResponseHead, StreamOptions};
pub use step::{Notice, Stats, Step};

/// The most that is kept of a refused response's body, in bytes.
pub const REFUSED_BODY_BYTES: usize = 64 * 1024;

/// One stream over all its requests; it does no input or output itself.
///
/// A service has many streams at a time, most of them with the same options: clones share these.
#[derive(Clone, Debug)]
// In this order, so that the fields that an event touches are adjacent: with thousands of streams, they have all left the processor's
// caches before the next event.
#[repr(C)]
pub struct Stream {
    session: Session,
    /// The cursor was a JSON string in its record.
    quoted: bool,
    /// Without its markers, which the decoder has.
    options: Arc<StreamOptions>,
    marked: MarkedDecoder,
    error: Option<Box<str>>,
    /// The body of a refused response, as far as it was kept.
    #[expect(clippy::box_collection, reason = "an empty one takes no more than a word")]
    refused: Option<Box<Vec<u8>>>,
}

impl Stream {
    /// A stream that has not begun.
    #[must_use]
    pub fn new(mut options: StreamOptions) -> Self {
        options.policy.expects_marker = options.markers.expected();
        options.decoder.done = options.markers.done();
        let first = options.last_event_id.as_deref().unwrap_or_default().as_bytes();
        let decoder = Decoder::new(options.format, options.decoder).with_last_event_id(first);
        let mut session = Session::new(Rules::new(&options.policy, options.dedupe));
        session.continue_from(first);
        Self {
            session,
            marked: MarkedDecoder::new(decoder, mem::take(&mut options.markers), options.policy.follow),
            options: Arc::new(options),
            quoted: false,
            error: None,
            refused: None,
        }
    }

    /// The consumer asks for the stream; [`next`](Self::next) says [`Step::Connect`]. A head counts from then on.
    pub fn start(&mut self, at: At) {
        self.session.start(at);
    }

    /// The request was handed to the transport.
    pub fn sent(&mut self, _: At) {
        self.session.sent();
    }

    /// The request's credentials could not be renewed, so the refusal stands; `error` says why, for people.
    pub fn refresh_failed(&mut self, at: At, error: String) {
        if self.session.is_connecting() {
            self.error = Some(error.into());
        }
        self.session.refresh_failed(at.now);
    }

    /// Bytes of the body arrived, to be given to [`next`](Self::next) now. An empty piece, as some transports hand over, does not count as an
    /// arrival.
    pub fn received(&mut self, at: At, bytes: usize) {
        self.conclude(at);
        self.session.received(at, bytes);
        self.note_refusal();
    }

    /// Bytes of the body arrived that decode to nothing yet: the wire is not silent.
    pub fn activity(&mut self, at: At) {
        self.conclude(at);
        self.session.activity(at);
    }

    /// The body ended cleanly.
    pub fn body_end(&mut self) {
        self.session.body_end();
    }

    /// The transport failed; `error` says how, for people.
    pub fn broke(&mut self, at: At, failure: Failure, error: String) {
        self.conclude(at);
        if !matches!(self.session.facts().state, State::Refused | State::Closed) {
            self.error = Some(error.into());
        }
        self.session.broke(at, failure);
    }

    /// The body's content coding is corrupt; `error` says how, for people.
    pub fn corrupt(&mut self, at: At, error: String) {
        self.conclude(at);
        if matches!(self.session.facts().state, State::Open | State::Untyped) {
            self.error = Some(error.into());
        }
        self.session.corrupt(at);
    }

    /// Time has passed.
    pub fn tick(&mut self, at: At) {
        self.conclude(at);
        self.session.tick(at);
    }

    /// The consumer asks for nothing until [`resume`](Self::resume).
    pub fn pause(&mut self, at: At) {
        self.session.pause(at.now);
    }

    /// The consumer asks again.
    pub fn resume(&mut self, at: At) {
        self.session.resume(at.now);
    }

    /// Connect now, if the request may be sent again.
    pub fn kick(&mut self, at: At) {
        self.conclude(at);
        self.session.kick(at);
    }

    /// The program is back after an absence: a stream that waits connects now, and one whose connection may be dead, and stays silent
    /// for a second more, is continued by another request if that loses nothing. What arrives at once may have been waiting since before
    /// the connection died, and does not count.
    pub fn check(&mut self, at: At, away: Duration) {
        self.conclude(at);
        self.session.check(at, ms(away));
    }

    /// The client had no free slot for the stream in time.
    pub fn queue_timeout(&mut self, at: At) {
        self.session.queue_timeout(at.now);
    }

    /// The caller stops the stream.
    pub fn cancel(&mut self, at: At) {
        self.conclude(at);
        self.session.cancel(at);
    }

    /// Returns the next step, and removes the bytes that it used from the front of `input`. Discard the rest of `input` on
    /// [`Step::Retry`] and [`Step::Closed`].
    #[inline]
    pub fn next<'a, 'i: 'a>(&'a mut self, at: At, input: &mut &'i [u8]) -> Step<'a> {
        let todo = self.session.take();
        if todo != Todo::Nothing {
            return self.step(todo);
        }
        let finishing = self.session.is_finishing();
        if !finishing && !self.session.is_reading() {
            return self.without_body(at, input);
        }
        let read = if finishing { self.marked.finish() } else { self.marked.next(input) };
        // From here on the frame borrows the decoder, so the consequences of the frame are left to the next call.
        match read {
            Ok(MarkedFrame::Frame(frame, outcome)) => {
                let Self { session, options, quoted, .. } = self;
                let Reaction { notice, is_dropped } =
                    note_frame(&frame, at.now, &options.cursor_source, quoted, session);
                if let Some(outcome) = outcome {
                    if outcome == MarkerOutcome::Failed {
                        self.error = failure_text(&frame);
                    }
                    session.decided(outcome == MarkerOutcome::Failed);
                }
                if is_dropped {
                    return notice.map_or(Step::Pass, Step::Notice);
                }
                Step::Frame { frame, notice }
            }
            Ok(MarkedFrame::Heartbeat(frame)) => {
                let notice = note_heartbeat(&frame, &self.options.cursor_source, &mut self.session);
                Step::Frame { frame: as_comment(frame), notice }
            }
            Ok(MarkedFrame::Ended(outcome)) => {
                self.session.decided(outcome == MarkerOutcome::Failed);
                Step::Pass
            }
            Ok(MarkedFrame::Nothing) if finishing => {
                self.session.finished(false);
                Step::Pass
            }
            Ok(MarkedFrame::Nothing) => Step::Starved,
            Err(error) => {
                let limit = match error {
                    DecodeError::TooLarge(error) => error.limit as f64,
                    DecodeError::Malformed(_) => -1.0,
                };
                self.error = Some(error.words().into());
                self.session.undecodable(error.offset() as f64, limit);
                Step::Pass
            }
        }
    }

    /// What is to be done apart from decoding.
    fn step(&mut self, todo: Todo) -> Step<'static> {
        match todo {
            Todo::Retry => Step::Retry(self.session.facts().retry(self.session.is_gap_due())),
            Todo::Gap => Step::Notice(Notice::Gap { after: text(self.session.gap_after()) }),
            Todo::Stalled => Step::Notice(Notice::Stalled(duration(self.session.facts().silent))),
            Todo::Connect => {
                self.error = None;
                Step::Connect
            }
            Todo::Close => {
                if let Some(refused) = &self.refused {
                    // The outcome has the status; what is worth saying is the peer's own reason.
                    self.error = refusal_reason(refused).map(Into::into);
                }
                Step::Closed
            }
            Todo::Nothing => Step::Pass,
        }
    }

    /// The next step where no body is being read.
    #[cold]
    fn without_body(&mut self, at: At, input: &mut &[u8]) -> Step<'static> {
        let state = self.session.facts().state;
        if state == State::Refused {
            let body = self.refused.get_or_insert_default();
            let room = REFUSED_BODY_BYTES - body.len();
            body.extend_from_slice(&input[..input.len().min(room)]);
            *input = &[];
            if body.len() < REFUSED_BODY_BYTES {
                return Step::Starved;
            }
            self.session.body_end();
            return Step::Pass;
        }
        if self.session.is_decided() {
            self.conclude(at);
            return Step::Pass;
        }
        Step::Starved
    }

    /// Tells the session how the body ended, if it has, so that later inputs no longer count.
    #[inline]
    fn conclude(&mut self, at: At) {
        if self.session.is_decided() {
            self.conclude_body(at);
        }
    }

    #[cold]
    fn conclude_body(&mut self, at: At) {
        match self.session.body() {
            Body::Read { .. } => self.session.finished(self.marked.decoder().inside_record()),
            // An end marker that is not delivered: its id counts.
            Body::Complete => self.note_last_id(),
            Body::GoesOn | Body::Ended | Body::Failed | Body::Unreadable => {}
        }
        self.session.conclude(at);
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
        if self.session.has_todo()
            || !self.session.is_reading()
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
            self.session.records(at.now, events);
        }
        events > 0
    }

    /// Takes in whether an LLM reply is over after the frame that was just handed out, from a caller that knows its dialect; `error` is
    /// the peer's text about its failure, for people. If a marker has already decided how the stream ends, that stands; if it decided
    /// for a failure, `error` replaces the text of the failure.
    pub fn reply_state(&mut self, _: At, state: ReplyState, error: Option<&str>) {
        let had_failed = self.session.body() == Body::Failed;
        self.session.reply_state(state);
        let has_failed = state == ReplyState::Failed && self.session.body() == Body::Failed;
        if has_failed && (error.is_some() || !had_failed) {
            self.error = error.map(shortened);
        }
    }

    /// Forgets the cursor, because the driver cannot send it or does not know which reply it belongs to.
    pub fn forget_cursor(&mut self, _: At) {
        self.session.id(b"", None);
    }

    /// The response whose head arrived was requested without the cursor, because a redirect to another origin dropped it: it starts
    /// over. A stream that has delivered records is truncated, unless it is followed; otherwise this is reported as a gap.
    pub fn lost_cursor(&mut self, at: At) {
        self.session.cursor_lost(at.now);
    }

    /// The latest time for the next [`tick`](Self::tick); `None` if no tick is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    /// Whether the present response is read as a stream.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.session.is_reading()
    }

    /// What the stream is doing now. While a refused response's body is still read, it is open.
    #[must_use]
    pub fn state(&self, now: Duration) -> StreamState {
        self.session.state(now)
    }

    /// How the stream ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.session.outcome()
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
        self.refused.as_deref().map_or(&[], |body| body)
    }

    /// The cursor from which another stream can continue this one.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        as_text(self.session.cursor())
    }

    /// The cursor to send with the next request.
    #[must_use]
    pub fn request_cursor(&self) -> Option<&str> {
        as_text(self.session.request_cursor())
    }

    /// Whether the next request is a GET, without a body, of the `Location` under which a relay keeps the response.
    #[must_use]
    pub const fn continues_at_relay(&self) -> bool {
        self.session.facts().at_relay
    }

    /// Whether the cursor was a JSON string in its record; otherwise it was a number, or was stored by the caller.
    #[must_use]
    pub const fn cursor_is_string(&self) -> bool {
        self.quoted
    }

    /// Whether records have arrived, so that a further request continues after them.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.session.facts().events > 0.0
    }

    /// What the stream received so far, and how long it took.
    #[must_use]
    pub fn stats(&self, now: Duration) -> Stats {
        let facts = self.session.facts();
        let now = ms(now);
        Stats {
            first_byte: known(facts.first_byte),
            first_event: known(facts.first_event),
            bytes: facts.bytes as u64,
            events: facts.events as u64,
            attempts: facts.attempts,
            longest_silence: duration(self.session.longest_silence(now)),
            elapsed: duration(now - facts.started),
        }
    }

    /// The format of the present body; [`Format::Auto`] until it is known.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.marked.decoder().format()
    }

    /// Reports the id of an end marker: the marker is not delivered, but its id counts.
    fn note_last_id(&mut self) {
        if self.options.cursor_source == CursorSource::EventId && self.format() == Format::Sse {
            let id = self.marked.decoder().last_event_id();
            note_id(id, false, &mut self.session);
        }
    }

    /// From here on the body of a refused response is kept.
    fn note_refusal(&mut self) {
        if self.session.facts().state == State::Refused && self.refused.is_none() {
            self.refused = Some(Box::default());
        }
    }
}
