//! What goes out: rows of numbers, and the window of text that they cut.

use alloc::vec::Vec;
use core::mem;
use core::ops::Range;

use tidewire_core::{Event, Frame, Utf8};

use crate::inbox::Inbox;
use crate::utf16::{code_units, is_ascii, push_text};

/// Words of a row, and which of them are the offsets of its text.
const ROW: usize = 5;
const START: usize = 3;
const END: usize = 4;
/// Memory that grew beyond this for one large event is given back after it.
const KEPT_CAPACITY: usize = 256 * 1024;
const MESSAGE: &[u8] = b"message";
/// JavaScript makes texts of so many characters by itself, where they are ASCII.
const SHORT: usize = 12;

/// What a row is; `reply.rs` has more of them. `js/src/items.ts` has the same list.
#[derive(Clone, Copy)]
enum Kind {
    /// An event's data.
    Event = 0,
    /// The record's index in two words; the JSON text.
    Record = 1,
    /// A piece of text.
    Text = 2,
    /// A comment.
    Comment = 3,
    /// Milliseconds in two words.
    Retry = 4,
    /// `[DONE]` in the place of a record.
    Done = 5,
    /// The offset in two words; what is wrong.
    BadRecord = 6,
    /// The offset of a record beyond its limit.
    Skipped = 7,
    /// The id before a hole.
    #[cfg(feature = "streams")]
    Gap = 8,
    /// The type of events from the next one on; empty for `message`, as at the beginning.
    Name = 9,
    /// The last event id from the next event on.
    Id = 10,
    /// The id of a record that an earlier attempt had delivered.
    #[cfg(feature = "streams")]
    Replayed = 11,
}

/// What a window holds, as JavaScript reads it.
#[derive(Clone, Copy)]
enum Form {
    Ascii = 0,
    /// What was meant to be UTF-8. The rows count bytes, which are code units where there is one for each; else [`Table::measure`] makes
    /// code units of them.
    Utf8 = 1,
    Utf16 = 2,
    /// UTF-8 without rows.
    Fact = 3,
}

/// Words of the header, at an address that does not move.
pub(crate) const HEADER: usize = 5;

/// Rows of five words, each of which says one thing of a text in the window.
///
/// A row is `[kind, a, b, start, end]`. Offsets count UTF-16 code units, as JavaScript's strings do. A text is shown where it came in,
/// with what lies between it and the next one; only what is not there, or not behind the text before it, is copied.
pub(crate) struct Table {
    rows: Vec<u32>,
    window: Window,
    /// Texts that are copied.
    own: Vec<u8>,
    /// A text without a row.
    fact: Vec<u8>,
    /// Where JavaScript takes UTF-16 faster, what is not ASCII as that.
    wide: Option<Vec<u16>>,
    /// The type of the last event, empty for `message`, and its id.
    name: Vec<u8>,
    id: Vec<u8>,
    /// Both are empty.
    is_plain: bool,
    /// `[address of the rows, their words, address of the window, its bytes, its form]`.
    header: Vec<u32>,
}

/// Where the texts are.
#[derive(Clone)]
enum Window {
    /// In these bytes of the inbox.
    Inbox(Range<usize>),
    /// In the table's own bytes.
    Own,
}

impl Table {
    /// With `wide` the window comes as UTF-16 unless it is ASCII.
    pub(crate) fn new(wide: bool) -> Self {
        Self {
            rows: Vec::new(),
            window: Window::Own,
            own: Vec::new(),
            fact: Vec::new(),
            wide: wide.then(Vec::new),
            name: Vec::new(),
            id: Vec::new(),
            is_plain: true,
            header: [0; HEADER].to_vec(),
        }
    }

    /// Where the header is.
    pub(crate) fn header(&self) -> *const u32 {
        self.header.as_ptr()
    }

