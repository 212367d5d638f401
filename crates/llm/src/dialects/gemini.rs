//! `gemini`: Google's `streamGenerateContent`, in SSE (`alt=sse`) or as the elements of one JSON array.
//!
//! - End: every candidate so far has a `finishReason`, or the prompt was blocked; then a clean end.
//! - Error: an object in `error`.
//! - Cursor: none.

use alloc::vec::Vec;

use tidewire_core::ReplyState;

use super::gemini_args::PartialArgs;
use crate::calls::CallAt;
use crate::delta::{Delta, Finish, Usage};
use crate::fault::Fault;
use crate::json::Value;
use crate::out::{Out, choice, scalar};
use crate::places::{Key, Keyed, Places};

#[derive(Clone, Debug, Default)]
pub(crate) struct Gemini {
    candidates: Vec<Candidate>,
    places: Places,
    /// So many candidates are not finished.
    unfinished: usize,
    cited: usize,
}

#[derive(Clone, Debug, Default)]
struct Candidate {
    index: u32,
    finished: bool,
    /// The call whose arguments come in parts.
    open: Option<(CallAt, PartialArgs)>,
}

impl Keyed for Candidate {
    fn choice(&self) -> u32 {
        self.index
    }
}

impl Gemini {
    pub(crate) fn read(&mut self, event: Value<'_>, out: &mut Out<'_>) {
        let [id, model, created, candidates, feedback, usage, error] = event.fields(&[
            "responseId",
            "modelVersion",
            "createTime",
            "candidates",
            "promptFeedback",
            "usageMetadata",
            "error",
        ]);
        if let Some(error) = error {
            return out.fail(Fault::of(error));
        }
        out.start(id, model, created);
        for candidate in candidates.into_iter().flat_map(Value::items) {
            self.candidate(candidate, out);
        }
        out.usage(usage_of(usage));
        let blocked = feedback.and_then(|feedback| feedback.field("blockReason"));
        if let Some(reason) = blocked {
            out.say(Delta::Finish { choice: 0, reason: Finish::ContentFilter, said: scalar(Some(reason)) });
        }
        let finished = !self.candidates.is_empty() && self.unfinished == 0;
        if finished || blocked.is_some() {
            out.reply_state(ReplyState::MayComplete);
        }
    }

    fn candidate(&mut self, candidate: Value<'_>, out: &mut Out<'_>) {
        let [index, content, finish, grounding] =
            candidate.fields(&["index", "content", "finishReason", "groundingMetadata"]);
        let index = choice(index);
        let place = self.places.find(&self.candidates, Key::Choice(index)).unwrap_or_else(|| {
            self.candidates.push(Candidate { index, ..Candidate::default() });
            self.places.added(&self.candidates);
            self.unfinished += 1;
            self.candidates.len() - 1
        });
        let own = &mut self.candidates[place];
        for part in content.and_then(|content| content.field("parts")).into_iter().flat_map(Value::items) {
            own.part(part, out);
        }
        let mut told = 0;
        let chunks = grounding.and_then(|grounding| grounding.field("groundingChunks"));
        for source in chunks.into_iter().flat_map(Value::items) {
            let [web, context] = source.fields(&["web", "retrievedContext"]);
            let [url, title] = web.or(context).map_or([None; 2], |source| source.fields(&["uri", "title"]));
            if told >= self.cited {
                out.citation(index, url, title);
            }
            told += 1;
        }
        self.cited = self.cited.max(told);
        let said = scalar(finish);
        if !said.is_empty() {
            own.close(out);
            if !core::mem::replace(&mut own.finished, true) {
                self.unfinished -= 1;
                let word = if said == "STOP" && !out.facts.calls.is_empty() { "tool_calls" } else { &*said };
                out.say(Delta::Finish { choice: index, reason: Finish::of(word), said });
            }
        }
    }
}

impl Candidate {
    fn part(&mut self, part: Value<'_>, out: &mut Out<'_>) {
        let [text, thought, call, signature] =
            part.fields(&["text", "thought", "functionCall", "thoughtSignature"]);
        match (call, text) {
            (Some(call), _) => self.call(call, out),
            (None, Some(_)) if thought.is_some_and(Value::is_true) => out.reasoning(self.index, text),
            (None, Some(_)) => out.text(self.index, text),
            (None, None) => {
                let name = part.entries().map(|(name, _)| name).find(|name| !name.is("thought"));
                return out.other(&scalar(name), part);
            }
        }
        if let Some(signature) = signature {
            out.other("thoughtSignature", signature);
        }
    }

    fn call(&mut self, call: Value<'_>, out: &mut Out<'_>) {
        let [id, name, args, parts, more] =
            call.fields(&["id", "name", "args", "partialArgs", "willContinue"]);
        if name.is_some() {
            self.close(out);
            let at = out.call(self.index, None, id, name);
            out.arguments(at, args);
            if args.is_none() {
                self.open = Some((at, PartialArgs::default()));
            }
        }
        if let Some((at, arguments)) = &mut self.open {
            for part in parts.into_iter().flat_map(Value::items) {
                let fragment = arguments.push(part);
                out.fragment(*at, &fragment);
            }
        }
        if !more.is_some_and(Value::is_true) {
            self.close(out);
        }
    }

    /// No more parts of the open call's arguments will come.
    fn close(&mut self, out: &mut Out<'_>) {
        if let Some((at, arguments)) = self.open.take() {
            out.fragment(at, &arguments.end());
        }
    }
}

fn usage_of(usage: Option<Value<'_>>) -> Usage {
    let Some(usage) = usage else { return Usage::default() };
    let [input, output, total, thoughts, cached] = usage.fields(&[
        "promptTokenCount",
        "candidatesTokenCount",
        "totalTokenCount",
        "thoughtsTokenCount",
        "cachedContentTokenCount",
    ]);
    let whole = |value: Option<Value<'_>>| value.and_then(Value::whole);
    Usage {
        input_tokens: whole(input),
        output_tokens: whole(output),
        total_tokens: whole(total),
        reasoning_tokens: whole(thoughts),
        cached_tokens: whole(cached),
        cache_write_tokens: None,
    }
}
