//! Joins texts that arrive as JSON strings, each of which may end in the middle of a surrogate pair.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use tidewire_core::Utf8;
use tidewire_core::json::{plain, unescape_into};

use crate::delta::Delta;
use crate::places::{Key, Keyed, Places};

/// Which text grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Text { choice: u32 },
    Reasoning { choice: u32 },
    Refusal { choice: u32 },
    Arguments { choice: u32, index: u32 },
}

impl Slot {
    const fn choice(self) -> u32 {
        match self {
            Self::Text { choice }
            | Self::Reasoning { choice }
            | Self::Refusal { choice }
            | Self::Arguments { choice, .. } => choice,
        }
    }

    /// Its number within its choice.
    const fn number(self) -> u64 {
        match self {
            Self::Text { .. } => 0,
            Self::Reasoning { .. } => 1,
            Self::Refusal { .. } => 2,
            Self::Arguments { index, .. } => 3 + index as u64,
        }
    }

    #[inline]
    pub(crate) const fn delta(self, text: &str) -> Delta<'_> {
        let text = Cow::Borrowed(text);
        match self {
            Self::Text { choice } => Delta::Text { choice, text },
            Self::Reasoning { choice } => Delta::Reasoning { choice, text },
            Self::Refusal { choice } => Delta::Refusal { choice, text },
            Self::Arguments { choice, index } => Delta::Arguments { choice, index, fragment: text },
        }
    }
}

/// How many earlier parts of a text are remembered.
const KEYS: usize = 1024;

/// Unescapes pieces. A high surrogate at the end of one waits for its other half at the start of the next of the same text, as it
/// would in a string of UTF-16; alone, either half reads as U+FFFD.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grower {
    scratch: String,
    /// The high surrogate that waits for its other half.
    half: Option<(Slot, u32)>,
    texts: Vec<Grown>,
    places: Places,
    /// The text that grew last.
    latest: usize,
}

/// What has arrived of a text, so that repeats are not emitted.
#[derive(Clone, Debug)]
struct Grown {
    slot: Slot,
    all: Tally,
    /// The part that is growing, and its key.
    part: Tally,
    key: u64,
    /// The parts before it.
    keys: Vec<u64>,
    /// What wholes have repeated since the last piece.
    repeated: Tally,
    /// Whether each piece is all of the text so far, once that is known.
    is_cumulative: Option<bool>,
}

impl Grown {
    #[inline]
    fn add(&mut self, text: &[u8]) {
        self.all.add(text);
        if self.key != 0 {
            self.part.add(text);
        }
    }
}

impl Keyed for Grown {
    fn choice(&self) -> u32 {
        self.slot.choice()
    }

    fn has(&self, key: Key<'_>) -> bool {
        key == Key::Number(self.choice(), self.slot.number())
    }

    fn tell_keys(&self, tell: &mut dyn FnMut(Key<'_>)) {
        tell(Key::Number(self.choice(), self.slot.number()));
    }
}

/// The length of a text that is not kept, and its first and last eight bytes, by which another is compared with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    length: u64,
    first: u64,
    last: u64,
}

impl Tally {
    #[inline]
    fn add(&mut self, text: &[u8]) {
        let shifted =
            |word: u64, bytes: &[u8]| bytes.iter().fold(word, |word, byte| word << 8 | u64::from(*byte));
        if self.length < 8 {
            let missing = text.len().min(8 - self.length as usize);
            self.first = shifted(self.first, &text[..missing]);
        }
        self.last =
            text.last_chunk().map_or_else(|| shifted(self.last, text), |last| u64::from_be_bytes(*last));
        self.length += text.len() as u64;
    }

    /// With `self` describing the text before `text`, and `of` the text that has arrived: the rest of `text` that is new. `None` if they differ.
    fn behind<'t>(mut self, of: &Self, text: &'t str) -> Option<&'t str> {
        let shared = usize::try_from(of.length.saturating_sub(self.length)).ok()?.min(text.len());
        self.add(&text.as_bytes()[..shared]);
        let is_same = self.length < of.length || self == *of;
        text.get(shared..).filter(|_| is_same)
    }
}

