//! The deltas of an LLM's reply.

use tidewire::llm;

/// A typed piece of a reply, the same for every provider. `choice` is the number of the alternative, from 0; nearly all replies have one.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[expect(missing_docs, reason = "the fields are those of tidewire::Delta")]
pub enum Delta {
    /// The reply has begun. What the provider does not say is empty.
    Start { id: String, model: String, created: String },
    /// Text of the reply.
    Text { choice: u32, text: String },
    /// The model's reasoning, or a summary of it.
    Reasoning { choice: u32, text: String },
    /// Why the model refuses to answer.
    Refusal { choice: u32, text: String },
    /// A tool call begins; or, with an index that was there before, its id or its name came late or in pieces, and this is all of it.
    ToolCall { choice: u32, index: u32, id: String, name: String },
    /// More of the JSON text of a call's arguments.
    Arguments { choice: u32, index: u32, fragment: String },
    /// The tokens used so far. A later report replaces the counts that it names.
    Usage { usage: Usage },
    /// A source that the reply cites.
    Citation { choice: u32, url: String, title: String },
    /// An alternative is finished. `reason` is the same for every provider, `said` is the provider's own word.
    Finish { choice: u32, reason: String, said: String },
    /// The provider reports a failure. The stream is over.
    Error { kind: String, message: String, retryable: bool },
    /// Anything else, as JSON text.
    Other { name: String, json: String },
}

/// Token counts; those that the provider does not report are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uniffi::Record)]
#[expect(missing_docs, reason = "the fields are those of tidewire::llm::Usage")]
pub struct Usage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub total_tokens: Option<u64>,
    pub reasoning_tokens: Option<u64>,
    pub cached_tokens: Option<u64>,
    pub cache_write_tokens: Option<u64>,
}

impl Delta {
    /// `None` for a kind of delta that this library does not know.
    pub(crate) fn of(delta: llm::Delta<'_>) -> Option<Self> {
        use llm::Delta as Lent;
        Some(match delta {
            Lent::Start { id, model, created } => {
                Self::Start { id: id.into(), model: model.into(), created: created.into() }
            }
            Lent::Text { choice, text } => Self::Text { choice, text: text.into() },
            Lent::Reasoning { choice, text } => Self::Reasoning { choice, text: text.into() },
            Lent::Refusal { choice, text } => Self::Refusal { choice, text: text.into() },
            Lent::ToolCall { choice, index, id, name } => {
                Self::ToolCall { choice, index, id: id.into(), name: name.into() }
            }
            Lent::Arguments { choice, index, fragment } => {
                Self::Arguments { choice, index, fragment: fragment.into() }
            }
            Lent::Usage(usage) => Self::Usage { usage: usage.into() },
            Lent::Citation { choice, url, title } => {
                Self::Citation { choice, url: url.into(), title: title.into() }
            }
            Lent::Finish { choice, reason, said } => {
                Self::Finish { choice, reason: reason.name().to_owned(), said: said.into() }
            }
            Lent::Error { kind, message, retryable } => {
                Self::Error { kind: kind.into(), message: message.into(), retryable }
            }
            Lent::Other { name, json } => Self::Other { name: name.into(), json: json.into() },
            _ => return None,
        })
    }

    /// The bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Start { id, model, created } => id.len() + model.len() + created.len(),
            Self::Text { text, .. } | Self::Reasoning { text, .. } | Self::Refusal { text, .. } => text.len(),
            Self::ToolCall { id, name, .. } => id.len() + name.len(),
            Self::Arguments { fragment, .. } => fragment.len(),
            Self::Usage { .. } => 0,
            Self::Citation { url, title, .. } => url.len() + title.len(),
            Self::Finish { reason, said, .. } => reason.len() + said.len(),
            Self::Error { kind, message, .. } => kind.len() + message.len(),
            Self::Other { name, json } => name.len() + json.len(),
        }
    }
}

impl From<llm::Usage> for Usage {
    fn from(usage: llm::Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            total_tokens: usage.total_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cached_tokens: usage.cached_tokens,
            cache_write_tokens: usage.cache_write_tokens,
        }
    }
}