    /// Begins with no rows, beside the piece that lies in this part of the inbox.
    pub(crate) fn write<'a>(
        &'a mut self,
        inbox: &'a mut Inbox,
        part: Range<usize>,
    ) -> (Writer<'a>, &'a [u8]) {
        clear(&mut self.rows);
        clear(&mut self.own);
        if let Some(wide) = &mut self.wide {
            clear(wide);
        }
        let (room, piece, start) = inbox.split(part);
        (Writer { table: self, room, piece, start, early: 0, end: 0, is_own: false }, piece)
    }

    /// One text alone; the rows stay where they are, for who is still reading them.
    pub(crate) fn only(&mut self, text: &str) {
        self.fact.clear();
        self.fact.extend_from_slice(text.as_bytes());
        self.write_header(address(self.fact.as_ptr()), self.fact.len(), Form::Fact);
    }

    /// Writes the header, for JavaScript to read.
    pub(crate) fn publish(&mut self, inbox: &Inbox) {
        let Self { rows, window, own, wide, .. } = self;
        let bytes = window.bytes(inbox, own);
        let form = match wide {
            _ if (wide.is_some() || bytes.len() <= SHORT) && is_ascii(bytes) => Form::Ascii,
            None => Form::Utf8,
            Some(wide) => {
                clear(wide);
                for row in rows.chunks_exact_mut(ROW) {
                    let text = text_of(row, bytes);
                    row[START] = wide.len() as u32;
                    push_text(text, wide);
                    row[END] = wide.len() as u32;
                }
                Form::Utf16
            }
        };
        self.announce(inbox, form);
    }

    /// Turns offsets into code units, where the window is [`Form::Utf8`]. Where that is broken, sound texts take its place, with U+FFFD
    /// for what was broken.
    pub(crate) fn measure(&mut self, inbox: &Inbox, is_broken: bool) {
        let own = mem::take(&mut self.own);
        let bytes = self.window.bytes(inbox, &own);
        let mut units = 0;
        if is_broken {
            let mut sound = Vec::new();
            for row in self.rows.chunks_exact_mut(ROW) {
                let text = Utf8::new(text_of(row, bytes)).to_str();
                sound.extend_from_slice(text.as_bytes());
                row[START] = units;
                units += code_units(text.as_bytes());
                row[END] = units;
            }
            self.own = sound;
            self.window = Window::Own;
        } else {
            // Each text stands behind the one before it.
            let mut at = 0;
            for row in self.rows.chunks_exact_mut(ROW) {
                for offset in &mut row[START..] {
                    let to = *offset as usize;
                    units += code_units(&bytes[at..to]);
                    at = to;
                    *offset = units;
                }
            }
            self.own = own;
        }
        self.announce(inbox, Form::Utf8);
    }

    fn announce(&mut self, inbox: &Inbox, form: Form) {
        let (window, length) = match (form, &self.wide) {
            (Form::Utf16, Some(wide)) => (address(wide.as_ptr()), 2 * wide.len()),
            _ => {
                let bytes = self.window.bytes(inbox, &self.own);
                (address(bytes.as_ptr()), bytes.len())
            }
        };
        self.write_header(window, length, form);
    }

    fn write_header(&mut self, window: u32, length: usize, form: Form) {
        let words = [address(self.rows.as_ptr()), self.rows.len() as u32, window, length as u32, form as u32];
        self.header.copy_from_slice(&words);
    }
}

impl Window {
    fn bytes<'a>(&self, inbox: &'a Inbox, own: &'a [u8]) -> &'a [u8] {
        match self {
            Window::Inbox(range) => &inbox.all()[range.clone()],
            Window::Own => own,
        }
    }
}

/// Writes rows, beside a piece that is being decoded.
///
/// As long as each text lies in the piece behind the one before it, the window is the piece itself. What comes from elsewhere before any
/// of it is put into the room in front of it. At the first text that fits neither way, what there is of the window is copied, and so is
/// each text from then on.
pub(crate) struct Writer<'a> {
    table: &'a mut Table,
    room: &'a mut [u8],
    piece: &'a [u8],
    /// Where the piece begins in the inbox.
    start: usize,
    /// Bytes at the end of the room that are texts.
    early: usize,
    /// Bytes of the piece up to the end of its last text.
    end: usize,
    is_own: bool,
}

