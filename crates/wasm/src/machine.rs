//! A decoder or a whole stream, for a driver that does what it says.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;
use core::mem;
use core::time::Duration;

use tidewire_core::session::{At, Failure, Outcome, Refusal, Retry};
use tidewire_core::{Notice, ResponseHead, Step, Stream, StreamOptions, StreamState, Utf8};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::decoding::Decoding;
use crate::inbox::Inbox;
use crate::key::Key;
use crate::reply::Reply;
use crate::setup::{decoder, duration, set, set_text};
use crate::table::{Table, Writer, address};

/// What [`Machine::handle`] is told. `js/src/machine.ts` has the same list.
mod input {
    /// The consumer wants the stream.
    pub(super) const START: u32 = 0;
    /// The body ended cleanly.
    pub(super) const BODY_END: u32 = 1;
    /// The transport failed before the request was sent, before a head, inside the body; what it said lies in the inbox.
    pub(super) const BROKE_CONNECTING: u32 = 2;
    pub(super) const BROKE_BEFORE_HEAD: u32 = 3;
    pub(super) const BROKE_IN_BODY: u32 = 4;
    /// Time has passed.
    pub(super) const TICK: u32 = 5;
    /// The consumer asks for nothing for a while; [`advance`](super::Machine::advance) says by itself that it asks again.
    pub(super) const PAUSE: u32 = 6;
    /// Connect now, where the request may be sent again.
    pub(super) const KICK: u32 = 7;
    /// There was no place for the stream in time.
    pub(super) const QUEUE_TIMEOUT: u32 = 8;
    /// The caller stops the stream.
    pub(super) const CANCEL: u32 = 9;
    /// The request was handed to the transport.
    pub(super) const SENT: u32 = 10;
    /// What the request carries could not be renewed; why lies in the inbox.
    pub(super) const REFRESH_FAILED: u32 = 11;
    /// The response whose head came was requested without its cursor, because a redirect dropped it.
    pub(super) const CURSOR_LOST: u32 = 12;
    /// The page is back after an absence of so many milliseconds.
    pub(super) const CHECK: u32 = 13;
}

/// What [`Machine::fact`] is asked for. `js/src/machine.ts` has the same list.
mod fact {
    pub(super) const ACCEPT: u32 = 0;
    pub(super) const OUTCOME: u32 = 1;
    pub(super) const ERROR: u32 = 2;
    pub(super) const CURSOR: u32 = 3;
    pub(super) const REQUEST_CURSOR: u32 = 4;
    pub(super) const TIMEOUT: u32 = 5;
    pub(super) const REFUSED_BODY: u32 = 6;
    pub(super) const REASON: u32 = 7;
    pub(super) const GAP: u32 = 8;
    /// Whether a body is being read.
    pub(super) const IS_OPEN: u32 = 9;
    /// Of a decoder: the last event id in effect.
    pub(super) const LAST_EVENT_ID: u32 = 10;
    /// Of a decoder: whether the body, should it end here, ends inside a record.
    pub(super) const INSIDE_RECORD: u32 = 11;
    /// The URL at which a GET goes on behind the request's cursor, where that is to be asked for in no other way; empty where there is none.
    pub(super) const CONTINUATION: u32 = 12;
    /// Whether the request that is to be sent is a GET of the `Location` under which a relay keeps the response.
    pub(super) const AT_RELAY: u32 = 13;
}

/// What [`Machine::advance`] says is to be done. `js/src/machine.ts` has the same list.
#[derive(Clone, Copy)]
enum Action {
    /// Deliver the rows of the table.
    Deliver = 0,
    /// Wait for more, or for the deadline.
    Wait = 1,
    /// Send the request.
    Connect = 2,
    /// Drop the request under way; a further one will follow.
    Retry = 3,
    /// Tell of a gap.
    Gap = 4,
    /// Tell of a silence.
    Stalled = 5,
    /// The stream is over.
    Closed = 6,
    /// Wait, but for a deadline that is sooner than the one that was told last.
    WaitLess = 7,
}

