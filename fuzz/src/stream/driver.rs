//! A driver that does what a stream says, and checks it.

use core::time::Duration;
use std::io::Write;

use tidewire_core::session::{At, Failure, Outcome, Reason, Refusal, ReplyState, StreamState};
use tidewire_core::{
    CursorSource, DecodeError, Decoder, Format, Frame, MarkedDecoder, MarkedFrame, MarkerOutcome, Notice,
    REFUSED_BODY_BYTES, ResponseHead, Step, Stream, StreamOptions,
};

use super::Call;
use super::book::{Book, sendable};

/// More failures in a row than a stream that is not followed survives.
const MANY: usize = 8;

pub(super) struct Driver {
    setup: StreamOptions,
    stream: Stream,
    /// Where bodies are cut; `None` if they are whole.
    cut: Option<u8>,
    now: Duration,
    request: Request,
    connects: u32,
    /// Requests that were handed to a transport.
    sent: u32,
    /// A tick has passed, and no step was asked for since.
    unseen: bool,
    /// The next step must report a gap.
    gap: bool,
    /// A part of the body was not read, so an error in it may be noticed later.
    left: bool,
    book: Book,
    /// The response has no content type, and nothing of its body has arrived.
    bare: bool,
    /// What arrived of the body of a refused response.
    refused: Vec<u8>,
    events: u64,
    fed: u64,
    /// Bytes of the current body.
    body: u64,
    closed: Option<Outcome>,
    /// The last event id in effect before the current body.
    last_event_id: Vec<u8>,
    /// The dialect was heard.
    speaks: bool,
    trace: Trace,
}

/// The current request.
enum Request {
    None,
    Sent,
    /// Its response is not read: it is refused, or over.
    Spent,
    /// Its body has no content type, and no byte so far.
    Untyped,
    /// Its body is read. The decoder is independent of the stream; the outcome is set once the body decides it.
    Open(Box<MarkedDecoder>, Option<Outcome>),
}

/// How a content type is handled.
enum Content {
    Read(Box<Decoder>),
    Refused,
    Untyped,
}

/// What the driver saw. It must not depend on the cuts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Trace {
    bytes: Vec<u8>,
    in_text: bool,
}

impl Driver {
    pub(super) fn new(setup: StreamOptions, cut: Option<u8>) -> Self {
        Self {
            stream: Stream::new(setup.clone()),
            book: Book::new(&setup),
            bare: false,
            refused: Vec::new(),
            last_event_id: setup.last_event_id.clone().unwrap_or_default().into_bytes(),
            setup,
            cut,
            now: Duration::ZERO,
            request: Request::None,
            connects: 0,
            sent: 0,
            unseen: false,
            gap: false,
            left: false,
            events: 0,
            fed: 0,
            body: 0,
            closed: None,
            speaks: false,
            trace: Trace::default(),
        }
    }

    pub(super) fn start(&mut self) {
        self.stream.start(self.at());
        self.follow(&[], false);
        assert!(matches!(self.request, Request::Sent), "it does not connect");
    }

