//! `ag-ui`: the Agent User Interaction Protocol.
//!
//! - End: `RUN_FINISHED`.
//! - Error: `RUN_ERROR`.
//! - Cursor: none.

use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AgUi {
    /// The last thing that came was a tool call.
    calls: bool,
}

impl AgUi {
    pub(crate) fn read(&mut self, event: Value<'_>, out: &mut Out<'_>) {
        let [kind, delta, call, name] = event.fields(&["type", "delta", "toolCallId", "toolCallName"]);
        let kind = scalar(kind);
        match &*kind {
            "RUN_STARTED" => out.start(event.field("runId"), None, None),
            "TEXT_MESSAGE_CONTENT" | "TEXT_MESSAGE_CHUNK" => {
                self.calls = false;
                out.text(0, delta);
            }
            "THINKING_TEXT_MESSAGE_CONTENT" | "REASONING_MESSAGE_CONTENT" | "REASONING_MESSAGE_CHUNK" => {
                out.reasoning(0, delta);
            }
            "TOOL_CALL_START" => {
                self.calls = true;
                out.call(0, None, call, name);
            }
            "TOOL_CALL_ARGS" | "TOOL_CALL_CHUNK" => {
                let known = match call {
                    Some(id) => out.facts.calls.with_id(0, &scalar(Some(id))),
                    None => out.facts.calls.last(0),
                };
                // A chunk begins its call itself.
                let at = known.or_else(|| name.map(|_| out.call(0, None, call, name)));
                self.calls = true;
                if let Some(at) = at {
                    out.arguments(at, delta);
                }
            }
            "TOOL_CALL_RESULT" => {
                self.calls = false;
                out.other(&kind, event);
            }
            "RUN_FINISHED" => {
                out.finish(0, if self.calls { "tool_calls" } else { "stop" });
                out.complete();
            }
            "RUN_ERROR" => {
                let [code, message] = event.fields(&["code", "message"]);
                out.fail(Fault::of(event).named(scalar(code), scalar(message)));
            }
            "STEP_STARTED"
            | "STEP_FINISHED"
            | "TEXT_MESSAGE_START"
            | "TEXT_MESSAGE_END"
            | "TOOL_CALL_END"
            | "THINKING_START"
            | "THINKING_END"
            | "THINKING_TEXT_MESSAGE_START"
            | "THINKING_TEXT_MESSAGE_END"
            | "REASONING_START"
            | "REASONING_END"
            | "REASONING_MESSAGE_START"
            | "REASONING_MESSAGE_END" => {}
            _ => out.other(&kind, event),
        }
    }
}
