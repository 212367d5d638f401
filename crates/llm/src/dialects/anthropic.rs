//! `anthropic`: Anthropic's Messages.
//!
//! - End: `message_stop`.
//! - Error: `error`, by its own type or its event's name.
//! - Cursor: none.

use alloc::borrow::Cow;

use crate::delta::Usage;
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

pub(super) fn read(name: &[u8], event: Value<'_>, out: &mut Out<'_>) {
    let [kind, message, index, block, delta, usage] =
        event.fields(&["type", "message", "index", "content_block", "delta", "usage"]);
    let kind = match kind {
        Some(kind) => scalar(Some(kind)),
        None => Cow::Borrowed(core::str::from_utf8(name).unwrap_or_default()),
    };
    let number = index.and_then(Value::whole);
    match (&*kind, block, delta) {
        ("message_start", _, _) => {
            let [id, model, usage] =
                message.map_or([None; 3], |message| message.fields(&["id", "model", "usage"]));
            out.start(id, model, None);
            out.usage(usage_of(usage));
        }
        ("content_block_start", Some(block), _) => read_block(number, block, out),
        ("content_block_delta", _, Some(delta)) => read_delta(number, delta, out),
        ("message_delta", _, _) => {
            let said = scalar(delta.and_then(|delta| delta.field("stop_reason")));
            out.usage(usage_of(usage));
            if !said.is_empty() {
                out.finish(0, &said);
            }
        }
        ("message_stop", _, _) => out.complete(),
        ("error", _, _) => out.fail(Fault::of(event)),
        ("ping" | "content_block_stop", _, _) => {}
        _ => out.other(&kind, event),
    }
}

fn read_block(number: Option<u64>, block: Value<'_>, out: &mut Out<'_>) {
    let [kind, text, thinking, id, name, input] =
        block.fields(&["type", "text", "thinking", "id", "name", "input"]);
    match &*scalar(kind) {
        "text" => out.text(0, text),
        "thinking" => out.reasoning(0, thinking),
        "tool_use" => {
            let call = out.call(0, number, id, name);
            // Its arguments come in pieces; here they are an empty object.
            if input.is_some_and(|input| input.entries().next().is_some()) {
                out.arguments(call, input);
            }
        }
        kind => out.other(kind, block),
    }
}

fn read_delta(number: Option<u64>, delta: Value<'_>, out: &mut Out<'_>) {
    let [kind, text, thinking, json, citation] =
        delta.fields(&["type", "text", "thinking", "partial_json", "citation"]);
    let kind = scalar(kind);
    match (&*kind, citation) {
        ("text_delta", _) => out.text(0, text),
        ("thinking_delta", _) => out.reasoning(0, thinking),
        ("input_json_delta", _) => match number.and_then(|number| out.facts.calls.numbered(0, number)) {
            Some(call) => out.arguments(call, json),
            // The provider's own tool.
            None => out.other(&kind, delta),
        },
        ("citations_delta", Some(citation)) => {
            let [url, title, document] = citation.fields(&["url", "title", "document_title"]);
            out.citation(0, url, title.or(document));
        }
        _ => out.other(&kind, delta),
    }
}

fn usage_of(usage: Option<Value<'_>>) -> Usage {
    let Some(usage) = usage else { return Usage::default() };
    let [input, output, read, written] = usage.fields(&[
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ]);
    let whole = |value: Option<Value<'_>>| value.and_then(Value::whole);
    Usage {
        input_tokens: whole(input),
        output_tokens: whole(output),
        cached_tokens: whole(read),
        cache_write_tokens: whole(written),
        ..Usage::default()
    }
}
