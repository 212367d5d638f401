//! The events of Amazon Bedrock's `ConverseStream`, one per line.

use serde_json::{Value, json};

use super::{
    parts::{BlockKind, FinishReason, ReplyPart},
    record_writer::RecordWriter,
    sample::{CACHED, INPUT, OUTPUT, OVERLOADED, TOTAL},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => writer.record(&json!({ "messageStart": { "role": "assistant" } })),
        // Only tool calls have a start.
        ReplyPart::KeepAlive | ReplyPart::Open(_) => {}
        ReplyPart::Piece(block, piece) => delta(
            writer,
            block.number,
            match block.kind {
                BlockKind::Reasoning => json!({ "reasoningContent": { "text": piece } }),
                BlockKind::Text | BlockKind::Refusal => json!({ "text": piece }),
            },
        ),
        ReplyPart::Close(block) => stop(writer, block.number),
        ReplyPart::Calls(first, calls) => {
            for (number, call) in (*first..).zip(*calls) {
                let start = json!({ "toolUse": { "toolUseId": call.id, "name": call.name } });
                writer
                    .record(&json!({ "contentBlockStart": { "contentBlockIndex": number, "start": start } }));
                for piece in call.pieces {
                    delta(writer, number, json!({ "toolUse": { "input": piece } }));
                }
                stop(writer, number);
            }
        }
        ReplyPart::Finish(reason) => {
            let reason = match reason {
                FinishReason::Stop | FinishReason::Refusal => "end_turn",
                FinishReason::ToolCalls => "tool_use",
                FinishReason::Filter => "content_filtered",
            };
            writer.record(&json!({ "messageStop": { "stopReason": reason } }));
            let usage = json!({
                "inputTokens": INPUT,
                "outputTokens": OUTPUT,
                "totalTokens": TOTAL,
                "cacheReadInputTokens": CACHED,
            });
            writer.record(&json!({ "metadata": { "usage": usage, "metrics": { "latencyMs": 900 } } }));
        }
        ReplyPart::Fail => {
            writer.record(&json!({ "serviceUnavailableException": { "message": OVERLOADED } }))
        }
    }
}

fn delta(writer: &mut RecordWriter, number: u64, delta: Value) {
    writer.record(&json!({ "contentBlockDelta": { "contentBlockIndex": number, "delta": delta } }));
}

fn stop(writer: &mut RecordWriter, number: u64) {
    writer.record(&json!({ "contentBlockStop": { "contentBlockIndex": number } }));
}
