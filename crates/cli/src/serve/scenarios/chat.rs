//! Replies of a language model, and the ways in which they fail.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;

use super::{
    pace,
    sse::{DONE, Events, chat_chunks, chat_events, event},
};
use crate::serve::{
    reply::{flaky_text, prompt_text, reply_text},
    scenario::{Reply, Request},
    script::{Script, Step, paced},
};

pub(super) fn chat(request: &Request<'_>) -> Reply {
    Reply::sse(model_paced(request, reply(request)))
}

pub(super) fn slow_headers(request: &Request<'_>) -> Reply {
    let delay = request.tuning.silence().unwrap_or(Duration::from_secs(3));
    Reply::sse(paced(reply(request), pace::steady(request, 20))).after(delay)
}

pub(super) fn think(request: &Request<'_>) -> Reply {
    let silence = request.tuning.silence().unwrap_or(Duration::from_secs(20));
    Reply::sse(silent_after(1, Step::Pause(silence), request))
}

pub(super) fn stall(request: &Request<'_>) -> Reply {
    let silence = request.tuning.silence().map_or(Step::Stall, Step::Pause);
    Reply::sse(silent_after(4, silence, request))
}

pub(super) fn truncate(request: &Request<'_>) -> Reply {
    let whole = request.tuning.events.unwrap_or(10);
    let mut pieces: Vec<_> = reply(request).map(String::into_bytes).take(1 + whole + 1).collect();
    if let Some(last) = pieces.last_mut() {
        last.truncate(last.len() / 2);
    }
    Reply::sse(cut_after(model_paced(request, pieces.into_iter())))
}

pub(super) fn midstream_error(request: &Request<'_>) -> Reply {
    const ERROR: &str =
        r#"{"error":{"type":"overloaded_error","code":529,"message":"the model is overloaded"}}"#;
    let tokens = reply(request).take(1 + request.tuning.events.unwrap_or(8));
    let events = tokens.chain([event(None, Some("error"), ERROR), DONE.to_owned()]);
    Reply::sse(model_paced(request, events))
}

pub(super) fn prompt(request: &Request<'_>) -> Reply {
    #[derive(Deserialize)]
    struct Question {
        prompt: String,
    }

    match serde_json::from_slice::<Question>(request.body) {
        Ok(Question { prompt }) => {
            let ids = request.tuning.ids.unwrap_or(false);
            Reply::sse(model_paced(request, chat_events(request, prompt_text(&prompt), ids)))
        }
        Err(error) => Reply::refusal(
            StatusCode::BAD_REQUEST,
            &format!(r#"expected a JSON body such as {{"prompt":"Why is the sky blue?"}}: {error}"#),
        ),
    }
}

/// Each connection brings a few whole events more, and then breaks inside the next.
pub(super) fn flaky(request: &Request<'_>) -> Reply {
    let ids = request.tuning.ids.unwrap_or(true);
    let chunks: Vec<_> = chat_chunks(request, flaky_text(), ids).collect();
    let seen = if ids { request.last_event_id().min(chunks.len()) } else { 0 };
    let cut = breaks(&chunks).into_iter().find(|(at, _)| *at > seen && request.tuning.cuts != Some(0));

    let mut pieces = vec![Bytes::from("retry: 200\n\n")];
    let whole = seen..cut.map_or(chunks.len(), |(at, _)| at);
    pieces.extend(chunks[whole].iter().cloned().map(Bytes::from));
    pieces.push(match cut {
        Some((at, place)) => Bytes::copy_from_slice(place.cut(&chunks[at])),
        None => Bytes::from(DONE),
    });
    let script = paced(pieces.into_iter(), pace::steady(request, 40));
    Reply::sse(if cut.is_some() { cut_after(script) } else { script })
}

fn reply(request: &Request<'_>) -> Events {
    chat_events(request, reply_text(), request.tuning.ids.unwrap_or(false))
}

fn model_paced<P>(request: &Request<'_>, events: impl Iterator<Item = P> + Send + 'static) -> Script
where
    P: Into<Bytes> + 'static,
{
    paced(events, pace::uneven(request, 50..200))
}

fn cut_after(script: Script) -> Script {
    Box::new(script.chain([Step::Cut]))
}

fn silent_after(events: usize, silence: Step, request: &Request<'_>) -> Script {
    let mut reply = reply(request);
    let before: Vec<_> = reply.by_ref().take(events).collect();
    let before = model_paced(request, before.into_iter());
    Box::new(before.chain([silence]).chain(model_paced(request, reply)))
}

/// Where inside an event `flaky` cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Json,
    Character,
    BlankLine,
    Id,
}

