//! An LLM's reply: its deltas go out in the place of its records.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use tidewire_core::session::Session;
use tidewire_core::{Event, Frame, Record, StreamOptions, Utf8};
use tidewire_llm::partial::{Build, Scanner};
use tidewire_llm::places::{Key, Keyed, Places};
use tidewire_llm::{Counting, Delta, Deltas, Dialect, continuation};

use super::markers::Markers;
use crate::abi::kind;

/// Arguments that come in larger fragments than this are not shown while they grow: the rows of what they build would take many times
/// their memory, for a value that is whole soon after.
const LARGEST_FRAGMENT: usize = 64 * 1024;

/// The reader of a reply, if a dialect was chosen.
#[derive(Debug)]
pub(super) struct Reply(Option<Box<Reading>>);

#[derive(Debug)]
struct Reading {
    deltas: Deltas,
    /// Where the cursor counts events: whether they are read by GET, and from where.
    asked: Option<(bool, String)>,
    telling: Telling,
}

impl Reply {
    pub(super) const NONE: Self = Self(None);

    /// Reads the reply in a dialect from now on, and sets the stream up for it. False for a name of no dialect.
    pub(super) fn choose(&mut self, name: &str, setup: &mut StreamOptions) -> bool {
        let Ok(dialect) = name.parse::<Dialect>() else { return false };
        dialect.set_up(setup);
        let reading = Reading { deltas: Deltas::new(dialect), asked: None, telling: Telling::default() };
        self.0 = Some(Box::new(reading));
        true
    }

    /// Takes in what is requested, `POST https://…`, once all other options are set. False if a stored cursor is of no use to it: it belongs to a
    /// response that is yet to be made.
    pub(super) fn ask(&mut self, request: &str, setup: &mut StreamOptions) -> bool {
        let (Some(reading), Some((method, url))) = (&mut self.0, request.split_once(' ')) else {
            return false;
        };
        let reads = method == "GET";
        let counting = reading.deltas.dialect().counts_events(setup, reads);
        if counting != Counting::No {
            reading.asked = Some((reads, url.to_owned()));
        }
        counting != Counting::Misplaced
    }

    /// The URL at which a GET continues after this cursor, if it counts events; empty if the reply has no id.
    pub(super) fn continuation(&self, cursor: &str) -> Option<String> {
        let reading = self.0.as_ref()?;
        let (reads, url) = reading.asked.as_ref()?;
        Some(continuation(url, *reads, reading.deltas.id(), cursor).unwrap_or_default())
    }

    /// After a gap nothing continues: what follows is another reply, or the same one from its beginning.
    pub(super) fn begin_anew(&mut self) {
        if let Some(reading) = &mut self.0 {
            reading.deltas = Deltas::new(reading.deltas.dialect().clone());
            reading.telling = Telling::default();
        }
    }

    /// Whether records are read here.
    #[inline]
    pub(super) const fn is_reading(&self) -> bool {
        self.0.is_some()
    }

    /// Reads the events at the front of `input` that are like the one before, and returns how many bytes they have.
    #[inline]
    pub(super) fn alike(
        &mut self,
        input: &[u8],
        most: usize,
        now: f64,
        session: &mut Session,
        markers: &Markers,
    ) -> usize {
        match &mut self.0 {
            Some(reading) => reading.alike(input, most, now, session, markers),
            None => 0,
        }
    }

    /// Reads an event. `name` is empty for `message`.
    pub(super) fn event(&mut self, name: &[u8], data: &[u8]) {
        let name = Utf8::new(if name.is_empty() { b"message" } else { name });
        self.read(&Frame::Event(Event {
            event: name,
            data: Utf8::new(data),
            id: Utf8::default(),
            has_own_id: false,
        }));
    }

    pub(super) fn record(&mut self, json: &[u8]) {
        self.read(&Frame::Record(Record { index: 0, json: Utf8::new(json) }));
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.read(&Frame::Text(&Utf8::new(text).to_str()));
    }

