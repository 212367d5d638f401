//! `mistral`: Mistral's chat completions.
//!
//! OpenAI's, but for three things that `openai-chat` takes as well: a tool call comes whole in one event and has no index, its arguments
//! may be an object, and the content may be a list of pieces.
//!
//! - End, error and cursor: as `openai-chat`; an error is `{"object":"error","message","type","code"}`.

use super::openai_chat::Chat;

pub(super) fn chat() -> Chat {
    Chat::default()
}
