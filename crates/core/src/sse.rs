//! Server-sent events, by the WHATWG HTML standard, 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an
//! event stream".

mod known;

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use memchr::memchr2;

use crate::error::{DecodeError, TooLarge};
use crate::frame::{Event, Frame, Utf8};
use crate::numbers::decimal;
use crate::options::DecoderOptions;

/// A buffer that grew beyond this for a large event is given back after it.
const KEPT_CAPACITY: usize = 64 * 1024;
const BOM: &[u8] = b"\xEF\xBB\xBF";
const MESSAGE: &[u8] = b"message";

/// Where in the stream the next byte stands.
///
/// ```text
///  BlockStart ◀──── blank line ────┐
///      │ bytes                     │
///      ▼            line end       │
///   InLine ───────────────────▶ LineStart        a line that outgrew its limit: LostLine ─ line end ─▶ LineStart
///                                                a line that ended in CR: AfterCr ─ LF or not ─▶ LineStart
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing of a block is held.
    BlockStart,
    /// At the first byte of a line inside a block.
    LineStart,
    /// After a carriage return; a line feed here belongs to it.
    AfterCr,
    /// Inside a line whose beginning is held in the buffer.
    InLine,
    /// Inside a line that outgrew its limit and is thrown away.
    LostLine,
}

/// What the last frame borrowed from the decoder's own memory, to be forgotten on the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lent {
    Nothing,
    Line,
    Block,
}

/// A decoder of SSE bodies, fed in pieces that may be cut anywhere.
///
/// ```
/// use tidewire_core::{Frame, DecoderOptions, Sse};
///
/// let mut sse = Sse::new(DecoderOptions::default());
/// let mut seen = Vec::new();
/// for mut chunk in [&b"da"[..], b"ta: hel", b"lo\n", b"\n"] {
///     while let Some(frame) = sse.next(&mut chunk)? {
///         if let Frame::Event(event) = frame {
///             seen.push(event.data.to_str().into_owned());
///         }
///     }
/// }
/// assert_eq!(seen, ["hello"]);
/// # Ok::<(), tidewire_core::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sse {
    options: DecoderOptions,
    place: Place,
    lent: Lent,
    /// `[… data of the block …][the unfinished line]`; both only as far as they do not lie in the input.
    buffer: Vec<u8>,
    /// Where in `buffer` the block's data is.
    data: Option<Range<usize>>,
    /// The block's event name; empty for `message`.
    event: Vec<u8>,
    /// The block outgrew its limit and will not be dispatched.
    oversized: bool,
    /// The id that the current block set, in effect once the block ends.
    next_id: Option<Vec<u8>>,
    last_id: Vec<u8>,
    /// Offset in the body of the next byte of input, and of the first byte of the current line.
    offset: u64,
    line_offset: u64,
    failed: Option<DecodeError>,
}

/// The parts of the current block that still lie in the input.
#[derive(Default)]
struct InInput<'a> {
    data: Option<&'a [u8]>,
    event: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
}

/// What a block came to at its blank line.
enum Closed {
    Event {
        has_own_id: bool,
    },
    /// It had no data, but an id.
    Id,
    Nothing,
}

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Blank,
    Comment,
    Data,
    Event,
    Id,
    Retry,
    Ignored,
}

impl Sse {
    /// A decoder at the start of a body.
    #[must_use]
    pub const fn new(options: DecoderOptions) -> Self {
        Self {
            options,
            place: Place::BlockStart,
            lent: Lent::Nothing,
            buffer: Vec::new(),
            data: None,
            event: Vec::new(),
            oversized: false,
            next_id: None,
            last_id: Vec::new(),
            offset: 0,
            line_offset: 0,
            failed: None,
        }
    }

    /// The same, with the last event id of the connection before this one: it stays in effect until the stream sets
    /// another.
    #[must_use]
    pub fn with_last_event_id(mut self, id: &[u8]) -> Self {
        self.last_id = id.to_vec();
        self
    }

