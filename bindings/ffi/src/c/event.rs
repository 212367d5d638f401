//! What streams deliver, as C sees it.

use super::end::{number, tidewire_end, tidewire_stream_stats};
use super::status::tidewire_code;
use super::text::tidewire_text;
use crate::delta::{Delta, Usage};
use crate::item::Item;

/// What an event is. It says which fields of a tidewire_event have a meaning.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tidewire_kind {
    /// No event: the call returned something else than TIDEWIRE_EVENT.
    TIDEWIRE_KIND_NONE = 0,
    /// An event of an SSE stream: `name` is its type ("message" if the stream does not name it), `data`, and `id` is the last event id
    /// in effect (empty before the first one).
    TIDEWIRE_KIND_EVENT = 1,
    /// A JSON record: `data` is its text, `number` its place in the body from 0, or -1.
    TIDEWIRE_KIND_RECORD = 2,
    /// A piece of a text: `data`.
    TIDEWIRE_KIND_TEXT = 3,
    /// A piece of an LLM's reply: `delta`.
    TIDEWIRE_KIND_DELTA = 4,
    /// A comment, or a heartbeat: `data`.
    TIDEWIRE_KIND_COMMENT = 5,
    /// The server asks to wait `ms` before a reconnect.
    TIDEWIRE_KIND_RETRY = 6,
    /// A record that cannot be read; the stream continues. `name` is "bad_record" or "too_large", `data` says what is wrong with it,
    /// `offset` is its place in the decoded body in bytes, and `limit` what it exceeds; both may be -1.
    TIDEWIRE_KIND_PROBLEM = 7,
    /// A notice: a request is due. `number` counts the attempts of the stream from 1, `ms` is the wait before it, `reason` says why it
    /// is made (none for the first), `cursor` from where it continues, `error` what is known about the failure of the last one, and
    /// `asked_ms` is the wait that the server asked for if it is longer than what is honoured.
    TIDEWIRE_KIND_ATTEMPT = 8,
    /// A notice: the wire has been silent for `ms`.
    TIDEWIRE_KIND_STALL = 9,
    /// A notice: records are missing here, or may be. `id` is the cursor after which they are missing, if there is one.
    TIDEWIRE_KIND_GAP = 10,
    /// A notice: the present response repeats records. `id` is that of the first one.
    TIDEWIRE_KIND_REPLAYED = 11,
}

/// What a piece of a reply is. It says which fields of a tidewire_delta have a meaning.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tidewire_delta_kind {
    /// No delta.
    TIDEWIRE_DELTA_NONE = 0,
    /// The reply has begun: `id`, `model` and `created`; what the provider does not say is empty.
    TIDEWIRE_DELTA_START = 1,
    /// Text of the reply: `text`.
    TIDEWIRE_DELTA_TEXT = 2,
    /// The model's reasoning, or a summary of it: `text`.
    TIDEWIRE_DELTA_REASONING = 3,
    /// Why the model refuses to answer: `text`.
    TIDEWIRE_DELTA_REFUSAL = 4,
    /// A tool call begins: `index`, `id` and `name`.
    TIDEWIRE_DELTA_TOOL_CALL = 5,
    /// More of the JSON text of a call's arguments: `index` and `text`.
    TIDEWIRE_DELTA_ARGUMENTS = 6,
    /// The tokens used so far: `usage`. A later report replaces the counts that it names.
    TIDEWIRE_DELTA_USAGE = 7,
    /// A source that the reply cites: `url` and `title`.
    TIDEWIRE_DELTA_CITATION = 8,
    /// An alternative is finished: `reason` is the same for every provider, `said` is the provider's own word.
    TIDEWIRE_DELTA_FINISH = 9,
    /// The provider reports a failure, and the stream is over: `name` is its kind, `text` the message, and `retryable`.
    TIDEWIRE_DELTA_ERROR = 10,
    /// Anything else: `name`, and `text` is JSON.
    TIDEWIRE_DELTA_OTHER = 11,
}

/// Token counts; those that the provider does not report are -1.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_usage {
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub total_tokens: i64,
    pub reasoning_tokens: i64,
    pub cached_tokens: i64,
    pub cache_write_tokens: i64,
}

