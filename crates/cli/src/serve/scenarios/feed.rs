//! Feeds of events, as notifications and tutorials have them.

use std::iter;

use serde_json::json;

use super::{
    pace,
    sse::{DONE, event},
};
use crate::serve::{
    reply::{reply_text, tokens},
    scenario::{Reply, Request},
    script::paced,
};

/// A feed of so many notifications. Who has the last one is told by 204, in the standard's way, to stop asking.
pub(super) fn notify(request: &Request<'_>) -> Reply {
    let total = request.tuning.events.unwrap_or(10);
    let seen = request.last_event_id();
    if seen >= total {
        return super::http::gone(request);
    }
    let ids = request.tuning.ids.unwrap_or(true);
    let events = (seen + 1..=total).map(move |number| {
        let name = [None, Some("update"), Some("alert")][number % 3];
        event(
            ids.then_some(number),
            name,
            &json!({ "number": number, "text": format!("通知 {number}") }).to_string(),
        )
    });
    let retry = iter::once("retry: 500\n\n".to_owned());
    Reply::sse(paced(retry.chain(events), pace::steady(request, 300)))
}

pub(super) fn heartbeat(request: &Request<'_>) -> Reply {
    let ids = request.tuning.ids.unwrap_or(false);
    let seen = if ids { request.last_event_id() } else { 0 };
    let numbered = tokens(reply_text(), Some(request.tuning.events.unwrap_or(12))).zip(1..).skip(seen);
    let events = numbered.flat_map(move |(token, number)| {
        let real = event(ids.then_some(number), None, &json!({ "type": "token", "text": token }).to_string());
        [": keep-alive\n\n".to_owned(), real, event(None, None, r#"{"type":"heartbeat"}"#)]
    });
    Reply::sse(paced(events.chain([DONE.to_owned()]), pace::steady(request, 100)))
}

/// Without end, unless `events` says how many.
pub(super) fn ticks(request: &Request<'_>) -> Reply {
    let ids = request.tuning.ids.unwrap_or(true);
    let seen = request.last_event_id();
    let last = request.tuning.events.unwrap_or(usize::MAX);
    let events = (seen.saturating_add(1)..=last)
        .map(move |number| event(ids.then_some(number), None, &format!("tick {number}")));
    Reply::sse(paced(events, pace::steady(request, 1000)))
}

pub(super) fn token_events(request: &Request<'_>) -> Reply {
    let ids = request.tuning.ids.unwrap_or(false);
    let seen = if ids { request.last_event_id() } else { 0 };
    let events =
        tokens(reply_text(), request.tuning.events).zip(1..).skip(seen).map(move |(token, number)| {
            event(ids.then_some(number), None, &json!({ "token": token }).to_string())
        });
    Reply::sse(paced(events.chain([DONE.to_owned()]), pace::uneven(request, 20..80)))
}
