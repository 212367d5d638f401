//! Scenarios whose bytes are cut into difficult pieces.

use std::{iter, sync::Arc, time::Duration};

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use serde_json::json;

use super::{
    pace,
    sse::{DONE, chat_events, event},
};
use crate::serve::{
    response::{ScenarioRequest, ScriptedResponse},
    script::{ScriptStep, paced},
    texts::{reply_text, tokens},
};

/// Three events in each write: the second half of one, two whole ones, the first half of another.
pub(super) fn glued(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let mut events = chat_events(request, reply_text(), request.params.ids.unwrap_or(false));
    let mut carried = Some(Vec::new());
    let writes = iter::from_fn(move || {
        let mut write = carried.take()?;
        for event in events.by_ref().take(2) {
            write.extend_from_slice(event.as_bytes());
        }
        carried = events.next().map(|event| {
            let (first, second) = event.as_bytes().split_at(event.len() / 2);
            write.extend_from_slice(first);
            second.to_vec()
        });
        Some(write)
    });
    ScriptedResponse::sse(paced(writes, pace::steady(request, 150)))
}

pub(super) fn split(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let mut params = request.params.clone();
    params.events.get_or_insert(8);
    let request = &ScenarioRequest { params: &params, ..*request };
    let events = chat_events(request, reply_text(), params.ids.unwrap_or(false));
    let bytes = events.flat_map(|event| event.into_bytes().into_iter().map(|byte| vec![byte]));
    ScriptedResponse::sse(paced(bytes, pace::steady(request, 1)))
}

/// Small events, a big one in three bursts, and `[DONE]`.
pub(super) fn bigfinal(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let asked = request.params.bytes.unwrap_or(2 << 20);
    let Some(bytes) = usize::try_from(asked).ok().filter(|bytes| *bytes <= MAX_BIG_BYTES) else {
        let problem = format!("bytes: expected a number up to {MAX_BIG_BYTES}, not `{asked}`");
        return ScriptedResponse::refusal(StatusCode::BAD_REQUEST, &problem);
    };
    let small = (1..=request.params.events.unwrap_or(5))
        .map(|number| event(None, None, &json!({ "type": "progress", "step": number }).to_string()));
    let small = paced(small, pace::steady(request, 50));
    let pause = ScriptStep::Pause(request.params.interval().unwrap_or(Duration::from_millis(50)));
    let before = pause.clone();
    let big = big_event(bytes).flat_map(move |(begins_burst, piece)| {
        begins_burst.then(|| before.clone()).into_iter().chain([ScriptStep::bytes(piece)])
    });
    ScriptedResponse::sse(Box::new(small.chain(big).chain([pause, ScriptStep::bytes(DONE)])))
}

/// The largest event of `bigfinal`: 1 GiB.
const MAX_BIG_BYTES: usize = 1 << 30;

/// An event whose data is a JSON object of `bytes` bytes (at least 26), in pieces, each with a
/// flag: whether it begins a third of the event.
///
/// All pieces share one block of text, so that an event of any size takes no memory.
fn big_event(bytes: usize) -> impl Iterator<Item = (bool, Bytes)> + Send {
    const OPEN: &str = r#"data: {"type":"final","text":""#;
    const CLOSE: &str = "\"}\n\n";
    const FRAMING: usize = "data: \n\n".len();
    /// Not a multiple of three, so that cuts fall into characters.
    const PIECE_BYTES: usize = 64 * 1024;

    let filler = (bytes + FRAMING).saturating_sub(OPEN.len() + CLOSE.len());
    let wide = filler / 3 * 3;
    let open = Bytes::from_static(OPEN.as_bytes());
    let block = Bytes::from("波".repeat(PIECE_BYTES / 3 + 2));
    let tail = Bytes::from(format!("{}{CLOSE}", "~".repeat(filler - wide)));
    let (wide_start, tail_start) = (open.len(), open.len() + wide);
    let end = tail_start + tail.len();
    let thirds = [end / 3, end / 3 * 2, end];
    let mut at = 0;
    iter::from_fn(move || {
        let third = thirds.into_iter().find(|third| *third > at)?;
        let begins_burst = at == 0 || thirds.contains(&at);
        let until = |end: usize| end.min(third).min(at + PIECE_BYTES);
        let piece = if at < wide_start {
            open.slice(at..until(wide_start))
        } else if at < tail_start {
            let phase = (at - wide_start) % 3;
            block.slice(phase..phase + until(tail_start) - at)
        } else {
            tail.slice(at - tail_start..until(end) - tail_start)
        };
        at += piece.len();
        Some((begins_burst, piece))
    })
}

/// Chunks of 64 events of 256 bytes each.
pub(super) fn endless(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    const EVENT: u64 = 256;
    const CHUNK: u64 = 64;
    let chunks = request.params.bytes.map_or(u64::MAX / CHUNK, |bytes| bytes.div_ceil(EVENT * CHUNK));
    let pad: Arc<str> = "x".repeat(215).into();
    let writes = (0..chunks).map(move |chunk| {
        (chunk * CHUNK..(chunk + 1) * CHUNK)
            .map(|index| format!("data: {{\"index\":\"{index:012}\",\"pad\":\"{pad}\"}}\n\n"))
            .collect::<String>()
    });
    ScriptedResponse::sse(paced(writes.chain([DONE.to_owned()]), pace::steady(request, 0)))
}

/// Seven bytes at a time, so that characters are cut.
pub(super) fn text(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    const PIECE_BYTES: usize = 7;
    let mut tokens = tokens(reply_text(), request.params.events);
    let mut waiting = BytesMut::new();
    let pieces = iter::from_fn(move || {
        while waiting.len() < PIECE_BYTES
            && let Some(token) = tokens.next()
        {
            waiting.extend_from_slice(token.as_bytes());
        }
        let piece = waiting.split_to(waiting.len().min(PIECE_BYTES));
        (!piece.is_empty()).then(|| piece.freeze())
    });
    let script = paced(pieces.chain([Bytes::from("[DONE]")]), pace::steady(request, 60));
    ScriptedResponse::new(StatusCode::OK, "text/plain; charset=utf-8", script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_big_event_has_the_requested_size_and_arrives_in_small_pieces() {
        for bytes in [0, 26, 27, 28, 29, 100, 65_536, 1_000_000] {
            let pieces: Vec<_> = big_event(bytes).collect();
            assert!(pieces.iter().all(|(_, piece)| piece.len() <= 65_536), "{bytes}");
            assert_eq!(pieces.iter().filter(|(begins_burst, _)| *begins_burst).count(), 3, "{bytes}");
            let event: Vec<u8> = pieces.into_iter().flat_map(|(_, piece)| piece).collect();
            let event = String::from_utf8(event).unwrap();
            let data = event.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
            assert_eq!(data.len(), bytes.max(26));
            let value: serde_json::Value = serde_json::from_str(data).unwrap();
            assert_eq!(value["type"], "final");
        }
        let (_, second) = big_event(MAX_BIG_BYTES).nth(1).unwrap();
        assert!(String::from_utf8_lossy(&second).ends_with('\u{fffd}'), "a character is cut");
    }
}
