//! `ollama`: Ollama's chat and generate.
//!
//! - End: `"done": true`.
//! - Error: a text in `error`.
//! - Cursor: none.

use crate::delta::Usage;
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

pub(super) fn read(event: Value<'_>, out: &mut Out<'_>) {
    let [model, created, message, response, thinking, done, error] =
        event.fields(&["model", "created_at", "message", "response", "thinking", "done", "error"]);
    if let Some(error) = error {
        return out.fail(Fault::of(error));
    }
    out.start(None, model, created);
    out.reasoning(0, thinking);
    out.text(0, response);
    if let Some(message) = message {
        let [content, thinking, calls] = message.fields(&["content", "thinking", "tool_calls"]);
        out.reasoning(0, thinking);
        out.text(0, content);
        for call in calls.into_iter().flat_map(Value::items) {
            let [id, function] = call.fields(&["id", "function"]);
            let [name, arguments] =
                function.map_or([None; 2], |function| function.fields(&["name", "arguments"]));
            let at = out.call(0, None, id, name);
            out.arguments(at, arguments);
        }
    }
    if done.is_some_and(Value::is_true) {
        let [reason, input, output] = event.fields(&["done_reason", "prompt_eval_count", "eval_count"]);
        out.usage(Usage {
            input_tokens: input.and_then(Value::whole),
            output_tokens: output.and_then(Value::whole),
            ..Usage::default()
        });
        let said = scalar(reason);
        out.finish(0, if said.is_empty() { "stop" } else { &said });
        out.complete();
    }
}
