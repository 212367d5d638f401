//! `generic`: records in no known dialect, with the text at the caller's path or at a usual place. A record that is not JSON, or is a
//! JSON string, is the text itself.
//!
//! - End: `[DONE]`, or a `done` that is `true`. Once a record has had a `done` that is `false`, one of these must arrive; otherwise a clean
//!   end is an end.
//! - Error: a value in `error` other than an empty text; a record of type `error`.
//! - Cursor: none.

use tidewire_core::ReplyState;
use tidewire_core::json::{Path, lookup};

use crate::delta::{Delta, Finish};
use crate::dialect::Paths;
use crate::fault::Fault;
use crate::grow::Slot;
use crate::json::Value;
use crate::out::Out;

#[derive(Clone, Debug, Default)]
pub(crate) struct Generic {
    paths: Paths,
}

impl Generic {
    pub(super) const fn new(paths: Paths) -> Self {
        Self { paths }
    }

    /// Whether there is text in a record.
    pub(crate) fn has_text(&self, event: Value<'_>) -> bool {
        let [kind] = event.fields(&["type"]);
        let paths = self.paths.text.iter().chain(&self.paths.reasoning);
        event.content().is_some()
            || (kind.is_none()
                && paths
                    .filter_map(|path| lookup(event.as_bytes(), path))
                    .any(|value| value.starts_with(b"\"")))
    }

    pub(crate) fn read(&self, event: Value<'_>, out: &mut Out<'_>) {
        let [error, kind, id, model] = event.fields(&["error", "type", "id", "model"]);
        if let Some(error) = error.filter(|error| error.content().is_none_or(|text| !text.is_empty())) {
            return out.fail(Fault::of(error));
        }
        if kind.is_some_and(|kind| kind.is("error")) {
            return out.fail(Fault::of(event));
        }
        if model.is_some() {
            out.start(id, model, None);
        }
        let text = at(event, &self.paths.text, |value| value.content().is_some());
        let reasoning = at(event, &self.paths.reasoning, |value| value.content().is_some());
        if let Some(reasoning) = reasoning {
            out.piece(Slot::Reasoning { choice: 0 }, reasoning, 0);
        }
        if let Some(text) = text.or(Some(event).filter(|event| event.content().is_some())) {
            out.piece(Slot::Text { choice: 0 }, text, 0);
        }
        if text.is_none() && reasoning.is_none() && event.is_object() {
            out.other("record", event);
        }
        let done = at(event, &self.paths.done, |value| matches!(value.as_bytes(), b"true" | b"false"));
        match done.map(Value::is_true) {
            Some(true) => {
                out.say(Delta::Finish { choice: 0, reason: Finish::Stop, said: "stop".into() });
                out.reply_state(ReplyState::Complete);
            }
            Some(false) => out.reply_state(ReplyState::Open),
            None => {}
        }
    }
}

/// What the first of the paths leads to.
fn at<'a>(event: Value<'a>, paths: &[Path], fits: impl Fn(Value<'a>) -> bool) -> Option<Value<'a>> {
    let found = |path| Value::parse(lookup(event.as_bytes(), path)?).ok();
    paths.iter().filter_map(found).find(|value| fits(*value))
}
