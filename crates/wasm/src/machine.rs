//! A whole stream, for a driver that does what it says.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use tidewire_core::session::{Again, At, Failure, Outcome, Refusal};
use tidewire_core::{Step, Stream};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::inbox::Inbox;
use crate::setup::{Draft, Key, duration};
use crate::table::{Table, address};

/// What [`Machine::advance`] says is to be done. `js/src/core.ts` has the same list.
#[derive(Clone, Copy)]
enum Todo {
    /// Deliver the rows of the table.
    Deliver = 0,
    /// Wait for more, or for the deadline.
    Wait = 1,
    /// Send the request.
    Connect = 2,
    /// Drop the request under way; a further one will follow.
    Again = 3,
    /// Tell of a gap.
    Gap = 4,
    /// Tell of a silence.
    Stalled = 5,
    /// The stream is over.
    Closed = 6,
}

/// Numbers that [`Machine::facts`] tells; -1 for what there is not.
const FACTS: usize = 14;

/// A stream that has been described, or is under way.
enum Life {
    Described(Box<Draft>),
    Running(Box<Stream>),
}

/// One stream over all its requests.
#[wasm_bindgen]
pub struct Machine {
    inbox: Inbox,
    /// How much of the inbox came from the body, and how much of that was looked at.
    came: usize,
    used: usize,
    table: Table,
    life: Life,
    /// What was told last.
    again: Option<Again>,
    gap: Option<String>,
    silent: Duration,
    facts: Box<[f64; FACTS]>,
}

