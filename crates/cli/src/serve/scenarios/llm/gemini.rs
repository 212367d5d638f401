//! Google's `streamGenerateContent`: whole responses that each have a little more, as events or as the elements of one array.

use serde_json::{Value, json};

use super::{
    facts::{CACHED, INPUT, MODEL, OUTPUT, OVERLOADED, THOUGHT, TOTAL},
    story::{Kind, Part, Why},
    voice::{Framing, Voice},
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        // It begins with the first response, and shows no life in between.
        Part::Start | Part::KeepAlive | Part::Open(_) | Part::Close(_) => {}
        Part::Piece(block, piece) => {
            let part = match block.kind {
                Kind::Thought => json!({ "text": piece, "thought": true }),
                Kind::Text | Kind::Refusal => json!({ "text": piece }),
            };
            voice.record(&response(json!([part])));
        }
        Part::Calls(_, calls) => {
            let calls: Vec<_> = calls
                .iter()
                .map(|call| json!({ "functionCall": { "id": call.id, "name": call.name, "args": call.input() } }))
                .collect();
            voice.record(&response(json!(calls)));
        }
        Part::Finish(why) => {
            let reason = if *why == Why::Filter { "SAFETY" } else { "STOP" };
            let mut last = response(json!([{ "text": "" }]));
            last["candidates"][0]["finishReason"] = json!(reason);
            last["usageMetadata"] = json!({
                "promptTokenCount": INPUT,
                "candidatesTokenCount": OUTPUT,
                "totalTokenCount": TOTAL,
                "thoughtsTokenCount": THOUGHT,
                "cachedContentTokenCount": CACHED,
            });
            voice.record(&last);
            close(voice);
        }
        Part::Fail => {
            let error = json!({ "code": 503, "message": OVERLOADED, "status": "UNAVAILABLE" });
            voice.record(&json!({ "error": error }));
            close(voice);
        }
    }
}

fn close(voice: &mut Voice) {
    if voice.framing == Framing::Array {
        voice.raw("\n]\n");
    }
}

fn response(parts: Value) -> Value {
    json!({
        "candidates": [{ "content": { "parts": parts, "role": "model" }, "index": 0 }],
        "modelVersion": MODEL,
        "responseId": "tidewire",
    })
}
