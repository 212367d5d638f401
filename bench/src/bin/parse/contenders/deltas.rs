//! Contenders that extract text deltas from a chat stream: an SSE parser, then the text of each event.

use std::borrow::Cow;
use std::hint::black_box;
use std::num::NonZeroUsize;

use serde::Deserialize;
use sonic_rs::JsonValueTrait as _;
use sse_core::{SseDecoder, SseEvent};
use tidewire_bench::tally::Tally;
use tidewire_core::{DecoderOptions, Sse};
use tidewire_llm::{Delta, Deltas, Dialect};

use super::Outcome;
use super::typed::Chunk;
use crate::chunks::Chunks;

/// Tidewire's default.
const LIMIT: NonZeroUsize = NonZeroUsize::new(16 << 20).unwrap();

#[derive(Deserialize)]
struct Texts<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Text<'a>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

pub(crate) fn tidewire<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let mut sse = Sse::new(DecoderOptions::default());
    let mut deltas = Deltas::new(Dialect::OpenAiChat);
    for mut chunk in chunks.iter() {
        loop {
            match sse.next(&mut chunk) {
                Ok(Some(ref frame)) => {
                    let reply_state = deltas.read(frame, &mut |delta| {
                        if let Delta::Text { text, .. } = delta {
                            tally.event(text.as_bytes());
                        }
                    })?;
                    black_box(reply_state);
                }
                Ok(None) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

pub(crate) fn serde_json_typed<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_data(chunks, |data| take(&serde_json::from_str(data)?, tally))
}

pub(crate) fn sonic_typed<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_data(chunks, |data| take(&sonic_rs::from_str(data)?, tally))
}

pub(crate) fn serde_json_borrowed<const CHECKED: bool>(
    chunks: &Chunks,
    tally: &mut Tally<CHECKED>,
) -> Outcome {
    each_data(chunks, |data| take_text(&serde_json::from_str(data)?, tally))
}

pub(crate) fn sonic_borrowed<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    each_data(chunks, |data| take_text(&sonic_rs::from_str(data)?, tally))
}

pub(crate) fn sonic_lazy<const CHECKED: bool>(chunks: &Chunks, tally: &mut Tally<CHECKED>) -> Outcome {
    let path = sonic_rs::pointer!["choices", 0, "delta", "content"];
    each_data(chunks, |data| {
        let text = sonic_rs::get(data, &path)?;
        tally.event(black_box(&text).as_str().ok_or("no text")?.as_bytes());
        Ok(())
    })
}

#[inline(always)]
fn each_data(chunks: &Chunks, mut take: impl FnMut(&str) -> Outcome) -> Outcome {
    let mut decoder = SseDecoder::with_limit(LIMIT);
    for mut chunk in chunks.iter() {
        while let Some(event) = decoder.next(&mut chunk) {
            if let SseEvent::Message(event) = event? {
                take(&event.data)?;
            }
        }
    }
    Ok(())
}

fn take<const CHECKED: bool>(chunk: &Chunk, tally: &mut Tally<CHECKED>) -> Outcome {
    let choice = black_box(chunk).choices.first().ok_or("an event without a choice")?;
    tally.event(choice.delta.content.as_bytes());
    Ok(())
}

fn take_text<const CHECKED: bool>(texts: &Texts<'_>, tally: &mut Tally<CHECKED>) -> Outcome {
    let choice = black_box(texts).choices.first().ok_or("an event without a choice")?;
    tally.event(choice.delta.content.as_bytes());
    Ok(())
}