impl Writer<'_> {
    #[cfg(feature = "streams")]
    /// How many rows there are.
    pub(crate) const fn len(&self) -> usize {
        self.table.rows.len() / ROW
    }

    /// Adds the rows of a frame.
    #[inline]
    pub(crate) fn push(&mut self, frame: &Frame<'_>) {
        match frame {
            Frame::Event(event) => self.event(event),
            other => self.other(other),
        }
    }

    /// The same as a call.
    #[inline(never)]
    pub(crate) fn push_seldom(&mut self, frame: &Frame<'_>) {
        self.push(frame);
    }

    #[inline(never)]
    fn other(&mut self, frame: &Frame<'_>) {
        let (kind, number, text): (Kind, u64, &[u8]) = match frame {
            Frame::Record(record) => (Kind::Record, record.index, record.json.as_bytes()),
            Frame::Text(text) => (Kind::Text, 0, text.as_bytes()),
            Frame::Comment(comment) => (Kind::Comment, 0, comment.as_bytes()),
            Frame::Retry(wait) => (Kind::Retry, u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), b""),
            Frame::Done => (Kind::Done, 0, b""),
            Frame::BadRecord(bad) => (Kind::BadRecord, bad.offset, bad.problem.as_bytes()),
            Frame::Skipped(error) => (Kind::Skipped, error.offset, b""),
            _ => return,
        };
        self.seldom(kind as u32, number as u32, (number >> 32) as u32, text);
    }

    #[cfg(feature = "streams")]
    /// Adds a row that says that ordered ids left some out behind this one.
    pub(crate) fn push_gap(&mut self, after: &str) {
        self.seldom(Kind::Gap as u32, 0, 0, after.as_bytes());
    }

    #[cfg(feature = "streams")]
    /// Adds a row that says that a record arrived again.
    pub(crate) fn push_replayed(&mut self, id: &str) {
        self.seldom(Kind::Replayed as u32, 0, 0, id.as_bytes());
    }

    #[inline(always)]
    fn event(&mut self, event: &Event<'_>) {
        let (name, id) = (event.event.as_bytes(), event.id.as_bytes());
        if !(is_message(name) && id.is_empty() && self.table.is_plain) {
            self.described(name, id);
        }
        self.add(Kind::Event as u32, 0, 0, event.data.as_bytes());
    }

    /// What an event has besides its data, where that is not as with the one before it.
    #[inline(never)]
    fn described(&mut self, name: &[u8], id: &[u8]) {
        let name = if is_message(name) { b"" } else { name };
        self.table.is_plain = name.is_empty() && id.is_empty();
        let is_renamed = replace(&mut self.table.name, name);
        let has_new_id = replace(&mut self.table.id, id);
        if !is_renamed && !has_new_id {
            return;
        }
        // First what came in an earlier piece.
        let name = (Kind::Name, name, is_renamed);
        let id = (Kind::Id, id, has_new_id);
        let in_order = if self.in_piece(id.1) < self.in_piece(name.1) { [id, name] } else { [name, id] };
        for (kind, text, _) in in_order.into_iter().filter(|(.., is_told)| *is_told) {
            self.add(kind as u32, 0, 0, text);
        }
    }

    /// Adds a row of two numbers and a text that is copied, for texts that are little of what came.
    #[cfg(feature = "llm")]
    #[inline]
    pub(crate) fn copied(&mut self, kind: u32, a: u32, b: u32, text: &[u8]) {
        if !self.is_own {
            self.own();
        }
        let start = self.table.own.len();
        self.table.own.extend_from_slice(text);
        self.table.rows.extend_from_slice(&[kind, a, b, start as u32, (start + text.len()) as u32]);
    }

    #[inline(never)]
    fn seldom(&mut self, kind: u32, a: u32, b: u32, text: &[u8]) {
        self.add(kind, a, b, text);
    }

    #[inline(always)]
    fn add(&mut self, kind: u32, a: u32, b: u32, text: &[u8]) {
        let start = match self.in_piece(text) {
            Some(at) => {
                self.end = at + text.len();
                self.early + at
            }
            None => self.elsewhere(text),
        };
        self.table.rows.extend_from_slice(&[kind, a, b, start as u32, (start + text.len()) as u32]);
    }

    /// Where in the piece a text lies, if it does so behind the one before it, and all of the window is there.
    #[inline]
    fn in_piece(&self, text: &[u8]) -> Option<usize> {
        let at = (text.as_ptr() as usize).wrapping_sub(self.piece.as_ptr() as usize);
        let fits =
            !self.is_own && at >= self.end && at <= self.piece.len() && text.len() <= self.piece.len() - at;
        fits.then_some(at)
    }

    /// Puts a text where it is shown, and says where that is.
    #[inline(never)]
    fn elsewhere(&mut self, text: &[u8]) -> usize {
        if !self.is_own && text.is_empty() {
            return self.early + self.end;
        }
        if !self.is_own && self.end == 0 && text.len() <= self.room.len() - self.early {
            let start = self.early;
            let end = self.room.len();
            self.room.copy_within(end - start.., end - start - text.len());
            self.room[end - text.len()..].copy_from_slice(text);
            self.early += text.len();
            return start;
        }
        self.own();
        let start = self.table.own.len();
        self.table.own.extend_from_slice(text);
        start
    }

    /// From here on texts are copied.
    #[inline(never)]
    fn own(&mut self) {
        if !mem::replace(&mut self.is_own, true) {
            self.table.own.extend_from_slice(&self.room[self.room.len() - self.early..]);
            self.table.own.extend_from_slice(&self.piece[..self.end]);
        }
    }

    /// There are no more rows to come.
    pub(crate) fn finish(self) {
        self.table.window = match self.is_own {
            true => Window::Own,
            false => Window::Inbox(self.start - self.early..self.start + self.end),
        };
    }
}