    /// Turns the deltas of a frame into rows.
    fn read(&mut self, frame: &Frame<'_>) {
        let Some(reading) = &mut self.0 else { return };
        let Reading { deltas, telling, .. } = &mut **reading;
        if let Err(bad) = deltas.read(frame, &mut |delta| telling.tell(delta)) {
            telling.rows.add_numbers(kind::BAD_RECORD, bad.offset as u32, 0, bad.problem.as_bytes());
        }
        // Until a record identifies the dialect there is nothing to report.
        if !telling.has_dialect && !matches!(deltas.dialect(), Dialect::Auto) {
            telling.tell_dialect(deltas.dialect());
        }
    }

    /// Tells the session what the last record means for the end of the stream.
    pub(super) fn settle(&self, session: &mut Session) {
        let Some(reading) = &self.0 else { return };
        session.reply_state(reading.deltas.reply_state());
        // It can continue by its id alone, and has none yet.
        if matches!(reading.asked, Some((false, _))) && reading.deltas.id().is_empty() {
            session.id(b"", None);
        }
    }

    /// The stream is over: makes rows of what was waiting for more.
    pub(super) fn finish(&mut self) {
        if let Some(reading) = &mut self.0 {
            let Reading { deltas, telling, .. } = &mut **reading;
            deltas.finish(&mut |delta| telling.tell(delta));
            if !telling.has_dialect {
                telling.tell_dialect(deltas.dialect());
            }
        }
    }

    /// Takes the rows and their texts, for a table.
    pub(super) fn rows(&mut self) -> Option<&mut Rows> {
        self.0.as_mut().map(|reading| &mut reading.telling.rows)
    }

    /// What the provider said of its failure.
    pub(super) fn error(&self) -> Option<&str> {
        self.0.as_ref()?.deltas.error()
    }
}

impl Reading {
    fn alike(
        &mut self,
        input: &[u8],
        most: usize,
        now: f64,
        session: &mut Session,
        markers: &Markers,
    ) -> usize {
        let Self { deltas, telling, .. } = self;
        let Some(name) = deltas.alike() else { return 0 };
        // With a cursor, gaps must be looked for, and that is left to the decoder.
        if !session.cursor().is_empty() || markers.may_match(name) {
            return 0;
        }
        let is_message = name == b"message";
        let name = if is_message { Vec::new() } else { name.to_owned() };
        let (mut rest, mut events) = (input, 0);
        while let Some(line) = if is_message { Some(rest) } else { after_name(rest, &name) } {
            let Some(data) = line.strip_prefix(b"data:") else { break };
            let data = data.strip_prefix(b" ").unwrap_or(data);
            let Some((token, length)) = deltas.front(data) else { break };
            let ([b'\n', b'\n', after @ ..] | [b'\r', b'\n', b'\r', b'\n', after @ ..]) = &data[length..]
            else {
                break;
            };
            if rest.len() - after.len() > most {
                break;
            }
            rest = after;
            deltas.take(token, &mut |delta| telling.tell(delta));
            events += 1;
        }
        if events > 0 {
            session.records(now, events);
            session.reply_state(deltas.reply_state());
        }
        input.len() - rest.len()
    }
}

/// The input after the line that gives an event this name.
fn after_name<'i>(input: &'i [u8], name: &[u8]) -> Option<&'i [u8]> {
    let value = input.strip_prefix(b"event:")?;
    match value.strip_prefix(b" ").unwrap_or(value).strip_prefix(name)? {
        [b'\n', line @ ..] | [b'\r', b'\n', line @ ..] => Some(line),
        _ => None,
    }
}

/// Rows, and the window of their texts.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<u32>,
    pub(crate) text: Vec<u8>,
    /// A string of arguments has begun, and has no row.
    begins: bool,
}

impl Rows {
    #[inline]
    pub(crate) fn add_numbers(&mut self, kind: u32, a: u32, b: u32, text: &[u8]) {
        let start = self.text.len() as u32;
        self.text.extend_from_slice(text);
        self.rows.extend_from_slice(&[kind, a, b, start, self.text.len() as u32]);
    }

