//! The numbers that both sides of the boundary know. `cargo xtask npm` writes them to `js/src/generated/abi.ts`, so this is their only list.

/// A number with its name in TypeScript, and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The name of the constant in TypeScript.
    pub name: &'static str,
    /// The number.
    pub value: u32,
    /// What it is for, in Markdown.
    pub docs: &'static [&'static str],
}

macro_rules! numbers {
    ($(#[doc = $about:literal])+ $group:ident { $($(#[doc = $docs:literal])+ $name:ident = $value:expr,)+ }) => {
        $(#[doc = $about])+
        pub mod $group {
            use super::Number;

            $($(#[doc = $docs])+ pub const $name: u32 = $value;)+

            /// All of them, in their order.
            pub const ALL: &[Number] =
                &[$(Number { name: stringify!($name), value: $name, docs: &[$($docs),+] }),+];
        }
    };
}

numbers! {
    /// What a row is.
    ///
    /// A row is `[kind, a, b, start, end]`: two numbers, of which `b` is the high half where they are one number of 64 bits, and the offsets of
    /// its text in the window.
    kind {
        /// An event's data. `a` is 1 if the event's own block set its id; otherwise it inherits the id of an earlier one.
        EVENT = 0,
        /// A JSON value's text; the index of the record in `a` and `b`.
        RECORD = 1,
        /// A piece of text.
        TEXT = 2,
        /// A comment.
        COMMENT = 3,
        /// The `retry:` field, in milliseconds in `a` and `b`.
        RETRY = 4,
        /// `[DONE]` in place of a record.
        DONE = 5,
        /// What is wrong with a record that is not JSON; its offset in the body in `a` and `b`.
        BAD_RECORD = 6,
        /// A record beyond its limit; the offset in the body of the first byte beyond it in `a` and `b`.
        SKIPPED = 7,
        /// The id before a gap.
        GAP = 8,
        /// The type of events from the next one on; empty for `message`, as at the beginning.
        NAME = 9,
        /// The last event id from the next event on. `a` is 1 if a block without data set it, which makes no event.
        ID = 10,
        /// The id of a record that an earlier attempt delivered.
        REPLAYED = 11,
        /// The body is in the format with the number `a`, which this core cannot read. Nothing can follow.
        UNKNOWN = 12,
        /// Of a reply: a piece of text. Which alternative in `a`.
        DELTA_TEXT = 16,
        /// The same of reasoning.
        REASONING = 17,
        /// The same of a refusal.
        REFUSAL = 18,
        /// A fragment of a call's arguments. Which alternative in `a`, which call in `b`.
        ARGUMENTS = 19,
        /// Any other delta, as its line of JSON.
        LINE = 20,
        /// The fragment in the last row of arguments begins an object.
        OBJECT = 21,
        /// It begins an array.
        ARRAY = 22,
        /// It ends the object or array.
        CLOSE = 23,
        /// It has a key.
        KEY = 24,
        /// It begins a string.
        STRING = 25,
        /// It continues a string.
        MORE = 26,
        /// It has any other value.
        SCALAR = 27,
        /// The dialect's name, once it is known.
        DIALECT = 28,
        /// What was built of the arguments in the last such row is not what they are: they are no JSON, or their pieces are too large.
        LOST = 29,
    }
}

numbers! {
    /// Words of a row.
    row {
        /// How many words a row has.
        ROW = 5,
        /// Which word is the offset of the text's first code unit.
        START = 3,
        /// Which word is the offset after its last code unit.
        END = 4,
    }
}

numbers! {
    /// Words of the header, which is at the address of the parser and does not move.
    header {
        /// The address of the rows.
        ROWS = 0,
        /// How many words the rows have.
        WORDS = 1,
        /// The address of the window.
        WINDOW = 2,
        /// The length of the window in bytes.
        LENGTH = 3,
        /// What the window holds: one of the forms.
        FORM = 4,
        /// The address to which the next piece goes.
        INBOX = 5,
        /// How many bytes may be written there.
        ROOM = 6,
        /// 1 if the body would end inside a record if it ended here.
        INSIDE = 7,
        /// The address of the last event id in effect.
        LAST_ID = 8,
        /// Its length in bytes.
        LAST_ID_LENGTH = 9,
        /// How many formats the core can read: those with lower numbers.
        FORMATS = 10,
        /// Option: the number of the format.
        FORMAT = 11,
        /// Option: the most bytes that one record may have.
        MAX_EVENT_BYTES = 12,
        /// Option: 1 to leave out a record beyond the limit, report it and continue.
        SKIP_OVERSIZED = 13,
        /// Option: 1 to deliver an SSE block with data whose blank line is missing at the end of the body.
        DELIVER_UNTERMINATED = 14,
        /// Option: 1 to accept `[DONE]` in place of a JSON record.
        ACCEPT_DONE = 15,
        /// Option of a stream: 1 if nothing but the end of the body ends it.
        NO_END = 16,
        /// Option of a stream: 1 if `event:error` is no failure.
        NO_FAILURE = 17,
        /// Option of a stream: 1 to let the first bytes of a body without a content type decide its format.
        SNIFF = 18,
        /// The address of a stream's rules.
        RULES = 19,
        /// The address of a stream's facts.
        FACTS = 20,
        /// The address of all numbers of its session.
        NUMBERS = 21,
    }
}

numbers! {
    /// What a window holds.
    form {
        /// ASCII: offsets count bytes.
        ASCII = 0,
        /// What was meant to be UTF-8. Offsets count bytes; where there are fewer code units, or it is broken, `measure` makes them code units.
        UTF8 = 1,
        /// UTF-16: offsets count code units.
        UTF16 = 2,
        /// UTF-8 without rows.
        FACT = 3,
    }
}

numbers! {
    /// Formats. Those that every core can read come first.
    format {
        /// By the first byte: `{` is ndjson, `[` json-array, 0x1E json-seq, anything else sse.
        AUTO = 0,
        /// Server-sent events.
        SSE = 1,
        /// UTF-8 text as it arrives.
        TEXT = 2,
        /// One JSON value per line.
        NDJSON = 3,
        /// JSON text sequences (RFC 7464).
        JSON_SEQ = 4,
        /// The elements of one JSON array.
        JSON_ARRAY = 5,
        /// JSON values, concatenated or separated by white space.
        CONCAT = 6,
    }
}

numbers! {
    /// What a content type announces, apart from the formats.
    announced {
        /// `application/json`: a format is to be chosen by the first byte.
        JSON = 7,
        /// It is none of a stream.
        OTHER = 8,
        /// There is none.
        MISSING = 9,
        /// Text, from a server that may not know better: a format is to be chosen by the first bytes.
        SOME_TEXT = 10,
    }
}

numbers! {
    /// What a driver is to do.
    action {
        /// Deliver what the rows say.
        DELIVER = 0,
        /// Wait for more, or for the time that is due.
        WAIT = 1,
        /// Send the request.
        CONNECT = 2,
        /// Drop the request that is under way; another one will follow.
        RETRY = 3,
        /// Report a gap.
        GAP = 4,
        /// Report a silence.
        STALLED = 5,
        /// The stream is over.
        CLOSED = 6,
    }
}

numbers! {
    /// What happens to a stream.
    happened {
        /// The consumer wants it.
        START = 0,
        /// The request was handed to the transport.
        SENT = 1,
        /// The transport failed before the request was sent.
        BROKE_CONNECTING = 2,
        /// The same, before a head.
        BROKE_BEFORE_HEAD = 3,
        /// The same, inside the body.
        BROKE_IN_BODY = 4,
        /// The response whose head arrived was requested without its cursor.
        CURSOR_LOST = 5,
        /// The body ended cleanly.
        BODY_END = 6,
        /// Time has passed.
        TICK = 7,
        /// The consumer asks for nothing for a while.
        PAUSE = 8,
        /// Connect now, if the request may be sent again.
        KICK = 9,
        /// The program is back after an absence of so many milliseconds.
        CHECK = 10,
        /// There was no slot for the stream in time.
        QUEUE_TIMEOUT = 11,
        /// What the request carries could not be renewed.
        REFRESH_FAILED = 12,
        /// The caller stops the stream.
        CANCEL = 13,
    }
}

numbers! {
    /// Which text of a stream.
    which {
        /// The last cursor that arrived.
        LAST = 0,
        /// The cursor to send with the next request.
        REQUESTED = 1,
        /// The cursor after which records are missing.
        GAP_AFTER = 2,
        /// What the peer said of its failure.
        FAILURE = 3,
        /// What is wrong with JSON that cannot be decoded further.
        PROBLEM = 4,
        /// The URL at which a GET continues an LLM's reply.
        CONTINUATION = 5,
    }
}

#[cfg(feature = "streams")]
macro_rules! offsets {
    ($(#[doc = $about:literal])+ $group:ident of $type:ident { $($(#[doc = $docs:literal])+ $name:ident = $field:ident,)+ }) => {
        $(#[doc = $about])+
        pub mod $group {
            use core::mem::offset_of;

            use tidewire_core::session::$type;

            use super::Number;

            /// All of them, in their order.
            pub const ALL: &[Number] = &[$(Number {
                name: stringify!($name),
                value: offset_of!($type, $field) as u32,
                docs: &[$($docs),+],
            }),+];
        }
    };
}

#[cfg(feature = "streams")]
offsets! {
    /// Where in the rules the options are, in bytes.
    rule of Rules {
        /// Milliseconds, in 64 bits.
        RETRY_DELAY = retry_delay,
        /// Milliseconds, in 64 bits; infinite for no limit, as the ones below.
        TIMEOUT = timeout,
        /// As above.
        IDLE_TIMEOUT = idle_timeout,
        /// As above.
        FIRST_EVENT_TIMEOUT = first_event_timeout,
        /// As above.
        PROGRESS_TIMEOUT = progress_timeout,
        /// As above.
        STALL_AFTER = stall_after,
        /// A number of 32 bits.
        RETRY_ATTEMPTS = retry_attempts,
        /// 0 auto, 1 always, 2 never, 3 by another request; in 32 bits.
        RESUME = resume,
        /// One byte, 0 or 1, as the ones below.
        IDEMPOTENT = idempotent,
        /// As above.
        REPEATABLE = repeatable,
        /// As above.
        FOLLOW = follow,
        /// As above.
        EXPECTS_MARKER = expects_marker,
        /// As above.
        REFRESH = refresh,
        /// As above.
        DEDUPE = dedupe,
    }
}

#[cfg(feature = "streams")]
offsets! {
    /// Where among the facts a fact is, in bytes. Numbers have 64 bits and times are in milliseconds, if nothing else is said.
    fact of Facts {
        /// Records that were delivered.
        EVENTS = events,
        /// Bytes of the decoded bodies.
        BYTES = bytes,
        /// From the start to the first byte; negative before that.
        FIRST_BYTE = first_byte,
        /// From the start to the first record; negative before that.
        FIRST_EVENT = first_event,
        /// When the stream was started.
        STARTED = started,
        /// The wait for which a response was refused.
        RETRY_AFTER = retry_after,
        /// Where an unreadable body cannot be decoded further, in bytes.
        OFFSET = offset,
        /// The limit that a record exceeded there, in bytes; negative if it was none.
        SIZE_LIMIT = size_limit,
        /// The wait before the next attempt.
        DELAY = delay,
        /// The wait that `retry:` asked for, beyond what is honoured; otherwise 0.
        ASKED = asked,
        /// The silence that is to be reported.
        SILENT = silent,
        /// What the stream is doing, in 32 bits: one of the states.
        STATE = state,
        /// How it ended, in 32 bits: one of the outcomes.
        END = end,
        /// The time limit that passed, in 32 bits.
        LIMIT = limit,
        /// Why a response was refused, in 32 bits: 0 its status, 1 its content type, 2 a wait that is too long.
        WHY = why,
        /// Its status, in 32 bits.
        STATUS = status,
        /// Requests that were sent, in 32 bits.
        ATTEMPTS = attempts,
        /// The number of the next attempt, in 32 bits.
        ATTEMPT = attempt,
        /// Why it is made, in 32 bits.
        REASON = reason,
        /// Whether it begins with a refresh; one byte.
        WANTS_REFRESH = refresh,
        /// Whether it goes to a relay; one byte.
        AT_RELAY = at_relay,
    }
}

numbers! {
    /// What a stream is doing.
    state {
        /// Not begun.
        IDLE = 0,
        /// Waiting for a head.
        CONNECTING = 1,
        /// Reading a body.
        OPEN = 2,
        /// Reading a body without a content type.
        UNTYPED = 3,
        /// Waiting for another attempt.
        WAITING = 4,
        /// Reading what a refused response says.
        REFUSED = 5,
        /// Over.
        CLOSED = 6,
    }
}

/// How many words the header has.
pub const HEADER_WORDS: usize = header::ALL.len();

/// The groups, and the prefixes of their names in TypeScript.
#[cfg(feature = "streams")]
pub const GROUPS: [(&str, &[Number]); 13] = [
    ("", kind::ALL),
    ("", row::ALL),
    ("AT_", header::ALL),
    ("FORM_", form::ALL),
    ("FORMAT_", format::ALL),
    ("ANNOUNCES_", announced::ALL),
    ("DO_", action::ALL),
    ("HAS_", happened::ALL),
    ("TEXT_", which::ALL),
    ("RULE_", rule::ALL),
    ("FACT_", fact::ALL),
    ("STATE_", state::ALL),
    (
        "SESSION_",
        &[Number {
            name: "NUMBERS",
            value: NUMBERS,
            docs: &[" How many bytes the numbers of a session have."],
        }],
    ),
];

#[cfg(feature = "streams")]
const NUMBERS: u32 = {
    let range = tidewire_core::session::Session::NUMBERS;
    (range.end - range.start) as u32
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_header_follow_one_another() {
        for (at, word) in header::ALL.iter().enumerate() {
            assert_eq!(word.value as usize, at, "{}", word.name);
        }
    }
}
