//! The Agent User Interaction Protocol. It has no usage, and no word for why a run is finished.

use serde_json::json;

use super::{
    facts::OVERLOADED,
    story::{Block, Kind, Part, by_turns},
    voice::Voice,
};

pub(super) fn say(part: &Part, voice: &mut Voice) {
    match part {
        Part::Start => {
            voice.record(&json!({ "type": "RUN_STARTED", "threadId": "tide", "runId": "tidewire" }))
        }
        Part::KeepAlive => voice.comment("keep-alive"),
        Part::Open(block) => {
            voice.record(
                &json!({ "type": named(*block, "START"), "messageId": id(*block), "role": "assistant" }),
            );
        }
        Part::Piece(block, piece) => {
            voice.record(
                &json!({ "type": named(*block, "CONTENT"), "messageId": id(*block), "delta": piece }),
            );
        }
        Part::Close(block) => voice.record(&json!({ "type": named(*block, "END"), "messageId": id(*block) })),
        Part::Calls(_, calls) => {
            for call in *calls {
                let (id, name) = (call.id, call.name);
                voice.record(&json!({ "type": "TOOL_CALL_START", "toolCallId": id, "toolCallName": name }));
            }
            for (place, piece) in by_turns(calls) {
                let id = calls[place].id;
                voice.record(&json!({ "type": "TOOL_CALL_ARGS", "toolCallId": id, "delta": piece }));
            }
            for call in *calls {
                voice.record(&json!({ "type": "TOOL_CALL_END", "toolCallId": call.id }));
            }
        }
        Part::Finish(_) => {
            voice.record(&json!({ "type": "RUN_FINISHED", "threadId": "tide", "runId": "tidewire" }));
        }
        Part::Fail => {
            voice.record(&json!({ "type": "RUN_ERROR", "message": OVERLOADED, "code": "overloaded" }))
        }
    }
}

fn named(block: Block, what: &str) -> String {
    let kind = if block.kind == Kind::Thought { "REASONING_MESSAGE" } else { "TEXT_MESSAGE" };
    format!("{kind}_{what}")
}

fn id(block: Block) -> String {
    format!("message_{}", block.number)
}
