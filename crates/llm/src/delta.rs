//! The typed pieces of an LLM reply.

use alloc::borrow::Cow;

/// A typed piece of a reply, the same for every provider. It borrows from the call that hands it out; use
/// [`into_owned`](Self::into_owned) to keep it.
///
/// `choice` is the number of the alternative, from 0; nearly all replies have only one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta<'a> {
    /// The reply has begun. Sent once per reply; what the provider does not say is empty.
    Start {
        /// The reply's id.
        id: Cow<'a, str>,
        /// The model.
        model: Cow<'a, str>,
        /// The time, as the provider writes it: seconds since 1970, or a date.
        created: Cow<'a, str>,
    },
    /// Text of the reply; never empty.
    Text {
        /// The number of the alternative.
        choice: u32,
        /// The piece.
        text: Cow<'a, str>,
    },
    /// The model's reasoning, or a summary of it; never empty.
    Reasoning {
        /// The number of the alternative.
        choice: u32,
        /// The piece.
        text: Cow<'a, str>,
    },
    /// The model's explanation of why it refuses to answer; never empty.
    Refusal {
        /// The number of the alternative.
        choice: u32,
        /// The piece.
        text: Cow<'a, str>,
    },
    /// A tool call begins. A repeated index updates a call whose id or name arrived late or in pieces; it has both in full.
    ToolCall {
        /// The number of the alternative.
        choice: u32,
        /// The number of the call in that alternative, from 0 in the order in which calls begin, whatever the provider's own number.
        index: u32,
        /// The provider's id of the call; empty if it has none.
        id: Cow<'a, str>,
        /// The name of the tool.
        name: Cow<'a, str>,
    },
    /// More of the JSON text of a call's arguments; never empty.
    Arguments {
        /// The number of the alternative.
        choice: u32,
        /// The number of the call.
        index: u32,
        /// The piece.
        fragment: Cow<'a, str>,
    },
    /// The tokens used so far. A later report replaces the counts that it names.
    Usage(Usage),
    /// A source that the reply cites.
    Citation {
        /// The number of the alternative.
        choice: u32,
        /// The URL of the source; empty if it has none.
        url: Cow<'a, str>,
        /// The title of the source; empty if it has none.
        title: Cow<'a, str>,
    },
    /// An alternative is finished.
    Finish {
        /// The number of the alternative.
        choice: u32,
        /// The reason.
        reason: Finish,
        /// The provider's own word for it.
        said: Cow<'a, str>,
    },
    /// The provider reports a failure. The stream is over, whatever follows.
    Error {
        /// The provider's name for the failure, or the status; empty if it gives neither.
        kind: Cow<'a, str>,
        /// The provider's description, for people.
        message: Cow<'a, str>,
        /// Whether the same request may succeed later.
        retryable: bool,
    },
    /// Anything that has no kind of its own here: signatures of reasoning, results of the provider's own tools, new kinds of events.
    Other {
        /// The provider's name for it.
        name: Cow<'a, str>,
        /// Its JSON text.
        json: Cow<'a, str>,
    },
}

impl Delta<'_> {
    /// The name of the kind, the same in every language.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Text { .. } => "text",
            Self::Reasoning { .. } => "reasoning",
            Self::Refusal { .. } => "refusal",
            Self::ToolCall { .. } => "tool_call",
            Self::Arguments { .. } => "arguments",
            Self::Usage(_) => "usage",
            Self::Citation { .. } => "citation",
            Self::Finish { .. } => "finish",
            Self::Error { .. } => "error",
            Self::Other { .. } => "other",
        }
    }
}

impl Delta<'_> {
    /// The same delta, with its own copies of the texts.
    #[must_use]
    pub fn into_owned(self) -> Delta<'static> {
        match self {
            Self::Start { id, model, created } => {
                Delta::Start { id: own(id), model: own(model), created: own(created) }
            }
            Self::Text { choice, text } => Delta::Text { choice, text: own(text) },
            Self::Reasoning { choice, text } => Delta::Reasoning { choice, text: own(text) },
            Self::Refusal { choice, text } => Delta::Refusal { choice, text: own(text) },
            Self::ToolCall { choice, index, id, name } => {
                Delta::ToolCall { choice, index, id: own(id), name: own(name) }
            }
            Self::Arguments { choice, index, fragment } => {
                Delta::Arguments { choice, index, fragment: own(fragment) }
            }
            Self::Usage(usage) => Delta::Usage(usage),
            Self::Citation { choice, url, title } => {
                Delta::Citation { choice, url: own(url), title: own(title) }
            }
            Self::Finish { choice, reason, said } => Delta::Finish { choice, reason, said: own(said) },
            Self::Error { kind, message, retryable } => {
                Delta::Error { kind: own(kind), message: own(message), retryable }
            }
            Self::Other { name, json } => Delta::Other { name: own(name), json: own(json) },
        }
    }
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

