//! `vercel-ui`: the UI message stream of Vercel's AI SDK, version 5 (`x-vercel-ai-ui-message-stream: v1`).
//!
//! - End: `[DONE]`; or `finish`, then a clean end.
//! - Error: `error`, with `errorText`; `abort`.
//! - Cursor: none.

use tidewire_core::ReplyState;

use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

pub(super) fn read(event: Value<'_>, out: &mut Out<'_>) {
    let [kind, delta, call, name] = event.fields(&["type", "delta", "toolCallId", "toolName"]);
    let kind = scalar(kind);
    match &*kind {
        "start" => out.start(event.field("messageId"), None, None),
        "text-delta" => out.text(0, delta),
        "reasoning-delta" => out.reasoning(0, delta),
        "tool-input-start" => {
            out.call(0, None, call, name);
        }
        "tool-input-delta" => {
            if let Some(at) = out.facts.calls.with_id(0, &scalar(call)) {
                out.arguments(at, event.field("inputTextDelta"));
            }
        }
        "tool-input-available" => {
            let known = out.facts.calls.with_id(0, &scalar(call));
            let at = known.unwrap_or_else(|| out.call(0, None, call, name));
            if !out.facts.calls.is_fed(at) {
                out.arguments(at, event.field("input"));
            }
        }
        "source-url" | "source-document" => {
            let [url, title] = event.fields(&["url", "title"]);
            out.citation(0, url, title);
        }
        "finish" => {
            let said = scalar(event.field("finishReason"));
            out.finish(0, if said.is_empty() { "stop" } else { &said });
            out.reply_state(ReplyState::MayComplete);
        }
        "error" => out.fail(Fault::of(event)),
        "abort" => out.fail(Fault::new("abort", scalar(event.field("reason")))),
        "text-start" | "text-end" | "reasoning-start" | "reasoning-end" | "start-step" | "finish-step" => {}
        _ => out.other(&kind, event),
    }
}
