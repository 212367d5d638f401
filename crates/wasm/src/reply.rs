//! An LLM's reply: its deltas go out in the place of its records.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use tidewire_core::session::At;
use tidewire_core::{Frame, ReplyState, Stream, StreamOptions};
use tidewire_llm::partial::{Build, Scanner};
use tidewire_llm::places::{Key, Keyed, Places};
use tidewire_llm::{Counting, Delta, Deltas, Dialect, continuation};

use crate::table::Writer;

/// What a row of a reply is, behind the kinds of `table.rs`. `js/src/llm/rows.ts` has the same list.
mod kind {
    /// Which alternative, nothing; the piece.
    pub(super) const TEXT: u32 = 16;
    pub(super) const REASONING: u32 = 17;
    pub(super) const REFUSAL: u32 = 18;
    /// Which alternative, which call; the fragment.
    pub(super) const ARGUMENTS: u32 = 19;
    /// Any other delta, as its line of JSON.
    pub(super) const LINE: u32 = 20;
    /// What the fragment in the last row of [`ARGUMENTS`] builds: see [`Build`](super::Build).
    pub(super) const OBJECT: u32 = 21;
    pub(super) const ARRAY: u32 = 22;
    pub(super) const CLOSE: u32 = 23;
    pub(super) const KEY: u32 = 24;
    pub(super) const STRING: u32 = 25;
    pub(super) const MORE: u32 = 26;
    pub(super) const SCALAR: u32 = 27;
    /// The dialect's name, once it is known.
    pub(super) const DIALECT: u32 = 28;
    /// What was built of the arguments in the last row of [`ARGUMENTS`] is not what they are: they are no JSON, or come in too large pieces.
    pub(super) const LOST: u32 = 29;
}

/// Arguments that come in larger fragments than this are not shown while they grow: the rows of what they build would take many times
/// their memory, for a value that is whole soon after.
const LARGEST_FRAGMENT: usize = 64 * 1024;

/// The reader of a reply, where a dialect was chosen.
#[derive(Default)]
pub(crate) struct Reply(Option<Box<Reading>>);

struct Reading {
    deltas: Deltas,
    /// Where the cursor counts events: whether they are read by GET, and from where.
    asked: Option<(bool, String)>,
    telling: Telling,
}

impl Reply {
    /// False for a name of no dialect.
    pub(crate) fn choose(&mut self, name: &str, setup: &mut StreamOptions) -> bool {
        let Ok(dialect) = name.parse::<Dialect>() else { return false };
        dialect.set_up(setup);
        let reading = Reading { deltas: Deltas::new(dialect), asked: None, telling: Telling::default() };
        self.0 = Some(Box::new(reading));
        true
    }

