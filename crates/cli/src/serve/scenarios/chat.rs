//! Scenarios that stream an LLM's reply, whole or with a failure.

use std::{iter, time::Duration};

use axum::http::StatusCode;
use bytes::Bytes;
use serde::Deserialize;

use super::{
    pace,
    sse::{DONE, Events, chat_chunks, chat_events, event},
};
use crate::serve::{
    response::{ScenarioRequest, ScriptedResponse},
    script::{Script, ScriptStep, paced},
    texts::{flaky_text, prompt_text, reply_text, tokens},
};

pub(super) fn chat(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    ScriptedResponse::sse(model_paced(request, reply(request)))
}

pub(super) fn slow_headers(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let delay = request.params.silence().unwrap_or(Duration::from_secs(3));
    ScriptedResponse::sse(paced(reply(request), pace::steady(request, 20))).after(delay)
}

pub(super) fn think(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let silence = request.params.silence().unwrap_or(Duration::from_secs(20));
    ScriptedResponse::sse(silent_after(1, ScriptStep::Pause(silence), request))
}

pub(super) fn stall(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let silence = request.params.silence().map_or(ScriptStep::Stall, ScriptStep::Pause);
    ScriptedResponse::sse(silent_after(4, silence, request))
}

pub(super) fn truncate(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let whole = request.params.events.unwrap_or(10);
    let mut pieces = reply(request).take(1 + whole + 1).map(String::into_bytes).peekable();
    let pieces = iter::from_fn(move || {
        let mut piece = pieces.next()?;
        if pieces.peek().is_none() {
            piece.truncate(piece.len() / 2);
        }
        Some(piece)
    });
    ScriptedResponse::sse(cut_after(model_paced(request, pieces)))
}

pub(super) fn midstream_error(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    const ERROR: &str =
        r#"{"error":{"type":"overloaded_error","code":529,"message":"the model is overloaded"}}"#;
    let tokens = reply(request).take(1 + request.params.events.unwrap_or(8));
    let events = tokens.chain([event(None, Some("error"), ERROR), DONE.to_owned()]);
    ScriptedResponse::sse(model_paced(request, events))
}

pub(super) fn prompt(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    #[derive(Deserialize)]
    struct Question {
        prompt: String,
    }

    match serde_json::from_slice::<Question>(request.body) {
        Ok(Question { prompt }) => {
            let ids = request.params.ids.unwrap_or(false);
            ScriptedResponse::sse(model_paced(request, chat_events(request, prompt_text(&prompt), ids)))
        }
        Err(error) => ScriptedResponse::refusal(
            StatusCode::BAD_REQUEST,
            &format!(r#"expected a JSON body such as {{"prompt":"Why is the sky blue?"}}: {error}"#),
        ),
    }
}

/// Each connection delivers at least a few whole events, and then breaks inside the next one.
pub(super) fn flaky(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let ids = request.params.ids.unwrap_or(true);
    let seen = if ids { request.last_event_id() } else { 0 };
    let cut = match request.params.cuts {
        Some(0) => None,
        _ => breaks(flaky_text(), request.params.events).find(|(at, _)| *at > seen),
    };
    let chunks = chat_chunks(request, flaky_text(), ids, seen);
    let retry = [Bytes::from("retry: 200\n\n")].into_iter();
    match cut {
        Some((at, place)) => {
            let last = at - seen;
            let pieces = chunks.take(last + 1).enumerate().map(move |(number, chunk)| match number == last {
                true => Bytes::copy_from_slice(place.cut(&chunk)),
                false => Bytes::from(chunk),
            });
            ScriptedResponse::sse(cut_after(paced(retry.chain(pieces), pace::steady(request, 40))))
        }
        None => {
            let pieces = chunks.map(Bytes::from).chain([Bytes::from(DONE)]);
            ScriptedResponse::sse(paced(retry.chain(pieces), pace::steady(request, 40)))
        }
    }
}

fn reply(request: &ScenarioRequest<'_>) -> Events {
    chat_events(request, reply_text(), request.params.ids.unwrap_or(false))
}

fn model_paced<P>(request: &ScenarioRequest<'_>, events: impl Iterator<Item = P> + Send + 'static) -> Script
where
    P: Into<Bytes> + 'static,
{
    paced(events, pace::uneven(request, 50..200))
}

fn cut_after(script: Script) -> Script {
    Box::new(script.chain([ScriptStep::Cut]))
}

fn silent_after(events: usize, silence: ScriptStep, request: &ScenarioRequest<'_>) -> Script {
    let mut reply = reply(request);
    let before: Vec<_> = reply.by_ref().take(events).collect();
    let before = model_paced(request, before.into_iter());
    Box::new(before.chain([silence]).chain(model_paced(request, reply)))
}

/// Where `flaky` cuts inside an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutPlace {
    Json,
    Character,
    BlankLine,
    Id,
}

impl CutPlace {
    const ALL: [Self; 4] = [Self::Json, Self::Character, Self::BlankLine, Self::Id];

