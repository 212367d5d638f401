//! OpenAI's Responses: numbered events that open, fill and close each item.

use serde_json::{Value, json};

use super::{
    parts::{Block, BlockKind, FinishReason, ReplyPart, ToolCall},
    record_writer::RecordWriter,
    sample::{CACHED, CREATED, INPUT, MODEL, OUTPUT, OVERLOADED, REASONING, TOTAL},
};

pub(super) fn write(part: &ReplyPart, writer: &mut RecordWriter) {
    match part {
        ReplyPart::Start => {
            for kind in ["response.created", "response.in_progress"] {
                numbered(writer, kind, json!({ "response": response("in_progress") }));
            }
        }
        ReplyPart::KeepAlive => numbered(writer, "keepalive", json!({})),
        ReplyPart::Open(block) => open(*block, writer),
        ReplyPart::Piece(block, piece) => {
            let more = with(*block, json!({ "delta": piece }));
            numbered(writer, &format!("response.{}.delta", name(*block)), more);
        }
        ReplyPart::Close(block) => close(*block, writer),
        ReplyPart::Calls(first, calls) => {
            for (number, call) in (*first..).zip(*calls) {
                tool_call(number, call, writer);
            }
        }
        ReplyPart::Finish(reason) => {
            let (status, details) = match reason {
                FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Refusal => {
                    ("completed", Value::Null)
                }
                FinishReason::Filter => ("incomplete", json!({ "reason": "content_filter" })),
            };
            let mut last = response(status);
            last["incomplete_details"] = details;
            last["usage"] = json!({
                "input_tokens": INPUT,
                "input_tokens_details": { "cached_tokens": CACHED },
                "output_tokens": OUTPUT,
                "output_tokens_details": { "reasoning_tokens": REASONING },
                "total_tokens": TOTAL,
            });
            numbered(writer, &format!("response.{status}"), json!({ "response": last }));
        }
        ReplyPart::Fail => {
            numbered(
                writer,
                "error",
                json!({ "code": "server_error", "message": OVERLOADED, "param": null }),
            );
        }
    }
}

fn numbered(writer: &mut RecordWriter, kind: &str, mut event: Value) {
    event["type"] = json!(kind);
    event["sequence_number"] = json!(writer.count());
    writer.named(&event);
}

fn response(status: &str) -> Value {
    json!({ "id": "resp_tidewire", "object": "response", "created_at": CREATED, "model": MODEL, "status": status, "output": [] })
}

/// The name of the events of a block's text.
const fn name(block: Block) -> &'static str {
    match block.kind {
        BlockKind::Reasoning => "reasoning_summary_text",
        BlockKind::Text => "output_text",
        BlockKind::Refusal => "refusal",
    }
}

/// Adds to an event the ids of the item and the part that it belongs to.
fn with(block: Block, mut event: Value) -> Value {
    let place = if block.kind == BlockKind::Reasoning { "summary_index" } else { "content_index" };
    event["item_id"] = json!(format!("item_{}", block.number));
    event["output_index"] = json!(block.number);
    event[place] = json!(0);
    event
}

fn open(block: Block, writer: &mut RecordWriter) {
    let item = item(block, json!([]));
    numbered(writer, "response.output_item.added", json!({ "output_index": block.number, "item": item }));
    let kind = if block.kind == BlockKind::Reasoning { "reasoning_summary_part" } else { "content_part" };
    numbered(writer, &format!("response.{kind}.added"), with(block, json!({ "part": piece(block, "") })));
}

fn close(block: Block, writer: &mut RecordWriter) {
    let text = writer.text().to_owned();
    let field = if block.kind == BlockKind::Refusal { "refusal" } else { "text" };
    numbered(writer, &format!("response.{}.done", name(block)), with(block, json!({ field: text })));
    let kind = if block.kind == BlockKind::Reasoning { "reasoning_summary_part" } else { "content_part" };
    numbered(writer, &format!("response.{kind}.done"), with(block, json!({ "part": piece(block, &text) })));
    let item = item(block, json!([piece(block, &text)]));
    numbered(writer, "response.output_item.done", json!({ "output_index": block.number, "item": item }));
}

fn item(block: Block, pieces: Value) -> Value {
    let id = format!("item_{}", block.number);
    match block.kind {
        BlockKind::Reasoning => json!({ "id": id, "type": "reasoning", "summary": pieces }),
        BlockKind::Text | BlockKind::Refusal => {
            json!({ "id": id, "type": "message", "role": "assistant", "content": pieces })
        }
    }
}

fn piece(block: Block, text: &str) -> Value {
    match block.kind {
        BlockKind::Reasoning => json!({ "type": "summary_text", "text": text }),
        BlockKind::Text => json!({ "type": "output_text", "text": text, "annotations": [] }),
        BlockKind::Refusal => json!({ "type": "refusal", "refusal": text }),
    }
}

fn tool_call(number: u64, call: &ToolCall, writer: &mut RecordWriter) {
    let id = format!("item_{number}");
    let item = |arguments: &str| json!({ "id": id, "type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments });
    numbered(writer, "response.output_item.added", json!({ "output_index": number, "item": item("") }));
    for piece in call.pieces {
        let more = json!({ "item_id": id, "output_index": number, "delta": piece });
        numbered(writer, "response.function_call_arguments.delta", more);
    }
    let whole = json!({ "item_id": id, "output_index": number, "arguments": call.arguments() });
    numbered(writer, "response.function_call_arguments.done", whole);
    let done = json!({ "output_index": number, "item": item(&call.arguments()) });
    numbered(writer, "response.output_item.done", done);
}
