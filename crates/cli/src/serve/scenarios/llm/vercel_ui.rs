//! The UI message stream of Vercel's AI SDK, version 5. It has no usage.

use serde_json::json;

use super::{
    facts::OVERLOADED,
    story::{Block, Kind, Part, Why},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => {
            voice.record(&json!({ "type": "start", "messageId": "tidewire" }));
            voice.record(&json!({ "type": "start-step" }));
        }
        Part::KeepAlive => voice.comment("keep-alive"),
        Part::Open(block) => voice.record(&json!({ "type": named(*block, "start"), "id": id(*block) })),
        Part::Piece(block, piece) => {
            voice.record(&json!({ "type": named(*block, "delta"), "id": id(*block), "delta": piece }));
        }
        Part::Close(block) => voice.record(&json!({ "type": named(*block, "end"), "id": id(*block) })),
        Part::Calls(_, calls) => {
            for call in *calls {
                let id = call.id;
                voice.record(&json!({ "type": "tool-input-start", "toolCallId": id, "toolName": call.name }));
                for piece in call.pieces {
                    voice.record(
                        &json!({ "type": "tool-input-delta", "toolCallId": id, "inputTextDelta": piece }),
                    );
                }
                voice.record(&json!({
                    "type": "tool-input-available",
                    "toolCallId": id,
                    "toolName": call.name,
                    "input": call.input(),
                }));
            }
        }
        Part::Finish(why) => {
            let reason = match why {
                Why::Stop | Why::Refusal => "stop",
                Why::Tools => "tool-calls",
                Why::Filter => "content-filter",
            };
            voice.record(&json!({ "type": "finish-step" }));
            voice.record(&json!({ "type": "finish", "finishReason": reason }));
            voice.raw("data: [DONE]\n\n");
        }
        Part::Fail => {
            voice.record(&json!({ "type": "error", "errorText": OVERLOADED }));
            voice.raw("data: [DONE]\n\n");
        }
    }
}

fn named(block: Block, what: &str) -> String {
    let kind = if block.kind == Kind::Thought { "reasoning" } else { "text" };
    format!("{kind}-{what}")
}

fn id(block: Block) -> String {
    block.number.to_string()
}