    pub(super) fn call(&mut self, call: Call<'_>) {
        let at = self.at();
        let by_caller = matches!(call, Call::Pause | Call::Resume | Call::Kick | Call::Cancel);
        if core::mem::take(&mut self.unseen) {
            // A driver asks for steps before it does anything else, but its caller can call at any time.
            if !by_caller {
                self.follow(&[], false);
            }
        }
        match call {
            Call::Body(body) => return self.body(body),
            Call::PartOfBody(body, frames) => {
                self.feed(body);
                return self.follow_frames(body, false, frames);
            }
            Call::Head(head) => self.head(&head),
            Call::Activity => self.stream.activity(at),
            Call::BodyEnd => {
                let open = matches!(self.request, Request::Untyped | Request::Open(_, None));
                let empty = self.bare && open && self.closed.is_none();
                self.stream.body_end();
                self.follow(&[], true);
                let like_204 = matches!(
                    self.closed,
                    Some(Outcome::Ended | Outcome::Truncated | Outcome::Complete | Outcome::TimedOut(_))
                );
                return assert!(!empty || like_204, "empty, and {:?}", self.closed);
            }
            Call::Broke(failure) => self.stream.broke(at, failure, "reset".to_owned()),
            Call::Corrupt => {
                self.stream.corrupt(at, "corrupt".to_owned());
                if let Request::Open(_, outcome @ None) = &mut self.request
                    && self.closed.is_none()
                {
                    *outcome = Some(Outcome::Unreadable { offset: self.body, limit: None });
                }
            }
            Call::RefreshFailed => return self.refresh_failed(),
            Call::LostCursor => self.lost_cursor(),
            Call::ForgetCursor => {
                self.stream.forget_cursor(at);
                // Without an open body the call does nothing.
                if matches!(self.request, Request::Open(..)) && self.closed.is_none() {
                    self.book.forget_cursor();
                }
            }
            Call::Reply(state) => self.reply(state),
            Call::Tick(later) => {
                self.now += later;
                self.stream.tick(self.at());
            }
            Call::TickWhenDue => {
                self.now = self.now.max(self.stream.deadline().unwrap_or_default());
                self.stream.tick(self.at());
            }
            Call::TickUnseen => {
                self.now = self.now.max(self.stream.deadline().unwrap_or_default());
                self.unseen = true;
                return self.stream.tick(self.at());
            }
            Call::Pause => self.stream.pause(at),
            Call::Resume => self.stream.resume(at),
            Call::Kick => self.stream.kick(at),
            Call::Cancel => {
                self.stream.cancel(at);
                self.follow(&[], false);
                assert!(self.stream.outcome().is_some(), "cancelled, and not over");
            }
            Call::QueueTimeout => self.stream.queue_timeout(at),
            Call::Start => self.stream.start(at),
        }
        self.follow(&[], false);
    }

    /// Fails until the stream ends, or cancels it.
    pub(super) fn ends(&mut self) {
        self.call(Call::Resume);
        for _ in 0..MANY {
            if self.closed.is_some() {
                break;
            }
            if matches!(self.request, Request::None) {
                self.stream.deadline().expect("it waits without a deadline");
                self.call(Call::TickWhenDue);
            } else {
                self.call(Call::Broke(Failure::Connect));
            }
        }
        assert!(self.closed.is_some() || self.setup.policy.follow, "it never ends");
        self.call(Call::Cancel);
        for call in
            [Call::Kick, Call::Tick(Duration::from_secs(1000)), Call::Body(b"data: x\n\n"), Call::BodyEnd]
        {
            self.call(call);
        }
    }

    pub(super) fn trace(mut self) -> Trace {
        let stats = self.stream.stats(self.now);
        assert_eq!(stats.events, self.events);
        assert_eq!(stats.attempts, self.sent);
        assert!(stats.bytes <= self.fed && stats.longest_silence <= self.now);
        self.trace.note(&(self.closed, self.stream.cursor(), self.stream.refused_body(), stats.first_event));
        self.trace.note(&(self.stream.error(), self.stream.deadline(), stats.longest_silence));
        self.trace
    }

    fn at(&self) -> At {
        At::new(self.now, 1 << 31)
    }

    fn head(&mut self, head: &ResponseHead<'_>) {
        self.stream.head(self.at(), head, self.now);
        if !matches!(self.request, Request::Sent) {
            return;
        }
        self.refused.clear();
        self.bare = head.content_type.is_none();
        let read = (200..300).contains(&head.status) && head.status != 204;
        // Part of a reply has arrived. What a marker means before that is tested by the session's own target.
        if self.setup.policy.reply && !core::mem::replace(&mut self.speaks, true) {
            self.stream.reply_state(self.at(), ReplyState::Open, None);
        }
        self.request = match self.decoder(head.content_type) {
            Content::Read(decoder) if read => {
                (self.body, self.left) = (0, false);
                let reader =
                    MarkedDecoder::new(*decoder, self.setup.markers.clone(), self.setup.policy.follow);
                Request::Open(Box::new(reader), None)
            }
            Content::Untyped if read => {
                self.body = 0;
                Request::Untyped
            }
            _ => Request::Spent,
        };
    }

    /// The decoder for a response of this type, if it is read.
    fn decoder(&self, content_type: Option<&str>) -> Content {
        let mut options = self.setup.decoder;
        options.done = self.setup.markers.done();
        let chosen = self.setup.format;
        let decoder = match content_type {
            _ if chosen != Format::Auto => Decoder::new(chosen, options),
            Some(content_type) => match Decoder::for_content_type(content_type, options) {
                Some(decoder) if self.setup.sniff && decoder.format() == Format::Text => {
                    Decoder::for_unknown_text(options)
                }
                Some(decoder) => decoder,
                None => return Content::Refused,
            },
            None if self.setup.sniff => Decoder::new(Format::Auto, options),
            None => return Content::Untyped,
        };
        let format = decoder.format();
        let wanted = self.setup.only.is_none_or(|only| only == format)
            && !(self.setup.no_text && format == Format::Text);
        if wanted || chosen != Format::Auto {
            Content::Read(Box::new(decoder.with_last_event_id(&self.last_event_id)))
        } else {
            Content::Refused
        }
    }

