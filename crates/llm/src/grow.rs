//! Joins texts that arrive as JSON strings, each of which may end in the middle of a surrogate pair.

use alloc::borrow::Cow;
use alloc::string::String;

use tidewire_core::Utf8;
use tidewire_core::json::{plain, unescape_into};

use crate::delta::Delta;

/// Which text grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Text { choice: u32 },
    Reasoning { choice: u32 },
    Refusal { choice: u32 },
    Arguments { choice: u32, index: u32 },
}

impl Slot {
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

/// Unescapes pieces. A high surrogate at the end of one waits for its other half at the start of the next of the same text, as it
/// would in a string of UTF-16; alone, either half reads as U+FFFD.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grower {
    scratch: String,
    /// The high surrogate that waits.
    half: Option<(Slot, u32)>,
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
            }
            return;
        }
        self.grow_slowly(slot, content, sink);
    }

    /// The reply is over: half a pair stays half.
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
    use alloc::vec::Vec;

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
