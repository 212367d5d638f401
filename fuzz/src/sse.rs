//! Server-sent events, compared with the uncut body, an implementation of the standard word by word, and the crate sse-core.

use std::num::NonZeroUsize;

use sse_core::{SseDecoder, SseEvent};
use tidewire_core::{Decoder, Format, Sse, Utf8};

use crate::input::Input;
use crate::reading::{End, Reading, Seen, read};
use crate::support::decoding::Decoded;
use crate::support::oracle;

/// The oracles are slow; longer bodies are compared only with themselves.
const LONGEST_FOR_ORACLES: usize = 512;

/// The input is a body of server-sent events.
pub fn sse(data: &[u8]) {
    let Some(input) = Input::new(data) else { return };
    let mut decoder = Sse::new(input.options);
    let whole = read(&mut decoder, input.options, [input.body]);
    let mut cut_decoder = Decoder::new(Format::Sse, input.options);
    let cut = read(&mut cut_decoder, input.options, input.pieces());
    assert_eq!(cut, whole, "the cuts make a difference");
    assert_eq!(cut_decoder.last_event_id(), decoder.last_event_id(), "the cuts make a difference");
    if input.is_limited() {
        let unlimited = tidewire_core::DecoderOptions { max_event_bytes: usize::MAX, ..input.options };
        let all = read(&mut Sse::new(unlimited), unlimited, [input.body]);
        limit_holds(&input, &whole, &all);
    } else if input.body.len() <= LONGEST_FOR_ORACLES {
        let want = oracle::sse(input.body, input.options.deliver_unterminated);
        as_the_standard_says(&whole, &decoder, &want);
        if !input.options.deliver_unterminated {
            as_another_says(input.body, &whole, &want.last_event_id);
        }
    }
}

/// A limit removes events, but changes none.
fn limit_holds(input: &Input<'_>, limited: &Reading, all: &Reading) {
    match limited.end {
        End::Failed(_) => assert!(limited.is_start_of(all), "{limited:?}\n{all:?}"),
        End::Clean | End::Inside => {
            let mut rest = all.frames();
            for frame in limited.frames().filter(|frame| !matches!(frame, Seen::Skipped(_))) {
                // An id that is too long is ignored, and the id of an event that is too long remains as one without an event.
                let same = |seen: &Seen<'_>| match (*seen, frame) {
                    (Seen::Event { data, event, .. }, Seen::Event { data: d, event: e, .. }) => {
                        (data, event) == (d, e)
                    }
                    (Seen::Id(_) | Seen::Event { has_own_id: true, .. }, Seen::Id(_)) => true,
                    (seen, frame) => seen == frame,
                };
                assert!(rest.any(|seen| same(&seen)), "{frame:?} came only with the limit");
            }
            let skipped = limited.frames().any(|frame| matches!(frame, Seen::Skipped(_)));
            assert!(skipped || limited == all, "{limited:?}\n{all:?}");
            assert!(!skipped || input.options.skip_oversized);
        }
    }
}

fn as_the_standard_says(have: &Reading, decoder: &Sse, want: &Decoded) {
    let mut frames = have.frames().filter(|frame| !matches!(frame, Seen::Id(_)));
    for line in &want.lines {
        let frame = frames.next().unwrap_or_else(|| panic!("{line} does not come"));
        assert!(says(&frame, line), "{frame:?} is not {line}");
    }
    assert_eq!(frames.next(), None);
    let own = |frame: Seen<'_>| match frame {
        Seen::Id(id) => Some((String::from_utf8_lossy(id).into_owned(), false)),
        Seen::Event { id, has_own_id: true, .. } => Some((String::from_utf8_lossy(id).into_owned(), true)),
        _ => None,
    };
    assert_eq!(have.frames().filter_map(own).collect::<Vec<_>>(), want.ids, "the ids that blocks set");
    assert_eq!(have.end == End::Inside, want.inside_record, "inside a record");
    assert_eq!(decoder.last_event_id().to_str(), want.last_event_id, "the last event id");
}

fn says(frame: &Seen<'_>, line: &serde_json::Value) -> bool {
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    let kind = text("type");
    match *frame {
        Seen::Event { event, data, id, .. } => {
            let parts = [(event, "event"), (data, "data"), (id, "id")];
            kind == "event" && parts.iter().all(|(bytes, key)| Utf8::new(bytes) == text(key))
        }
        Seen::Comment(comment) => kind == "comment" && Utf8::new(comment) == text("comment"),
        Seen::Retry(wait) => {
            kind == "retry" && u128::from(line["ms"].as_u64().unwrap_or_default()) == wait.as_millis()
        }
        _ => false,
    }
}

/// sse-core 0.2.3 follows the standard, with differences that are left out here:
/// - It does not report comments and ids without an event, which the standard ignores.
/// - It reads `retry` as 32 bits and ignores larger values. The standard has no bound; the decoder has 64 bits, like browsers.
///
/// It has no end of the body, so it is compared only if an unterminated block is discarded.
fn as_another_says(body: &[u8], have: &Reading, last_event_id: &str) {
    let mut other = SseDecoder::with_limit(NonZeroUsize::MAX);
    let mut frames = have.frames().filter(|frame| match frame {
        Seen::Retry(wait) => wait.as_millis() <= u32::MAX.into(),
        frame => !matches!(frame, Seen::Comment(_) | Seen::Id(_)),
    });
    let mut rest = body;
    while let Some(event) = other.next(&mut rest) {
        match (event.expect("it has no limit"), frames.next()) {
            (SseEvent::Message(message), Some(Seen::Event { event, data, id, .. })) => {
                assert_eq!(Utf8::new(event), &*message.event);
                assert_eq!(Utf8::new(data), &*message.data);
                assert_eq!(Utf8::new(id), message.last_event_id.as_deref().unwrap_or_default());
            }
            (SseEvent::Retry(ms), Some(Seen::Retry(wait))) => assert_eq!(wait.as_millis(), ms.into()),
            (event, frame) => panic!("{frame:?} is not {event:?}"),
        }
    }
    assert_eq!(frames.next(), None);
    assert_eq!(other.last_event_id().map(|id| &**id).unwrap_or_default(), last_event_id);
}