    fn refresh_failed(&mut self) {
        let connecting = matches!(self.request, Request::Sent) && self.closed.is_none();
        self.stream.refresh_failed(self.at(), "no token".to_owned());
        self.follow(&[], false);
        if connecting {
            let refused = Outcome::Refused { status: 401, why: Refusal::Status };
            assert_eq!((self.closed, self.stream.error()), (Some(refused), Some("no token")));
        }
    }

    /// The response was requested without its cursor.
    fn lost_cursor(&mut self) {
        let after = self.stream.request_cursor().map(str::to_owned);
        let reading = matches!(self.request, Request::Open(_, None)) && self.closed.is_none();
        self.stream.lost_cursor(self.at());
        if reading && after.is_some() {
            let cut_off = self.book.any_record() && !self.setup.policy.follow;
            assert_eq!(self.stream.outcome(), cut_off.then_some(Outcome::Truncated));
            self.gap = !cut_off;
        }
    }

    /// The dialect says how the reply stands after the last frame.
    fn reply(&mut self, state: ReplyState) {
        self.stream.reply_state(self.at(), state, Some("said"));
        if let Request::Open(_, outcome @ None) = &mut self.request
            && self.closed.is_none()
        {
            *outcome = match state {
                ReplyState::Complete => Some(Outcome::Complete),
                ReplyState::Failed => Some(Outcome::Failed),
                ReplyState::Nothing | ReplyState::Open | ReplyState::MayComplete | ReplyState::MayEnd => None,
            };
        }
    }

    fn feed(&mut self, piece: &[u8]) {
        self.fed += piece.len() as u64;
        self.body += piece.len() as u64;
        self.stream.received(self.at(), piece.len());
        self.bare &= piece.is_empty();
        if matches!(self.request, Request::Untyped) && !piece.is_empty() {
            self.request = Request::Spent;
        }
        if matches!(self.request, Request::Spent) && self.closed.is_none() {
            self.refused.extend_from_slice(piece);
        }
    }

