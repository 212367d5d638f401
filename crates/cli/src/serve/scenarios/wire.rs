//! Streams whose difficulty is how their bytes come.

use std::{iter, sync::Arc};

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::json;

use super::{
    pace,
    sse::{DONE, chat_events, event},
};
use crate::serve::{
    reply::{reply_text, text_of},
    scenario::{Reply, Request},
    script::paced,
};

/// Three events in each write: the second half of one, two whole ones, the first half of another.
pub(super) fn glued(request: &Request<'_>) -> Reply {
    let mut events = chat_events(request, reply_text(), request.tuning.ids.unwrap_or(false));
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
    Reply::sse(paced(writes, pace::steady(request, 150)))
}

pub(super) fn split(request: &Request<'_>) -> Reply {
    let mut tuning = request.tuning.clone();
    tuning.events.get_or_insert(8);
    let request = &Request { tuning: &tuning, ..*request };
    let events = chat_events(request, reply_text(), tuning.ids.unwrap_or(false));
    let bytes = events.flat_map(|event| event.into_bytes().into_iter().map(|byte| vec![byte]));
    Reply::sse(paced(bytes, pace::steady(request, 1)))
}

pub(super) fn bigfinal(request: &Request<'_>) -> Reply {
    let small = (1..=request.tuning.events.unwrap_or(5)).map(|number| {
        Bytes::from(event(None, None, &json!({ "type": "progress", "step": number }).to_string()))
    });
    let big = Bytes::from(event(None, None, &big_final(request.tuning.bytes.unwrap_or(2 << 20))));
    let third = big.len() / 3;
    let pieces = [big.slice(..third), big.slice(third..2 * third), big.slice(2 * third..)];
    let script = paced(small.chain(pieces).chain([Bytes::from(DONE)]), pace::steady(request, 50));
    Reply::sse(script)
}

/// The data of `bigfinal`'s last event: a JSON object of exactly `bytes` bytes, within 26 bytes and 1 GiB.
pub fn big_final(bytes: u64) -> String {
    const OPEN: &str = r#"{"type":"final","text":""#;
    const CLOSE: &str = r#""}"#;
    const MOST: u64 = 1 << 30;
    let filler = usize::try_from(bytes.min(MOST)).unwrap_or(0).saturating_sub(OPEN.len() + CLOSE.len());
    // Three bytes a character, so that cuts fall into characters.
    format!("{OPEN}{}{}{CLOSE}", "波".repeat(filler / 3), "~".repeat(filler % 3))
}

/// Chunks of 64 events of 256 bytes each, made as they are read.
pub(super) fn endless(request: &Request<'_>) -> Reply {
    const EVENT: u64 = 256;
    const CHUNK: u64 = 64;
    let chunks = request.tuning.bytes.map_or(u64::MAX / CHUNK, |bytes| bytes.div_ceil(EVENT * CHUNK));
    let pad: Arc<str> = "x".repeat(215).into();
    let writes = (0..chunks).map(move |chunk| {
        (chunk * CHUNK..(chunk + 1) * CHUNK)
            .map(|index| format!("data: {{\"index\":\"{index:012}\",\"pad\":\"{pad}\"}}\n\n"))
            .collect::<String>()
    });
    Reply::sse(paced(writes.chain([DONE.to_owned()]), pace::steady(request, 0)))
}

/// Seven bytes at a time, so that many a character is cut.
pub(super) fn text(request: &Request<'_>) -> Reply {
    let text = Bytes::from(text_of(reply_text(), request.tuning.events));
    let pieces = (0..text.len()).step_by(7).map(move |at| text.slice(at..text.len().min(at + 7)));
    let script = paced(pieces.chain([Bytes::from("[DONE]")]), pace::steady(request, 60));
    Reply::new(StatusCode::OK, "text/plain; charset=utf-8", script)
}