/// A typed piece of a reply, the same for every provider.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_delta {
    pub kind: tidewire_delta_kind,
    /// The number of the alternative, from 0; nearly all replies have one.
    pub choice: u32,
    /// The number of the tool call, from 0.
    pub index: u32,
    pub retryable: bool,
    pub id: tidewire_text,
    pub model: tidewire_text,
    pub created: tidewire_text,
    pub text: tidewire_text,
    pub name: tidewire_text,
    pub url: tidewire_text,
    pub title: tidewire_text,
    pub reason: tidewire_text,
    pub said: tidewire_text,
    pub usage: tidewire_usage,
}

/// What a stream delivers: a record, or a notice at its place between the records. Texts stay valid until the next call of
/// tidewire_next on the same stream (tidewire_decoder_next on the same decoder), or until that is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tidewire_event {
    /// What it is, and so which of the fields have a meaning.
    pub kind: tidewire_kind,
    pub name: tidewire_text,
    pub data: tidewire_text,
    pub id: tidewire_text,
    pub number: i64,
    pub ms: i64,
    pub offset: i64,
    pub limit: i64,
    pub asked_ms: i64,
    pub reason: tidewire_text,
    pub cursor: tidewire_text,
    pub error: tidewire_text,
    pub delta: tidewire_delta,
    /// How the stream ended, if the call returned TIDEWIRE_END.
    pub end: tidewire_end,
}

const NONE: tidewire_text = tidewire_text::NONE;

const NO_USAGE: tidewire_usage = tidewire_usage {
    input_tokens: -1,
    output_tokens: -1,
    total_tokens: -1,
    reasoning_tokens: -1,
    cached_tokens: -1,
    cache_write_tokens: -1,
};

const NO_DELTA: tidewire_delta = tidewire_delta {
    kind: tidewire_delta_kind::TIDEWIRE_DELTA_NONE,
    choice: 0,
    index: 0,
    retryable: false,
    id: NONE,
    model: NONE,
    created: NONE,
    text: NONE,
    name: NONE,
    url: NONE,
    title: NONE,
    reason: NONE,
    said: NONE,
    usage: NO_USAGE,
};

const NO_END: tidewire_end = tidewire_end {
    code: tidewire_code::TIDEWIRE_CODE_NONE,
    message: NONE,
    cursor: NONE,
    error: NONE,
    status: 0,
    headers: std::ptr::null(),
    header_count: 0,
    body: NONE,
    retry_after_ms: -1,
    timeout: NONE,
    offset: -1,
    limit: -1,
    stats: tidewire_stream_stats {
        first_byte_ms: -1,
        first_event_ms: -1,
        bytes: 0,
        events: 0,
        attempts: 0,
        longest_silence_ms: 0,
        elapsed_ms: 0,
    },
};

impl tidewire_event {
    pub(super) const NOTHING: Self = Self {
        kind: tidewire_kind::TIDEWIRE_KIND_NONE,
        name: NONE,
        data: NONE,
        id: NONE,
        number: -1,
        ms: -1,
        offset: -1,
        limit: -1,
        asked_ms: -1,
        reason: NONE,
        cursor: NONE,
        error: NONE,
        delta: NO_DELTA,
        end: NO_END,
    };

    pub(super) fn of_end(end: tidewire_end) -> Self {
        Self { end, ..Self::NOTHING }
    }