    fn body(&mut self, body: &[u8]) {
        let length = match self.cut {
            None => body.len().max(1),
            Some(seed) => 1 + usize::from(seed % 16),
        };
        let mut rest = body;
        loop {
            let (piece, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            self.feed(piece);
            self.follow(piece, false);
            // The rest of a body that is not read any more is dropped.
            if rest.is_empty() || self.closed.is_some() || matches!(self.request, Request::None) {
                return;
            }
        }
    }

    /// Takes the steps of the stream until it is starved. The independent decoder reads the same bytes.
    fn follow(&mut self, piece: &[u8], finishing: bool) {
        self.follow_frames(piece, finishing, usize::MAX);
    }

    fn follow_frames(&mut self, piece: &[u8], finishing: bool, mut frames: usize) {
        let at = self.at();
        let mut input = piece;
        let mut own_input = piece;
        let over = self.closed.is_some();
        let most = 4 * piece.len() + 32;
        for count in 0.. {
            assert!(count < most, "an endless loop");
            let step = self.stream.next(at, &mut input);
            let is_gap = matches!(step, Step::Notice(Notice::Gap { .. }));
            assert_eq!(is_gap, core::mem::take(&mut self.gap), "a gap is reported where it is: {step:?}");
            match step {
                Step::Frame { frame, notice } => {
                    assert!(self.closed.is_none(), "a frame after the end");
                    let Request::Open(own, outcome) = &mut self.request else {
                        panic!("{frame:?} of no body")
                    };
                    let (want, noted) = loop {
                        assert_eq!(*outcome, None, "{frame:?} after the end");
                        let read = if finishing { own.finish() } else { own.next(&mut own_input) };
                        let read = read.expect("no decode error");
                        let noted = self.book.note(&read);
                        let want = match read {
                            MarkedFrame::Frame(want, marked) => {
                                *outcome = marked.map(outcome_of);
                                Some(want)
                            }
                            MarkedFrame::Heartbeat(Frame::Event(event)) => Some(Frame::Comment(event.data)),
                            MarkedFrame::Heartbeat(Frame::Record(record)) => {
                                Some(Frame::Comment(record.json))
                            }
                            _ => None,
                        };
                        if !noted.dropped {
                            break (want, noted);
                        }
                        assert_eq!(noted.notice, None, "a repeat is not reported");
                    };
                    assert_eq!(Some(frame), want);
                    assert_eq!(notice, noted.notice);
                    self.events +=
                        u64::from(matches!(frame, Frame::Event(_) | Frame::Record(_) | Frame::Text(_)));
                    self.trace.frame(&frame);
                    if let Some(notice) = notice {
                        self.trace.note(&notice);
                    }
                    self.has_the_cursor();
                    frames -= 1;
                    if frames == 0 {
                        self.left = true;
                        return;
                    }
                }
                Step::Pass => {}
                Step::Starved => {
                    assert!(self.closed.is_none(), "starved after its end");
                    let reading = matches!(self.request, Request::Open(..) | Request::Spent);
                    assert!(input.is_empty() || !reading, "input is left over");
                    break;
                }
                Step::Closed => {
                    self.close();
                    break;
                }
                Step::Connect => {
                    assert!(matches!(self.request, Request::None), "two requests at once");
                    assert!(self.stream.outcome().is_none(), "a request after the end");
                    self.request = Request::Sent;
                    self.connects += 1;
                    self.book.next_attempt();
                    // The step is also returned if the request was withdrawn meanwhile. Then it does not count as sent.
                    self.sent += u32::from(self.stream.state(self.now) == StreamState::Connecting);
                    self.stream.sent(at);
                    let cursor = self.stream.request_cursor();
                    let first = self.setup.last_event_id.as_deref();
                    assert!(cursor.is_none() || cursor == self.book.cursor() || cursor == first);
                    let json = self.setup.cursor_source != CursorSource::EventId;
                    assert!(
                        json || cursor.is_none_or(|cursor| sendable(cursor).is_some()),
                        "no header value"
                    );
                    self.trace.step(b'C', Duration::ZERO, cursor.unwrap_or_default());
                }
                Step::Retry(retry) => {
                    assert!(!matches!(self.request, Request::None), "nothing was under way");
                    assert_eq!(retry.attempt, self.connects + 1);
                    let over = matches!(self.request, Request::Open(_, Some(_)));
                    assert!(!over, "a request after the body's own end");
                    assert!(retry.reason != Reason::Kick || retry.delay.is_zero());
                    assert!(
                        retry.delay <= Duration::from_secs(60)
                            && (!retry.refresh || self.setup.policy.refresh)
                    );
                    self.gap = retry.gap;
                    self.drop_request();
                    self.trace.step(b'A', retry.delay, retry.reason.name());
                    self.trace.note(&(retry.refresh, retry.asked));
                }
                Step::Notice(Notice::Stalled(silent)) => {
                    assert!(!matches!(self.request, Request::None), "a stall without a request");
                    self.trace.step(b'S', silent, "");
                }
                Step::Notice(Notice::Gap { after }) => {
                    assert!(
                        self.setup.policy.follow || !self.book.any_record(),
                        "a gap in a stream that is not followed"
                    );
                    self.trace.step(b'G', Duration::ZERO, after.as_deref().unwrap_or_default());
                }
                Step::Notice(notice @ Notice::Replayed { .. }) => {
                    assert!(self.setup.dedupe, "a record is missing");
                    let Request::Open(own, outcome) = &mut self.request else {
                        panic!("{notice:?} of no body")
                    };
                    assert_eq!(*outcome, None, "{notice:?} after the end");
                    let read = if finishing { own.finish() } else { own.next(&mut own_input) };
                    let read = read.expect("no decode error");
                    let noted = self.book.note(&read);
                    if let MarkedFrame::Frame(_, marked) = read {
                        *outcome = marked.map(outcome_of);
                    }
                    self.trace.note(&notice);
                    assert_eq!((Some(notice), true), (noted.notice, noted.dropped));
                }
                step => panic!("an unknown step: {step:?}"),
            }
        }
        if !over {
            self.is_as_the_body_says(own_input, finishing);
        }
        // The body of a refused response has a deadline too.
        let waits = matches!(self.request, Request::None | Request::Spent) && self.closed.is_none();
        assert!(!waits || self.stream.deadline().is_some(), "it waits without a deadline");
        assert!(self.stream.refused_body().len() <= REFUSED_BODY_BYTES);
        self.has_the_cursor();
        self.says_its_state();
    }

    fn says_its_state(&self) {
        match (self.stream.state(self.now), &self.request) {
            (StreamState::Closed(outcome), _) => assert_eq!(self.closed, outcome),
            (StreamState::Connecting, Request::Sent) | (StreamState::Waiting { .. }, Request::None) => {}
            (StreamState::Open, Request::Open(..) | Request::Untyped | Request::Spent) => {}
            (state, _) => panic!("{state:?} is not where the request is"),
        }
    }

    /// If the body decides the outcome, that is the outcome of the stream, whatever was called after it.
    fn is_as_the_body_says(&mut self, mut rest: &[u8], finishing: bool) {
        let Request::Open(own, outcome) = &mut self.request else { return };
        while outcome.is_none() {
            let read = if finishing { own.finish() } else { own.next(&mut rest) };
            if let Ok(read) = &read {
                let noted = self.book.note(read);
                if noted.dropped {
                    assert_eq!(noted.notice, None, "a repeat is not reported");
                    if let MarkedFrame::Frame(_, marked) = read {
                        *outcome = marked.map(outcome_of);
                    }
                    continue;
                }
            }
            *outcome = match read {
                Ok(MarkedFrame::Nothing) => break,
                Ok(MarkedFrame::Ended(outcome)) => Some(outcome_of(outcome)),
                Ok(read) => panic!("{read:?} was not delivered"),
                Err(_) if self.left => break,
                Err(error) => Some(Outcome::Unreadable {
                    offset: error.offset(),
                    limit: match error {
                        DecodeError::TooLarge(error) => Some(error.limit),
                        _ => None,
                    },
                }),
            };
        }
        if outcome.is_some() {
            assert_eq!(self.closed, *outcome, "what the body says");
        }
        if self.closed == Some(Outcome::Complete)
            && *outcome == self.closed
            && own.decoder().format() == Format::Sse
        {
            self.book.last_event_id(&own.decoder().last_event_id().to_str());
        }
    }

    fn has_the_cursor(&self) {
        assert_eq!(self.stream.cursor(), self.book.cursor(), "the cursor");
        assert_eq!(self.stream.cursor_is_string(), self.book.cursor_is_string());
    }

    fn close(&mut self) {
        let outcome = self.stream.outcome();
        assert!(outcome.is_some() && self.stream.deadline().is_none(), "closed without an outcome");
        assert!(self.closed.is_none() || self.closed == outcome, "two outcomes");
        self.closed = outcome;
        if let Some(Outcome::Refused { .. }) = outcome {
            assert!(self.refused.starts_with(self.stream.refused_body()), "not what came");
        }
    }

    fn drop_request(&mut self) {
        if let Request::Open(own, _) = &self.request {
            self.last_event_id = own.decoder().last_event_id().as_bytes().to_vec();
        }
        self.request = Request::None;
    }
}

const fn outcome_of(outcome: MarkerOutcome) -> Outcome {
    match outcome {
        MarkerOutcome::Complete => Outcome::Complete,
        MarkerOutcome::Failed => Outcome::Failed,
    }
}

impl Trace {
    fn note(&mut self, what: &impl core::fmt::Debug) {
        self.in_text = false;
        write!(self.bytes, "\0{what:?}").expect("memory");
    }

    /// Adds a step, more cheaply than [`note`](Self::note).
    fn step(&mut self, kind: u8, time: Duration, text: &str) {
        self.in_text = false;
        self.bytes.extend([0, kind]);
        self.bytes.extend(time.as_nanos().to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        let (kind, parts): (u8, [&[u8]; 3]) = match frame {
            Frame::Event(event) => {
                (b'e', [event.event.as_bytes(), event.data.as_bytes(), event.id.as_bytes()])
            }
            Frame::Record(record) => (b'r', [record.json.as_bytes(), b"", b""]),
            Frame::Comment(comment) => (b'c', [comment.as_bytes(), b"", b""]),
            Frame::Text(text) => {
                if !self.in_text {
                    self.note(&"text");
                    self.in_text = true;
                }
                return self.bytes.extend_from_slice(text.as_bytes());
            }
            other => return self.note(other),
        };
        self.in_text = false;
        self.bytes.push(kind);
        for part in parts {
            self.bytes.extend_from_slice(part);
            self.bytes.push(0);
        }
    }
}