#[wasm_bindgen]
impl Machine {
    /// A stream that has not begun.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            inbox: Inbox::default(),
            came: 0,
            used: 0,
            table: Table::new(),
            life: Life::Described(Box::default()),
            again: None,
            gap: None,
            silent: Duration::ZERO,
            facts: Box::new([0.0; FACTS]),
        }
    }

    /// The address of the table's header.
    #[must_use]
    pub fn header(&self) -> u32 {
        address(self.table.header())
    }

    /// From now on the window comes as UTF-16 too, unless it is all ASCII.
    pub fn widen(&mut self) {
        self.table.widen();
    }

    /// The address of an inbox of this many bytes.
    pub fn reserve(&mut self, length: usize) -> u32 {
        address(self.inbox.reserve(length))
    }

    /// Sets an option, before the stream begins. False where there is no such option.
    pub fn set(&mut self, key: u32, value: f64) -> bool {
        match &mut self.life {
            Life::Described(draft) => draft.set(Key::of(key), value),
            Life::Running(_) => false,
        }
    }

    /// The same with a text in the inbox. False where it is not what the option takes.
    pub fn set_text(&mut self, key: u32, length: usize) -> bool {
        match &mut self.life {
            Life::Described(draft) => draft.set_text(Key::of(key), self.inbox.text(length)),
            Life::Running(_) => false,
        }
    }

    /// The consumer wants the stream. `now` is in milliseconds since any origin, `chance` an even draw from all `u32`.
    pub fn start(&mut self, now: f64, chance: u32) {
        if let Life::Described(draft) = &self.life {
            let mut stream = Stream::new(draft.setup.clone());
            stream.start(at(now, chance));
            self.life = Life::Running(Box::new(stream));
        }
    }

    /// The reply's head came. The content type and `Retry-After` lie in the inbox, one behind the other; a negative length
    /// says that there is none. `clock` is the time since 1970.
    pub fn head(
        &mut self,
        now: f64,
        chance: u32,
        status: u16,
        type_length: i32,
        retry_length: i32,
        clock: f64,
    ) {
        let Life::Running(stream) = &mut self.life else { return };
        let [first, second] = [type_length, retry_length].map(|length| usize::try_from(length).ok());
        let both = self.inbox.text(first.unwrap_or(0) + second.unwrap_or(0));
        let (content_type, retry) = both.split_at_checked(first.unwrap_or(0)).unwrap_or_default();
        let content_type = first.map(|_| content_type);
        let retry = second.map(|_| retry);
        stream.head(at(now, chance), status, content_type, retry, duration(clock));
    }

    /// A piece of the body lies in the inbox.
    pub fn received(&mut self, now: f64, chance: u32, length: usize) {
        (self.came, self.used) = (length, 0);
        if let Life::Running(stream) = &mut self.life {
            stream.received(at(now, chance), length);
        }
    }

    /// The body ended cleanly.
    pub fn body_end(&mut self) {
        if let Life::Running(stream) = &mut self.life {
            stream.body_end();
        }
    }

    /// The transport failed: 0 before the request was sent, 1 before a head, 2 inside the body. What it said lies in the
    /// inbox.
    pub fn broke(&mut self, now: f64, chance: u32, failure: u32, length: usize) {
        let failure = match failure {
            0 => Failure::Connect,
            1 => Failure::Head,
            _ => Failure::Body,
        };
        if let Life::Running(stream) = &mut self.life {
            stream.broke(at(now, chance), failure, self.inbox.text(length).to_owned());
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: f64, chance: u32) {
        if let Life::Running(stream) = &mut self.life {
            stream.tick(at(now, chance));
        }
    }

    /// The consumer asks for nothing for a while; [`advance`](Self::advance) says by itself that it asks again.
    pub fn pause(&mut self, now: f64, chance: u32) {
        if let Life::Running(stream) = &mut self.life {
            stream.pause(at(now, chance));
        }
    }

    /// Connect now, where the request may be sent again.
    pub fn kick(&mut self, now: f64, chance: u32) {
        if let Life::Running(stream) = &mut self.life {
            stream.kick(at(now, chance));
        }
    }

    /// There was no place for the stream in time.
    pub fn queue_timeout(&mut self, now: f64, chance: u32) {
        if let Life::Running(stream) = &mut self.life {
            stream.queue_timeout(at(now, chance));
        }
    }

    /// The caller stops the stream.
    pub fn cancel(&mut self, now: f64, chance: u32) {
        if let Life::Running(stream) = &mut self.life {
            stream.cancel(at(now, chance));
        }
    }

    /// The consumer asks: says what to do next. Frames are gathered in the table as far as they have come; how the stream goes on
    /// behind them is told when it is asked again.
    pub fn advance(&mut self, now: f64, chance: u32) -> u32 {
        let Life::Running(stream) = &mut self.life else { return Todo::Wait as u32 };
        let at = at(now, chance);
        stream.resume(at);
        self.table.clear();
        let input = self.inbox.bytes(self.came);
        let mut rest = &input[self.used.min(input.len())..];
        let todo = loop {
            match stream.next(at, &mut rest) {
                Step::Frame { ref frame, gap } => {
                    if let Some(after) = gap {
                        self.table.push_gap(&after);
                    }
                    self.table.push(frame);
                }
                _ if self.table.len() > 0 => break Todo::Deliver,
                Step::Connect => break Todo::Connect,
                Step::Again(again) => {
                    rest = &[];
                    self.again = Some(again);
                    break Todo::Again;
                }
                Step::Gap { after } => {
                    self.gap = after;
                    break Todo::Gap;
                }
                Step::Stalled(silent) => {
                    self.silent = silent;
                    break Todo::Stalled;
                }
                Step::Starved => break Todo::Wait,
                Step::Closed => break Todo::Closed,
                _ => {}
            }
        };
        self.used = self.came - rest.len();
        if let Todo::Deliver = todo {
            stream.pause(at);
        }
        self.table.publish();
        todo as u32
    }

    /// When the stream wants a [`tick`](Self::tick) at the latest, in milliseconds; infinite for never.
    #[must_use]
    pub fn deadline(&self) -> f64 {
        match &self.life {
            Life::Running(stream) => stream.deadline().map_or(f64::INFINITY, ms),
            Life::Described(_) => f64::INFINITY,
        }
    }

    /// Whether the present reply is read as a stream.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        matches!(&self.life, Life::Running(stream) if stream.is_reading())
    }

    /// Puts a text into the window; false where there is none.
    pub fn tell(&mut self, what: u32) -> bool {
        let text = match &self.life {
            Life::Described(draft) if what == 0 => Some(draft.setup.format.accept().into()),
            Life::Described(_) => None,
            Life::Running(stream) => told(stream, what, self.again, self.gap.as_deref()),
        };
        self.table.only(text.as_deref().unwrap_or_default().as_bytes());
        text.is_some()
    }

    /// Writes down what is known in numbers, and says where.
    pub fn facts(&mut self, now: f64) -> u32 {
        if let Life::Running(stream) = &self.life {
            *self.facts = facts(stream, now, self.again, self.silent);
        }
        address(self.facts.as_ptr())
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

fn told<'a>(
    stream: &'a Stream,
    what: u32,
    again: Option<Again>,
    gap: Option<&'a str>,
) -> Option<Cow<'a, str>> {
    let outcome = stream.outcome();
    Some(match what {
        1 => outcome?.code().into(),
        2 => stream.error()?.into(),
        3 => stream.cursor()?.into(),
        4 => stream.request_cursor()?.into(),
        5 => match outcome? {
            Outcome::TimedOut(limit) => limit.name().into(),
            _ => return None,
        },
        6 => String::from_utf8_lossy(stream.refused_body()),
        7 => again?.reason.name().into(),
        8 => gap?.into(),
        _ => return None,
    })
}

/// `[status, limit, offset, retry-after, events, bytes, attempts, first byte, first event, longest silence, elapsed, next attempt, its
/// delay, silence]`, times in milliseconds.
fn facts(stream: &Stream, now: f64, again: Option<Again>, silent: Duration) -> [f64; FACTS] {
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
        again.map_or(NONE, |again| f64::from(again.attempt)),
        again.map_or(NONE, |again| ms(again.delay)),
        ms(silent),
    ]
}

const fn at(now: f64, chance: u32) -> At {
    At { now: Duration::from_micros((now * 1000.0) as u64), chance }
}

/// Milliseconds, to the microsecond.
fn ms(time: Duration) -> f64 {
    time.as_micros() as u64 as f64 / 1000.0
}
