//! Replies in JSON records.

use axum::http::StatusCode;
use serde_json::json;

use super::pace;
use crate::serve::{
    reply::{reply_text, text_of, tokens},
    scenario::{Reply, Request},
    script::paced,
};

/// Shaped like Ollama's.
pub(super) fn ndjson(request: &Request<'_>) -> Reply {
    let records = ollama(request).map(|record| format!("{record}\n"));
    Reply::new(StatusCode::OK, "application/x-ndjson", paced(records, pace::uneven(request, 20..80)))
}

pub(super) fn jsonseq(request: &Request<'_>) -> Reply {
    let records = ollama(request).map(|record| format!("\u{1E}{record}\n"));
    Reply::new(StatusCode::OK, "application/json-seq", paced(records, pace::uneven(request, 20..80)))
}

/// Shaped like Gemini's without `alt=sse`: each element is preceded by what joins it to the one before.
pub(super) fn jsonarray(request: &Request<'_>) -> Reply {
    let elements = tokens(reply_text(), request.tuning.events).enumerate().map(|(index, token)| {
        let content = json!({ "parts": [{ "text": token }], "role": "model" });
        let element = json!({ "candidates": [{ "content": content, "index": 0 }] });
        format!("{}{element:#}", if index == 0 { "[" } else { ",\r\n" })
    });
    let open = if request.tuning.events == Some(0) { "[" } else { ",\r\n" };
    let last = json!({ "candidates": [{ "finishReason": "STOP", "index": 0 }] });
    let pieces = elements.chain([format!("{open}{last:#}"), "\n]\n".to_owned()]);
    Reply::new(
        StatusCode::OK,
        "application/json; charset=UTF-8",
        paced(pieces, pace::uneven(request, 20..80)),
    )
}

pub(super) fn plain(request: &Request<'_>) -> Reply {
    let message = json!({ "role": "assistant", "content": text_of(reply_text(), request.tuning.events) });
    let completion = json!({
        "id": "chatcmpl-tidewire",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "tidewire-demo",
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
    });
    Reply::whole(StatusCode::OK, "application/json", format!("{completion:#}\n"))
}

fn ollama(request: &Request<'_>) -> impl Iterator<Item = serde_json::Value> + Send + 'static {
    let record = |content: &str, done: bool| {
        let message = json!({ "role": "assistant", "content": content });
        json!({ "model": "tidewire-demo", "message": message, "done": done })
    };
    tokens(reply_text(), request.tuning.events)
        .map(move |token| record(&token, false))
        .chain([record("", true)])
}
