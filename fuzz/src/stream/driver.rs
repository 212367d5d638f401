//! A driver that does what a stream says and believes nothing.

use core::time::Duration;
use std::io::Write;

use tidewire_core::session::{At, Outcome, Reason};
use tidewire_core::{
    CursorSource, DecodeError, Decoder, Format, Frame, MarkedDecoder, MarkedFrame, MarkerOutcome,
    REFUSED_BODY_BYTES, Step, Stream, StreamOptions,
};

use super::Call;

/// Failures in a row after which a stream that follows nothing must have given up.
const MANY: usize = 8;

pub(super) struct Driver {
    setup: StreamOptions,
    stream: Stream,
    /// Where bodies are cut; nowhere, if that is not said.
    cut: Option<u8>,
    now: Duration,
    request: Request,
    connects: u32,
    /// A tick has passed, and nobody has asked since what to do.
    unseen: bool,
    /// Records may be missing, and that is the next that has to be told.
    gap: bool,
    /// The caller has looked away from a body; an error in it may come too late.
    left: bool,
    /// A request was taken back before anybody saw that it was to be sent.
    taken_back: bool,
    events: u64,
    fed: u64,
    /// Of the present body.
    body: u64,
    closed: Option<Outcome>,
    /// The last event id in effect, of bodies before the present one.
    last_event_id: Vec<u8>,
    trace: Trace,
}

/// The request under way.
enum Request {
    None,
    Sent,
    /// Its reply is of no use: refused, or over.
    Spent,
    /// A reader of the body's own, and what it came to.
    Open(Box<MarkedDecoder>, Option<Outcome>),
}

/// What was seen, the same under all cuts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Trace {
    bytes: Vec<u8>,
    in_text: bool,
}