    /// The last event id in effect, of blocks that have ended; empty where none was set.
    #[must_use]
    pub fn last_event_id(&self) -> Utf8<'_> {
        Utf8::new(&self.last_id)
    }

    /// The next frame of `input`, whose front is taken away as far as it was used. `None` once it is used up; what is
    /// unfinished is kept for the next piece.
    ///
    /// Where nanoseconds count, match the result where it lies, as `Ok(Some(Frame::Event(ref event)))`: of tiny events, a frame that is
    /// moved out of it first takes twice as long as its decoding (`cargo xtask bench`, `tidewire-moved`).
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] once an event outgrows `max_event_bytes`. Frames before it were handed out, and every
    /// further call says the same.
    // Always: as a call it would write the frame to memory, and whoever reads it at once would wait for that.
    #[inline(always)]
    pub fn next<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, DecodeError> {
        self.forget_lent();
        let value = match self.place {
            Place::BlockStart => data_value(input),
            Place::InLine => Some(0),
            Place::LineStart | Place::AfterCr | Place::LostLine => None,
        };
        let mut line_end = None;
        if let Some(from) = value {
            let rest = &input[from..];
            line_end = near_line_end(rest).or_else(|| find_line_end(rest)).map(|end| from + end);
            let Some(end) = line_end else { return self.keep_line(input) };
            // One `data` line, then a blank line, both whole in the input: nearly every event of an LLM stream.
            let used = match input[end..] {
                [b'\n', b'\n', ..] => end + 2,
                [b'\r', b'\n', b'\r', b'\n', ..] => end + 4,
                _ => 0,
            };
            if used > 0 && self.place == Place::BlockStart && end - from <= self.options.max_event_bytes {
                let data = &input[from..end];
                self.offset += used as u64;
                self.line_offset = self.offset;
                *input = &input[used..];
                return Ok(Some(Frame::Event(Event {
                    event: Utf8::new(MESSAGE),
                    data: Utf8::new(data),
                    id: Utf8::new(&self.last_id),
                    has_own_id: false,
                })));
            }
        }
        self.next_by_line(input, line_end)
    }

    /// Hands every frame of `input` to `each`, as [`next`](Self::next) would one by one; what is unfinished is kept for the next piece.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn each(&mut self, mut input: &[u8], mut each: impl FnMut(&Frame<'_>)) -> Result<(), DecodeError> {
        loop {
            match self.next(&mut input) {
                Ok(Some(ref frame)) => each(frame),
                Ok(None) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Says that the body has ended cleanly. Hands over the unterminated block where
    /// [`deliver_unterminated`](DecoderOptions::deliver_unterminated) asks for it; to be called until it returns `None`.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, DecodeError> {
        let mut line_ends = self.missing_line_ends(false);
        self.next_by_line(&mut line_ends, None)
    }

    /// What is to be read at the clean end of the body: the line ends that the unterminated block wants where it is to be handed over, by the
    /// options or in any case.
    pub(crate) fn missing_line_ends(&mut self, at_any_rate: bool) -> &'static [u8] {
        self.forget_lent();
        if !at_any_rate && !self.options.deliver_unterminated {
            return b"";
        }
        let has_data = self.data.is_some() || self.unfinished_data().is_some();
        match (self.place, has_data) {
            // After a CR, the first of the line feeds still belongs to it.
            (Place::InLine | Place::LostLine | Place::AfterCr, true) => b"\n\n",
            (Place::InLine, false) | (Place::BlockStart | Place::LineStart, true) => b"\n",
            (Place::BlockStart | Place::LineStart | Place::LostLine | Place::AfterCr, false) => b"",
        }
    }

    /// Whether the body, should it end here, ends inside an event: with data or a line (other than a comment) that no line
    /// end has closed.
    #[must_use]
    pub fn inside_record(&self) -> bool {
        match self.place {
            Place::InLine => {
                self.data.is_some()
                    || !matches!(
                        read_line(self.unfinished_line(), self.line_offset == 0),
                        (Line::Comment | Line::Blank, _)
                    )
            }
            Place::BlockStart | Place::LineStart | Place::LostLine | Place::AfterCr => {
                self.data.is_some() || self.oversized
            }
        }
    }

    /// The data of the block that has begun, as if the body ended here with the block's missing line ends.
    #[must_use]
    pub fn unterminated_data(&self) -> Option<Vec<u8>> {
        match (self.kept_data(), self.unfinished_data()) {
            (Some(kept), Some(last)) => Some([kept, b"\n", last].concat()),
            (data, None) | (None, data) => data.map(<[u8]>::to_vec),
        }
    }

    /// The event of a block that the input begins with.
    #[inline]
    fn event_of<'a, 'i: 'a>(&'a mut self, block: WholeBlock<'i>, input: &mut &'i [u8]) -> Frame<'a> {
        *input = &input[block.length..];
        self.offset += block.length as u64;
        self.line_offset = self.offset;
        if let Some(id) = block.id {
            self.last_id.clear();
            self.last_id.extend_from_slice(id);
        }
        Frame::Event(Event {
            event: Utf8::new(if block.event.is_empty() { MESSAGE } else { block.event }),
            data: Utf8::new(block.data),
            id: Utf8::new(block.id.unwrap_or(&self.last_id)),
            has_own_id: block.id.is_some(),
        })
    }

    /// `line_end` is where the first line ends, if somebody has looked already.
    #[inline]
    pub(crate) fn next_by_line<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
        mut line_end: Option<usize>,
    ) -> Result<Option<Frame<'a>>, DecodeError> {
        if let Some(error) = self.failed {
            *input = &[];
            return Err(error);
        }
        if self.place == Place::BlockStart
            && line_end.is_none()
            && let Some(block) = whole_block(input)
            && block.length <= self.options.max_event_bytes
        {
            return Ok(Some(self.event_of(block, input)));
        }
        let mut block = InInput::default();
        loop {
            self.pass_line_feed(input);
            let Some(end) = line_end.take().or_else(|| find_line_end(input)) else {
                self.keep(&mut block);
                return self.keep_line(input);
            };
            let piece = &input[..end];
            let (place, line_offset) = (self.place, self.line_offset);
            self.pass_line_end(input, end);
            let in_buffer = match place {
                Place::LostLine => continue,
                Place::InLine => {
                    self.buffer.extend_from_slice(piece);
                    true
                }
                Place::BlockStart | Place::LineStart | Place::AfterCr => false,
            };
            let line = if in_buffer { self.unfinished_line() } else { piece };
            let first = line_offset == 0;
            let (says, from) = read_line(line, first);
            if !self.fits(line, block.data)
                && let Some(excess) = self.excess(line, first, (says, from), block.data)
            {
                self.keep(&mut block);
                match self.outgrown(line_offset + excess as u64, says)? {
                    Some(frame) => return Ok(Some(frame)),
                    None => continue,
                }
            }
            match says {
                Line::Blank => {
                    self.forget_line();
                    match self.close_block(&block) {
                        Closed::Event { has_own_id } => {
                            return Ok(Some(self.event_frame(&block, has_own_id)));
                        }
                        Closed::Id => return Ok(Some(Frame::Id(Utf8::new(&self.last_id)))),
                        Closed::Nothing => block = InInput::default(),
                    }
                }
                Line::Data if self.oversized => self.forget_line(),
                Line::Data if in_buffer => self.close_data_line(from),
                Line::Data if block.data.is_none() && self.data.is_none() => {
                    block.data = Some(&piece[from..]);
                }
                Line::Data => {
                    self.keep(&mut block);
                    self.add_data_line(&piece[from..]);
                }
                Line::Event if in_buffer => {
                    let name = self.line_start() + from;
                    self.event.clear();
                    self.event.extend_from_slice(&self.buffer[name..]);
                    self.forget_line();
                }
                Line::Event => block.event = Some(&piece[from..]),
                // NUL would make the id unsendable as a header; the standard drops the field.
                Line::Id if line[from..].contains(&0) => self.forget_line(),
                Line::Id if in_buffer => {
                    let id = line[from..].to_vec();
                    self.next_id = Some(id);
                    self.forget_line();
                }
                Line::Id => block.id = Some(&piece[from..]),
                Line::Comment => {
                    self.keep(&mut block);
                    if !in_buffer {
                        return Ok(Some(Frame::Comment(Utf8::new(&piece[from..]))));
                    }
                    self.lent = Lent::Line;
                    return Ok(Some(Frame::Comment(Utf8::new(&self.unfinished_line()[from..]))));
                }
                Line::Retry => {
                    let time = milliseconds(&line[from..]);
                    self.forget_line();
                    if let Some(time) = time {
                        self.keep(&mut block);
                        return Ok(Some(Frame::Retry(time)));
                    }
                }
                Line::Ignored => self.forget_line(),
            }
        }
    }

    /// Takes the line feed that belongs to a carriage return at the end of the input before.
    #[inline]
    fn pass_line_feed(&mut self, input: &mut &[u8]) {
        if self.place != Place::AfterCr || input.is_empty() {
            return;
        }
        if let Some(rest) = input.strip_prefix(b"\n") {
            *input = rest;
            self.offset += 1;
            self.line_offset = self.offset;
        }
        let fresh = self.data.is_none() && self.event.is_empty() && self.next_id.is_none() && !self.oversized;
        self.place = if fresh { Place::BlockStart } else { Place::LineStart };
    }

    /// Takes a line of `end` bytes and its line end away. A CR counts at once; an LF after it may come later.
    #[inline]
    fn pass_line_end(&mut self, input: &mut &[u8], end: usize) {
        let (used, place) = match input[end..] {
            [b'\r', b'\n', ..] => (end + 2, Place::LineStart),
            [b'\r'] => (end + 1, Place::AfterCr),
            _ => (end + 1, Place::LineStart),
        };
        *input = &input[used..];
        self.place = place;
        self.offset += used as u64;
        self.line_offset = self.offset;
    }

    /// Keeps the beginning of a line whose end has not come.
    #[inline]
    fn keep_line(&mut self, input: &mut &[u8]) -> Result<Option<Frame<'static>>, DecodeError> {
        let piece = core::mem::take(input);
        self.offset += piece.len() as u64;
        if piece.is_empty() || self.place == Place::LostLine {
            return Ok(None);
        }
        self.place = Place::InLine;
        self.buffer.extend_from_slice(piece);
        if self.fits(self.unfinished_line(), None) { Ok(None) } else { self.limit_line() }
    }

    /// Holds the unfinished line against the limit.
    #[cold]
    fn limit_line(&mut self) -> Result<Option<Frame<'static>>, DecodeError> {
        let (line, first) = (self.unfinished_line(), self.line_offset == 0);
        if self.may_be_data(line, first) {
            return Ok(None);
        }
        let (says, from) = read_line(line, first);
        match self.excess(line, first, (says, from), None) {
            Some(excess) => self.outgrown(self.line_offset + excess as u64, says),
            None => Ok(None),
        }
    }

    /// Moves what lies in the input into the decoder's own memory.
    #[inline]
    fn keep(&mut self, block: &mut InInput<'_>) {
        if let Some(data) = block.data.take() {
            self.buffer.extend_from_slice(data);
            self.data = Some(0..data.len());
        }
        if let Some(event) = block.event.take() {
            self.event.clear();
            self.event.extend_from_slice(event);
        }
        if let Some(id) = block.id.take() {
            self.next_id = Some(id.to_vec());
        }
    }

    /// Appends a data line that lies in the input to the block's data.
    #[inline]
    fn add_data_line(&mut self, value: &[u8]) {
        self.buffer.reserve(value.len() + 1);
        self.buffer.push(b'\n');
        self.buffer.extend_from_slice(value);
        let start = self.data.take().map_or(0, |data| data.start);
        self.data = Some(start..self.buffer.len());
    }

    /// Makes the data line that ends the buffer part of the block's data, in place: the field's name makes room for the
    /// joining line feed.
    #[inline]
    fn close_data_line(&mut self, from: usize) {
        let end = self.buffer.len();
        self.data = Some(match self.data.take() {
            None => from..end,
            Some(data) => {
                let value = data.end + from;
                self.buffer[data.end] = b'\n';
                self.buffer.copy_within(value..end, data.end + 1);
                self.buffer.truncate(data.end + 1 + end - value);
                data.start..self.buffer.len()
            }
        });
    }

    /// Ends the block at its blank line.
    #[inline]
    fn close_block(&mut self, block: &InInput<'_>) -> Closed {
        let has_own_id = match (block.id, self.next_id.take()) {
            (Some(id), _) => {
                self.last_id.clear();
                self.last_id.extend_from_slice(id);
                true
            }
            (None, Some(id)) => {
                self.last_id = id;
                true
            }
            (None, None) => false,
        };
        if self.place == Place::LineStart {
            self.place = Place::BlockStart;
        }
        if (block.data.is_some() || self.data.is_some()) && !self.oversized {
            self.lent = Lent::Block;
            return Closed::Event { has_own_id };
        }
        self.forget_block();
        if has_own_id { Closed::Id } else { Closed::Nothing }
    }

    #[inline]
    fn event_frame<'a>(&'a self, block: &InInput<'a>, has_own_id: bool) -> Frame<'a> {
        let name = block.event.unwrap_or(&self.event);
        Frame::Event(Event {
            event: Utf8::new(if name.is_empty() { MESSAGE } else { name }),
            data: Utf8::new(block.data.or_else(|| self.kept_data()).unwrap_or_default()),
            id: Utf8::new(block.id.unwrap_or(&self.last_id)),
            has_own_id,
        })
    }

    /// Nearly every line: it would not pass the limit if it were all data.
    #[inline]
    fn fits(&self, line: &[u8], data: Option<&[u8]>) -> bool {
        let held = match (data, &self.data) {
            (Some(data), _) => data.len() + 1,
            (None, Some(data)) => data.len() + 1,
            (None, None) => 0,
        };
        line.len() <= self.options.max_event_bytes.saturating_sub(held)
    }

    /// Whether the unfinished line can still turn out to be one of data without value, or a BOM: then its bytes do not count yet,
    /// so that the limit is passed at the same byte whatever the cuts.
    fn may_be_data(&self, line: &[u8], first: bool) -> bool {
        let field = &line[bom_length(line, first)..];
        !self.oversized && (b"data:".starts_with(field) || (first && BOM.starts_with(line)))
    }

    /// Where in the line the first byte beyond the limit is. `data` is the block's data in the input.
    fn excess(
        &self,
        line: &[u8],
        first: bool,
        (says, from): (Line, usize),
        data: Option<&[u8]>,
    ) -> Option<usize> {
        let limit = self.options.max_event_bytes;
        let skipped = bom_length(line, first);
        match says {
            Line::Data if !self.oversized => {
                let held = data.or_else(|| self.kept_data()).map_or(0, |data| data.len() + 1);
                match limit.checked_sub(held) {
                    Some(room) => (line.len() - from > room).then(|| from + room),
                    None => Some(skipped),
                }
            }
            _ => (line.len() - skipped > limit).then(|| skipped + limit),
        }
    }

    fn outgrown(&mut self, offset: u64, says: Line) -> Result<Option<Frame<'static>>, DecodeError> {
        let error = TooLarge { limit: self.options.max_event_bytes, offset };
        if !self.options.skip_oversized {
            self.forget_block();
            self.place = Place::LostLine;
            self.failed = Some(error.into());
            return Err(error.into());
        }
        if self.place == Place::InLine {
            self.place = Place::LostLine;
        }
        if says == Line::Comment {
            self.forget_line();
            return Ok(Some(Frame::Skipped(error)));
        }
        let told = self.oversized;
        self.forget_block();
        self.oversized = true;
        Ok((!told).then_some(Frame::Skipped(error)))
    }

    #[inline]
    fn kept_data(&self) -> Option<&[u8]> {
        self.data.clone().map(|range| &self.buffer[range])
    }

    /// The data in the unfinished line, if it is a line of data.
    fn unfinished_data(&self) -> Option<&[u8]> {
        let line = self.unfinished_line();
        match (self.place, read_line(line, self.line_offset == 0)) {
            (Place::InLine, (Line::Data, from)) if !self.oversized => Some(&line[from..]),
            _ => None,
        }
    }

    #[inline]
    fn line_start(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.end)
    }

    #[inline]
    fn unfinished_line(&self) -> &[u8] {
        &self.buffer[self.line_start()..]
    }

    #[inline]
    fn forget_lent(&mut self) {
        match self.lent {
            Lent::Nothing => {}
            Lent::Line => self.forget_line(),
            Lent::Block => self.forget_block(),
        }
        self.lent = Lent::Nothing;
    }

    #[inline]
    fn forget_line(&mut self) {
        self.buffer.truncate(self.line_start());
    }

    #[inline]
    fn forget_block(&mut self) {
        self.data = None;
        self.event.clear();
        self.oversized = false;
        if self.buffer.capacity() > KEPT_CAPACITY {
            self.buffer = Vec::new();
        } else {
            self.buffer.clear();
        }
    }
}

