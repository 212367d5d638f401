//! The dialects: their names, and the stream options that each needs.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use tidewire_core::json::Path;
use tidewire_core::{CursorSource, StreamOptions};

/// The format in which a provider streams its replies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// The first record identifies the dialect.
    #[default]
    Auto,
    /// OpenAI's chat completions and completions, also as offered by many other servers.
    OpenAiChat,
    /// OpenAI's Responses.
    OpenAiResponses,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's `streamGenerateContent`, as SSE or as a JSON array.
    Gemini,
    /// Ollama's chat and generate.
    Ollama,
    /// Cohere's chat, version 2.
    Cohere,
    /// Mistral's chat completions.
    Mistral,
    /// The events of Amazon Bedrock's `ConverseStream`, as JSON.
    BedrockJson,
    /// The UI message stream of Vercel's AI SDK, version 5.
    VercelUi,
    /// The Agent User Interaction Protocol.
    AgUi,
    /// Any other format, with the paths to its fields.
    Generic(Paths),
}

/// The paths to the fields of records in no known dialect. Of several paths, the first that leads to a value counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Paths to the text.
    pub text: Vec<Path>,
    /// Paths to the reasoning.
    pub reasoning: Vec<Path>,
    /// Paths to a value that is `true` in the last record.
    pub done: Vec<Path>,
}

impl Default for Paths {
    fn default() -> Self {
        let paths = |paths: &[&str]| paths.iter().map(|path| Path::parse(path)).collect();
        Self {
            text: paths(&[
                "token",
                "text",
                "chunk",
                "content",
                "token.text",
                "delta",
                "value",
                "results.0.generated_text",
            ]),
            reasoning: paths(&["reasoning", "thinking"]),
            done: paths(&["done"]),
        }
    }
}

impl Paths {
    /// The default paths, but with the text at this path.
    #[must_use]
    pub fn to_text(path: &str) -> Self {
        Self { text: Vec::from([Path::parse(path)]), ..Self::default() }
    }
}

/// The names of all dialects. [`Dialect::Generic`] with a path is written `generic:PATH`.
pub const DIALECTS: [&str; 12] = [
    "auto",
    "openai-chat",
    "openai-responses",
    "anthropic",
    "gemini",
    "ollama",
    "cohere",
    "mistral",
    "bedrock-json",
    "vercel-ui",
    "ag-ui",
    "generic",
];

impl Dialect {
    /// The name of the dialect, the same in every language.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::Cohere => "cohere",
            Self::Mistral => "mistral",
            Self::BedrockJson => "bedrock-json",
            Self::VercelUi => "vercel-ui",
            Self::AgUi => "ag-ui",
            Self::Generic(_) => "generic",
        }
    }

    /// Sets the options of a stream for this dialect. Its driver must pass each frame to [`Deltas`](crate::Deltas), and the resulting
    /// state to [`Stream::reply_state`](tidewire_core::Stream::reply_state). Declared end markers apply in addition to the dialect's own end.
    pub fn set_up(&self, setup: &mut StreamOptions) {
        setup.policy.reply = !matches!(self, Self::Generic(_));
        setup.sniff = true;
        if !self.ends_with_done() && setup.markers.end_on.is_none() {
            setup.markers.end_on = Some(Vec::new());
        }
        if let Some(field) = self.cursor()
            && setup.cursor_source == CursorSource::EventId
        {
            setup.cursor_source = CursorSource::Json(Path::parse(field));
        }
    }

    /// Whether `[DONE]` completes a reply. It is the default end marker of a stream, so this crate need not look for it.
    #[must_use]
    pub const fn ends_with_done(&self) -> bool {
        match self {
            Self::Auto
            | Self::OpenAiChat
            | Self::Cohere
            | Self::Mistral
            | Self::VercelUi
            | Self::Generic(_) => true,
            Self::OpenAiResponses
            | Self::Anthropic
            | Self::Gemini
            | Self::Ollama
            | Self::BedrockJson
            | Self::AgUi => false,
        }
    }

    /// The field of an event that is the cursor. A background response of OpenAI is resumed with
    /// `GET /v1/responses/{id}?stream=true&starting_after={cursor}`. No other dialect can be resumed.
    #[must_use]
    pub const fn cursor(&self) -> Option<&'static str> {
        match self {
            Self::OpenAiResponses => Some("sequence_number"),
            _ => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not the name of a dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDialect {
    name: String,
}

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown dialect {:?}; use one of {}, or generic:PATH", self.name, DIALECTS.join(", "))
    }
}

impl core::error::Error for UnknownDialect {}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    /// Reads a name; `generic:PATH` is [`Dialect::Generic`] with the text at that path.
    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        if let Some(path) = name.strip_prefix("generic:") {
            return Ok(Self::Generic(Paths::to_text(path)));
        }
        Ok(match name {
            "auto" => Self::Auto,
            "openai-chat" => Self::OpenAiChat,
            "openai-responses" => Self::OpenAiResponses,
            "anthropic" => Self::Anthropic,
            "gemini" => Self::Gemini,
            "ollama" => Self::Ollama,
            "cohere" => Self::Cohere,
            "mistral" => Self::Mistral,
            "bedrock-json" => Self::BedrockJson,
            "vercel-ui" => Self::VercelUi,
            "ag-ui" => Self::AgUi,
            "generic" => Self::Generic(Paths::default()),
            _ => return Err(UnknownDialect { name: name.to_owned() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_name_parses_and_a_wrong_one_lists_them() {
        for name in DIALECTS {
            assert_eq!(name.parse::<Dialect>().unwrap().to_string(), name);
        }
        assert_eq!("generic:a.0.b".parse(), Ok(Dialect::Generic(Paths::to_text("a.0.b"))));
        assert!("openai".parse::<Dialect>().unwrap_err().to_string().contains("openai-chat"));
    }
}
