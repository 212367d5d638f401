//! `cohere`: Cohere's chat, version 2.
//!
//! - End: `message-end`; `[DONE]`, which some servers send after it, completes as well.
//! - Error: an `error` in `message-end`, or a finish reason that is an error; an event of type `error`; an object with only a `message`.
//! - Cursor: none.

use alloc::borrow::Cow;

use crate::delta::{Finish, Usage};
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

pub(super) fn read(name: &[u8], event: Value<'_>, out: &mut Out<'_>) {
    let [kind, index, id, delta] = event.fields(&["type", "index", "id", "delta"]);
    let kind = match kind {
        Some(kind) => scalar(Some(kind)),
        None => Cow::Borrowed(core::str::from_utf8(name).unwrap_or_default()),
    };
    let message = delta.and_then(|delta| delta.field("message"));
    let [content, plan, calls, citations] = message
        .map_or([None; 4], |message| message.fields(&["content", "tool_plan", "tool_calls", "citations"]));
    let number = index.and_then(Value::whole);
    match &*kind {
        "message-start" => out.start(id, None, None),
        "content-start" | "content-delta" => {
            let [text, thinking] = content.map_or([None; 2], |content| content.fields(&["text", "thinking"]));
            out.reasoning(0, thinking);
            out.text(0, text);
        }
        "tool-plan-delta" => out.reasoning(0, plan),
        "tool-call-start" => {
            let [id, function] = calls.map_or([None; 2], |call| call.fields(&["id", "function"]));
            let [name, arguments] =
                function.map_or([None; 2], |function| function.fields(&["name", "arguments"]));
            let call = out.call(0, number, id, name);
            out.arguments(call, arguments);
        }
        "tool-call-delta" => {
            let arguments = calls.and_then(|call| call.field("function")?.field("arguments"));
            if let Some(call) = number.and_then(|number| out.facts.calls.numbered(0, number)) {
                out.arguments(call, arguments);
            }
        }
        "citation-start" => {
            for source in citations.and_then(|one| one.field("sources")).into_iter().flat_map(Value::items) {
                let [document, id] = source.fields(&["document", "id"]);
                let [url, title] = document.map_or([None; 2], |document| document.fields(&["url", "title"]));
                out.citation(0, url, title.or(id));
            }
        }
        "message-end" => read_end(delta, out),
        "content-end" | "tool-call-end" | "citation-end" => {}
        "error" => out.fail(Fault::of(event)),
        // How the service reports what it finds wrong with a request.
        _ if delta.is_none() && event.field("message").is_some() => out.fail(Fault::of(event)),
        _ => out.other(&kind, event),
    }
}

fn read_end(delta: Option<Value<'_>>, out: &mut Out<'_>) {
    let [finish, usage, error] =
        delta.map_or([None; 3], |delta| delta.fields(&["finish_reason", "usage", "error"]));
    let [tokens, cached] = usage.map_or([None; 2], |usage| usage.fields(&["tokens", "cached_tokens"]));
    let [input, output] =
        tokens.map_or([None; 2], |tokens| tokens.fields(&["input_tokens", "output_tokens"]));
    out.usage(Usage {
        input_tokens: input.and_then(Value::whole),
        output_tokens: output.and_then(Value::whole),
        cached_tokens: cached.and_then(Value::whole),
        ..Usage::default()
    });
    let said = scalar(finish);
    if !said.is_empty() {
        out.finish(0, &said);
    }
    match error {
        Some(error) => out.fail(Fault::of(error).named(said, "".into())),
        None if Finish::of(&said) == Finish::Error => out.fail(Fault::new(said, "")),
        None => out.complete(),
    }
}