impl Place {
    /// What comes of `event` before the cut.
    fn cut(self, event: &str) -> &[u8] {
        let bytes = event.as_bytes();
        let middle = event.find('{').map_or(0, |json| (json + bytes.len()) / 2);
        let end = match self {
            Self::Json => middle,
            Self::Character => bytes.iter().position(|byte| !byte.is_ascii()).map_or(middle, |at| at + 1),
            Self::BlankLine => bytes.len() - 1,
            // Inside the number where it has two digits: `id: 1` of `id: 12`.
            Self::Id => event.find('\n').map_or(1, |line| line - 1),
        };
        &bytes[..end]
    }
}

/// The events that are cut, and where; between two of them, at least [`WHOLE`] come whole.
fn breaks(events: &[String]) -> Vec<(usize, Place)> {
    const WHOLE: usize = 7;
    let mut breaks = Vec::new();
    let mut at = WHOLE;
    for place in [Place::Json, Place::Character, Place::BlankLine, Place::Id].into_iter().cycle() {
        let Some(ahead) = events.get(at..).filter(|ahead| !ahead.is_empty()) else { break };
        if place == Place::Character {
            at += ahead.iter().position(|event| !event.is_ascii()).unwrap_or(0);
        }
        breaks.push((at, place));
        at += WHOLE;
    }
    breaks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_cuts_where_it_says() {
        let event = "id: 12\ndata: {\"a\":\"波\"}\n\n";
        let rows: [(Place, &[u8]); 4] = [
            (Place::Json, b"id: 12\ndata: {\"a\":\""),
            (Place::Character, b"id: 12\ndata: {\"a\":\"\xE6"),
            (Place::BlankLine, "id: 12\ndata: {\"a\":\"波\"}\n".as_bytes()),
            (Place::Id, b"id: 1"),
        ];
        for (place, want) in rows {
            assert_eq!(place.cut(event), want, "{place:?}");
        }
    }

    #[test]
    fn chat_takes_6_to_10_seconds() {
        let tuning = Default::default();
        let pauses = chat(&Request::test(&tuning)).script.filter_map(|step| match step {
            Step::Pause(pause) => Some(pause),
            Step::Bytes(_) | Step::Stall | Step::Cut | Step::End => None,
        });
        let total: Duration = pauses.sum();
        assert!((6..10).contains(&total.as_secs()), "{total:?}");
    }

    #[test]
    fn flaky_cuts_in_every_place_and_leaves_room_between() {
        let tuning = Default::default();
        let request = Request::test(&tuning);
        let chunks: Vec<_> = chat_chunks(&request, flaky_text(), true).collect();
        let breaks = breaks(&chunks);
        for place in [Place::Json, Place::Character, Place::BlankLine, Place::Id] {
            assert!(breaks.iter().any(|(_, broken)| *broken == place), "{place:?} in {breaks:?}");
        }
        assert!(breaks.windows(2).all(|pair| pair[0].0 + 7 <= pair[1].0), "{breaks:?}");
        assert!(
            breaks
                .iter()
                .filter(|(_, place)| *place == Place::Character)
                .all(|(at, _)| !chunks[*at].is_ascii())
        );
    }
}