impl Grower {
    /// Hands out what the raw content of a sound JSON string reads as.
    #[inline]
    pub(crate) fn grow(&mut self, slot: Slot, content: &[u8], sink: &mut dyn FnMut(&Delta<'_>)) {
        if self.half.is_none()
            && plain(content) == content.len()
            && let Some(text) = sound(content)
        {
            if !text.is_empty() {
                sink(&slot.delta(text));
                self.note(slot, text.as_bytes());
            }
            return;
        }
        self.grow_slowly(slot, content, sink);
    }

    /// What follows belongs to this part of the text; 0 if the part is not known.
    pub(crate) fn in_part(&mut self, slot: Slot, key: u64) {
        let grown = self.grown(slot);
        grown.repeated = Tally::default();
        if key != 0 && key != grown.key {
            let before = core::mem::replace(&mut grown.key, key);
            grown.part = Tally::default();
            if before != 0 && grown.keys.len() < KEYS {
                grown.keys.push(before);
            }
        }
    }

    /// Hands out what has not yet arrived of a whole text, or of one whole part. Returns whether there is any.
    pub(crate) fn rest(
        &mut self,
        slot: Slot,
        whole: &str,
        key: u64,
        sink: &mut dyn FnMut(&Delta<'_>),
    ) -> bool {
        self.flush(sink);
        let grown = self.grown(slot);
        let rest = if key == 0 {
            let rest = grown.repeated.behind(&grown.all, whole);
            grown.repeated.add(whole.as_bytes());
            rest
        } else if key == grown.key {
            Tally::default().behind(&grown.part, whole)
        } else if grown.key == 0 {
            Tally::default().behind(&grown.all, whole)
        } else {
            // A part that is over has nothing new.
            Some(whole).filter(|_| !grown.keys.contains(&key))
        };
        let rest = rest.unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let repeated = grown.repeated;
        self.in_part(slot, key);
        self.grown(slot).repeated = repeated;
        self.note(slot, rest.as_bytes());
        sink(&slot.delta(rest));
        true
    }

    /// Hands out a text as it is.
    pub(crate) fn raw(&mut self, slot: Slot, text: &str, sink: &mut dyn FnMut(&Delta<'_>)) {
        self.flush(sink);
        if !text.is_empty() {
            self.note(slot, text.as_bytes());
            sink(&slot.delta(text));
        }
    }

    /// Hands out the next piece of a text, or what is new in a piece that has all of it so far. If the second piece begins with the first, all
    /// pieces are taken as cumulative.
    pub(crate) fn so_far(&mut self, slot: Slot, text: &str, sink: &mut dyn FnMut(&Delta<'_>)) -> bool {
        self.flush(sink);
        let grown = self.grown(slot);
        let rest =
            Tally::default().behind(&grown.all, text).filter(|_| text.len() as u64 >= grown.all.length);
        if grown.all.length > 0 && !text.is_empty() {
            grown.is_cumulative.get_or_insert(rest.is_some());
        }
        let more = if grown.is_cumulative == Some(true) { rest.unwrap_or_default() } else { text };
        if more.is_empty() {
            return false;
        }
        self.note(slot, more.as_bytes());
        sink(&slot.delta(more));
        true
    }

    #[inline]
    fn note(&mut self, slot: Slot, text: &[u8]) {
        match self.texts.get_mut(self.latest) {
            Some(grown) if grown.slot == slot => grown.add(text),
            _ => self.note_another(slot, text),
        }
    }

    /// The same for a text other than the latest one. Arguments are not tracked, since nothing is compared with them.
    #[inline(never)]
    fn note_another(&mut self, slot: Slot, text: &[u8]) {
        if !matches!(slot, Slot::Arguments { .. }) {
            self.grown(slot).add(text);
        }
    }

    fn grown(&mut self, slot: Slot) -> &mut Grown {
        if self.texts.get(self.latest).is_none_or(|grown| grown.slot != slot) {
            let key = Key::Number(slot.choice(), slot.number());
            self.latest = self.places.find(&self.texts, key).unwrap_or_else(|| {
                let (all, part, repeated) = Default::default();
                self.texts.push(Grown {
                    slot,
                    all,
                    part,
                    key: 0,
                    keys: Vec::new(),
                    repeated,
                    is_cumulative: None,
                });
                self.places.added(&self.texts);
                self.texts.len() - 1
            });
        }
        &mut self.texts[self.latest]
    }

    /// The reply is over: a half that still waits becomes U+FFFD.
    pub(crate) fn flush(&mut self, sink: &mut dyn FnMut(&Delta<'_>)) {
        if let Some((slot, _)) = self.half.take() {
            sink(&slot.delta("\u{FFFD}"));
        }
    }

    #[inline(never)]
    fn grow_slowly(&mut self, slot: Slot, mut content: &[u8], sink: &mut dyn FnMut(&Delta<'_>)) {
        if content.is_empty() {
            return;
        }
        if self.half.is_some_and(|(waiting, _)| waiting != slot) {
            self.flush(sink);
        }
        self.scratch.clear();
        if let Some((_, high)) = self.half.take() {
            let pair = leading(content).filter(|(unit, _)| (0xDC00..0xE000).contains(unit));
            let joined =
                pair.and_then(|(low, _)| char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)));
            self.scratch.push(joined.unwrap_or(char::REPLACEMENT_CHARACTER));
            if let (Some(_), Some((_, rest))) = (joined, pair) {
                content = rest;
            }
        }
        if let Some((rest, high)) = trailing_high(content) {
            self.half = Some((slot, high));
            content = rest;
        }
        if plain(content) == content.len() {
            self.scratch.push_str(&Utf8::new(content).to_str());
        } else {
            // Sound, since the whole text is.
            let _ = unescape_into(content, &mut self.scratch);
        }
        if !self.scratch.is_empty() {
            sink(&slot.delta(&self.scratch));
            let scratch = core::mem::take(&mut self.scratch);
            self.note(slot, scratch.as_bytes());
            self.scratch = scratch;
        }
    }
}

/// The text, if it is UTF-8. A token is looked at faster than the vector instructions are set up for it (`cargo xtask bench`,
/// `deltas-16k` and `deltas-cjk`).
#[inline]
fn sound(content: &[u8]) -> Option<&str> {
    if content.len() < 32 {
        return core::str::from_utf8(content).ok();
    }
    match Utf8::new(content).to_str() {
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(_) => None,
    }
}

/// The unit of a `\u` escape at the front, and what follows it.
fn leading(content: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = content.strip_prefix(b"\\u")?.split_first_chunk::<4>()?;
    let unit = digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))?;
    Some((unit, rest))
}

/// The high surrogate that stands escaped at the end, and what is before it.
fn trailing_high(content: &[u8]) -> Option<(&[u8], u32)> {
    let (rest, escape) = content.split_at_checked(content.len().checked_sub(6)?)?;
    let (unit, _) = leading(escape).filter(|(unit, _)| (0xD800..0xDC00).contains(unit))?;
    // Behind an odd number of backslashes its own one is escaped.
    let backslashes = rest.iter().rev().take_while(|byte| **byte == b'\\').count();
    (backslashes % 2 == 0).then_some((rest, unit))
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    const TEXT: Slot = Slot::Text { choice: 0 };

    fn grown(pieces: &[&str]) -> Vec<String> {
        let mut grower = Grower::default();
        let mut texts = Vec::new();
        let mut sink = |delta: &Delta<'_>| match delta {
            Delta::Text { text, .. } => texts.push(text.to_string()),
            other => texts.push(alloc::format!("{other:?}")),
        };
        for piece in pieces {
            grower.grow(TEXT, piece.as_bytes(), &mut sink);
        }
        grower.flush(&mut sink);
        texts
    }

    #[test]
    fn a_pair_is_joined_across_pieces() {
        for (pieces, want) in [
            (&["a", "", "b"][..], &["a", "b"][..]),
            (&["a\\n\\\"b"], &["a\n\"b"]),
            (&["\\ud83d\\ude00"], &["😀"]),
            // A pair in two pieces.
            (&["a\\ud83d", "\\ude00b"], &["a", "😀b"]),
            (&["\\uD83D", "", "\\uDE00"], &["😀"]),
            (&["\\ud83d", "\\ude00\\ud83d", "\\ude01"], &["😀", "😁"]),
            // Halves that stay alone.
            (&["\\ud83d", "b"], &["\u{FFFD}b"]),
            (&["\\ud83d", "\\n"], &["\u{FFFD}\n"]),
            (&["\\ud83d", "\\ud83d", "\\ude00"], &["\u{FFFD}", "😀"]),
            (&["\\ud83d"], &["\u{FFFD}"]),
            (&["\\ude00"], &["\u{FFFD}"]),
            (&["\\ude00", "a"], &["\u{FFFD}", "a"]),
            (&["\\ud83dx", "\\ude00"], &["\u{FFFD}x", "\u{FFFD}"]),
            // An escaped backslash, then what only looks like an escape.
            (&["\\\\ud83d", "\\ude00"], &["\\ud83d", "\u{FFFD}"]),
            (&["\\\\\\ud83d", "\\ude00"], &["\\", "😀"]),
        ] {
            assert_eq!(grown(pieces), want, "{pieces:?}");
        }
    }

    #[test]
    fn another_text_does_not_complete_a_pair() {
        let mut grower = Grower::default();
        let mut deltas = Vec::new();
        let mut sink = |delta: &Delta<'_>| deltas.push(alloc::format!("{delta:?}"));
        grower.grow(TEXT, b"\\ud83d", &mut sink);
        grower.grow(Slot::Reasoning { choice: 0 }, b"\\ude00", &mut sink);
        assert_eq!(
            deltas,
            ["Text { choice: 0, text: \"\u{FFFD}\" }", "Reasoning { choice: 0, text: \"\u{FFFD}\" }"]
        );
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_replaced() {
        let mut grower = Grower::default();
        let mut texts = Vec::new();
        grower.grow(TEXT, b"a\xFFb", &mut |delta| texts.push(alloc::format!("{delta:?}")));
        assert_eq!(texts, ["Text { choice: 0, text: \"a\u{FFFD}b\" }"]);
    }
}