    /// What is requested, `POST https://…`, once all other options are set. False where a stored cursor is of no use to it: it belongs to a
    /// response that is yet to be made.
    pub(crate) fn ask(&mut self, request: &str, setup: &mut StreamOptions) -> bool {
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

    /// The URL at which a GET goes on behind this cursor, where it counts events; empty where the reply has no id.
    pub(crate) fn continuation(&self, cursor: &str) -> Option<String> {
        let reading = self.0.as_ref()?;
        let (reads, url) = reading.asked.as_ref()?;
        Some(continuation(url, *reads, reading.deltas.id(), cursor).unwrap_or_default())
    }

    /// Nothing goes on behind a gap: what comes is another reply, or the same one from its beginning.
    pub(crate) fn begin_anew(&mut self) {
        if let Some(reading) = &mut self.0 {
            reading.deltas = Deltas::new(reading.deltas.dialect().clone());
            reading.telling = Telling::default();
        }
    }

    /// Whether it can go on by its id alone, and has none yet.
    pub(crate) fn is_nameless(&self) -> bool {
        let by_id = |reading: &Reading| matches!(reading.asked, Some((false, _)));
        self.0.as_ref().is_some_and(|reading| by_id(reading) && reading.deltas.id().is_empty())
    }

    /// Puts into the table what events like the one before come to, as far as they stand at the front of `input`.
    #[inline(never)]
    pub(crate) fn read_alike(
        &mut self,
        stream: &mut Stream,
        at: At,
        input: &mut &[u8],
        table: &mut Writer<'_>,
    ) {
        let Some(reading) = &mut self.0 else { return };
        let Reading { deltas, telling, .. } = &mut **reading;
        deltas.read_alike(stream, at, input, &mut |delta| telling.tell(delta, table));
    }

    /// Puts into the table what a frame comes to, and says how the stream then stands, where a dialect can say it.
    #[inline]
    pub(crate) fn read(&mut self, frame: &Frame<'_>, table: &mut Writer<'_>) -> Option<ReplyState> {
        let Some(reading) = &mut self.0 else {
            table.push(frame);
            return None;
        };
        let Reading { deltas, telling, .. } = &mut **reading;
        let read = deltas.read(frame, &mut |delta| telling.tell(delta, table));
        match (read, frame) {
            (Err(bad), _) => table.push_seldom(&Frame::BadRecord(bad)),
            (Ok(_), Frame::Event(_) | Frame::Record(_) | Frame::Text(_)) => {}
            (Ok(_), _) => table.push_seldom(frame),
        }
        if !telling.has_dialect {
            telling.tell_dialect(deltas.dialect(), table);
        }
        Some(deltas.reply_state())
    }

    /// The stream is over: puts into the table what was waiting for more, and says whether it was anything.
    pub(crate) fn finish(&mut self, table: &mut Writer<'_>) -> bool {
        let before = table.len();
        if let Some(reading) = &mut self.0 {
            let Reading { deltas, telling, .. } = &mut **reading;
            deltas.finish(&mut |delta| telling.tell(delta, table));
        }
        table.len() > before
    }

    /// What the provider said of its failure.
    pub(crate) fn error(&self) -> Option<&str> {
        self.0.as_ref()?.deltas.error()
    }
}

/// What makes rows of deltas.
#[derive(Default)]
struct Telling {
    has_dialect: bool,
    calls: Vec<Call>,
    places: Places,
    line: String,
}

/// The arguments of a call as they grow; no scanner once they are no JSON.
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
    fn tell(&mut self, delta: &Delta<'_>, table: &mut Writer<'_>) {
        let (kind, choice, text) = match delta {
            Delta::Text { choice, text } => (kind::TEXT, choice, text),
            Delta::Reasoning { choice, text } => (kind::REASONING, choice, text),
            Delta::Refusal { choice, text } => (kind::REFUSAL, choice, text),
            Delta::Arguments { choice, index, fragment } => {
                return self.tell_arguments((*choice, *index), fragment, table);
            }
            other => return self.tell_line(other, table),
        };
        table.copied(kind, *choice, 0, text.as_bytes());
    }

    #[inline(never)]
    fn tell_dialect(&mut self, dialect: &Dialect, table: &mut Writer<'_>) {
        if *dialect != Dialect::Auto {
            self.has_dialect = true;
            table.copied(kind::DIALECT, 0, 0, dialect.name().as_bytes());
        }
    }

    #[inline(never)]
    fn tell_arguments(&mut self, place: (u32, u32), fragment: &str, table: &mut Writer<'_>) {
        table.copied(kind::ARGUMENTS, place.0, place.1, fragment.as_bytes());
        let key = Key::Number(place.0, place.1.into());
        let Some(found) = self.places.find(&self.calls, key) else { return };
        let call = &mut self.calls[found];
        let Some(scanner) = call.scanner.as_mut() else { return };
        let mut rows = Rows { table, begins: false };
        if fragment.len() > LARGEST_FRAGMENT || scanner.push(fragment, &mut rows).is_err() {
            call.scanner = None;
            rows.add(kind::LOST, "");
        }
        rows.settle();
    }

    #[inline(never)]
    fn tell_line(&mut self, delta: &Delta<'_>, table: &mut Writer<'_>) {
        if let Delta::ToolCall { choice, index, .. } = delta {
            let scanner = Some(Scanner::default());
            self.calls.push(Call { place: (*choice, *index), scanner });
            self.places.added(&self.calls);
        }
        self.line.clear();
        delta.write_line(&mut self.line);
        table.copied(kind::LINE, 0, 0, self.line.as_bytes());
    }
}

/// Makes a row of each thing that is built; a string and its first piece are one.
struct Rows<'t, 'a> {
    table: &'t mut Writer<'a>,
    /// A string has begun, and has no row.
    begins: bool,
}

impl Rows<'_, '_> {
    fn add(&mut self, kind: u32, text: &str) {
        self.settle();
        self.table.copied(kind, 0, 0, text.as_bytes());
    }

    fn settle(&mut self) {
        if mem::take(&mut self.begins) {
            self.add(kind::STRING, "");
        }
    }
}

impl Build for Rows<'_, '_> {
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
