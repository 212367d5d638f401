//! A whole stream: a decoder, and the session that decides when to connect, wait, resume and end.

#[cfg(feature = "formats")]
mod cursor;
mod hearing;
mod markers;
#[cfg(feature = "llm")]
mod reply;

use alloc::boxed::Box;
#[cfg(feature = "llm")]
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use tidewire_core::session::{At, ContentType, Failure, Rules, Session, Todo};

use crate::abi::{action, announced, format, happened, header, which};
use crate::parser::{Parser, address};
use hearing::Hearing;
use markers::Markers;
pub use markers::Role;
#[cfg(feature = "llm")]
use reply::Reply;
#[cfg(feature = "formats")]
use tidewire_core::json::Path;
#[cfg(feature = "llm")]
use tidewire_core::{CursorSource, StreamOptions};

/// One stream over all its requests, for a driver that does what it says; or a bare decoder, as long as it is not started.
///
/// The driver writes options into the header and into the rules where they lie, tells what happens, and is told what to do: one of
/// [`action`].
// The header comes first, at the address of the stream.
#[repr(C)]
#[derive(Debug)]
pub struct Stream {
    /// The decoder of the present body.
    pub parser: Parser,
    session: Session,
    markers: Markers,
    /// Bytes of the body that were written and not decoded.
    pending: usize,
    /// The format that the caller chose.
    chosen: u32,
    /// The data of the record that reported a failure.
    failure: Vec<u8>,
    /// The JSON field that is the cursor, in place of the last event id.
    #[cfg(feature = "formats")]
    path: Option<Path>,
    #[cfg(feature = "llm")]
    reply: Reply,
}

impl Stream {
    /// Copied from a constant, which takes less code than setting each field.
    const NEW: Self = Self {
        parser: Parser::NEW,
        session: Session::new(Rules::DEFAULT),
        markers: Markers::NONE,
        pending: 0,
        chosen: format::AUTO,
        failure: Vec::new(),
        #[cfg(feature = "formats")]
        path: None,
        #[cfg(feature = "llm")]
        reply: Reply::NONE,
    };

    /// A stream that has not begun. With `is_wide`, texts that are not ASCII come as UTF-16.
    #[must_use]
    pub fn boxed(is_wide: bool) -> Box<Self> {
        let mut stream = Box::new(Self::NEW);
        stream.parser.set_wide(is_wide);
        stream.parser.header[header::RULES as usize] = address(stream.session.rules());
        stream.parser.header[header::FACTS as usize] = address(stream.session.facts());
        stream.parser.header[header::NUMBERS as usize] =
            address(&raw const stream.session) + Session::NUMBERS.start as u32;
        stream
    }

    /// Makes room for `length` bytes, and writes into the header where.
    pub fn reserve(&mut self, length: usize) {
        self.parser.reserve(length);
    }

    /// Decodes a piece, as a decoder alone.
    pub fn decode(&mut self, length: usize, is_last: bool) -> bool {
        let (parser, mut hearing) = self.parts(0.0);
        parser.decode_for(length, is_last, &mut hearing);
        parser.finish();
        !parser.has_failed
    }