/// Numbers that [`Machine::facts`] tells; -1 for what there is not.
const FACTS: usize = 16;

/// What has been described, or is under way.
enum State {
    Described(Box<StreamOptions>),
    Decoding(Decoding),
    Streaming(Box<Stream>),
}

/// A bare decoder, or one stream over all its requests.
#[wasm_bindgen]
pub struct Machine {
    inbox: Inbox,
    /// How much of the inbox came from the body, and how much of that was looked at.
    came: usize,
    used: usize,
    table: Table,
    state: State,
    /// What reads the records of a stream that has a dialect.
    reply: Reply,
    last: Last,
    facts: Box<[f64; FACTS]>,
}

/// What was told last.
#[derive(Default)]
struct Last {
    retry: Option<Retry>,
    gap: Option<String>,
    silent: Duration,
    due: Option<Duration>,
}

#[wasm_bindgen]
impl Machine {
    /// What has not begun. With `wide` the tables' window comes as UTF-16 too, unless it is all ASCII.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(wide: bool) -> Self {
        Self {
            inbox: Inbox::default(),
            came: 0,
            used: 0,
            table: Table::new(wide),
            state: State::Described(Box::default()),
            reply: Reply::default(),
            last: Last::default(),
            facts: Box::new([0.0; FACTS]),
        }
    }

    /// The address of the table's header.
    #[must_use]
    pub fn header(&self) -> u32 {
        address(self.table.header())
    }

    /// The address of an inbox of this many bytes.
    pub fn reserve(&mut self, length: usize) -> u32 {
        address(self.inbox.reserve(length))
    }

    /// Sets an option, before anything begins. False where there is no such option.
    pub fn set(&mut self, key: u32, value: f64) -> bool {
        let State::Described(setup) = &mut self.state else { return false };
        set(setup, Key::of(key), value)
    }

    /// The same with a text in the inbox. False where it is not what the option takes.
    pub fn set_text(&mut self, key: u32, length: usize) -> bool {
        let State::Described(setup) = &mut self.state else { return false };
        match Key::of(key) {
            Key::Dialect => self.reply.choose(self.inbox.text(length), setup),
            Key::Request => self.reply.ask(self.inbox.text(length), setup),
            key => set_text(setup, key, self.inbox.text(length)),
        }
    }

    /// Makes offsets of code units where the window is UTF-8 beyond ASCII, after JavaScript has found out whether that is broken.
    pub fn measure(&mut self, is_broken: bool) {
        self.table.measure(&self.inbox, is_broken);
    }

    /// Decodes a piece that lies in the inbox, or with `last` what the body's clean end completes. What was found is in the table;
    /// false where decoding cannot go on, and then the last row says why, as for a record that is passed over.
    pub fn decode(&mut self, length: usize, last: bool) -> bool {
        if let State::Described(setup) = &self.state {
            self.state = State::Decoding(Decoding::new(decoder(setup)));
        }
        let State::Decoding(decoding) = &mut self.state else { return false };
        decoding.decode(&mut self.inbox, length, last, &mut self.table)
    }

    /// Something happened: one of the list above. `now` is in milliseconds since any origin, `chance` an even draw from all `u32`,
    /// `given` how many bytes lie in the inbox, or the number that the input has.
    pub fn handle(&mut self, now: f64, chance: u32, what: u32, given: usize) {
        let at = at(now, chance);
        if what == input::START
            && let State::Described(setup) = &mut self.state
        {
            self.state = State::Streaming(Box::new(Stream::new(mem::take(setup))));
        }
        let State::Streaming(stream) = &mut self.state else { return };
        match what {
            input::START => stream.start(at),
            input::BODY_END => stream.body_end(),
            input::BROKE_CONNECTING | input::BROKE_BEFORE_HEAD | input::BROKE_IN_BODY => {
                let failure = match what {
                    input::BROKE_CONNECTING => Failure::Connect,
                    input::BROKE_BEFORE_HEAD => Failure::Head,
                    _ => Failure::Body,
                };
                stream.broke(at, failure, self.inbox.text(given).to_owned());
            }
            input::TICK => stream.tick(at),
            input::PAUSE => stream.pause(at),
            input::KICK => stream.kick(at),
            input::QUEUE_TIMEOUT => stream.queue_timeout(at),
            input::CANCEL => stream.cancel(at),
            input::SENT => stream.sent(at),
            input::CURSOR_LOST => stream.lost_cursor(at),
            input::REFRESH_FAILED => stream.refresh_failed(at, self.inbox.text(given).to_owned()),
            input::CHECK => stream.check(at, duration(given as f64)),
            _ => {}
        }
    }

    /// The response's head came. Its content type, `Retry-After` and `retry-after-ms` lie in the inbox, one behind the other, and end at
    /// these lengths; a negative one says that there is no such header. `clock` is the time since 1970.
    #[expect(clippy::too_many_arguments, reason = "numbers are what a call across the boundary has")]
    pub fn head(
        &mut self,
        now: f64,
        chance: u32,
        status: u16,
        type_end: i32,
        retry_end: i32,
        retry_ms_end: i32,
        relayed: bool,
        clock: f64,
    ) {
        let State::Streaming(stream) = &mut self.state else { return };
        let mut start = 0;
        let [content_type, retry_after, retry_after_ms] = [type_end, retry_end, retry_ms_end].map(|end| {
            let end = usize::try_from(end).ok()?;
            let text = self.inbox.text(end).get(start..)?;
            start = end;
            Some(text)
        });
        let head = ResponseHead { status, content_type, retry_after, retry_after_ms, relayed };
        stream.head(at(now, chance), &head, duration(clock));
    }

    /// A piece of the body came, which lies in the inbox, and the consumer asks: the one behind the other, as nearly every piece has it.
    pub fn received(&mut self, now: f64, chance: u32, length: usize) -> u32 {
        if let State::Streaming(stream) = &mut self.state {
            (self.came, self.used) = (length, 0);
            stream.received(at(now, chance), length);
        }
        self.advance(now, chance)
    }

    /// The consumer asks: says what to do next. Frames are gathered in the table as far as they have come; how the stream goes on
    /// behind them is told when it is asked again.
    pub fn advance(&mut self, now: f64, chance: u32) -> u32 {
        let at = at(now, chance);
        if let State::Streaming(stream) = &mut self.state {
            stream.resume(at);
        }
        let action = match (self.gather(at), &mut self.state) {
            (Action::Deliver, State::Streaming(stream)) => {
                stream.pause(at);
                Action::Deliver
            }
            (Action::Wait, State::Streaming(stream))
                if stream.deadline().is_some_and(|due| self.last.due.is_none_or(|told| due < told)) =>
            {
                Action::WaitLess
            }
            (action, _) => action,
        };
        action as u32
    }

    #[inline(never)]
    fn gather(&mut self, at: At) -> Action {
        let State::Streaming(stream) = &mut self.state else { return Action::Wait };
        let (mut table, mut rest) = self.table.write(&mut self.inbox, self.used..self.came);
        // Most pieces of a reply are nothing but events that are alike; these are whole, so nothing of them is to be kept. A token may be empty.
        self.reply.read_alike(stream, at, &mut rest, &mut table);
        let is_all = rest.is_empty() && table.len() > 0;
        let action = match is_all {
            true => Action::Deliver,
            false => gather_frames(stream, &mut self.reply, at, &mut rest, &mut table, &mut self.last),
        };
        self.used = self.came - rest.len();
        table.finish();
        self.table.publish(&self.inbox);
        action
    }

    /// When the stream wants to hear that time has passed, at the latest, in milliseconds; infinite for never.
    pub fn deadline(&mut self) -> f64 {
        self.last.due = match &self.state {
            State::Streaming(stream) => stream.deadline(),
            State::Described(_) | State::Decoding(_) => None,
        };
        self.last.due.map_or(f64::INFINITY, ms)
    }

    /// Says a fact of the list above: puts a text into the window, and says whether there is one; or says yes or no.
    pub fn fact(&mut self, what: u32) -> bool {
        let text = match &self.state {
            State::Described(setup) if what == fact::ACCEPT => Some(setup.format.accept().into()),
            State::Streaming(stream) if what == fact::IS_OPEN => {
                return stream.state(Duration::ZERO) == StreamState::Open;
            }
            State::Streaming(stream) if what == fact::AT_RELAY => return stream.continues_at_relay(),
            State::Streaming(stream) if what == fact::CONTINUATION => {
                stream.request_cursor().and_then(|cursor| self.reply.continuation(cursor)).map(Cow::Owned)
            }
            State::Streaming(stream) => fact_text(stream, what, &self.last),
            State::Decoding(Decoding::On(decoder)) if what == fact::INSIDE_RECORD => {
                return decoder.inside_record();
            }
            State::Decoding(Decoding::On(decoder)) if what == fact::LAST_EVENT_ID => {
                Some(decoder.last_event_id().to_str())
            }
            State::Described(_) | State::Decoding(_) => None,
        };
        self.table.only(text.as_deref().unwrap_or_default());
        text.is_some()
    }

    /// Writes down what is known in numbers, and says where.
    pub fn facts(&mut self, now: f64) -> u32 {
        if let State::Streaming(stream) = &self.state {
            *self.facts = facts(stream, now, &self.last);
        }
        address(self.facts.as_ptr())
    }
}

