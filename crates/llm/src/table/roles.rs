//! What a value in a record can be. A table names a role for each path; docs/dialect-format.md explains them.

/// Defines the roles as numbers of a byte, and the names by which tables call them.
macro_rules! roles {
    ($($name:ident = $number:literal, $text:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub(crate) const $name: u8 = $number;)*
        /// The names of all roles, each at the place of its number.
        pub(crate) const NAMES: &[&str] = &[$($text),*];
    };
}

roles! {
    IGNORE = 0, "ignore", "Known, and of no use to a reader.";
    KIND = 1, "kind", "The kind of the record, which chooses among its rules.";
    ID = 2, "id", "The reply's id.";
    MODEL = 3, "model", "The model.";
    CREATED = 4, "created", "When the reply was made.";
    CHOICE = 5, "choice", "A scope: one alternative of the reply.";
    CHOICE_INDEX = 6, "choice.index", "Which alternative.";
    PIECE = 7, "piece", "A scope: a part of the content, or more of one.";
    PIECE_KIND = 8, "piece.kind", "What the part is, in the words of the table's `pieces`.";
    THOUGHT = 9, "piece.thought", "If it is `true`, the part's text is reasoning.";
    CALL = 10, "call", "A scope: a tool call, or more of one.";
    CALL_ID = 11, "call.id", "The id of a call.";
    CALL_NAME = 12, "call.name", "The name of its tool.";
    ARGUMENTS = 13, "call.arguments", "More of its arguments: a text, or the value itself.";
    ARGUMENTS_WHOLE = 14, "call.arguments.whole", "All of its arguments, which may have come before.";
    ARGUMENTS_FIRST = 15, "call.arguments.first", "Its arguments unless pieces of them follow.";
    INDEX = 16, "index", "The number of the part.";
    ITEM = 17, "item", "The id of the part, by which later records name it.";
    SUB = 18, "sub", "The number of a part within the part.";
    TEXT = 19, "text", "More text.";
    TEXT_WHOLE = 20, "text.whole", "All of a text, which may have come before.";
    REASONING = 21, "reasoning", "More reasoning.";
    REASONING_WHOLE = 22, "reasoning.whole", "All of the reasoning, which may have come before.";
    REFUSAL = 23, "refusal", "More of a refusal.";
    REFUSAL_WHOLE = 24, "refusal.whole", "All of a refusal, which may have come before.";
    CITATION = 25, "citation", "A scope: a source.";
    CITATION_AGAIN = 26, "citation.again", "The same where each record repeats all sources so far.";
    URL = 27, "citation.url", "Where a source is.";
    TITLE = 28, "citation.title", "What it is called.";
    INPUT = 29, "usage.input", "Tokens of the request.";
    OUTPUT = 30, "usage.output", "Tokens of the reply.";
    TOTAL = 31, "usage.total", "Both.";
    REASONED = 32, "usage.reasoning", "Tokens of the reasoning.";
    CACHED = 33, "usage.cached", "Tokens of the request that were read from a cache.";
    CACHE_WRITTEN = 34, "usage.cache_write", "Tokens of the request that were written to a cache.";
    FINISH = 35, "finish", "The provider's word for why the reply, or the alternative, is over.";
    BLOCKED = 36, "finish.blocked", "The provider's word for why it does not answer.";
    ERROR = 37, "error", "A failure.";
    ERROR_RECORD = 38, "error.record", "Its presence says that the record is a failure.";
    OTHER = 39, "other", "What has no role here but is kept.";
    BEGIN = 40, "begin", "A reply begins, as it must only once.";
    COMPLETE = 41, "complete", "The reply is over.";
    HALF = 42, "complete.half", "The reply is over once a finish has come too.";
    MAY_END = 43, "may_end", "The reply may end here.";
    ANSWERED = 44, "answered", "The calls so far have their results.";
    CALL_PARTS = 45, "call.parts", "Arguments as a list of values at JSON paths.";
    CALL_MORE = 46, "call.more", "If it is `true`, more of the arguments follows.";
    PART_END = 47, "part.end", "The part is whole.";
    SKIPPED = 48, "piece.skip", "If it is `true`, the scope's text is dropped.";
    TEXT_SO_FAR = 49, "text.so_far", "More text, or all of it so far: the reply shows which.";
    TEXT_RAW = 50, "text.raw", "The record is text, even if it looks like JSON.";
}
/// How many roles there are.
pub(crate) const COUNT: usize = NAMES.len();

/// Whether the role is a scope, whose inner values belong together.
pub(crate) const fn is_scope(role: u8) -> bool {
    matches!(role, CHOICE | PIECE | CALL | CITATION | CITATION_AGAIN)
}

/// Whether a value can have the role, given whether it is an object or an array.
pub(crate) const fn takes(role: u8, is_container: bool) -> bool {
    match role {
        ARGUMENTS | ARGUMENTS_WHOLE | ARGUMENTS_FIRST | ERROR | ERROR_RECORD | OTHER | BEGIN | COMPLETE
        | HALF | MAY_END | ANSWERED | CALL_PARTS | PART_END => true,
        _ => !is_container && !is_scope(role),
    }
}

/// Whether a value with this first byte opens a scope of this role. A source may be just its URL.
pub(crate) const fn opens(role: u8, first: u8) -> bool {
    is_scope(role) && (first == b'{' || (first == b'"' && role == CITATION_AGAIN))
}
