//! The Agent User Interaction Protocol (AG-UI). It has neither usage nor a finish reason.

use serde_json::json;

use super::{
    parts::{Block, BlockKind, ReplyPart, in_turn},
    record_writer::RecordWriter,
    sample::OVERLOADED,
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => {
            writer.record(&json!({ "type": "RUN_STARTED", "threadId": "tide", "runId": "tidewire" }))
        }
        ReplyPart::KeepAlive => writer.comment("keep-alive"),
        ReplyPart::Open(block) => {
            writer.record(
                &json!({ "type": named(*block, "START"), "messageId": id(*block), "role": "assistant" }),
            );
        }
        ReplyPart::Piece(block, piece) => {
            writer.record(
                &json!({ "type": named(*block, "CONTENT"), "messageId": id(*block), "delta": piece }),
            );
        }
        ReplyPart::Close(block) => {
            writer.record(&json!({ "type": named(*block, "END"), "messageId": id(*block) }))
        }
        ReplyPart::Calls(_, calls) => {
            for call in *calls {
                let (id, name) = (call.id, call.name);
                writer.record(&json!({ "type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name }));
            }
            for (place, piece) in in_turn(calls) {
                let id = calls[place].id;
                writer.record(&json!({ "type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": piece }));
            }
            for call in *calls {
                writer.record(&json!({ "type": "TOOL_CALL_END", "toolCallId": call.id }));
            }
        }
        ReplyPart::Finish(_) => {
            writer.record(&json!({ "type": "RUN_FINISHED", "threadId": "tide", "runId": "tidewire" }));
        }
        ReplyPart::Fail => {
            writer.record(&json!({ "type": "RUN_ERROR", "message": OVERLOADED, "code": "overloaded" }))
        }
    }
}

fn named(block: Block, what: &str) -> String {
    let kind = if block.kind == BlockKind::Reasoning { "REASONING_MESSAGE" } else { "TEXT_MESSAGE" };
    format!("{kind}_{what}")
}

fn id(block: Block) -> String {
    format!("message_{}", block.number)
}