/// A block that is whole in the input, without line ends that can be cut.
struct WholeBlock<'a> {
    event: &'a [u8],
    id: Option<&'a [u8]>,
    data: &'a [u8],
    /// Of its bytes with the blank line.
    length: usize,
}

/// The block that the input begins with, where it has names and ids, then one line of data, and nothing else: as nearly all blocks that do
/// not begin with their data.
#[inline]
fn whole_block(input: &[u8]) -> Option<WholeBlock<'_>> {
    let (mut event, mut id) = (None, None);
    let mut at = 0;
    while let [b'e' | b'i' | b'd', ..] = input[at..] {
        let rest = &input[at..];
        let end = find_line_end(rest)?;
        let (line, line_end) = rest.split_at(end);
        let [one, two] = match line_end {
            [b'\n', ..] => [1, 2],
            [b'\r', b'\n', ..] => [2, 4],
            _ => return None,
        };
        match read_line(line, false) {
            (Line::Event, from) => event = Some(&line[from..]),
            (Line::Id, from) if !line.contains(&0) => id = Some(&line[from..]),
            (Line::Data, from) => {
                let is_blank = matches!(line_end, [b'\n', b'\n', ..] | [b'\r', b'\n', b'\r', b'\n', ..]);
                let event = event.unwrap_or_default();
                return is_blank.then(|| WholeBlock {
                    event,
                    id,
                    data: &line[from..],
                    length: at + end + two,
                });
            }
            _ => return None,
        }
        at += end + one;
    }
    None
}

