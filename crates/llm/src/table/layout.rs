//! Where things are in the bytes of a compiled table. All offsets are 16 bits, the lower byte first; a text is its length and its bytes.

/// In the header: where the tree of paths begins.
pub(crate) const ROOT: usize = 0;
/// Where the rules for whole records are.
pub(crate) const RECORD: usize = 2;
/// Where the kinds of record are.
pub(crate) const KINDS: usize = 4;
/// Where the words for kinds of pieces are.
pub(crate) const PIECES_AT: usize = 6;
/// Where the words for a finish are.
pub(crate) const FINISH_AT: usize = 8;
/// Where the names of the varying fields are.
pub(crate) const VARYING_AT: usize = 10;
/// Where the dialect's name is.
pub(crate) const NAME: usize = 12;
/// Where the field with the cursor is named.
pub(crate) const CURSOR: usize = 14;
/// Where the default finish is, for a reply that ends without one.
pub(crate) const FINISH_DEFAULT: usize = 16;
/// A byte of flags.
pub(crate) const FLAGS: usize = 18;
/// Where the marks are that identify the dialect.
pub(crate) const MARKS: usize = 20;
/// The length of the header.
pub(crate) const HEADER: usize = 22;

/// The most fields that may vary.
pub(crate) const VARYING: usize = 4;
/// The kind of a rule for records of every kind.
pub(crate) const ANY_KIND: u8 = 0xFF;

/// A finish of all choices may be the end of the reply.
pub(crate) const FINISH_MAY_END: u8 = 1;
/// A finish that is an error is a failure.
pub(crate) const FINISH_FAILS: u8 = 2;
/// Text after a call means that the call has its result.
pub(crate) const TEXT_ANSWERS: u8 = 4;
/// The reply may end before anything else is known.
pub(crate) const OPEN_END: u8 = 8;
/// `[DONE]` completes the reply.
pub(crate) const DONE: u8 = 64;
/// A record that is not JSON is text.
pub(crate) const PLAIN: u8 = 128;
/// The names of the flags, from the lowest.
pub(crate) const FLAG_NAMES: [&str; 4] = ["finish_may_end", "finish_fails", "text_answers", "open_end"];

/// What a piece of content is.
pub(crate) const PIECES: [&str; 8] =
    ["ignore", "text", "reasoning", "refusal", "call", "citation", "other", "action"];
/// A piece that is skipped.
pub(crate) const PIECE_IGNORED: u8 = 0;
/// A piece whose text is reasoning.
pub(crate) const PIECE_REASONING: u8 = 2;
/// A piece that has no kind of its own here.
pub(crate) const PIECE_OTHER: u8 = 6;
/// The same, and the caller has to act on it.
pub(crate) const PIECE_ACTION: u8 = 7;
/// The reasons of a finish, in the order of [`Finish`](crate::Finish); the last stands for a word that is no finish.
pub(crate) const REASONS: [&str; 9] =
    ["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "error", "other", "none"];

/// The word does not mean a finish.
pub(crate) const NO_FINISH: u8 = 8;

/// Stands in place of a name's length if the step has no name.
pub(crate) const NO_NAME: u8 = 0xFF;

/// How a step of a path matches a key.
pub(crate) mod form {
    /// The key itself.
    pub(crate) const EXACT: u8 = 0;
    /// A key that begins with the text.
    pub(crate) const PREFIX: u8 = 1;
    /// A key that ends with the text.
    pub(crate) const SUFFIX: u8 = 2;
    /// Any key.
    pub(crate) const ANY: u8 = 3;
    /// No key, or no value.
    pub(crate) const ABSENT: u8 = 6;
    /// Any value but `null`.
    pub(crate) const PRESENT: u8 = 7;
    /// Each element of an array.
    pub(crate) const EACH: u8 = 4;
    /// The element of an array with this number.
    pub(crate) const ELEMENT: u8 = 5;
}
