//! `bedrock-json`: the events of Amazon Bedrock's `ConverseStream`, each as a JSON object with the event's name as its only key.
//!
//! - End: `messageStop` and `metadata`, in either order; or `messageStop` and then a clean end.
//! - Error: an object in a field whose name ends in `Exception`.
//! - Cursor: none.

use tidewire_core::ReplyState;

use crate::delta::Usage;
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

/// What of the end has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bedrock {
    stopped: bool,
    measured: bool,
}

impl Bedrock {
    pub(crate) fn read(&mut self, event: Value<'_>, out: &mut Out<'_>) {
        for (name, value) in event.entries() {
            match &*scalar(Some(name)) {
                "messageStart" | "contentBlockStop" | "p" => {}
                "contentBlockStart" => read_start(value, out),
                "contentBlockDelta" => read_delta(value, out),
                "messageStop" => {
                    self.stopped = true;
                    out.finish(0, &scalar(value.field("stopReason")));
                }
                "metadata" => {
                    self.measured = true;
                    out.usage(usage_of(value));
                }
                name if name.ends_with("Exception") => {
                    return out.fail(Fault::new(name, scalar(value.field("message"))));
                }
                name => out.other(name, value),
            }
        }
        if self.stopped {
            out.reply_state(if self.measured { ReplyState::Complete } else { ReplyState::MayComplete });
        }
    }
}

fn read_start(value: Value<'_>, out: &mut Out<'_>) {
    let [number, start] = value.fields(&["contentBlockIndex", "start"]);
    if let Some(tool) = start.and_then(|start| start.field("toolUse")) {
        let [id, name] = tool.fields(&["toolUseId", "name"]);
        out.call(0, number.and_then(Value::whole), id, name);
    }
}

fn read_delta(value: Value<'_>, out: &mut Out<'_>) {
    let [number, delta] = value.fields(&["contentBlockIndex", "delta"]);
    let Some(delta) = delta else { return };
    let [text, tool, reasoning, citation] =
        delta.fields(&["text", "toolUse", "reasoningContent", "citation"]);
    out.text(0, text);
    if let Some(reasoning) = reasoning {
        match reasoning.field("text") {
            Some(text) => out.reasoning(0, Some(text)),
            // A signature, or what is not to be read.
            None => out.other("reasoningContent", reasoning),
        }
    }
    if let Some(tool) = tool {
        let number = number.and_then(Value::whole);
        if let Some(call) = number.and_then(|number| out.facts.calls.numbered(0, number)) {
            out.arguments(call, tool.field("input"));
        }
    }
    if let Some(citation) = citation {
        let [title, location] = citation.fields(&["title", "location"]);
        let url = location.and_then(|location| location.field("web")?.field("url"));
        out.citation(0, url, title);
    }
}

fn usage_of(metadata: Value<'_>) -> Usage {
    let Some(usage) = metadata.field("usage") else { return Usage::default() };
    let [input, output, total, read, written] = usage.fields(&[
        "inputTokens",
        "outputTokens",
        "totalTokens",
        "cacheReadInputTokens",
        "cacheWriteInputTokens",
    ]);
    let whole = |value: Option<Value<'_>>| value.and_then(Value::whole);
    Usage {
        input_tokens: whole(input),
        output_tokens: whole(output),
        total_tokens: whole(total),
        reasoning_tokens: None,
        cached_tokens: whole(read),
        cache_write_tokens: whole(written),
    }
}
