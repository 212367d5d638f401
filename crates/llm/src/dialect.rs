//! The dialects: their names, and the stream options that each needs.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use tidewire_core::json::Path;
use tidewire_core::{CursorSource, StreamOptions};

use crate::table::compile::{TableError, compile};
use crate::table::{Table, layout};

/// Defines [`Dialect`] with the names of its variants and the files of their tables, in the order in which `auto` looks at them.
macro_rules! dialects {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $file:literal;)*) => {
        /// The format in which a provider streams its replies.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Dialect {
            /// A record that only one dialect has identifies it.
            #[default]
            Auto,
            $($(#[$doc])* $variant,)*
            /// Any other format, with the paths to its fields.
            Generic(Paths),
            /// A format of the caller's own, described by a table; see [`Dialect::from_table`].
            Custom(CustomDialect),
        }

        /// The names of all dialects. [`Dialect::Generic`] with a path is written `generic:PATH`.
        pub const DIALECTS: [&str; 2 + TABLES.len()] = {
            let mut names = ["auto"; 2 + TABLES.len()];
            let mut place = 0;
            $(
                place += 1;
                names[place] = $name;
            )*
            names[place + 1] = "generic";
            names
        };

        /// The places of the tables.
        #[derive(Clone, Copy)]
        enum Place {
            $($variant),*
        }

        /// The dialects that are tables, each with its table.
        pub(crate) static TABLES: [(Dialect, Table); [$($name),*].len()] = [
            $((Dialect::$variant, Table::new(Cow::Borrowed(include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".table")))))),*
        ];

        impl Dialect {
            /// The name of the dialect, the same in every language.
            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    Self::Auto => "auto",
                    $(Self::$variant => $name,)*
                    Self::Generic(_) => "generic",
                    Self::Custom(custom) => custom.table.name(),
                }
            }

            /// Its table, if it has one.
            pub(crate) fn table(&self) -> Option<&Table> {
                let place = match self {
                    $(Self::$variant => Place::$variant,)*
                    Self::Custom(custom) => return Some(&custom.table),
                    Self::Auto | Self::Generic(_) => return None,
                };
                Some(&TABLES[place as usize].1)
            }
        }
    };
}

dialects! {
    /// OpenAI's chat completions and completions, also as offered by many other servers.
    OpenAiChat = "openai-chat" in "openai-chat";
    /// OpenAI's Responses.
    OpenAiResponses = "openai-responses" in "openai-responses";
    /// Anthropic's Messages.
    Anthropic = "anthropic" in "anthropic";
    /// Google's `streamGenerateContent`, as SSE or as a JSON array.
    Gemini = "gemini" in "gemini";
    /// Google's Interactions.
    GeminiInteractions = "gemini-interactions" in "gemini-interactions";
    /// Ollama's chat and generate.
    Ollama = "ollama" in "ollama";
    /// Cohere's chat, version 2.
    Cohere = "cohere" in "cohere";
    /// Mistral's chat completions: OpenAI's, with whole calls, and content in pieces.
    Mistral = "mistral" in "openai-chat";
    /// Mistral's Conversations.
    MistralConversations = "mistral-conversations" in "mistral-conversations";
    /// The events of Amazon Bedrock's `ConverseStream`, as JSON.
    BedrockJson = "bedrock-json" in "bedrock-json";
    /// The UI message stream of Vercel's AI SDK, version 5.
    VercelUi = "vercel-ui" in "vercel-ui";
    /// The Agent User Interaction Protocol.
    AgUi = "ag-ui" in "ag-ui";
    /// OpenAI's Assistants.
    OpenAiAssistants = "openai-assistants" in "openai-assistants";
    /// Cloudflare's Workers AI.
    WorkersAi = "workers-ai" in "workers-ai";
    /// Alibaba's DashScope.
    DashScope = "dashscope" in "dashscope";
    /// Dify's applications.
    Dify = "dify" in "dify";
    /// Coze's chat.
    Coze = "coze" in "coze";
    /// LangGraph's messages.
    LangGraph = "langgraph" in "langgraph";
    /// Replicate's predictions.
    Replicate = "replicate" in "replicate";
    /// Hugging Face's Text Generation Inference, its own format.
    Tgi = "tgi" in "tgi";
    /// The Agent2Agent Protocol.
    A2a = "a2a" in "a2a";
    /// The agents of Snowflake's Cortex.
    SnowflakeCortex = "snowflake-cortex" in "snowflake-cortex";
}

/// A dialect that a program supplies as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomDialect {
    table: Table,
}

impl Dialect {
    /// A dialect from the JSON text of its table; docs/dialect-format.md describes it.
    ///
    /// ```
    /// use tidewire_llm::Dialect;
    ///
    /// let table = r#"{"name": "mine", "done": true, "paths": {"piece": "text", "why": "finish"}}"#;
    /// assert_eq!(Dialect::from_table(table).unwrap().name(), "mine");
    /// let wrong = "{\"name\": \"mine\",\n\"paths\": {\"piece\": \"txt\"}}";
    /// let error = Dialect::from_table(wrong).unwrap_err().to_string();
    /// assert!(error.starts_with("line 2, paths.piece: no such role: txt"));
    /// ```
    ///
    /// # Errors
    /// [`TableError`] names the line and the field of what is wrong.
    pub fn from_table(text: &str) -> Result<Self, TableError> {
        let table = Table::new(Cow::Owned(compile(text)?));
        Ok(Self::Custom(CustomDialect { table }))
    }
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

impl Dialect {
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
    pub fn ends_with_done(&self) -> bool {
        self.table().is_none_or(|table| table.has(layout::DONE))
    }

    /// The field of an event that is the cursor. A background response of OpenAI is resumed with
    /// `GET /v1/responses/{id}?stream=true&starting_after={cursor}`. No other dialect can be resumed.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.table()?.cursor()
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
        match name {
            "auto" => Ok(Self::Auto),
            "generic" => Ok(Self::Generic(Paths::default())),
            _ => TABLES
                .iter()
                .find(|(dialect, _)| dialect.name() == name)
                .map(|(dialect, _)| dialect.clone())
                .ok_or_else(|| UnknownDialect { name: name.to_owned() }),
        }
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