/// Counts of tokens; `None` for what the provider has not reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: Option<u64>,
    /// Tokens of the reply.
    pub output_tokens: Option<u64>,
    /// Tokens of both.
    pub total_tokens: Option<u64>,
    /// Tokens of reasoning. Some providers count them among the output tokens, others separately.
    pub reasoning_tokens: Option<u64>,
    /// Tokens read from a cache. Some providers count them among the input tokens, others separately.
    pub cached_tokens: Option<u64>,
    /// Tokens written to a cache.
    pub cache_write_tokens: Option<u64>,
}

impl Usage {
    /// The counts with their names, the same in every language, in the order of the fields.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, Option<u64>); 6] {
        [
            ("input_tokens", self.input_tokens),
            ("output_tokens", self.output_tokens),
            ("total_tokens", self.total_tokens),
            ("reasoning_tokens", self.reasoning_tokens),
            ("cached_tokens", self.cached_tokens),
            ("cache_write_tokens", self.cache_write_tokens),
        ]
    }

    /// Whether no count has been reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Replaces the counts that a later report names.
    pub fn update(&mut self, later: &Self) {
        let newer = |mine: &mut Option<u64>, theirs: Option<u64>| *mine = theirs.or(*mine);
        newer(&mut self.input_tokens, later.input_tokens);
        newer(&mut self.output_tokens, later.output_tokens);
        newer(&mut self.total_tokens, later.total_tokens);
        newer(&mut self.reasoning_tokens, later.reasoning_tokens);
        newer(&mut self.cached_tokens, later.cached_tokens);
        newer(&mut self.cache_write_tokens, later.cache_write_tokens);
    }
}

/// Why an alternative is finished, in words that are the same for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finish {
    /// The model finished its answer or reached a stop sequence.
    Stop,
    /// A token limit was reached.
    Length,
    /// The model waits for the results of tool calls.
    ToolCalls,
    /// The provider's filter stopped the reply.
    ContentFilter,
    /// The model refused.
    Refusal,
    /// The provider paused a long turn; a further request continues the same conversation.
    Pause,
    /// The provider failed.
    Error,
    /// The provider's word is unknown to this crate.
    Other,
}

impl Finish {
    /// The meaning of a provider's own word.
    #[must_use]
    pub fn of(said: &str) -> Self {
        match said {
            "stop" | "STOP" | "end_turn" | "stop_sequence" | "COMPLETE" | "STOP_SEQUENCE" | "completed"
            | "eos_token" | "eos" | "end" | "load" | "unload" => Self::Stop,
            "length"
            | "max_tokens"
            | "MAX_TOKENS"
            | "model_length"
            | "max_output_tokens"
            | "model_context_window_exceeded" => Self::Length,
            "tool_calls" | "tool_use" | "tool-calls" | "TOOL_CALL" | "function_call" => Self::ToolCalls,
            "content_filter"
            | "content-filter"
            | "content_filtered"
            | "guardrail_intervened"
            | "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "ERROR_TOXIC"
            | "LANGUAGE" => Self::ContentFilter,
            "refusal" => Self::Refusal,
            "pause_turn" => Self::Pause,
            "error" | "ERROR" | "ERROR_LIMIT" | "MALFORMED_FUNCTION_CALL" | "network_error" => Self::Error,
            _ => Self::Other,
        }
    }

    /// The reason with this number, in the order of the variants.
    pub(crate) const fn numbered(number: u8) -> Self {
        match number {
            0 => Self::Stop,
            1 => Self::Length,
            2 => Self::ToolCalls,
            3 => Self::ContentFilter,
            4 => Self::Refusal,
            5 => Self::Pause,
            6 => Self::Error,
            _ => Self::Other,
        }
    }

    /// The name of the reason, the same in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Pause => "pause",
            Self::Error => "error",
            Self::Other => "other",
        }
    }
}
