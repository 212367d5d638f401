//! Feeds of events: notifications, heartbeats, ticks, and what tutorials show.

use std::iter;

use serde_json::json;

use super::{
    pace,
    sse::{DONE, event},
};
use crate::serve::{
    response::{ScenarioRequest, ScriptedResponse},
    script::paced,
    texts::{reply_text, tokens},
};

/// A feed of notifications. A client that has the last one gets 204, after which the standard lets it connect no more.
pub(super) fn notify(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let total = request.params.events.unwrap_or(10);
    let seen = request.last_event_id();
    if seen >= total {
        return super::http::gone(request);
    }
    let ids = request.params.ids.unwrap_or(true);
    let events = (seen + 1..=total).map(move |number| {
        let name = [None, Some("update"), Some("alert")][number % 3];
        event(
            ids.then_some(number),
            name,
            &json!({ "number": number, "text": format!("通知 {number}") }).to_string(),
        )
    });
    let retry = iter::once("retry: 500\n\n".to_owned());
    ScriptedResponse::sse(paced(retry.chain(events), pace::steady(request, 300)))
}

pub(super) fn heartbeat(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let ids = request.params.ids.unwrap_or(false);
    let seen = if ids { request.last_event_id() } else { 0 };
    let tokens = tokens(reply_text(), Some(request.params.events.unwrap_or(12))).starting_at(seen);
    let numbered = tokens.zip(seen.saturating_add(1)..);
    let events = numbered.flat_map(move |(token, number)| {
        let real = event(ids.then_some(number), None, &json!({ "type": "token", "text": token }).to_string());
        [": keep-alive\n\n".to_owned(), real, event(None, None, r#"{"type":"heartbeat"}"#)]
    });
    ScriptedResponse::sse(paced(events.chain([DONE.to_owned()]), pace::steady(request, 100)))
}

/// A tick each second, without end unless `events` says how many.
pub(super) fn ticks(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let ids = request.params.ids.unwrap_or(true);
    let seen = request.last_event_id();
    let last = request.params.events.unwrap_or(usize::MAX);
    let events = (seen.saturating_add(1)..=last)
        .map(move |number| event(ids.then_some(number), None, &format!("tick {number}")));
    ScriptedResponse::sse(paced(events, pace::steady(request, 1000)))
}

pub(super) fn token_events(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let ids = request.params.ids.unwrap_or(false);
    let seen = if ids { request.last_event_id() } else { 0 };
    let tokens = tokens(reply_text(), request.params.events).starting_at(seen);
    let events = tokens.zip(seen.saturating_add(1)..).map(move |(token, number)| {
        event(ids.then_some(number), None, &json!({ "token": token }).to_string())
    });
    ScriptedResponse::sse(paced(events.chain([DONE.to_owned()]), pace::uneven(request, 20..80)))
}
