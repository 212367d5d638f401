//! Mistral's chat completions: reasoning is part of the content, a tool call arrives whole and without an index, and usage with
//! the last chunk.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, FinishReason, ReplyPart},
    record_writer::RecordWriter,
    sample::{CREATED, INPUT, MODEL, OUTPUT, OVERLOADED, TOTAL},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => writer.record(&chunk(json!({ "role": "assistant", "content": "" }), Value::Null)),
        ReplyPart::KeepAlive => writer.comment("keep-alive"),
        ReplyPart::Open(_) | ReplyPart::Close(_) => {}
        ReplyPart::Piece(block, piece) => {
            let content = match block.kind {
                BlockKind::Reasoning => {
                    json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": piece }] }])
                }
                BlockKind::Text | BlockKind::Refusal => json!(piece),
            };
            writer.record(&chunk(json!({ "content": content }), Value::Null));
        }
        ReplyPart::Calls(_, calls) => {
            let call = |call: &super::parts::ToolCall| json!({ "id": call.id, "function": { "name": call.name, "arguments": call.arguments() } });
            let calls: Vec<_> = calls.iter().map(call).collect();
            writer.record(&chunk(json!({ "content": "", "tool_calls": calls }), Value::Null));
        }
        ReplyPart::Finish(reason) => {
            let reason = if *reason == FinishReason::ToolCalls { "tool_calls" } else { "stop" };
            let mut last = chunk(json!({ "content": "" }), json!(reason));
            last["usage"] =
                json!({ "prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": TOTAL });
            writer.record(&last);
            writer.raw("data: [DONE]\n\n");
        }
        ReplyPart::Fail => writer.record(&json!({
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
