//! OpenAI's chat completions, with the extras of compatible servers: keep-alive comments and `reasoning_content`.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, FinishReason, ReplyPart, in_turn},
    record_writer::RecordWriter,
    sample::{CACHED, CREATED, INPUT, MODEL, OUTPUT, OVERLOADED, REASONING, TOTAL},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => delta(writer, json!({ "role": "assistant", "content": "" })),
        ReplyPart::KeepAlive => writer.comment("keep-alive"),
        ReplyPart::Open(_) | ReplyPart::Close(_) => {}
        ReplyPart::Piece(block, piece) => {
            let name = match block.kind {
                BlockKind::Reasoning => "reasoning_content",
                BlockKind::Text => "content",
                BlockKind::Refusal => "refusal",
            };
            delta(writer, json!({ name: piece }));
        }
        ReplyPart::Calls(_, calls) => {
            for (index, call) in calls.iter().enumerate() {
                let function = json!({ "name": call.name, "arguments": "" });
                let begun =
                    json!({ "index": index, "id": call.id, "type": "function", "function": function });
                delta(writer, json!({ "tool_calls": [begun] }));
            }
            for (index, piece) in in_turn(calls) {
                let more = json!({ "index": index, "function": { "arguments": piece } });
                delta(writer, json!({ "tool_calls": [more] }));
            }
        }
        ReplyPart::Finish(reason) => {
            let reason = match reason {
                FinishReason::Stop | FinishReason::Refusal => "stop",
                FinishReason::ToolCalls => "tool_calls",
                FinishReason::Filter => "content_filter",
            };
            writer.record(&chunk(json!([{ "index": 0, "delta": {}, "finish_reason": reason }])));
            let mut last = chunk(json!([]));
            last["usage"] = json!({
                "prompt_tokens": INPUT,
                "completion_tokens": OUTPUT,
                "total_tokens": TOTAL,
                "prompt_tokens_details": { "cached_tokens": CACHED },
                "completion_tokens_details": { "reasoning_tokens": REASONING },
            });
            writer.record(&last);
            writer.raw("data: [DONE]\n\n");
        }
        ReplyPart::Fail => {
            let error = json!({ "type": "server_error", "code": 503, "message": OVERLOADED });
            writer.record(&json!({ "error": error }));
            // Some servers send `[DONE]` even after an error; it must not count.
            writer.raw("data: [DONE]\n\n");
        }
    }
}

fn delta(writer: &mut RecordWriter, delta: Value) {
    writer.record(&chunk(json!([{ "index": 0, "delta": delta, "finish_reason": null }])));
}

fn chunk(choices: Value) -> Value {
    json!({
        "id": "chatcmpl-tidewire",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": MODEL,
        "choices": choices,
    })
}