    /// The part of `event` before the cut.
    fn cut(self, event: &str) -> &[u8] {
        let bytes = event.as_bytes();
        let middle = event.find('{').map_or(0, |json| (json + bytes.len()) / 2);
        let end = match self {
            Self::Json => middle,
            Self::Character => bytes.iter().position(|byte| !byte.is_ascii()).map_or(middle, |at| at + 1),
            Self::BlankLine => bytes.len() - 1,
            // Inside the number if it has two digits: `id: 1` of `id: 12`.
            Self::Id => event.find('\n').map_or(1, |line| line - 1),
        };
        &bytes[..end]
    }
}

/// The chunks of `text` that are cut, counted from 0, each with the place of its cut. Between two of them, at least [`WHOLE`] arrive whole.
///
/// The text is read once, however often `events` repeats it.
fn breaks(text: &'static str, events: Option<usize>) -> impl Iterator<Item = (usize, CutPlace)> {
    const WHOLE: usize = 7;
    let is_ascii: Vec<bool> = tokens(text, None).map(|token| token.is_ascii()).collect();
    // The role precedes the tokens, and the finish follows them.
    let chunks = 1 + tokens(text, events).len() + 1;
    let is_wide = move |chunk: usize| {
        let token =
            chunk.checked_sub(1).filter(|_| chunk < chunks - 1).and_then(|at| at.checked_rem(is_ascii.len()));
        token.is_some_and(|token| !is_ascii[token])
    };
    let mut places = CutPlace::ALL.into_iter().cycle();
    let mut at = WHOLE;
    iter::from_fn(move || {
        let place = places.next()?;
        if place == CutPlace::Character {
            at = (at..chunks).find(|chunk| is_wide(*chunk)).unwrap_or(at);
        }
        let cut = (at < chunks).then_some((at, place));
        at += WHOLE;
        cut
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::params::ScenarioParams;

    #[test]
    fn each_place_cuts_where_it_says() {
        let event = "id: 12\ndata: {\"a\":\"波\"}\n\n";
        let rows: [(CutPlace, &[u8]); 4] = [
            (CutPlace::Json, b"id: 12\ndata: {\"a\":\""),
            (CutPlace::Character, b"id: 12\ndata: {\"a\":\"\xE6"),
            (CutPlace::BlankLine, "id: 12\ndata: {\"a\":\"波\"}\n".as_bytes()),
            (CutPlace::Id, b"id: 1"),
        ];
        for (place, want) in rows {
            assert_eq!(place.cut(event), want, "{place:?}");
        }
    }

    #[test]
    fn chat_takes_6_to_10_seconds() {
        let params = Default::default();
        let pauses = chat(&ScenarioRequest::test(&params)).script.filter_map(|step| match step {
            ScriptStep::Pause(pause) => Some(pause),
            ScriptStep::Bytes(_) | ScriptStep::Stall | ScriptStep::Cut | ScriptStep::End => None,
        });
        let total: Duration = pauses.sum();
        assert!((6..10).contains(&total.as_secs()), "{total:?}");
    }

    #[test]
    fn flaky_cuts_in_every_place_with_whole_events_between() {
        for events in [None, Some(40), Some(300)] {
            let params = ScenarioParams { events, ..Default::default() };
            let request = ScenarioRequest::test(&params);
            let chunks: Vec<_> = chat_chunks(&request, flaky_text(), true, 0).collect();
            let breaks: Vec<_> = breaks(flaky_text(), events).collect();
            for place in CutPlace::ALL {
                assert!(breaks.iter().any(|(_, broken)| *broken == place), "{place:?} in {breaks:?}");
            }
            assert!(breaks.windows(2).all(|pair| pair[0].0 + 7 <= pair[1].0), "{breaks:?}");
            let last = breaks.last().unwrap().0;
            assert!(last < chunks.len(), "{breaks:?}");
            let cut_characters = breaks.iter().filter(|(_, place)| *place == CutPlace::Character);
            assert!(cut_characters.clone().all(|(at, _)| !chunks[*at].is_ascii()), "{breaks:?}");
        }
        assert_eq!(breaks(flaky_text(), Some(0)).count(), 0);
    }

    #[test]
    fn truncate_ends_inside_the_event_after_the_requested_ones() {
        let params = ScenarioParams { events: Some(3), ..Default::default() };
        let steps: Vec<_> = truncate(&ScenarioRequest::test(&params)).script.collect();
        let pieces: Vec<_> = steps.iter().filter(|step| matches!(step, ScriptStep::Bytes(_))).collect();
        assert_eq!(pieces.len(), 1 + 3 + 1);
        let ScriptStep::Bytes(last) = pieces[4] else { panic!("{pieces:?}") };
        assert!(last.starts_with(b"data: {") && !last.ends_with(b"\n"), "{last:?}");
        assert_eq!(steps.last(), Some(&ScriptStep::Cut));
    }
}
