//! The dialects, one file each, with their fields, errors and ends.

mod ag_ui;
mod anthropic;
mod bedrock_json;
mod cohere;
mod gemini;
mod gemini_args;
mod generic;
mod mistral;
mod ollama;
mod openai_chat;
mod openai_responses;
mod vercel_ui;

use tidewire_core::ReplyState;

use crate::dialect::Dialect;
use crate::json::Value;
use crate::out::Out;
use crate::template::VARYING;

/// What a dialect keeps while it reads a reply.
#[derive(Clone, Debug)]
pub(crate) enum DialectReader {
    OpenAiChat(openai_chat::Chat),
    OpenAiResponses(openai_responses::Responses),
    Anthropic,
    Gemini(gemini::Gemini),
    Ollama,
    Cohere,
    BedrockJson(bedrock_json::Bedrock),
    VercelUi,
    AgUi(ag_ui::AgUi),
    Generic(generic::Generic),
}

impl DialectReader {
    /// `None` as long as the dialect is not known.
    pub(crate) fn new(dialect: &Dialect) -> Option<Self> {
        Some(match dialect {
            Dialect::Auto => return None,
            Dialect::OpenAiChat => Self::OpenAiChat(openai_chat::Chat::default()),
            Dialect::Mistral => Self::OpenAiChat(mistral::chat()),
            Dialect::OpenAiResponses => Self::OpenAiResponses(openai_responses::Responses::default()),
            Dialect::Anthropic => Self::Anthropic,
            Dialect::Gemini => Self::Gemini(gemini::Gemini::default()),
            Dialect::Ollama => Self::Ollama,
            Dialect::Cohere => Self::Cohere,
            Dialect::BedrockJson => Self::BedrockJson(bedrock_json::Bedrock::default()),
            Dialect::VercelUi => Self::VercelUi,
            Dialect::AgUi => Self::AgUi(ag_ui::AgUi::default()),
            Dialect::Generic(paths) => Self::Generic(generic::Generic::new(paths.clone())),
        })
    }

    /// How a stream stands of which nothing has come.
    pub(crate) const fn first(&self) -> ReplyState {
        match self {
            Self::Generic(_) => ReplyState::MayEnd,
            _ => ReplyState::Open,
        }
    }

    /// Reads a record, whose event has this name.
    pub(crate) fn read(&mut self, name: &[u8], event: Value<'_>, out: &mut Out<'_>) {
        match self {
            Self::OpenAiChat(chat) => chat.read(event, out),
            Self::OpenAiResponses(responses) => responses.read(name, event, out),
            Self::Anthropic => anthropic::read(name, event, out),
            Self::Gemini(gemini) => gemini.read(event, out),
            Self::Ollama => ollama::read(event, out),
            Self::Cohere => cohere::read(name, event, out),
            Self::BedrockJson(bedrock) => bedrock.read(event, out),
            Self::VercelUi => vercel_ui::read(event, out),
            Self::AgUi(ag_ui) => ag_ui.read(event, out),
            Self::Generic(generic) => generic.read(event, out),
        }
    }

    /// Fields of an event, with text or a whole number in them, that may differ from one to the next, and are looked at for the start of
    /// the reply alone.
    pub(crate) const fn varying(&self) -> [&'static str; VARYING] {
        match self {
            Self::OpenAiChat(_) => ["id", "created", "system_fingerprint", "obfuscation"],
            Self::OpenAiResponses(_) => ["sequence_number", "item_id", "obfuscation", ""],
            Self::Ollama => ["created_at", "", "", ""],
            Self::Gemini(_) => ["responseId", "createTime", "", ""],
            Self::AgUi(_) => ["timestamp", "messageId", "", ""],
            Self::VercelUi => ["id", "", "", ""],
            Self::Anthropic | Self::Cohere | Self::BedrockJson(_) | Self::Generic(_) => [""; VARYING],
        }
    }

    /// Whether what is no JSON is the text itself.
    pub(crate) const fn takes_text(&self) -> bool {
        matches!(self, Self::Generic(_))
    }
}
