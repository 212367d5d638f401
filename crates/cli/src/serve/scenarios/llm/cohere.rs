//! Cohere's chat, version 2: contents and tool calls that start, grow and end.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, FinishReason, ReplyPart},
    record_writer::RecordWriter,
    sample::{CACHED, INPUT, OUTPUT, OVERLOADED},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => {
            let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
            writer.named(
                &json!({ "type": "message-start", "id": "tidewire", "delta": { "message": message } }),
            );
        }
        ReplyPart::KeepAlive => writer.comment("keep-alive"),
        ReplyPart::Open(block) => {
            let mut content = content(block.kind, "");
            content["type"] = json!(if block.kind == BlockKind::Reasoning { "thinking" } else { "text" });
            message_event(writer, "content-start", block.number, json!({ "content": content }));
        }
        ReplyPart::Piece(block, piece) => {
            message_event(
                writer,
                "content-delta",
                block.number,
                json!({ "content": content(block.kind, piece) }),
            );
        }
        ReplyPart::Close(block) => writer.named(&json!({ "type": "content-end", "index": block.number })),
        ReplyPart::Calls(_, calls) => {
            for (number, call) in (0..).zip(*calls) {
                let function = json!({ "name": call.name, "arguments": "" });
                let begun = json!({ "id": call.id, "type": "function", "function": function });
                message_event(writer, "tool-call-start", number, json!({ "tool_calls": begun }));
                for piece in call.pieces {
                    let more = json!({ "function": { "arguments": piece } });
                    message_event(writer, "tool-call-delta", number, json!({ "tool_calls": more }));
                }
                writer.named(&json!({ "type": "tool-call-end", "index": number }));
            }
        }
        ReplyPart::Finish(reason) => {
            let reason = match reason {
                FinishReason::Stop | FinishReason::Refusal => "COMPLETE",
                FinishReason::ToolCalls => "TOOL_CALL",
                FinishReason::Filter => "ERROR_TOXIC",
            };
            let tokens = json!({ "input_tokens": INPUT, "output_tokens": OUTPUT });
            let usage = json!({ "billed_units": tokens, "tokens": tokens, "cached_tokens": CACHED });
            end(writer, json!({ "finish_reason": reason, "usage": usage }));
        }
        ReplyPart::Fail => end(writer, json!({ "finish_reason": "ERROR", "error": OVERLOADED })),
    }
}

fn content(kind: BlockKind, text: &str) -> Value {
    match kind {
        BlockKind::Reasoning => json!({ "thinking": text }),
        BlockKind::Text | BlockKind::Refusal => json!({ "text": text }),
    }
}

fn message_event(writer: &mut RecordWriter, kind: &str, number: u64, message: Value) {
    writer.named(&json!({ "type": kind, "index": number, "delta": { "message": message } }));
}

fn end(writer: &mut RecordWriter, delta: Value) {
    writer.named(&json!({ "type": "message-end", "id": "tidewire", "delta": delta }));
}
