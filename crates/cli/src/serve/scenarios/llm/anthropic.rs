//! Anthropic's Messages: blocks that begin, grow and stop, and pings between them.

use serde_json::{Value, json};

use super::{
    facts::{CACHED, INPUT, MODEL, OUTPUT, OVERLOADED},
    story::{Kind, Part, Why},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => {
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
            voice.named(&json!({ "type": "message_start", "message": message }));
        }
        Part::KeepAlive => voice.named(&json!({ "type": "ping" })),
        Part::Open(block) => start(
            voice,
            block.number,
            match block.kind {
                Kind::Thought => json!({ "type": "thinking", "thinking": "", "signature": "" }),
                Kind::Text | Kind::Refusal => json!({ "type": "text", "text": "" }),
            },
        ),
        Part::Piece(block, piece) => delta(
            voice,
            block.number,
            match block.kind {
                Kind::Thought => json!({ "type": "thinking_delta", "thinking": piece }),
                Kind::Text | Kind::Refusal => json!({ "type": "text_delta", "text": piece }),
            },
        ),
        Part::Close(block) => {
            if block.kind == Kind::Thought {
                delta(voice, block.number, json!({ "type": "signature_delta", "signature": "dGlkZQ==" }));
            }
            stop(voice, block.number);
        }
        Part::Calls(first, calls) => {
            for (number, call) in (*first..).zip(*calls) {
                start(
                    voice,
                    number,
                    json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} }),
                );
                for piece in call.pieces {
                    delta(voice, number, json!({ "type": "input_json_delta", "partial_json": piece }));
                }
                stop(voice, number);
            }
        }
        Part::Finish(why) => {
            let reason = match why {
                Why::Stop => "end_turn",
                Why::Tools => "tool_use",
                Why::Filter | Why::Refusal => "refusal",
            };
            let delta = json!({ "stop_reason": reason, "stop_sequence": null });
            let usage = json!({ "output_tokens": OUTPUT });
            voice.named(&json!({ "type": "message_delta", "delta": delta, "usage": usage }));
            voice.named(&json!({ "type": "message_stop" }));
        }
        Part::Fail => {
            let error = json!({ "type": "overloaded_error", "message": OVERLOADED });
            voice.named(&json!({ "type": "error", "error": error }));
        }
    }
}

fn start(voice: &mut Voice, number: u64, block: Value) {
    voice.named(&json!({ "type": "content_block_start", "index": number, "content_block": block }));
}

fn delta(voice: &mut Voice, number: u64, delta: Value) {
    voice.named(&json!({ "type": "content_block_delta", "index": number, "delta": delta }));
}

fn stop(voice: &mut Voice, number: u64) {
    voice.named(&json!({ "type": "content_block_stop", "index": number }));
}
