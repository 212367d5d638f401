//! `generic`: records in no known dialect, with the text at the caller's path or at a usual place. A record that is not JSON, or is a
//! JSON string, is the text itself.
//!
//! - End: `[DONE]`, or a `done` that is `true`. Once a record has had a `done` that is `false`, one of these must arrive; otherwise a clean
//!   end is an end.
//! - Error: a value in `error` other than an empty text; a record of type `error`.
//! - Cursor: none.

use tidewire_core::ReplyState;
use tidewire_core::json::{Path, lookup};

use crate::dialect::Paths;
use crate::fault::Fault;
use crate::json::Value;
use crate::out::Out;

#[derive(Clone, Debug)]
pub(crate) struct Generic {
    paths: Paths,
}

impl Generic {
    pub(super) const fn new(paths: Paths) -> Self {
        Self { paths }
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
        out.reasoning(0, reasoning);
        out.text(0, text.or(Some(event)));
        if text.is_none() && reasoning.is_none() && event.is_object() {
            out.other("record", event);
        }
        let done = at(event, &self.paths.done, |value| matches!(value.as_bytes(), b"true" | b"false"));
        match done.map(Value::is_true) {
            Some(true) => {
                out.finish(0, "stop");
                out.complete();
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