impl Driver {
    pub(super) fn new(setup: StreamOptions, cut: Option<u8>) -> Self {
        Self {
            stream: Stream::new(setup.clone()),
            last_event_id: setup.last_event_id.clone().unwrap_or_default().into_bytes(),
            setup,
            cut,
            now: Duration::ZERO,
            request: Request::None,
            connects: 0,
            unseen: false,
            gap: false,
            left: false,
            taken_back: false,
            events: 0,
            fed: 0,
            body: 0,
            closed: None,
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
            // A driver asks before it does anything else; its caller does not wait for that.
            self.taken_back |= matches!(call, Call::Cancel);
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
            Call::Head { status, content_type, retry_after } => self.head(status, content_type, retry_after),
            Call::BodyEnd => {
                self.stream.body_end();
                return self.follow(&[], true);
            }
            Call::Broke(failure) => self.stream.broke(at, failure, "reset".to_owned()),
            Call::Corrupt => {
                self.stream.corrupt(at, "corrupt".to_owned());
                if let Request::Open(_, came_to @ None) = &mut self.request
                    && self.closed.is_none()
                {
                    *came_to = Some(Outcome::Unreadable { offset: self.body, limit: None });
                }
            }
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

    /// Failures without end, or else a caller who has had enough.
    pub(super) fn comes_to_an_end(&mut self) {
        self.call(Call::Resume);
        for _ in 0..MANY {
            if self.closed.is_some() {
                break;
            }
            if matches!(self.request, Request::None) {
                self.stream.deadline().expect("it waits for nothing");
                self.call(Call::TickWhenDue);
            } else {
                self.call(Call::Broke(tidewire_core::session::Failure::Connect));
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
        assert!(stats.attempts == self.connects || (self.taken_back && stats.attempts == self.connects + 1));
        assert!(stats.bytes <= self.fed && stats.longest_silence <= self.now);
        self.trace.note(&(self.closed, self.stream.cursor(), self.stream.refused_body(), stats.first_event));
        self.trace.note(&(self.stream.error(), self.stream.deadline(), stats.longest_silence));
        self.trace
    }

    fn at(&self) -> At {
        At { now: self.now, chance: 1 << 31 }
    }

    fn head(&mut self, status: u16, content_type: Option<&str>, retry_after: Option<&str>) {
        self.stream.head(self.at(), status, content_type, retry_after, self.now);
        if !matches!(self.request, Request::Sent) {
            return;
        }
        let read = (200..300).contains(&status) && status != 204;
        self.request = match self.decoder(content_type).filter(|_| read) {
            Some(decoder) => {
                (self.body, self.left) = (0, false);
                let reader =
                    MarkedDecoder::new(decoder, self.setup.markers.clone(), self.setup.policy.follow);
                Request::Open(Box::new(reader), None)
            }
            None => Request::Spent,
        };
    }

    /// The decoder for a reply of this type, if it is one that is read.
    fn decoder(&self, content_type: Option<&str>) -> Option<Decoder> {
        let mut options = self.setup.decoder;
        options.done = self.setup.markers.done();
        let chosen = self.setup.format;
        let decoder = match content_type {
            _ if chosen != Format::Auto => Decoder::new(chosen, options),
            Some(content_type) => Decoder::for_content_type(content_type, options)?,
            None if self.setup.sniff => Decoder::new(Format::Auto, options),
            None => return None,
        };
        let format = decoder.format();
        let wanted = self.setup.only.is_none_or(|only| only == format)
            && !(self.setup.no_text && format == Format::Text);
        (wanted || chosen != Format::Auto).then(|| decoder.with_last_event_id(&self.last_event_id))
    }

    fn feed(&mut self, piece: &[u8]) {
        self.fed += piece.len() as u64;
        self.body += piece.len() as u64;
        self.stream.received(self.at(), piece.len());
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
            // What is left of a body that nobody reads any more is not given to anybody.
            if rest.is_empty() || self.closed.is_some() || matches!(self.request, Request::None) {
                return;
            }
        }
    }

    /// Does what the stream says until it wants more; the decoder of our own reads the same.
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
            let told = matches!(step, Step::Gap { .. });
            assert_eq!(told, core::mem::take(&mut self.gap), "a gap is told where it is: {step:?}");
            match step {
                Step::Frame { frame, notice } => {
                    assert!(self.closed.is_none(), "a frame after the end");
                    let Request::Open(own, came_to) = &mut self.request else {
                        panic!("{frame:?} of no body")
                    };
                    assert_eq!(*came_to, None, "{frame:?} behind the end");
                    let want = if finishing { own.finish() } else { own.next(&mut own_input) };
                    let want = match want.expect("the stream reads on") {
                        MarkedFrame::Frame(want, verdict) => {
                            *came_to = verdict.map(outcome_of);
                            Some(want)
                        }
                        MarkedFrame::Heartbeat(Frame::Event(event)) => Some(Frame::Comment(event.data)),
                        MarkedFrame::Heartbeat(Frame::Record(record)) => Some(Frame::Comment(record.json)),
                        _ => None,
                    };
                    assert_eq!(Some(frame), want);
                    self.events +=
                        u64::from(matches!(frame, Frame::Event(_) | Frame::Record(_) | Frame::Text(_)));
                    let id = match (&frame, &self.setup.cursor_source) {
                        (Frame::Event(event), CursorSource::EventId) => Some(event.id.to_str().into_owned()),
                        _ => None,
                    };
                    self.trace.frame(&frame);
                    if let Some(gap) = gap {
                        self.trace.note(&gap);
                    }
                    if let Some(id) = id {
                        assert_eq!(self.stream.cursor().unwrap_or_default(), sendable(&id), "the cursor");
                    }
                    frames -= 1;
                    if frames == 0 {
                        self.left = true;
                        return;
                    }
                }
                Step::Pass => {}
                Step::Starved => {
                    assert!(self.closed.is_none(), "it wants more after its end");
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
                    let cursor = self.stream.request_cursor();
                    assert!(cursor.is_none_or(|cursor| !cursor.is_empty()), "an empty cursor");
                    let json = self.setup.cursor_source != CursorSource::EventId;
                    assert!(
                        json || cursor.is_none_or(|cursor| sendable(cursor) == cursor),
                        "no header value"
                    );
                    self.trace.step(b'C', Duration::ZERO, cursor.unwrap_or_default());
                }
                Step::Retry(again) => {
                    assert!(!matches!(self.request, Request::None), "nothing was under way");
                    assert_eq!(again.attempt, self.connects + 1);
                    let over = matches!(self.request, Request::Open(_, Some(_)));
                    assert!(!over, "a request after the body's own end");
                    assert!(again.reason != Reason::Kick || again.delay.is_zero());
                    self.gap = again.gap;
                    self.drop_request();
                    self.trace.step(b'A', again.delay, again.reason.name());
                }
                Step::Stalled(silent) => {
                    assert!(!matches!(self.request, Request::None), "nobody is listened to");
                    self.trace.step(b'S', silent, "");
                }
                Step::Gap { after } => {
                    assert!(self.setup.policy.follow, "a gap, and nobody follows");
                    self.trace.step(b'G', Duration::ZERO, after.as_deref().unwrap_or_default());
                }
                step => panic!("an unknown step: {step:?}"),
            }
        }
        if !over {
            self.is_as_the_body_says(own_input, finishing);
        }
        // Of a refused reply, too, not more is waited for than is said.
        let waits = matches!(self.request, Request::None | Request::Spent) && self.closed.is_none();
        assert!(!waits || self.stream.deadline().is_some(), "it waits for nothing");
        assert!(self.stream.refused_body().len() <= REFUSED_BODY_BYTES);
    }

    /// Where the body has come to an end of itself, that is the outcome, whatever was called after it.
    fn is_as_the_body_says(&mut self, mut rest: &[u8], finishing: bool) {
        let Request::Open(own, came_to) = &mut self.request else { return };
        if came_to.is_none() {
            *came_to = match if finishing { own.finish() } else { own.next(&mut rest) } {
                Ok(MarkedFrame::Nothing) => None,
                Ok(MarkedFrame::Ended(verdict)) => Some(outcome_of(verdict)),
                Ok(read) => panic!("{read:?} was not delivered"),
                Err(_) if self.left => None,
                Err(error) => Some(Outcome::Unreadable {
                    offset: error.offset(),
                    limit: match error {
                        DecodeError::TooLarge(error) => Some(error.limit),
                        _ => None,
                    },
                }),
            };
        }
        if came_to.is_some() {
            assert_eq!(self.closed, *came_to, "what the body says");
        }
    }

    fn close(&mut self) {
        let outcome = self.stream.outcome();
        assert!(outcome.is_some() && self.stream.deadline().is_none(), "closed without an outcome");
        assert!(self.closed.is_none() || self.closed == outcome, "two outcomes");
        self.closed = outcome;
    }

    fn drop_request(&mut self) {
        if let Request::Open(own, _) = &self.request {
            self.last_event_id = own.decoder().last_event_id().as_bytes().to_vec();
        }
        self.request = Request::None;
    }
}

const fn outcome_of(verdict: MarkerOutcome) -> Outcome {
    match verdict {
        MarkerOutcome::Complete => Outcome::Complete,
        MarkerOutcome::Failed => Outcome::Failed,
    }
}

/// What can be the value of a header.
fn sendable(id: &str) -> &str {
    let is_sendable = id.chars().all(|character| character == '\t' || !character.is_ascii_control());
    if is_sendable { id } else { "" }
}

impl Trace {
    fn note(&mut self, what: &impl core::fmt::Debug) {
        self.in_text = false;
        write!(self.bytes, "\0{what:?}").expect("memory");
    }

    /// The same, for what comes often.
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
