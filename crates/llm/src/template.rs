//! Recognises by comparison what consecutive events of a reply share.
//!
//! Nearly all events of a reply differ only in their token. If an event that was read whole did nothing but add to one growing text, it is
//! kept with its *holes*: the token, and the values of fields that its dialect does not read. A later event with the same bytes around
//! the holes, and a valid JSON string or number in each hole, has the same keys in the same places and the same values in every field
//! that the dialect reads. So it is valid and means the same, except for the token. All other events are read whole.

use alloc::vec::Vec;

use tidewire_core::json::plain;

use crate::grow::Slot;
use crate::json::Value;

/// After this many events in a row that did not match, only one in [`SELDOM`] is kept, since keeping events does not pay then.
const PATIENCE: u32 = 8;
const SELDOM: u32 = 64;
/// Larger events are not kept.
const LARGEST: usize = 4 * 1024;
/// The token, and the fields that vary.
const HOLES: usize = 1 + VARYING;
/// So many fields of a dialect may vary.
pub(crate) const VARYING: usize = crate::table::layout::VARYING;

/// An event that was read whole; without holes there is none.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    name: Vec<u8>,
    text: Vec<u8>,
    holes: [Hole; HOLES],
    used: usize,
    slot: Slot,
    /// Whether it may be a line of an SSE event's data.
    is_line: bool,
    /// How many events in a row did not match the one that was kept.
    unlike: u32,
}

#[derive(Clone, Copy, Debug)]
struct Hole {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The content of the string that is the token.
    Token,
    /// The content of another string.
    Text,
    /// Digits.
    Number,
}

impl Default for Template {
    fn default() -> Self {
        let none = Hole { start: 0, end: 0, kind: Kind::Token };
        let (name, text) = (Vec::new(), Vec::new());
        let slot = Slot::Text { choice: 0 };
        Self { name, text, holes: [none; HOLES], used: 0, slot, is_line: false, unlike: 0 }
    }
}

impl Template {
    /// An event did not match; forgets the one that was kept.
    pub(crate) fn missed(&mut self) {
        self.unlike = self.unlike.wrapping_add(1);
        self.used = 0;
    }

    /// Keeps an event of which only `token`, the content of a string in it, came to something: a piece of `slot`. Of the fields that may
    /// vary, those are holes that differ from the event that was kept before.
    pub(crate) fn keep(
        &mut self,
        name: &[u8],
        text: &[u8],
        event: Value<'_>,
        (slot, token): (Slot, &[u8]),
        varying: [&str; VARYING],
    ) {
        if text.len() > LARGEST || (self.unlike > PATIENCE && !self.unlike.is_multiple_of(SELDOM)) {
            return;
        }
        let Some(token) = span(text, token) else { return };
        let mut holes = [Hole { start: token.0, end: token.1, kind: Kind::Token }; HOLES];
        let mut used = 1;
        let before = Value::sound(&self.text).fields(&varying);
        for (value, before) in event.fields(&varying).into_iter().zip(before) {
            let (Some(value), Some(before)) = (value, before) else { continue };
            if value == before {
                continue;
            }
            let (bytes, kind) = match value.content() {
                Some(content) => (content, Kind::Text),
                None if value.whole().is_some() => (value.as_bytes(), Kind::Number),
                None => continue,
            };
            if let Some((start, end)) = span(text, bytes) {
                holes[used] = Hole { start, end, kind };
                used += 1;
            }
        }
        holes[..used].sort_unstable_by_key(|hole| hole.start);
        replace(&mut self.name, name);
        replace(&mut self.text, text);
        (self.holes, self.used, self.slot) = (holes, used, slot);
        self.is_line = !text.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    }

    /// The token of an event that matches the one that was kept, and the text that it adds to.
    #[inline]
    pub(crate) fn token<'a>(&mut self, name: &[u8], text: &'a [u8]) -> Option<(Slot, &'a [u8])> {
        if self.used == 0 || name != self.name {
            return None;
        }
        let (token, length) = self.front(text)?;
        if length != text.len() {
            return None;
        }
        self.unlike = 0;
        Some((self.slot, token))
    }

    /// The name and the slot of the event that was kept, if matching events can be looked for in the lines of a body.
    #[inline]
    pub(crate) fn line(&self) -> Option<(&[u8], Slot)> {
        (self.used > 0 && self.is_line).then_some((&self.name, self.slot))
    }

    /// Matching events have arrived.
    pub(crate) const fn came(&mut self) {
        self.unlike = 0;
    }

    /// The token of a matching event at the front of `text`, and the length of that event.
    #[inline]
    pub(crate) fn front<'a>(&self, text: &'a [u8]) -> Option<(&'a [u8], usize)> {
        let mut token: &[u8] = &[];
        let (mut rest, mut from) = (text, 0);
        for hole in &self.holes[..self.used] {
            rest = behind(rest, self.text.get(from..hole.start)?)?;
            let length = match hole.kind {
                Kind::Token | Kind::Text => content_length(rest)?,
                Kind::Number => digits(rest)?,
            };
            let (value, behind) = rest.split_at_checked(length)?;
            if matches!(hole.kind, Kind::Token) {
                token = value;
            }
            (rest, from) = (behind, hole.end);
        }
        let rest = behind(rest, self.text.get(from..)?)?;
        Some((token, text.len() - rest.len()))
    }
}

/// What follows the bytes that are shared, where they stand at the front.
#[inline]
fn behind<'a>(text: &'a [u8], shared: &[u8]) -> Option<&'a [u8]> {
    let (front, rest) = text.split_at_checked(shared.len())?;
    same(front, shared).then_some(rest)
}

/// Whether these, of one length, are the same.
#[cfg(not(target_arch = "wasm32"))]
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    a == b
}

/// The same where `==` goes byte by byte: the compiler makes vectors of this, and what is compared is nearly always equal
/// (`npm run bench:llm`).
#[cfg(target_arch = "wasm32")]
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    let ((words, tail), (other_words, other_tail)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let words = words.iter().zip(other_words).fold(0, |all, (a, b)| all | (word(a) ^ word(b)));
    let tails = tail.iter().zip(other_tail).fold(0, |all, (a, b)| all | (a ^ b));
    words | u64::from(tails) == 0
}

fn replace(facts: &mut Vec<u8>, bytes: &[u8]) {
    facts.clear();
    facts.extend_from_slice(bytes);
}

/// Where `part`, which was cut out of `text`, is in it.
fn span(text: &[u8], part: &[u8]) -> Option<(usize, usize)> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= text.len()).then_some((start, end))
}

/// How long the content of a JSON string is, up to its closing quote; `None` where it is not sound.
#[inline]
fn content_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let run = plain(rest);
        at += run;
        match &rest[run..] {
            [b'"', ..] => return Some(at),
            [b'\\', b'u', digits @ ..] => {
                let digits = digits.first_chunk::<4>()?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                at += 6;
            }
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => at += 2,
            _ => return None,
        }
    }
}

/// How many digits there are; `None` where they are no number. What follows them is compared, so that no point or exponent
/// can hide there.
fn digits(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sound = length > 0 && (length == 1 || text[0] != b'0');
    sound.then_some(length)
}
