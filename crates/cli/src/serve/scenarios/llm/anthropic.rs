//! Anthropic's Messages: blocks that start, grow and stop, with pings between them.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, FinishReason, ReplyPart},
    record_writer::RecordWriter,
    sample::{CACHED, INPUT, MODEL, OUTPUT, OVERLOADED},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => {
            let usage =
                json!({ "input_tokens": INPUT, "cache_read_input_tokens": CACHED, "output_tokens": 1 });
            let message = json!({
                "id": "msg_tidewire",
                "type": "message",
                "role": "assistant",
                "model": MODEL,
                "content": [],
                "stop_reason": null,
                "usage": usage,
            });
            writer.named(&json!({ "type": "message_start", "message": message }));
        }
        ReplyPart::KeepAlive => writer.named(&json!({ "type": "ping" })),
        ReplyPart::Open(block) => start(
            writer,
            block.number,
            match block.kind {
                BlockKind::Reasoning => json!({ "type": "thinking", "thinking": "", "signature": "" }),
                BlockKind::Text | BlockKind::Refusal => json!({ "type": "text", "text": "" }),
            },
        ),
        ReplyPart::Piece(block, piece) => delta(
            writer,
            block.number,
            match block.kind {
                BlockKind::Reasoning => json!({ "type": "thinking_delta", "thinking": piece }),
                BlockKind::Text | BlockKind::Refusal => json!({ "type": "text_delta", "text": piece }),
            },
        ),
        ReplyPart::Close(block) => {
            if block.kind == BlockKind::Reasoning {
                delta(writer, block.number, json!({ "type": "signature_delta", "signature": "dGlkZQ==" }));
            }
            stop(writer, block.number);
        }
        ReplyPart::Calls(first, calls) => {
            for (number, call) in (*first..).zip(*calls) {
                start(
                    writer,
                    number,
                    json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} }),
                );
                for piece in call.pieces {
                    delta(writer, number, json!({ "type": "input_json_delta", "partial_json": piece }));
                }
                stop(writer, number);
            }
        }
        ReplyPart::Finish(reason) => {
            let reason = match reason {
                FinishReason::Stop => "end_turn",
                FinishReason::ToolCalls => "tool_use",
                FinishReason::Filter | FinishReason::Refusal => "refusal",
            };
            let delta = json!({ "stop_reason": reason, "stop_sequence": null });
            let usage = json!({ "output_tokens": OUTPUT });
            writer.named(&json!({ "type": "message_delta", "delta": delta, "usage": usage }));
            writer.named(&json!({ "type": "message_stop" }));
        }
        ReplyPart::Fail => {
            let error = json!({ "type": "overloaded_error", "message": OVERLOADED });
            writer.named(&json!({ "type": "error", "error": error }));
        }
    }
}

fn start(writer: &mut RecordWriter, number: u64, block: Value) {
    writer.named(&json!({ "type": "content_block_start", "index": number, "content_block": block }));
}

fn delta(writer: &mut RecordWriter, number: u64, delta: Value) {
    writer.named(&json!({ "type": "content_block_delta", "index": number, "delta": delta }));
}

fn stop(writer: &mut RecordWriter, number: u64) {
    writer.named(&json!({ "type": "content_block_stop", "index": number }));
}
