//! The UI message stream of Vercel's AI SDK, version 5. It has no usage.

use serde_json::json;

use super::{
    parts::{Block, BlockKind, FinishReason, ReplyPart},
    record_writer::RecordWriter,
    sample::OVERLOADED,
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => {
            writer.record(&json!({ "type": "start", "messageId": "tidewire" }));
            writer.record(&json!({ "type": "start-step" }));
        }
        ReplyPart::KeepAlive => writer.comment("keep-alive"),
        ReplyPart::Open(block) => writer.record(&json!({ "type": named(*block, "start"), "id": id(*block) })),
        ReplyPart::Piece(block, piece) => {
            writer.record(&json!({ "type": named(*block, "delta"), "id": id(*block), "delta": piece }));
        }
        ReplyPart::Close(block) => writer.record(&json!({ "type": named(*block, "end"), "id": id(*block) })),
        ReplyPart::Calls(_, calls) => {
            for call in *calls {
                let id = call.id;
                writer
                    .record(&json!({ "type": "tool-input-start", "toolCallId": id, "toolName": call.name }));
                for piece in call.pieces {
                    writer.record(
                        &json!({ "type": "tool-input-delta", "toolCallId": id, "inputTextDelta": piece }),
                    );
                }
                writer.record(&json!({
                    "type": "tool-input-available",
                    "toolCallId": id,
                    "toolName": call.name,
                    "input": call.input(),
                }));
            }
        }
        ReplyPart::Finish(reason) => {
            let reason = match reason {
                FinishReason::Stop | FinishReason::Refusal => "stop",
                FinishReason::ToolCalls => "tool-calls",
                FinishReason::Filter => "content-filter",
            };
            writer.record(&json!({ "type": "finish-step" }));
            writer.record(&json!({ "type": "finish", "finishReason": reason }));
            writer.raw("data: [DONE]\n\n");
        }
        ReplyPart::Fail => {
            writer.record(&json!({ "type": "error", "errorText": OVERLOADED }));
            writer.raw("data: [DONE]\n\n");
        }
    }
}

fn named(block: Block, what: &str) -> String {
    let kind = if block.kind == BlockKind::Reasoning { "reasoning" } else { "text" };
    format!("{kind}-{what}")
}

fn id(block: Block) -> String {
    block.number.to_string()
}
