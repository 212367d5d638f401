//! Writes replies of Google's `streamGenerateContent`: partial responses, as events or as the elements of one array.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, FinishReason, ReplyPart},
    record_writer::{Framing, RecordWriter},
    sample::{CACHED, INPUT, MODEL, OUTPUT, OVERLOADED, REASONING, TOTAL},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        // Gemini has no records for these.
        ReplyPart::Start | ReplyPart::KeepAlive | ReplyPart::Open(_) | ReplyPart::Close(_) => {}
        ReplyPart::Piece(block, piece) => {
            let part = match block.kind {
                BlockKind::Reasoning => json!({ "text": piece, "thought": true }),
                BlockKind::Text | BlockKind::Refusal => json!({ "text": piece }),
            };
            writer.record(&response(json!([part])));
        }
        ReplyPart::Calls(_, calls) => {
            let calls: Vec<_> = calls
                .iter()
                .map(|call| json!({ "functionCall": { "id": call.id, "name": call.name, "args": call.input() } }))
                .collect();
            writer.record(&response(json!(calls)));
        }
        ReplyPart::Finish(reason) => {
            let reason = if *reason == FinishReason::Filter { "SAFETY" } else { "STOP" };
            let mut last = response(json!([{ "text": "" }]));
            last["candidates"][0]["finishReason"] = json!(reason);
            last["usageMetadata"] = json!({
                "promptTokenCount": INPUT,
                "candidatesTokenCount": OUTPUT,
                "totalTokenCount": TOTAL,
                "thoughtsTokenCount": REASONING,
                "cachedContentTokenCount": CACHED,
            });
            writer.record(&last);
            close(writer);
        }
        ReplyPart::Fail => {
            let error = json!({ "code": 503, "message": OVERLOADED, "status": "UNAVAILABLE" });
            writer.record(&json!({ "error": error }));
            close(writer);
        }
    }
}

fn close(writer: &mut RecordWriter) {
    if writer.framing == Framing::Array {
        writer.raw("\n]\n");
    }
}

fn response(parts: Value) -> Value {
    json!({
        "candidates": [{ "content": { "parts": parts, "role": "model" }, "index": 0 }],
        "modelVersion": MODEL,
        "responseId": "tidewire",
    })
}
