//! OpenAI's Responses: numbered events, each item opened, told and closed.

use serde_json::{Value, json};

use super::{
    facts::{CACHED, CREATED, INPUT, MODEL, OUTPUT, OVERLOADED, THOUGHT, TOTAL},
    story::{Block, Call, Kind, Part, Why},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => {
            for kind in ["response.created", "response.in_progress"] {
                tell(voice, kind, json!({ "response": response("in_progress") }));
            }
        }
        Part::KeepAlive => tell(voice, "keepalive", json!({})),
        Part::Open(block) => open(*block, voice),
        Part::Piece(block, piece) => {
            let more = with(*block, json!({ "delta": piece }));
            tell(voice, &format!("response.{}.delta", name(*block)), more);
        }
        Part::Close(block) => close(*block, voice),
        Part::Calls(first, calls) => {
            for (number, call) in (*first..).zip(*calls) {
                tell_call(number, call, voice);
            }
        }
        Part::Finish(why) => {
            let (status, details) = match why {
                Why::Stop | Why::Tools | Why::Refusal => ("completed", Value::Null),
                Why::Filter => ("incomplete", json!({ "reason": "content_filter" })),
            };
            let mut last = response(status);
            last["incomplete_details"] = details;
            last["usage"] = json!({
                "input_tokens": INPUT,
                "input_tokens_details": { "cached_tokens": CACHED },
                "output_tokens": OUTPUT,
                "output_tokens_details": { "reasoning_tokens": THOUGHT },
                "total_tokens": TOTAL,
            });
            tell(voice, &format!("response.{status}"), json!({ "response": last }));
        }
        Part::Fail => {
            tell(voice, "error", json!({ "code": "server_error", "message": OVERLOADED, "param": null }));
        }
    }
}

fn tell(voice: &mut Voice, kind: &str, mut event: Value) {
    event["type"] = json!(kind);
    event["sequence_number"] = json!(voice.count());
    voice.named(&event);
}

fn response(status: &str) -> Value {
    json!({ "id": "resp_tidewire", "object": "response", "created_at": CREATED, "model": MODEL, "status": status, "output": [] })
}

/// What the events of a block's text are called.
const fn name(block: Block) -> &'static str {
    match block.kind {
        Kind::Thought => "reasoning_summary_text",
        Kind::Text => "output_text",
        Kind::Refusal => "refusal",
    }
}

/// The same with where it belongs.
fn with(block: Block, mut event: Value) -> Value {
    let place = if block.kind == Kind::Thought { "summary_index" } else { "content_index" };
    event["item_id"] = json!(format!("item_{}", block.number));
    event["output_index"] = json!(block.number);
    event[place] = json!(0);
    event
}

fn open(block: Block, voice: &mut Voice) {
    let item = item(block, json!([]));
    tell(voice, "response.output_item.added", json!({ "output_index": block.number, "item": item }));
    let kind = if block.kind == Kind::Thought { "reasoning_summary_part" } else { "content_part" };
    tell(voice, &format!("response.{kind}.added"), with(block, json!({ "part": piece(block, "") })));
}

fn close(block: Block, voice: &mut Voice) {
    let text = voice.text().to_owned();
    let field = if block.kind == Kind::Refusal { "refusal" } else { "text" };
    tell(voice, &format!("response.{}.done", name(block)), with(block, json!({ field: text })));
    let kind = if block.kind == Kind::Thought { "reasoning_summary_part" } else { "content_part" };
    tell(voice, &format!("response.{kind}.done"), with(block, json!({ "part": piece(block, &text) })));
    let item = item(block, json!([piece(block, &text)]));
    tell(voice, "response.output_item.done", json!({ "output_index": block.number, "item": item }));
}

fn item(block: Block, pieces: Value) -> Value {
    let id = format!("item_{}", block.number);
    match block.kind {
        Kind::Thought => json!({ "id": id, "type": "reasoning", "summary": pieces }),
        Kind::Text | Kind::Refusal => {
            json!({ "id": id, "type": "message", "role": "assistant", "content": pieces })
        }
    }
}

fn piece(block: Block, text: &str) -> Value {
    match block.kind {
        Kind::Thought => json!({ "type": "summary_text", "text": text }),
        Kind::Text => json!({ "type": "output_text", "text": text, "annotations": [] }),
        Kind::Refusal => json!({ "type": "refusal", "refusal": text }),
    }
}

fn tell_call(number: u64, call: &Call, voice: &mut Voice) {
    let id = format!("item_{number}");
    let item = |arguments: &str| json!({ "id": id, "type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments });
    tell(voice, "response.output_item.added", json!({ "output_index": number, "item": item("") }));
    for piece in call.pieces {
        let more = json!({ "item_id": id, "output_index": number, "delta": piece });
        tell(voice, "response.function_call_arguments.delta", more);
    }
    let whole = json!({ "item_id": id, "output_index": number, "arguments": call.arguments() });
    tell(voice, "response.function_call_arguments.done", whole);
    let done = json!({ "output_index": number, "item": item(&call.arguments()) });
    tell(voice, "response.output_item.done", done);
}