/// Where the value of a `data:` line starts.
#[inline]
fn data_value(line: &[u8]) -> Option<usize> {
    match line {
        [b'd', b'a', b't', b'a', b':', b' ', ..] => Some(6),
        [b'd', b'a', b't', b'a', b':', ..] => Some(5),
        _ => None,
    }
}

/// Where the first line ends. Every second line is blank, and many are short.
#[inline]
fn find_line_end(input: &[u8]) -> Option<usize> {
    match input.first() {
        Some(b'\n' | b'\r') => Some(0),
        _ => near_line_end(input).or_else(|| memchr2(b'\n', b'\r', input)),
    }
}

/// Where the first line ends, if it does so within eight bytes and as many are there. This costs less than a call (`cargo xtask bench`,
/// case `sse-tiny`).
#[inline(always)]
fn near_line_end(input: &[u8]) -> Option<usize> {
    let word = u64::from_le_bytes(*input.first_chunk::<8>()?);
    let found = zero_bytes(word ^ (ONES * b'\n' as u64)) | zero_bytes(word ^ (ONES * b'\r' as u64));
    (found != 0).then_some(found.trailing_zeros() as usize / 8)
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// The high bit of each byte that is zero; bytes above the first zero may be marked too, the first one never wrongly.
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES * 0x80)
}