#[cfg(feature = "llm")]
#[wasm_bindgen]
impl Machine {
    /// A stream that is fed by hand, where no time passes: takes a piece of the body that lies in the inbox, or with `last` its clean end, and
    /// goes on as [`advance`](Self::advance).
    pub fn feed(&mut self, length: usize, last: bool) -> u32 {
        let State::Streaming(stream) = &mut self.state else { return Action::Closed as u32 };
        let at = at(0.0, 0);
        if last {
            stream.body_end();
        } else {
            (self.came, self.used) = (length, 0);
            stream.received(at, length);
        }
        self.gather(at) as u32
    }
}

// Beside the way of what is alike, which is short: as one they would share a large frame and its registers.
#[inline(never)]
fn gather_frames(
    stream: &mut Stream,
    reply: &mut Reply,
    at: At,
    rest: &mut &[u8],
    table: &mut Writer<'_>,
    last: &mut Last,
) -> Action {
    loop {
        match stream.next(at, rest) {
            Step::Frame { ref frame, ref notice } => {
                match notice {
                    Some(Notice::Gap { after: Some(after) }) => table.push_gap(after),
                    Some(Notice::Replayed { id }) => table.push_replayed(id),
                    _ => {}
                }
                if let Some(reply_state) = reply.read(frame, table) {
                    stream.reply_state(at, reply_state, reply.error());
                    if reply.is_nameless() {
                        stream.forget_cursor(at);
                    }
                    reply.read_alike(stream, at, rest, table);
                }
            }
            Step::Notice(Notice::Replayed { id }) => table.push_replayed(&id),
            Step::Closed if reply.finish(table) => return Action::Deliver,
            _ if table.len() > 0 => return Action::Deliver,
            Step::Connect => return Action::Connect,
            Step::Retry(retry) => {
                *rest = &[];
                last.retry = Some(retry);
                return Action::Retry;
            }
            Step::Notice(Notice::Gap { after }) => {
                reply.begin_anew();
                last.gap = after;
                return Action::Gap;
            }
            Step::Notice(Notice::Stalled(silent)) => {
                last.silent = silent;
                return Action::Stalled;
            }
            Step::Starved => return Action::Wait,
            Step::Closed => return Action::Closed,
            _ => {}
        }
    }
}

