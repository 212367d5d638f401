//! Server-sent events and the OpenAI-shaped chunks in them.

use std::iter;

use serde_json::json;

use crate::serve::{reply::tokens, scenario::Request};

/// The end marker of OpenAI-shaped streams.
pub(super) const DONE: &str = "data: [DONE]\n\n";

/// Events of any kind, each with its bytes whole.
pub(super) type Events = Box<dyn Iterator<Item = String> + Send>;

/// One event: its id first, so that a cut can fall into it before there is data.
pub(super) fn event(id: Option<usize>, name: Option<&str>, data: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
    format!("{id}{name}data: {data}\n\n")
}

/// `text` in OpenAI-shaped chunks, then `[DONE]`.
///
/// With `ids`, the chunks up to `Last-Event-ID` are left out; `[DONE]` has no id.
pub(super) fn chat_events(request: &Request<'_>, text: impl AsRef<str>, ids: bool) -> Events {
    let seen = if ids { request.last_event_id() } else { 0 };
    Box::new(chat_chunks(request, text, ids).skip(seen).chain([DONE.to_owned()]))
}

/// The chunks of `text`: the role, the tokens, `finish_reason`. With `ids` they are numbered from 1.
pub(super) fn chat_chunks(request: &Request<'_>, text: impl AsRef<str>, ids: bool) -> Events {
    let role = r#"{"role":"assistant","content":""}"#.to_owned();
    let contents =
        tokens(text, request.tuning.events).map(|token| (json!({ "content": token }).to_string(), "null"));
    let chunks = iter::once((role, "null")).chain(contents).chain([("{}".to_owned(), r#""stop""#)]);
    Box::new(
        chunks
            .zip(1..)
            .map(move |((delta, finish), number)| event(ids.then_some(number), None, &chunk(&delta, finish))),
    )
}

/// Written out, so that the fields have the order of the real thing.
fn chunk(delta: &str, finish_reason: &str) -> String {
    let choice = format!(r#"{{"index":0,"delta":{delta},"finish_reason":{finish_reason}}}"#);
    format!(
        r#"{{"id":"chatcmpl-tidewire","object":"chat.completion.chunk","created":1760000000,"model":"tidewire-demo","choices":[{choice}]}}"#
    )
}