    /// As [`Parser::measure`].
    pub fn measure(&mut self, is_broken: bool) {
        self.parser.measure(is_broken);
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Declares a marker that was written like a piece. False if it is none.
    pub fn add_marker(&mut self, role: Role, length: usize) -> bool {
        self.markers.add(role, &self.parser.inbox()[..length])
    }

    /// Continues from a last event id that was written like a piece. To be called before the start.
    pub fn continue_from(&mut self, length: usize) {
        self.parser.continue_from(length);
        self.session.continue_from(self.parser.last_id());
    }

    /// Something happened: one of [`happened`]. `given` is the number that some of these have.
    pub fn tell(&mut self, at: At, what: u32, given: f64) {
        let session = &mut self.session;
        match what {
            happened::START => self.start(at),
            happened::SENT => session.sent(),
            happened::CURSOR_LOST => session.cursor_lost(at.now),
            happened::BODY_END => session.body_end(),
            happened::BROKE_CONNECTING => session.broke(at, Failure::Connect),
            happened::BROKE_BEFORE_HEAD => session.broke(at, Failure::Head),
            happened::BROKE_IN_BODY => session.broke(at, Failure::Body),
            happened::TICK => session.tick(at),
            happened::PAUSE => session.pause(at.now),
            happened::KICK => session.kick(at),
            happened::CHECK => session.check(at, given),
            happened::QUEUE_TIMEOUT => session.queue_timeout(at.now),
            happened::REFRESH_FAILED => session.refresh_failed(at.now),
            _ => session.cancel(at),
        }
    }

    fn start(&mut self, at: At) {
        self.chosen = self.parser.header[header::FORMAT as usize];
        self.markers.no_end |= self.parser.header[header::NO_END as usize] != 0;
        self.markers.no_failure |= self.parser.header[header::NO_FAILURE as usize] != 0;
        self.markers.add_defaults(self.session.rules().follow);
        self.parser.header[header::ACCEPT_DONE as usize] = u32::from(!self.markers.no_end);
        self.session.start(at);
    }

    /// The response's head arrived. `format` is what its content type announces: a format, or one of [`announced`]. `retry_after` is the wait that
    /// it asks for in milliseconds, negative if it asks for none; `is_relayed` says that a relay keeps the response.
    pub fn head(&mut self, at: At, status: u32, format: u32, retry_after: f64, is_relayed: bool) {
        let is_kept = self.chosen != format::AUTO;
        let is_missing = format == announced::MISSING;
        let may_sniff = self.parser.header[header::SNIFF as usize] != 0;
        let content_type = if is_missing {
            if is_kept || may_sniff { ContentType::Assumed } else { ContentType::Missing }
        } else if format == announced::OTHER && !is_kept {
            ContentType::Refused
        } else {
            ContentType::Accepted
        };
        self.session.head(at, status, content_type, retry_after, is_relayed);
        if self.session.is_reading() {
            let format = match format {
                // Without a content type, too, the chosen format applies: `AUTO`.
                _ if is_kept || is_missing => self.chosen,
                #[cfg(feature = "llm")]
                format::TEXT if may_sniff => announced::SOME_TEXT,
                format => format,
            };
            self.parser.restart(format);
        }
    }

    /// A piece of the body arrived, which was written, and the consumer asks.
    pub fn received(&mut self, at: At, length: usize) -> u32 {
        self.session.received(at, length);
        self.pending = length;
        self.advance(at)
    }

    /// The consumer asks: says what to do next.
    pub fn advance(&mut self, at: At) -> u32 {
        self.session.resume(at.now);
        loop {
            let todo = self.session.take();
            if todo != Todo::Nothing {
                if matches!(todo, Todo::Retry | Todo::Close) {
                    self.pending = 0;
                }
                #[cfg(feature = "llm")]
                if todo == Todo::Gap {
                    self.reply.begin_anew();
                } else if todo == Todo::Close && self.finish_reply() {
                    return action::DELIVER;
                }
                return todo as u32;
            }
            let is_last = self.session.is_finishing();
            if is_last || (self.pending > 0 && self.session.is_reading()) {
                let has_rows = self.read(at, is_last);
                // What the body has come to counts from here on, though the rows are yet to be handed out.
                self.session.conclude(at);
                if has_rows {
                    self.session.pause(at.now);
                    return action::DELIVER;
                }
            } else if self.session.is_decided() {
                self.session.conclude(at);
            } else {
                return action::WAIT;
            }
        }
    }

    /// Decodes what was written, or what the body's clean end completes. Returns whether there are rows.
    fn read(&mut self, at: At, is_last: bool) -> bool {
        let length = mem::take(&mut self.pending);
        let (parser, mut hearing) = self.parts(at.now);
        parser.decode_for(length, is_last, &mut hearing);
        if parser.has_failed {
            let offset = parser.table.pop_number() as f64;
            hearing.session.undecodable(offset, parser.size_limit());
        }
        #[cfg(feature = "llm")]
        self.put_reply();
        self.parser.finish();
        let Self { parser, session, .. } = self;
        if is_last && session.is_finishing() {
            session.finished(parser.header[header::INSIDE as usize] != 0);
        }
        !parser.table().rows().is_empty()
    }

    /// The decoder, and who listens to it.
    #[inline]
    fn parts(&mut self, now: f64) -> (&mut Parser, Hearing<'_>) {
        let hearing = Hearing {
            session: &mut self.session,
            markers: &self.markers,
            now,
            failure: &mut self.failure,
            #[cfg(feature = "formats")]
            path: self.path.as_ref(),
            #[cfg(feature = "llm")]
            reply: &mut self.reply,
        };
        (&mut self.parser, hearing)
    }

    /// The latest time for the next tick; infinite if none is needed.
    #[must_use]
    pub fn due(&self) -> f64 {
        self.session.due()
    }

    /// The longest silence on the wire until now, in milliseconds.
    #[must_use]
    pub fn longest_silence(&self, now: f64) -> f64 {
        self.session.longest_silence(now)
    }

    /// Shows a text of the stream in the window; one of [`which`]. False if there is none.
    pub fn show_text(&mut self, what: u32) -> bool {
        let Self { parser, session, .. } = self;
        let text = match what {
            which::LAST => session.cursor(),
            which::REQUESTED => session.request_cursor(),
            which::GAP_AFTER => session.gap_after(),
            #[cfg(feature = "formats")]
            which::PROBLEM => parser.problem.as_bytes(),
            #[cfg(feature = "llm")]
            which::CONTINUATION => {
                let cursor = core::str::from_utf8(session.request_cursor()).unwrap_or_default();
                let Some(url) = self.reply.continuation(cursor).filter(|_| !cursor.is_empty()) else {
                    return false;
                };
                self.failure = url.into_bytes();
                parser.show_fact(&self.failure);
                return true;
            }
            #[cfg(feature = "llm")]
            _ if let Some(error) = self.reply.error() => error.as_bytes(),
            _ => &self.failure,
        };
        parser.show_fact(text);
        !text.is_empty()
    }
}

/// What is told beside the header.
#[cfg(feature = "formats")]
impl Stream {
    /// Makes a JSON field the cursor; its path was written like a piece.
    pub fn set_cursor_path(&mut self, length: usize) {
        let path = core::str::from_utf8(&self.parser.inbox()[..length]).unwrap_or_default();
        self.path = Some(Path::parse(path));
    }
}

/// An LLM's reply.
#[cfg(feature = "llm")]
impl Stream {
    /// Has a dialect, whose name was written like a piece, read the records, after all other options but the request. False for a name of none.
    pub fn set_dialect(&mut self, length: usize) -> bool {
        let name = self.written(length);
        let mut setup = self.setup();
        let is_known = self.reply.choose(&name, &mut setup);
        self.parser.header[header::SNIFF as usize] = u32::from(setup.sniff);
        self.parser.header[header::NO_END as usize] |= u32::from(setup.markers.end_on.is_some());
        self.take_up(setup);
        is_known
    }

