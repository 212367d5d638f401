//! `openai-chat`: OpenAI's chat completions (and the older completions), also from Azure, DeepSeek, Groq, xAI, OpenRouter, Perplexity,
//! vLLM and llama.cpp.
//!
//! - End: `[DONE]`; or every choice so far has a `finish_reason`, then a clean end.
//! - Error: an object or text in `error`, alone or beside other fields; `{"object":"error","message"}` (vLLM);
//!   `{"type":"error", …}` (relays); a `finish_reason` that is `error`.
//! - Cursor: none.

use alloc::vec::Vec;

use tidewire_core::ReplyState;

use crate::delta::Usage;
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, choice, scalar};
use crate::places::{Key, Keyed, Places};

#[derive(Clone, Debug, Default)]
pub(crate) struct Chat {
    choices: Vec<Choice>,
    places: Places,
    /// So many choices are not finished.
    open: usize,
    /// Citations that were told; Perplexity repeats them all in every event.
    cited: usize,
}

#[derive(Clone, Copy, Debug)]
struct Choice {
    index: u32,
    finished: bool,
}

impl Keyed for Choice {
    fn choice(&self) -> u32 {
        self.index
    }
}

impl Chat {
    pub(crate) fn read(&mut self, event: Value<'_>, out: &mut Out<'_>) {
        let [id, model, created, choices, usage, error, object, kind, groq, citations] = event.fields(&[
            "id",
            "model",
            "created",
            "choices",
            "usage",
            "error",
            "object",
            "type",
            "x_groq",
            "citations",
        ]);
        out.start(id, model, created);
        let mut failed = false;
        for one in choices.into_iter().flat_map(Value::items) {
            failed |= self.choice(one, out);
        }
        let mut told = 0;
        for url in citations.into_iter().flat_map(Value::items) {
            if told >= self.cited {
                out.citation(0, Some(url), None);
            }
            told += 1;
        }
        self.cited = self.cited.max(told);
        if let Some(usage) = usage.or_else(|| groq?.field("usage")) {
            out.usage(usage_of(usage));
        }
        if let Some(error) = error {
            out.fail(Fault::of(error));
        } else if object.is_some_and(|object| object.is("error")) || kind.is_some_and(|kind| kind.is("error"))
        {
            out.fail(Fault::of(event));
        } else if failed {
            out.fail(Fault::new("error", ""));
        } else {
            let finished = !self.choices.is_empty() && self.open == 0;
            out.reply_state(if finished { ReplyState::MayComplete } else { ReplyState::Open });
        }
    }

    /// Says whether it reports a failure.
    fn choice(&mut self, one: Value<'_>, out: &mut Out<'_>) -> bool {
        let [index, delta, message, text, finish] =
            one.fields(&["index", "delta", "message", "text", "finish_reason"]);
        let index = choice(index);
        let place = self.places.find(&self.choices, Key::Choice(index)).unwrap_or_else(|| {
            self.choices.push(Choice { index, finished: false });
            self.places.added(&self.choices);
            self.open += 1;
            self.choices.len() - 1
        });
        // A server that does not stream sends the whole message.
        if let Some(delta) = delta.or(message) {
            read_delta(index, delta, out);
        }
        out.text(index, text);
        let said = scalar(finish);
        if said.is_empty() {
            return false;
        }
        if !core::mem::replace(&mut self.choices[place].finished, true) {
            self.open -= 1;
            out.finish(index, &said);
        }
        said == "error"
    }
}

fn read_delta(index: u32, delta: Value<'_>, out: &mut Out<'_>) {
    let [content, reasoning_content, reasoning, details, refusal, calls, call, annotations] =
        delta.fields(&[
            "content",
            "reasoning_content",
            "reasoning",
            "reasoning_details",
            "refusal",
            "tool_calls",
            "function_call",
            "annotations",
        ]);
    // Some servers send the same under two or three names.
    let said =
        reasoning_content.or(reasoning).filter(|text| text.content().is_some_and(|text| !text.is_empty()));
    out.reasoning(index, said);
    for detail in details.into_iter().flat_map(Value::items) {
        let [text, summary, kind] = detail.fields(&["text", "summary", "type"]);
        match text.or(summary) {
            Some(text) if said.is_none() => out.reasoning(index, Some(text)),
            Some(_) => {}
            // Encrypted, to be sent back.
            None => out.other(&scalar(kind), detail),
        }
    }
    read_content(index, content, out);
    out.refusal(index, refusal);
    for call in calls.into_iter().flat_map(Value::items) {
        read_call(index, call, out);
    }
    if let Some(function) = call {
        read_function(index, None, None, function, out);
    }
    for annotation in annotations.into_iter().flat_map(Value::items) {
        let source = annotation.field("url_citation").unwrap_or(annotation);
        let [url, title] = source.fields(&["url", "title"]);
        out.citation(index, url, title);
    }
}

/// A text, or (Mistral) a list of pieces, of which those of type `thinking` have a list of their own.
fn read_content(index: u32, content: Option<Value<'_>>, out: &mut Out<'_>) {
    let Some(content) = content else { return };
    out.text(index, Some(content));
    for piece in content.items() {
        let [text, thinking, kind] = piece.fields(&["text", "thinking", "type"]);
        match (text, thinking) {
            (None, None) => out.other(&scalar(kind), piece),
            (text, thinking) => {
                out.text(index, text);
                out.reasoning(index, thinking);
                for thought in thinking.into_iter().flat_map(Value::items) {
                    out.reasoning(index, thought.field("text"));
                }
            }
        }
    }
}

fn read_call(index: u32, call: Value<'_>, out: &mut Out<'_>) {
    let [number, id, function, custom] = call.fields(&["index", "id", "function", "custom"]);
    if let Some(function) = function.or(custom) {
        read_function(index, number.and_then(Value::whole), id, function, out);
    }
}

fn read_function(
    index: u32,
    number: Option<u64>,
    id: Option<Value<'_>>,
    function: Value<'_>,
    out: &mut Out<'_>,
) {
    let [name, arguments, input] = function.fields(&["name", "arguments", "input"]);
    let known = out.facts.calls.continued(index, number, &scalar(id), &scalar(name));
    let call = known.unwrap_or_else(|| out.call(index, number, id, name));
    out.arguments(call, arguments.or(input));
}

pub(super) fn usage_of(usage: Value<'_>) -> Usage {
    let [input, output, total, of_input, of_output, hit] = usage.fields(&[
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "prompt_cache_hit_tokens",
    ]);
    let [cached, written] =
        of_input.map_or([None; 2], |of| of.fields(&["cached_tokens", "cache_write_tokens"]));
    let reasoning = of_output.and_then(|of| of.field("reasoning_tokens"));
    let whole = |value: Option<Value<'_>>| value.and_then(Value::whole);
    Usage {
        input_tokens: whole(input),
        output_tokens: whole(output),
        total_tokens: whole(total),
        reasoning_tokens: whole(reasoning),
        cached_tokens: whole(cached.or(hit)),
        cache_write_tokens: whole(written),
    }
}