/// Looked at as two words: a comparison of slices is a call here, which takes longer than a tiny event.
#[inline(always)]
fn is_message(name: &[u8]) -> bool {
    name.len() == MESSAGE.len()
        && name.first_chunk::<4>() == Some(b"mess")
        && name.last_chunk::<4>() == Some(b"sage")
}

/// Puts a text in the place of the one before it; false where it is the same.
fn replace(text: &mut Vec<u8>, by: &[u8]) -> bool {
    let is_other = text != by;
    if is_other {
        text.clear();
        text.extend_from_slice(by);
    }
    is_other
}

/// Memory that one large event took is given back.
fn clear<T>(list: &mut Vec<T>) {
    list.clear();
    if list.capacity() > KEPT_CAPACITY {
        *list = Vec::new();
    }
}

/// The text of a row in the window, where offsets count bytes.
fn text_of<'a>(row: &[u32], window: &'a [u8]) -> &'a [u8] {
    &window[row[START] as usize..row[END] as usize]
}

/// An address in this memory, which has 32 bits where it matters.
pub(crate) fn address<T>(pointer: *const T) -> u32 {
    pointer as usize as u32
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    /// What JavaScript would see of frames that are read from these pieces.
    fn seen(pieces: &[&[u8]], wide: bool) -> Vec<String> {
        let mut inbox = Inbox::default();
        let mut table = Table::new(wide);
        let mut sse = tidewire_core::Sse::new(tidewire_core::DecoderOptions::default());
        let (mut seen, mut id, mut name) = (Vec::new(), String::new(), String::new());
        for piece in pieces {
            inbox.put(piece);
            let (mut writer, mut rest) = table.write(&mut inbox, 0..piece.len());
            while let Some(ref frame) = sse.next(&mut rest).unwrap() {
                writer.push(frame);
            }
            writer.finish();
            table.publish(&inbox);
            let is_utf8 = table.header[4] == Form::Utf8 as u32;
            if is_utf8 {
                let bytes = table.window.bytes(&inbox, &table.own);
                let is_broken = core::str::from_utf8(bytes).is_err();
                table.measure(&inbox, is_broken);
            }
            let window: Vec<u16> = match (&table.wide, table.header[4]) {
                (Some(wide), 2) => wide.clone(),
                _ => core::str::from_utf8(table.window.bytes(&inbox, &table.own))
                    .unwrap()
                    .encode_utf16()
                    .collect(),
            };
            for row in table.rows.chunks(ROW) {
                let text = String::from_utf16(&window[row[START] as usize..row[END] as usize]).unwrap();
                match row[0] {
                    9 => name = text,
                    10 => id = text,
                    0 => seen.push(alloc::format!("{name} {id} {text}")),
                    kind => seen.push(alloc::format!("{kind} {} {text}", row[1])),
                }
            }
        }
        seen
    }

    #[test]
    fn texts_are_the_same_wherever_they_lie() {
        let long = "x".repeat(5000);
        let bodies = [
            "data: a\n\ndata: b\n\n",
            "event: e\nid: 1\ndata: a\n\nid: 2\nevent: f\ndata: b\n\n",
            "data: a\nevent: e\nid: 1\n\ndata: b\n\n",
            "event: e\ndata: a\n\ndata: b\n\nevent: message\ndata: c\n\nevent: e\nid: 1\ndata: d\n\n",
            "data: a\ndata: b\n\n: c\n\ndata\n\nretry: 5\ndata: c\n\n",
            "data: 世\n\n: 界😀\nid: ä\nevent: ö\ndata: b\n\ndata: c\n\n",
            &alloc::format!("data: {long}\n\ndata: b\n\n"),
        ];
        for body in bodies
            .map(str::as_bytes)
            .into_iter()
            .chain([&b"data: a\xFFb\n\nid: \xF0\x9F\ndata: c\xE4\n\n"[..]])
        {
            let want = seen(&[body], false);
            assert!(want.len() >= 2, "{want:?}");
            for wide in [false, true] {
                for cut in 0..body.len() {
                    let (first, second) = body.split_at(cut);
                    assert_eq!(seen(&[first, second], wide), want, "{} at {cut}", body.escape_ascii());
                }
                let bytes: Vec<&[u8]> = body.chunks(1).collect();
                assert_eq!(seen(&bytes, wide), want, "{}", body.escape_ascii());
            }
        }
        assert_eq!(seen(&[bodies[1].as_bytes()], false), ["e 1 a", "f 2 b"]);
        assert_eq!(seen(&[bodies[3].as_bytes()], false), ["e  a", "  b", "  c", "e 1 d"]);
    }

    #[test]
    fn what_is_whole_in_a_piece_is_not_copied() {
        let mut inbox = Inbox::default();
        let mut table = Table::new(false);
        let mut sse = tidewire_core::Sse::new(tidewire_core::DecoderOptions::default());
        for (piece, window) in [
            (
                &b"event: e\nid: 1\ndata: a\n\n: c\ndata: b\n\nda"[..],
                Some(&b"event: e\nid: 1\ndata: a\n\n: c\ndata: b"[..]),
            ),
            (b"ta: c\n\ndata: d\n\n", Some(b"cta: c\n\ndata: d")),
            (b"data: c\ndata: d\n\n", Some(b"c\nd")),
            (b"data: b\n\ndata: c\ndata: d\n\n", None),
        ] {
            inbox.put(piece);
            let (mut writer, mut rest) = table.write(&mut inbox, 0..piece.len());
            while let Some(ref frame) = sse.next(&mut rest).unwrap() {
                writer.push(frame);
            }
            writer.finish();
            let lent = match &table.window {
                Window::Inbox(range) => Some(&inbox.all()[range.clone()]),
                Window::Own => None,
            };
            assert_eq!(lent, window, "{}", piece.escape_ascii());
        }
    }
}
