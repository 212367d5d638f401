//! Replies as JSON records.

use std::iter;

use axum::http::StatusCode;
use serde_json::json;

use super::pace;
use crate::serve::{
    response::{ScenarioRequest, ScriptedResponse},
    script::{joined, paced},
    texts::{reply_text, tokens},
};

/// The shape of Ollama's replies.
pub(super) fn ndjson(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let records = ollama(request).map(|record| format!("{record}\n"));
    ScriptedResponse::new(
        StatusCode::OK,
        "application/x-ndjson",
        paced(records, pace::uneven(request, 20..80)),
    )
}

pub(super) fn jsonseq(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let records = ollama(request).map(|record| format!("\u{1E}{record}\n"));
    ScriptedResponse::new(
        StatusCode::OK,
        "application/json-seq",
        paced(records, pace::uneven(request, 20..80)),
    )
}

/// The shape of Gemini's replies without `alt=sse`. Each piece is an element with the bracket or comma before it.
pub(super) fn jsonarray(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let elements = tokens(reply_text(), request.params.events).enumerate().map(|(index, token)| {
        let content = json!({ "parts": [{ "text": token }], "role": "model" });
        let element = json!({ "candidates": [{ "content": content, "index": 0 }] });
        format!("{}{element:#}", if index == 0 { "[" } else { ",\r\n" })
    });
    let open = if request.params.events == Some(0) { "[" } else { ",\r\n" };
    let last = json!({ "candidates": [{ "finishReason": "STOP", "index": 0 }] });
    let pieces = elements.chain([format!("{open}{last:#}"), "\n]\n".to_owned()]);
    ScriptedResponse::new(
        StatusCode::OK,
        "application/json; charset=UTF-8",
        paced(pieces, pace::uneven(request, 20..80)),
    )
}

/// One object, made as it is read, however long its text.
pub(super) fn plain(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    const CHUNK_BYTES: usize = 16 * 1024;
    const TEXT: &str = "TEXT";
    let message = json!({ "role": "assistant", "content": TEXT });
    let completion = json!({
        "id": "chatcmpl-tidewire",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "tidewire-demo",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
    });
    let completion = format!("{completion:#}\n");
    let (before, after) = completion.split_once(TEXT).unwrap_or((&completion, ""));
    let text = tokens(reply_text(), request.params.events).map(|token| {
        let quoted = json!(token).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    });
    let pieces = iter::once(before.to_owned()).chain(text).chain([after.to_owned()]);
    let script = paced(joined(pieces, CHUNK_BYTES), pace::none());
    ScriptedResponse::new(StatusCode::OK, "application/json", script)
}

fn ollama(request: &ScenarioRequest<'_>) -> impl Iterator<Item = serde_json::Value> + Send + 'static {
    let record = |content: &str, done: bool| {
        let message = json!({ "role": "assistant", "content": content });
        json!({ "model": "tidewire-demo", "message": message, "done": done })
    };
    tokens(reply_text(), request.params.events)
        .map(move |token| record(&token, false))
        .chain([record("", true)])
}
