//! The two fixed words of the framings, recognised under every cut.

/// A byte order mark, skipped once at the very start of a body.
pub(super) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The end marker of OpenAI-shaped streams, in place of a record.
pub(super) const DONE: &[u8] = b"[DONE]";

/// How the bytes so far compare with a word.
pub(super) enum Match {
    /// The word is whole after `used` bytes of this input.
    Whole { used: usize },
    /// All of this input belongs to the word, of which `matched` bytes are there now.
    Part { matched: usize },
    /// The bytes are not the word; their first `matched` are its beginning.
    Not { matched: usize },
}

/// Compares `input` with what is left of `word` after its first `matched` bytes.
pub(super) fn match_word(word: &[u8], matched: usize, input: &[u8]) -> Match {
    let used = word[matched..].iter().zip(input).take_while(|(want, have)| want == have).count();
    let total = matched + used;
    if total == word.len() {
        Match::Whole { used }
    } else if used == input.len() {
        Match::Part { matched: total }
    } else {
        Match::Not { matched: total }
    }
}