    /// It points into `item`.
    pub(super) fn of(item: &Item) -> Self {
        use tidewire_kind::*;
        let text = |text: &str| tidewire_text::of(text);
        let optional = |text: &Option<String>| tidewire_text::of_optional(text.as_deref());
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let event = Self::NOTHING;
        match item {
            Item::Event { event: name, data, id } => {
                Self { kind: TIDEWIRE_KIND_EVENT, name: text(name), data: text(data), id: text(id), ..event }
            }
            Item::Record { index, json } => {
                Self { kind: TIDEWIRE_KIND_RECORD, data: text(json), number: number(*index), ..event }
            }
            Item::Text { text: piece } => Self { kind: TIDEWIRE_KIND_TEXT, data: text(piece), ..event },
            Item::Reply { delta } => {
                Self { kind: TIDEWIRE_KIND_DELTA, delta: tidewire_delta::of(delta), ..event }
            }
            Item::Comment { comment } => Self { kind: TIDEWIRE_KIND_COMMENT, data: text(comment), ..event },
            Item::Retry { ms } => Self { kind: TIDEWIRE_KIND_RETRY, ms: whole(*ms), ..event },
            Item::Problem { code, message, offset, limit } => Self {
                kind: TIDEWIRE_KIND_PROBLEM,
                name: text(code),
                data: text(message),
                offset: number(*offset),
                limit: number(*limit),
                ..event
            },
            Item::Attempt { number: attempt, delay_ms, reason, cursor, asked_ms, error } => Self {
                kind: TIDEWIRE_KIND_ATTEMPT,
                number: i64::from(*attempt),
                ms: whole(*delay_ms),
                reason: optional(reason),
                cursor: optional(cursor),
                asked_ms: number(*asked_ms),
                error: optional(error),
                ..event
            },
            Item::Stall { silent_ms } => Self { kind: TIDEWIRE_KIND_STALL, ms: whole(*silent_ms), ..event },
            Item::Gap { after } => Self { kind: TIDEWIRE_KIND_GAP, id: optional(after), ..event },
            Item::Replayed { id } => Self { kind: TIDEWIRE_KIND_REPLAYED, id: text(id), ..event },
        }
    }
}

impl tidewire_delta {
    fn of(delta: &Delta) -> Self {
        use tidewire_delta_kind::*;
        let text = |text: &str| tidewire_text::of(text);
        let of_choice = |kind, choice: &u32, piece: &str| Self {
            kind,
            choice: *choice,
            text: tidewire_text::of(piece),
            ..NO_DELTA
        };
        match delta {
            Delta::Start { id, model, created } => Self {
                kind: TIDEWIRE_DELTA_START,
                id: text(id),
                model: text(model),
                created: text(created),
                ..NO_DELTA
            },
            Delta::Text { choice, text } => of_choice(TIDEWIRE_DELTA_TEXT, choice, text),
            Delta::Reasoning { choice, text } => of_choice(TIDEWIRE_DELTA_REASONING, choice, text),
            Delta::Refusal { choice, text } => of_choice(TIDEWIRE_DELTA_REFUSAL, choice, text),
            Delta::ToolCall { choice, index, id, name } => Self {
                kind: TIDEWIRE_DELTA_TOOL_CALL,
                choice: *choice,
                index: *index,
                id: text(id),
                name: text(name),
                ..NO_DELTA
            },
            Delta::Arguments { choice, index, fragment } => {
                Self { index: *index, ..of_choice(TIDEWIRE_DELTA_ARGUMENTS, choice, fragment) }
            }
            Delta::Usage { usage } => Self { kind: TIDEWIRE_DELTA_USAGE, usage: usage.into(), ..NO_DELTA },
            Delta::Citation { choice, url, title } => Self {
                kind: TIDEWIRE_DELTA_CITATION,
                choice: *choice,
                url: text(url),
                title: text(title),
                ..NO_DELTA
            },
            Delta::Finish { choice, reason, said } => Self {
                kind: TIDEWIRE_DELTA_FINISH,
                choice: *choice,
                reason: text(reason),
                said: text(said),
                ..NO_DELTA
            },
            Delta::Error { kind, message, retryable } => Self {
                kind: TIDEWIRE_DELTA_ERROR,
                name: text(kind),
                text: text(message),
                retryable: *retryable,
                ..NO_DELTA
            },
            Delta::Other { name, json } => {
                Self { kind: TIDEWIRE_DELTA_OTHER, name: text(name), text: text(json), ..NO_DELTA }
            }
        }
    }
}

impl From<&Usage> for tidewire_usage {
    fn from(usage: &Usage) -> Self {
        Self {
            input_tokens: number(usage.input_tokens),
            output_tokens: number(usage.output_tokens),
            total_tokens: number(usage.total_tokens),
            reasoning_tokens: number(usage.reasoning_tokens),
            cached_tokens: number(usage.cached_tokens),
            cache_write_tokens: number(usage.cache_write_tokens),
        }
    }
}
