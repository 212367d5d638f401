//! What a reply brings, piece by piece.

use alloc::borrow::Cow;

/// A piece of a reply, whatever provider sent it. What it lends lives as long as the call that hands it out;
/// [`into_owned`](Self::into_owned) is for who keeps it.
///
/// `choice` counts the alternatives of a reply from 0; nearly all replies have one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delta<'a> {
    /// The reply has begun. Once a reply, and what the provider does not say is empty.
    Start {
        /// The reply's id.
        id: Cow<'a, str>,
        /// The model that answers.
        model: Cow<'a, str>,
        /// When, as the provider writes it: seconds since 1970, or a date.
        created: Cow<'a, str>,
    },
    /// Text of the reply; never empty.
    Text {
        /// Of which alternative.
        choice: u32,
        /// The piece.
        text: Cow<'a, str>,
    },
    /// What the model thinks, or a summary of it; never empty.
    Reasoning {
        /// Of which alternative.
        choice: u32,
        /// The piece.
        text: Cow<'a, str>,
    },
    /// Why the model refuses to answer; never empty.
    Refusal {
        /// Of which alternative.
        choice: u32,
        /// The piece.
        text: Cow<'a, str>,
    },
    /// A tool call begins.
    ToolCall {
        /// Of which alternative.
        choice: u32,
        /// Which call of that alternative, counted from 0 in the order in which they begin, whatever the provider counts.
        index: u32,
        /// The provider's id of the call; empty where it has none.
        id: Cow<'a, str>,
        /// The tool.
        name: Cow<'a, str>,
    },
    /// More of the JSON text of a call's arguments; never empty.
    Arguments {
        /// Of which alternative.
        choice: u32,
        /// Of which call.
        index: u32,
        /// The piece.
        fragment: Cow<'a, str>,
    },
    /// What the reply has taken so far. A later one replaces what it names of an earlier one.
    Usage(Usage),
    /// A source that the reply names.
    Citation {
        /// Of which alternative.
        choice: u32,
        /// Its address; empty where it has none.
        url: Cow<'a, str>,
        /// Its title; empty where it has none.
        title: Cow<'a, str>,
    },
    /// An alternative is finished.
    Finish {
        /// Which alternative.
        choice: u32,
        /// Why.
        reason: Finish,
        /// The same in the provider's word.
        said: Cow<'a, str>,
    },
    /// The provider reports that it has failed. The stream is over, whatever follows.
    Error {
        /// Its name for what happened, or the status; empty where it has none.
        kind: Cow<'a, str>,
        /// For people.
        message: Cow<'a, str>,
        /// Whether the same request may well succeed later.
        retryable: bool,
    },
    /// What this crate has no name for: signatures of thoughts, results of the provider's own tools, events of tomorrow.
    Other {
        /// The provider's name for it.
        name: Cow<'a, str>,
        /// Its JSON text.
        json: Cow<'a, str>,
    },
}

impl Delta<'_> {
    /// The name of its kind, the same in every language.
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
    /// The same, lent from nowhere.
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

/// Tokens. `None` is what the provider has not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the request.
    pub input_tokens: Option<u64>,
    /// Of the reply.
    pub output_tokens: Option<u64>,
    /// Of both.
    pub total_tokens: Option<u64>,
    /// Of the reply's, or beside them: those that were thought and not shown.
    pub reasoning_tokens: Option<u64>,
    /// Of the request's, or beside them: those that came from a cache.
    pub cached_tokens: Option<u64>,
    /// Those that were put into a cache.
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

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over what a later report names.
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

/// Why an alternative is finished, in one word for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finish {
    /// The model has said what it had to say, or came to a stop sequence.
    Stop,
    /// A limit of tokens.
    Length,
    /// The model waits for the results of tools.
    ToolCalls,
    /// The provider's filter.
    ContentFilter,
    /// The model refuses.
    Refusal,
    /// The provider pauses a long turn; the same conversation goes on with a further request.
    Pause,
    /// The provider failed.
    Error,
    /// A word that this crate does not know.
    Other,
}

impl Finish {
    /// What a provider's word means.
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

    /// Its name, the same in every language.
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
