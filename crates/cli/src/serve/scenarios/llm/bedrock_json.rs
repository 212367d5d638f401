//! The events of Amazon Bedrock's `ConverseStream`, a line each.

use serde_json::{Value, json};

use super::{
    facts::{CACHED, INPUT, OUTPUT, OVERLOADED, TOTAL},
    story::{Kind, Part, Why},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => voice.record(&json!({ "messageStart": { "role": "assistant" } })),
        // Only calls of tools have a start.
        Part::KeepAlive | Part::Open(_) => {}
        Part::Piece(block, piece) => delta(
            voice,
            block.number,
            match block.kind {
                Kind::Thought => json!({ "reasoningContent": { "text": piece } }),
                Kind::Text | Kind::Refusal => json!({ "text": piece }),
            },
        ),
        Part::Close(block) => stop(voice, block.number),
        Part::Calls(first, calls) => {
            for (number, call) in (*first..).zip(*calls) {
                let start = json!({ "toolUse": { "toolUseId": call.id, "name": call.name } });
                voice
                    .record(&json!({ "contentBlockStart": { "contentBlockIndex": number, "start": start } }));
                for piece in call.pieces {
                    delta(voice, number, json!({ "toolUse": { "input": piece } }));
                }
                stop(voice, number);
            }
        }
        Part::Finish(why) => {
            let reason = match why {
                Why::Stop | Why::Refusal => "end_turn",
                Why::Tools => "tool_use",
                Why::Filter => "content_filtered",
            };
            voice.record(&json!({ "messageStop": { "stopReason": reason } }));
            let usage = json!({
                "inputTokens": INPUT,
                "outputTokens": OUTPUT,
                "totalTokens": TOTAL,
                "cacheReadInputTokens": CACHED,
            });
            voice.record(&json!({ "metadata": { "usage": usage, "metrics": { "latencyMs": 900 } } }));
        }
        Part::Fail => voice.record(&json!({ "serviceUnavailableException": { "message": OVERLOADED } })),
    }
}

fn delta(voice: &mut Voice, number: u64, delta: Value) {
    voice.record(&json!({ "contentBlockDelta": { "contentBlockIndex": number, "delta": delta } }));
}

fn stop(voice: &mut Voice, number: u64) {
    voice.record(&json!({ "contentBlockStop": { "contentBlockIndex": number } }));
}
