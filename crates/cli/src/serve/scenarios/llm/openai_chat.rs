//! OpenAI's chat completions, with the extras of those who speak them too: keep-alive comments, `reasoning_content`.

use serde_json::{Value, json};

use super::{
    facts::{CACHED, CREATED, INPUT, MODEL, OUTPUT, OVERLOADED, THOUGHT, TOTAL},
    story::{Kind, Part, Why, by_turns},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => delta(voice, json!({ "role": "assistant", "content": "" })),
        Part::KeepAlive => voice.comment("keep-alive"),
        Part::Open(_) | Part::Close(_) => {}
        Part::Piece(block, piece) => {
            let name = match block.kind {
                Kind::Thought => "reasoning_content",
                Kind::Text => "content",
                Kind::Refusal => "refusal",
            };
            delta(voice, json!({ name: piece }));
        }
        Part::Calls(_, calls) => {
            for (index, call) in calls.iter().enumerate() {
                let function = json!({ "name": call.name, "arguments": "" });
                let begun =
                    json!({ "index": index, "id": call.id, "type": "function", "function": function });
                delta(voice, json!({ "tool_calls": [begun] }));
            }
            for (index, piece) in by_turns(calls) {
                let more = json!({ "index": index, "function": { "arguments": piece } });
                delta(voice, json!({ "tool_calls": [more] }));
            }
        }
        Part::Finish(why) => {
            let reason = match why {
                Why::Stop | Why::Refusal => "stop",
                Why::Tools => "tool_calls",
                Why::Filter => "content_filter",
            };
            voice.record(&chunk(json!([{ "index": 0, "delta": {}, "finish_reason": reason }])));
            let mut last = chunk(json!([]));
            last["usage"] = json!({
                "prompt_tokens": INPUT,
                "completion_tokens": OUTPUT,
                "total_tokens": TOTAL,
                "prompt_tokens_details": { "cached_tokens": CACHED },
                "completion_tokens_details": { "reasoning_tokens": THOUGHT },
            });
            voice.record(&last);
            voice.raw("data: [DONE]\n\n");
        }
        Part::Fail => {
            let error = json!({ "type": "server_error", "code": 503, "message": OVERLOADED });
            voice.record(&json!({ "error": error }));
            // It comes all the same, and must not count.
            voice.raw("data: [DONE]\n\n");
        }
    }
}

fn delta(voice: &mut Voice, delta: Value) {
    voice.record(&chunk(json!([{ "index": 0, "delta": delta, "finish_reason": null }])));
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
