//! Mistral's chat completions: thoughts are pieces of the content, a tool call comes whole and without an index, usage with the last chunk.

use serde_json::{Value, json};

use super::{
    facts::{CREATED, INPUT, MODEL, OUTPUT, OVERLOADED, TOTAL},
    story::{Kind, Part, Why},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => voice.record(&chunk(json!({ "role": "assistant", "content": "" }), Value::Null)),
        Part::KeepAlive => voice.comment("keep-alive"),
        Part::Open(_) | Part::Close(_) => {}
        Part::Piece(block, piece) => {
            let content = match block.kind {
                Kind::Thought => {
                    json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": piece }] }])
                }
                Kind::Text | Kind::Refusal => json!(piece),
            };
            voice.record(&chunk(json!({ "content": content }), Value::Null));
        }
        Part::Calls(_, calls) => {
            let call = |call: &super::story::Call| json!({ "id": call.id, "function": { "name": call.name, "arguments": call.arguments() } });
            let calls: Vec<_> = calls.iter().map(call).collect();
            voice.record(&chunk(json!({ "content": "", "tool_calls": calls }), Value::Null));
        }
        Part::Finish(why) => {
            let reason = if *why == Why::Tools { "tool_calls" } else { "stop" };
            let mut last = chunk(json!({ "content": "" }), json!(reason));
            last["usage"] =
                json!({ "prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": TOTAL });
            voice.record(&last);
            voice.raw("data: [DONE]\n\n");
        }
        Part::Fail => voice.record(&json!({
            "object": "error",
            "message": OVERLOADED,
            "type": "internal_server_error",
            "code": 503,
        })),
    }
}

fn chunk(delta: Value, finish_reason: Value) -> Value {
    json!({
        "id": "tidewire",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": MODEL,
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish_reason }],
    })
}
