//! `openai-responses`: OpenAI's Responses, also from Azure, xAI, LM Studio and DeepSeek.
//!
//! - End: `response.completed`; `response.incomplete`, whose reason becomes the finish.
//! - Error: `response.failed`, `response.cancelled`, and `error`, whose fields may be nested in another `error`.
//! - Cursor: `sequence_number`; a background response resumes after it with `?stream=true&starting_after=N`.

use alloc::borrow::Cow;

use crate::calls::CallAt;
use crate::delta::Usage;
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, scalar};

#[derive(Clone, Debug, Default)]
pub(crate) struct Responses {
    /// The model waits for a tool of the caller's.
    calls_a_function: bool,
    refuses: bool,
}

impl Responses {
    pub(crate) fn read(&mut self, name: &[u8], event: Value<'_>, out: &mut Out<'_>) {
        let [kind, delta, response, item, number] =
            event.fields(&["type", "delta", "response", "item", "output_index"]);
        let kind = match kind {
            Some(kind) => scalar(Some(kind)),
            None => Cow::Borrowed(core::str::from_utf8(name).unwrap_or_default()),
        };
        if let Some(response) = response {
            let [id, model, created] = response.fields(&["id", "model", "created_at"]);
            out.start(id, model, created);
        }
        let number = number.and_then(Value::whole);
        match &*kind {
            "response.output_text.delta" => out.text(0, delta),
            "response.refusal.delta" => {
                self.refuses = true;
                out.refusal(0, delta);
            }
            "response.reasoning_text.delta"
            | "response.reasoning_summary_text.delta"
            | "response.reasoning_summary.delta"
            | "response.reasoning.delta" => out.reasoning(0, delta),
            "response.output_item.added" => {
                if let Some(item) = item.filter(|item| is_call(*item)) {
                    self.begin(number, item, out);
                }
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                if let Some(call) = call_of(number, event, out) {
                    out.arguments(call, delta);
                }
            }
            // Some servers send the whole only.
            "response.function_call_arguments.done" | "response.custom_tool_call_input.done" => {
                let [arguments, input] = event.fields(&["arguments", "input"]);
                if let Some(call) = call_of(number, event, out).filter(|call| !out.facts.calls.is_fed(*call))
                {
                    out.arguments(call, arguments.or(input));
                }
            }
            "response.output_item.done" => match item {
                Some(item) if is_call(item) => self.end_of_call(number, item, out),
                Some(item) => done_item(item, out),
                None => {}
            },
            "response.output_text.annotation.added" => {
                let annotation = event.field("annotation");
                let [url, title, file] = annotation
                    .map_or([None; 3], |annotation| annotation.fields(&["url", "title", "filename"]));
                out.citation(0, url, title.or(file));
            }
            "response.completed" | "response.done" => {
                out.usage(usage_of(response));
                let said = match (self.calls_a_function, self.refuses) {
                    (true, _) => "tool_calls",
                    (false, true) => "refusal",
                    (false, false) => "completed",
                };
                out.finish(0, said);
                out.complete();
            }
            "response.incomplete" => {
                out.usage(usage_of(response));
                let reason =
                    response.and_then(|response| response.field("incomplete_details")?.field("reason"));
                out.finish(0, &reason.map_or(Cow::Borrowed("incomplete"), |reason| scalar(Some(reason))));
                out.complete();
            }
            "response.failed" | "response.cancelled" => {
                out.usage(usage_of(response));
                let error = response.and_then(|response| response.field("error"));
                out.fail(error.map_or_else(|| Fault::new(kind.clone(), ""), Fault::of));
            }
            "error" => out.fail(Fault::of(event)),
            _ if is_progress(&kind) => {}
            _ => out.other(&kind, event),
        }
    }

    fn begin(&mut self, number: Option<u64>, item: Value<'_>, out: &mut Out<'_>) -> CallAt {
        self.calls_a_function = true;
        let [id, call_id, name, arguments, input] =
            item.fields(&["id", "call_id", "name", "arguments", "input"]);
        let call = out.call(0, number, call_id.or(id), name);
        out.arguments(call, arguments.or(input));
        call
    }

    /// What neither the item's beginning nor its pieces said.
    fn end_of_call(&mut self, number: Option<u64>, item: Value<'_>, out: &mut Out<'_>) {
        let known = number.and_then(|number| out.facts.calls.numbered(0, number));
        let known = known.or_else(|| out.facts.calls.with_id(0, &scalar(item.field("call_id"))));
        match known {
            Some(call) if !out.facts.calls.is_fed(call) => {
                let [arguments, input] = item.fields(&["arguments", "input"]);
                out.arguments(call, arguments.or(input));
            }
            Some(_) => {}
            None => {
                self.begin(number, item, out);
            }
        }
    }
}

/// Calls of the caller's own tools; the provider's run by themselves.
fn is_call(item: Value<'_>) -> bool {
    item.field("type").is_some_and(|kind| kind.is("function_call") || kind.is("custom_tool_call"))
}

fn call_of(number: Option<u64>, event: Value<'_>, out: &Out<'_>) -> Option<CallAt> {
    match number {
        Some(number) => out.facts.calls.numbered(0, number),
        None => {
            out.facts.calls.with_id(0, &scalar(event.field("call_id"))).or_else(|| out.facts.calls.last(0))
        }
    }
}

/// What the provider's own tools came to, and what a later request needs of a thought.
fn done_item(item: Value<'_>, out: &mut Out<'_>) {
    let kind = scalar(item.field("type"));
    if kind != "message" {
        out.other(&kind, item);
    }
}

/// Events that say again, or say no more, than others.
fn is_progress(kind: &str) -> bool {
    let ends = [
        ".in_progress",
        ".completed",
        ".searching",
        ".generating",
        ".interpreting",
        ".done",
        ".added",
        ".queued",
    ];
    kind == "keepalive" || kind == "response.created" || ends.iter().any(|end| kind.ends_with(end))
}

fn usage_of(response: Option<Value<'_>>) -> Usage {
    let Some(usage) = response.and_then(|response| response.field("usage")) else { return Usage::default() };
    let [input, output, total, of_input, of_output] = usage.fields(&[
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "input_tokens_details",
        "output_tokens_details",
    ]);
    let whole = |value: Option<Value<'_>>| value.and_then(Value::whole);
    Usage {
        input_tokens: whole(input),
        output_tokens: whole(output),
        total_tokens: whole(total),
        reasoning_tokens: whole(of_output.and_then(|of| of.field("reasoning_tokens"))),
        cached_tokens: whole(of_input.and_then(|of| of.field("cached_tokens"))),
        cache_write_tokens: None,
    }
}
