//! Detects the dialect from a stream's first record. The content type has chosen the framing; the fields of the record tell the dialect.

use crate::dialect::{Dialect, Paths};
use crate::json::Value;

/// The dialect of a stream that begins with this record, under this event name. A record that no dialect knows is generic.
pub(crate) fn dialect_of(name: &[u8], event: Option<Value<'_>>) -> Dialect {
    let generic = || Dialect::Generic(Paths::default());
    let Some(event) = event else { return generic() };
    by_type(name, event).or_else(|| by_fields(event)).unwrap_or_else(generic)
}

fn by_type(name: &[u8], event: Value<'_>) -> Option<Dialect> {
    let [kind, delta, error, id] = event.fields(&["type", "delta", "error", "id"]);
    let kind = kind.and_then(Value::text);
    let kind = match &kind {
        Some(kind) => &**kind,
        // An event's name is its type where the data has none.
        None => core::str::from_utf8(name).unwrap_or_default(),
    };
    Some(match kind {
        _ if kind.starts_with("response.") => Dialect::OpenAiResponses,
        "message_start" | "ping" | "content_block_start" | "content_block_delta" | "message_delta" => {
            Dialect::Anthropic
        }
        "message-start" | "content-start" | "tool-plan-delta" | "content-delta" | "message-end"
            if delta.is_some() =>
        {
            Dialect::Cohere
        }
        "start" | "start-step" | "text-start" | "text-delta" | "reasoning-start" | "tool-input-start"
        | "message-metadata" => Dialect::VercelUi,
        "error" if error.is_some() => Dialect::Anthropic,
        "error" if event.field("errorText").is_some() => Dialect::VercelUi,
        "error" if event.field("code").is_some() && id.is_none() => Dialect::OpenAiResponses,
        _ if kind.starts_with("RUN_") || kind.starts_with("TEXT_MESSAGE_") || kind.starts_with("STATE_") => {
            Dialect::AgUi
        }
        _ => return None,
    })
}

fn by_fields(event: Value<'_>) -> Option<Dialect> {
    let [choices, candidates, feedback, usage, done, model, object] = event.fields(&[
        "choices",
        "candidates",
        "promptFeedback",
        "usageMetadata",
        "done",
        "model",
        "object",
    ]);
    if choices.is_some()
        || object.is_some_and(|object| object.is("chat.completion.chunk") || object.is("error"))
    {
        return Some(Dialect::OpenAiChat);
    }
    // A live session of Gemini has `usageMetadata` too, beside what is no reply.
    if candidates.is_some() || feedback.is_some() || (usage.is_some() && event.field("responseId").is_some())
    {
        return Some(Dialect::Gemini);
    }
    let [message, response, created] = event.fields(&["message", "response", "created_at"]);
    if done.is_some() && (message.is_some() || response.is_some() || (model.is_some() && created.is_some())) {
        return Some(Dialect::Ollama);
    }
    let [start, block, stop, bedrock] =
        event.fields(&["messageStart", "contentBlockStart", "contentBlockDelta", "messageStop"]);
    if start.or(block).or(stop).or(bedrock).is_some_and(Value::is_object) {
        return Some(Dialect::BedrockJson);
    }
    let error = event.field("error")?;
    // Google's errors have a status beside their number; a lone text is Ollama's.
    match (error.field("status"), error.is_object()) {
        (Some(_), true) => Some(Dialect::Gemini),
        (None, true) => Some(Dialect::OpenAiChat),
        _ => Some(Dialect::Ollama),
    }
}