fn fact_text<'a>(stream: &'a Stream, what: u32, last: &'a Last) -> Option<Cow<'a, str>> {
    let outcome = stream.outcome();
    let text = match what {
        fact::OUTCOME => outcome?.code(),
        fact::ERROR => stream.error()?,
        fact::CURSOR => stream.cursor()?,
        fact::REQUEST_CURSOR => stream.request_cursor()?,
        fact::TIMEOUT => match outcome? {
            Outcome::TimedOut(limit) => limit.name(),
            _ => return None,
        },
        fact::REFUSED_BODY => return Some(Utf8::new(stream.refused_body()).to_str()),
        fact::REASON => last.retry?.reason.name(),
        fact::GAP => last.gap.as_deref()?,
        _ => return None,
    };
    Some(text.into())
}

/// `[status, limit, offset, retry-after, events, bytes, attempts, first byte, first event, longest silence, elapsed, next attempt, its
/// delay, silence, the wait that `retry:` asked for beyond what is honoured, whether that attempt begins with a refresh]`, times in milliseconds.
fn facts(stream: &Stream, now: f64, last: &Last) -> [f64; FACTS] {
    const NONE: f64 = -1.0;
    let outcome = stream.outcome();
    let stats = stream.stats(duration(now));
    let (status, retry_after) = match outcome {
        Some(Outcome::Refused { status, why: Refusal::RetryAfter(wait) }) => (f64::from(status), ms(wait)),
        Some(Outcome::Refused { status, why: Refusal::ContentType }) => (f64::from(status), -2.0),
        Some(Outcome::Refused { status, .. }) => (f64::from(status), NONE),
        _ => (NONE, NONE),
    };
    let (offset, limit) = match outcome {
        Some(Outcome::Unreadable { offset, limit }) => {
            (offset as f64, limit.map_or(NONE, |limit| limit as f64))
        }
        _ => (NONE, NONE),
    };
    [
        status,
        limit,
        offset,
        retry_after,
        stats.events as f64,
        stats.bytes as f64,
        f64::from(stats.attempts),
        stats.first_byte.map_or(NONE, ms),
        stats.first_event.map_or(NONE, ms),
        ms(stats.longest_silence),
        ms(stats.elapsed),
        last.retry.map_or(NONE, |retry| f64::from(retry.attempt)),
        last.retry.map_or(NONE, |retry| ms(retry.delay)),
        ms(last.silent),
        last.retry.and_then(|retry| retry.asked).map_or(NONE, ms),
        f64::from(u8::from(last.retry.is_some_and(|retry| retry.refresh))),
    ]
}

const fn at(now: f64, chance: u32) -> At {
    At::new(Duration::from_micros((now * 1000.0) as u64), chance)
}

/// Milliseconds, to the microsecond; what is too long is the longest, as in [`duration`].
fn ms(time: Duration) -> f64 {
    let micros = time.as_secs().saturating_mul(1_000_000).saturating_add(time.subsec_micros().into());
    micros as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wait that no timer takes, which a server can ask for, is not one that has passed.
    #[test]
    fn times_of_every_length() {
        let longest = u64::MAX as f64 / 1000.0;
        let rows = [
            (Duration::ZERO, 0.0),
            (Duration::from_micros(1_500), 1.5),
            (Duration::from_nanos(1_500_999), 1.5),
            (Duration::from_secs(1 << 40), 1000.0 * (1_u64 << 40) as f64),
            (Duration::from_millis(u64::MAX), longest),
            (Duration::from_millis(u64::MAX / 1000 + 2), longest),
            (Duration::from_micros(u64::MAX).saturating_add(Duration::from_secs(5)), longest),
            (Duration::MAX, longest),
        ];
        for (time, want) in rows {
            assert_eq!(ms(time), want, "{time:?}");
        }
    }
}