    /// Takes in what is requested, `POST https://…`, after all other options. False if a stored cursor is of no use to it.
    pub fn set_request(&mut self, length: usize) -> bool {
        let request = self.written(length);
        let mut setup = self.setup();
        let is_possible = self.reply.ask(&request, &mut setup);
        self.take_up(setup);
        is_possible
    }

    fn written(&mut self, length: usize) -> String {
        String::from_utf8_lossy(&self.parser.inbox()[..length]).into_owned()
    }

    /// The options, as far as dialects look at them.
    fn setup(&self) -> StreamOptions {
        let mut setup = StreamOptions::default();
        setup.policy.resume = self.session.rules().resume;
        if let Some(path) = &self.path {
            setup.cursor_source = CursorSource::Json(path.clone());
        }
        if self.markers.no_end || self.markers.expects_end || self.parser.header[header::NO_END as usize] != 0
        {
            setup.markers.end_on = Some(Vec::new());
        }
        setup.last_event_id = Some(String::from_utf8_lossy(self.session.cursor()).into_owned());
        setup
    }

    fn take_up(&mut self, setup: StreamOptions) {
        if let CursorSource::Json(path) = setup.cursor_source {
            self.path = Some(path);
        }
        let rules = self.session.rules_mut();
        rules.resume = setup.policy.resume;
        rules.reply |= setup.policy.reply;
    }

    /// Puts the rows of a reply into the table.
    fn put_reply(&mut self) {
        let Self { parser, reply, .. } = self;
        if let Some(made) = reply.rows() {
            parser.table.append_to(&mut made.rows, &mut made.text, &parser.buffer);
            parser.table.take_over(&mut made.rows, &mut made.text);
        }
    }

    /// What was waiting for more is handed out at the end of the stream. Returns whether there is anything.
    fn finish_reply(&mut self) -> bool {
        self.reply.finish();
        let has_rows = self.reply.rows().is_some_and(|made| !made.rows.is_empty());
        if has_rows {
            self.parser.table.begin();
            self.put_reply();
            self.parser.finish();
        }
        has_rows
    }
}
