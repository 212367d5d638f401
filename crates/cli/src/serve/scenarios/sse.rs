//! Server-sent events, and OpenAI-shaped chunks as events.

use std::borrow::Cow;

use serde_json::json;

use crate::serve::{response::ScenarioRequest, texts::tokens};

/// The end marker of OpenAI-shaped streams.
pub(super) const DONE: &str = "data: [DONE]\n\n";

/// Events as they are written, each whole.
pub(super) type Events = Box<dyn Iterator<Item = String> + Send>;

/// One event. Its id comes first, so that a cut can fall into it before there is data.
pub(super) fn event(id: Option<usize>, name: Option<&str>, data: &str) -> String {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
    format!("{id}{name}data: {data}\n\n")
}

/// `text` in OpenAI-shaped chunks, then `[DONE]`.
///
/// With `ids`, the chunks up to `Last-Event-ID` are left out; `[DONE]` has no id.
pub(super) fn chat_events(
    request: &ScenarioRequest<'_>,
    text: impl Into<Cow<'static, str>>,
    ids: bool,
) -> Events {
    let seen = if ids { request.last_event_id() } else { 0 };
    Box::new(chat_chunks(request, text, ids, seen).chain([DONE.to_owned()]))
}

/// The chunks of `text` after the first `seen`: the role, the tokens, `finish_reason`. With `ids` they are numbered from 1.
pub(super) fn chat_chunks(
    request: &ScenarioRequest<'_>,
    text: impl Into<Cow<'static, str>>,
    ids: bool,
    seen: usize,
) -> Events {
    let tokens = tokens(text, request.params.events);
    let count = tokens.len();
    let role = Some((r#"{"role":"assistant","content":""}"#.to_owned(), "null")).filter(|_| seen == 0);
    let contents = tokens
        .starting_at(seen.saturating_sub(1))
        .map(|token| (json!({ "content": token }).to_string(), "null"));
    let finish = Some(("{}".to_owned(), r#""stop""#)).filter(|_| seen <= count.saturating_add(1));
    let chunks = role.into_iter().chain(contents).chain(finish);
    Box::new(
        chunks
            .zip(seen.saturating_add(1)..)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::{params::ScenarioParams, texts::reply_text};

    #[test]
    fn chunks_after_some_are_those_that_follow_them() {
        for events in [None, Some(0), Some(3), Some(200)] {
            let params = ScenarioParams { events, ..Default::default() };
            let request = ScenarioRequest::test(&params);
            let chunks = |seen| chat_chunks(&request, reply_text(), true, seen).collect::<Vec<_>>();
            let all = chunks(0);
            for seen in 0..=all.len() + 2 {
                assert_eq!(chunks(seen), all[seen.min(all.len())..], "{events:?} events, {seen} seen");
            }
            assert!(chunks(usize::MAX).is_empty());
        }
    }
}