    fn add(&mut self, kind: u32, text: &str) {
        self.settle();
        self.add_numbers(kind, 0, 0, text.as_bytes());
    }

    /// A string and its first piece are one row.
    fn settle(&mut self) {
        if mem::take(&mut self.begins) {
            self.add(kind::STRING, "");
        }
    }
}

/// Makes rows of deltas.
#[derive(Debug, Default)]
struct Telling {
    rows: Rows,
    has_dialect: bool,
    calls: Vec<Call>,
    places: Places,
    line: String,
}

/// The arguments of a call as they grow; without a scanner once they are not valid JSON.
#[derive(Debug)]
struct Call {
    place: (u32, u32),
    scanner: Option<Scanner>,
}

impl Keyed for Call {
    fn choice(&self) -> u32 {
        self.place.0
    }

    fn has(&self, key: Key<'_>) -> bool {
        key == Key::Number(self.place.0, self.place.1.into())
    }

    fn tell_keys(&self, tell: &mut dyn FnMut(Key<'_>)) {
        tell(Key::Number(self.place.0, self.place.1.into()));
    }
}

impl Telling {
    #[inline]
    fn tell(&mut self, delta: &Delta<'_>) {
        let (kind, choice, text) = match delta {
            Delta::Text { choice, text } => (kind::DELTA_TEXT, choice, text),
            Delta::Reasoning { choice, text } => (kind::REASONING, choice, text),
            Delta::Refusal { choice, text } => (kind::REFUSAL, choice, text),
            Delta::Arguments { choice, index, fragment } => {
                return self.tell_arguments((*choice, *index), fragment);
            }
            other => return self.tell_line(other),
        };
        self.rows.add_numbers(kind, *choice, 0, text.as_bytes());
    }

    #[inline(never)]
    fn tell_dialect(&mut self, dialect: &Dialect) {
        if *dialect != Dialect::Auto {
            self.has_dialect = true;
            self.rows.add_numbers(kind::DIALECT, 0, 0, dialect.name().as_bytes());
        }
    }

    #[inline(never)]
    fn tell_arguments(&mut self, place: (u32, u32), fragment: &str) {
        let Self { rows, calls, places, .. } = self;
        rows.add_numbers(kind::ARGUMENTS, place.0, place.1, fragment.as_bytes());
        let key = Key::Number(place.0, place.1.into());
        let Some(found) = places.find(calls, key) else { return };
        let call = &mut calls[found];
        let Some(scanner) = call.scanner.as_mut() else { return };
        if fragment.len() > LARGEST_FRAGMENT || scanner.push(fragment, rows).is_err() {
            call.scanner = None;
            rows.add(kind::LOST, "");
        }
        rows.settle();
    }

    #[inline(never)]
    fn tell_line(&mut self, delta: &Delta<'_>) {
        if let Delta::ToolCall { choice, index, .. } = delta {
            let scanner = Some(Scanner::default());
            self.calls.push(Call { place: (*choice, *index), scanner });
            self.places.added(&self.calls);
        }
        self.line.clear();
        delta.write_line(&mut self.line);
        self.rows.add_numbers(kind::LINE, 0, 0, self.line.as_bytes());
    }
}

impl Build for Rows {
    fn open_object(&mut self) {
        self.add(kind::OBJECT, "");
    }

    fn open_array(&mut self) {
        self.add(kind::ARRAY, "");
    }

    fn close(&mut self) {
        self.add(kind::CLOSE, "");
    }

    fn key(&mut self, key: &str) {
        self.add(kind::KEY, key);
    }

    fn open_string(&mut self) {
        self.settle();
        self.begins = true;
    }

    fn more_string(&mut self, piece: &str) {
        let kind = if mem::take(&mut self.begins) { kind::STRING } else { kind::MORE };
        self.add(kind, piece);
    }

    fn scalar(&mut self, text: &str) {
        self.add(kind::SCALAR, text);
    }
}
