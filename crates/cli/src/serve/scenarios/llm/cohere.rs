//! Cohere's chat, version 2: contents and calls that start, grow and end.

use serde_json::{Value, json};

use super::{
    facts::{CACHED, INPUT, OUTPUT, OVERLOADED},
    story::{Kind, Part, Why},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => {
            let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
            voice.named(
                &json!({ "type": "message-start", "id": "tidewire", "delta": { "message": message } }),
            );
        }
        Part::KeepAlive => voice.comment("keep-alive"),
        Part::Open(block) => {
            let mut content = content(block.kind, "");
            content["type"] = json!(if block.kind == Kind::Thought { "thinking" } else { "text" });
            tell(voice, "content-start", block.number, json!({ "content": content }));
        }
        Part::Piece(block, piece) => {
            tell(voice, "content-delta", block.number, json!({ "content": content(block.kind, piece) }));
        }
        Part::Close(block) => voice.named(&json!({ "type": "content-end", "index": block.number })),
        Part::Calls(_, calls) => {
            for (number, call) in (0..).zip(*calls) {
                let function = json!({ "name": call.name, "arguments": "" });
                let begun = json!({ "id": call.id, "type": "function", "function": function });
                tell(voice, "tool-call-start", number, json!({ "tool_calls": begun }));
                for piece in call.pieces {
                    let more = json!({ "function": { "arguments": piece } });
                    tell(voice, "tool-call-delta", number, json!({ "tool_calls": more }));
                }
                voice.named(&json!({ "type": "tool-call-end", "index": number }));
            }
        }
        Part::Finish(why) => {
            let reason = match why {
                Why::Stop | Why::Refusal => "COMPLETE",
                Why::Tools => "TOOL_CALL",
                Why::Filter => "ERROR_TOXIC",
            };
            let tokens = json!({ "input_tokens": INPUT, "output_tokens": OUTPUT });
            let usage = json!({ "billed_units": tokens, "tokens": tokens, "cached_tokens": CACHED });
            end(voice, json!({ "finish_reason": reason, "usage": usage }));
        }
        Part::Fail => end(voice, json!({ "finish_reason": "ERROR", "error": OVERLOADED })),
    }
}

fn content(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Thought => json!({ "thinking": text }),
        Kind::Text | Kind::Refusal => json!({ "text": text }),
    }
}

fn tell(voice: &mut Voice, kind: &str, number: u64, message: Value) {
    voice.named(&json!({ "type": kind, "index": number, "delta": { "message": message } }));
}

fn end(voice: &mut Voice, delta: Value) {
    voice.named(&json!({ "type": "message-end", "id": "tidewire", "delta": delta }));
}