/// What a line is, and where its value starts. Field names are exact, a line without colon is a field without value, and one space after
/// the colon is dropped (9.2.6).
#[inline]
fn read_line(line: &[u8], first: bool) -> (Line, usize) {
    let (says, rest) = match &line[bom_length(line, first)..] {
        [] => (Line::Blank, &[][..]),
        comment @ [b':', ..] => (Line::Comment, comment),
        [b'd', b'a', b't', b'a', rest @ ..] => (Line::Data, rest),
        [b'e', b'v', b'e', b'n', b't', rest @ ..] => (Line::Event, rest),
        [b'i', b'd', rest @ ..] => (Line::Id, rest),
        [b'r', b'e', b't', b'r', b'y', rest @ ..] => (Line::Retry, rest),
        _ => (Line::Ignored, &[][..]),
    };
    match rest {
        [] => (says, line.len()),
        [b':', b' ', value @ ..] | [b':', value @ ..] => (says, line.len() - value.len()),
        _ => (Line::Ignored, line.len()),
    }
}

/// Digits only; a number that no 64-bit integer holds is ignored, as browsers do it.
fn milliseconds(value: &[u8]) -> Option<Duration> {
    decimal(value).map(Duration::from_millis)
}

/// A BOM counts only as the first bytes of the body, whole.
#[inline]
fn bom_length(line: &[u8], first: bool) -> usize {
    if first && line.starts_with(BOM) { BOM.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(sse: &mut Sse, body: &[u8], chunk: usize) -> usize {
        let mut events = 0;
        for mut piece in body.chunks(chunk) {
            while let Ok(Some(frame)) = sse.next(&mut piece) {
                events += usize::from(matches!(frame, Frame::Event(_)));
            }
        }
        events
    }

    #[test]
    fn the_memory_of_a_large_event_is_released() {
        let mut sse = Sse::new(DecoderOptions::default());
        let large = [b"data: ", &alloc::vec![b'x'; 8 * KEPT_CAPACITY][..], b"\n\n"].concat();
        assert_eq!(fed(&mut sse, &large, 1000), 1);
        assert_eq!(fed(&mut sse, b"data: a\n", 1000), 0);
        assert!(sse.buffer.capacity() <= KEPT_CAPACITY, "{}", sse.buffer.capacity());
    }

    #[test]
    fn the_limit_bounds_the_memory() {
        let options =
            DecoderOptions { max_event_bytes: 4096, skip_oversized: true, ..DecoderOptions::default() };
        for line in [
            "data: abcdefgh\n",
            "event: abcdefgh\n",
            "id: abcdefgh\n",
            "data: a",
            ": a",
            "event: a",
            "data\n",
        ] {
            let mut sse = Sse::new(options);
            fed(&mut sse, line.repeat(20_000).as_bytes(), 512);
            let held = [sse.buffer.capacity(), sse.event.capacity(), sse.last_id.capacity()];
            assert!(held.iter().sum::<usize>() <= 4 * (4096 + 512), "{line:?}: {held:?}");
        }
    }

    #[test]
    fn an_oversized_event_continues_after_a_line_feed_in_its_own_piece() {
        let mut sse = Sse::new(DecoderOptions {
            max_event_bytes: 5,
            skip_oversized: true,
            ..DecoderOptions::default()
        });
        let pieces = [&b"data: 123456\r"[..], b"\n", b"data: 1\n\n", b"data: 2\n\n"];
        let events: Vec<_> = pieces.iter().map(|piece| fed(&mut sse, piece, 100)).collect();
        assert_eq!(events, [0, 0, 0, 1]);
    }

    #[test]
    fn an_event_that_is_whole_in_the_input_is_lent_from_it() {
        for body in [
            &b"data: abc\n\n"[..],
            b"data: abc\r\n\r\n",
            b"data: abc\r\r",
            b"event: e\nid: 1\ndata: abc\n\n",
            b": c\n\ndata: abc\nevent: e\n\n",
        ] {
            let mut sse = Sse::new(DecoderOptions::default());
            let mut input = body;
            let data = loop {
                if let Some(Frame::Event(event)) = sse.next(&mut input).unwrap() {
                    break event.data.as_bytes().as_ptr_range();
                }
            };
            let lent = body.as_ptr_range();
            assert!(lent.contains(&data.start) && lent.contains(&data.end), "{}", body.escape_ascii());
        }
    }
}
