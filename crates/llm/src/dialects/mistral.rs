//! `mistral`: Mistral's chat completions.
//!
//! It is OpenAI's format with three differences, which `openai-chat` accepts as well: a tool call arrives whole in one event and has no
//! index, its arguments may be an object, and the content may be a list of pieces.
//!
//! - End, error and cursor: as `openai-chat`; an error is `{"object":"error","message","type","code"}`.

use super::openai_chat::Chat;

pub(super) fn chat() -> Chat {
    Chat::default()
}
