//! What holds for any bytes at any cuts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tidewire_core::json::{Path, lookup, unescape, values};
use tidewire_core::session::{At, Failure, Policy, Resume};
use tidewire_core::{
    Decoder, DecoderOptions, Format, Frame, Marker, Markers, ResponseHead, Step, Stream, StreamOptions,
};

use support::cuts::pieces;
use support::decoding::decode;
use support::oracle;
use support::streaming::{drive, drive_knowing};

const SSE: [&[u8]; 32] = [
    b"data",
    b"data",
    b"data: ",
    b"data:a",
    b"event",
    b"event: e",
    b"id",
    b"id: 1",
    b"retry",
    b"retry: 5",
    b":",
    b": ",
    b" ",
    b"\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\r",
    b"\r\n",
    b"\r\n\r\n",
    b"a",
    b"7",
    b"\0",
    b"[DONE]",
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xE4\xBD\xA0",
    b"\xE4\xBD",
    b"\xA0",
    b"\xF0\x9F\x98\x80",
    b"\xF0\x9F",
    b"\xFF",
];
/// Events of which many are known, and what stands between them.
const KNOWN: [&[u8]; 17] = [
    b"data: {\"a\":1}\n\n",
    b"data: {\"a\":1}\n\n",
    b"data:{\"a\":23}\r\n\r\n",
    b"event: e\ndata: {\"a\":1}\n\n",
    b"event:e\r\ndata: {\"a\":1}\n\n",
    b"event: error\ndata: {\"a\":1}\n\n",
    b"data: {\"a\":1}\n",
    b"data: {\"b\":1}\n\n",
    b"data: [DONE]\n\n",
    b"data: {\"long\":\"0123456789\"}\n\n",
    b"id: e-1\ndata: {\"b\":1}\n\n",
    b"id: e-3\n",
    b"id:\n\ndata: {\"a\":1}\n\nid: e-3\ndata: {\"b\":1}\n\n",
    b": c\n",
    b"\n",
    b"\r",
    b"\xEF\xBB\xBF",
];
const TEXT: [&[u8]; 16] = [
    b"[DONE]",
    b"[DONE]",
    b"[DO",
    b"NE]",
    b"[",
    b"a",
    b" ",
    b"\n",
    b"\r\n    ",
    b"\xEF\xBB\xBF",
    b"\xEF",
    b"\xE4\xBD\xA0",
    b"\xE4\xBD",
    b"\xF0\x9F\x98\x80",
    b"\xF0\x9F",
    b"\xED\xA0\x80",
];
const JSON: [&[u8]; 20] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"{}",
    b"[1,2]",
    b"{\"a\":1}",
    b"{\"done\":true}",
    b"\"a\"",
    b",",
    b":",
    b"1",
    b"true",
    b"[DONE]",
    b" ",
    b"\n",
    b"\r\n",
    b"\x1E",
    b"\xEF\xBB\xBF",
    b"data: {}\n\n",
];
const MARKERS: [&str; 6] = ["[DONE]", "event:e", "event:error", "json:done=true", "json:a=1", "a"];

fn soup(tokens: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    vec(select(tokens), 0..40).prop_map(|tokens| tokens.concat())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..80)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    vec(0_usize..9, 1..12)
}

fn limits() -> impl Strategy<Value = DecoderOptions> {
    (0_usize..24, any::<[bool; 4]>()).prop_map(
        |(limit, [limited, skip_oversized, deliver_unterminated, done])| {
            let mut options =
                DecoderOptions { skip_oversized, deliver_unterminated, done, ..DecoderOptions::default() };
            if limited {
                options.max_event_bytes = limit;
            }
            options
        },
    )
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn sse_is_what_the_oracle_says(
        body in prop_oneof![4 => soup(&SSE), 1 => bytes()],
        cuts in cuts(),
        deliver_unterminated: bool,
    ) {
        let options = DecoderOptions { deliver_unterminated, ..DecoderOptions::default() };
        let want = oracle::sse(&body, deliver_unterminated);
        prop_assert_eq!(&decode(Format::Sse, options, &[&body]), &want);
        prop_assert_eq!(&decode(Format::Sse, options, &pieces(&body, &cuts)), &want);
    }

    #[test]
    fn text_is_what_the_oracle_says(
        body in prop_oneof![4 => soup(&TEXT), 1 => bytes()],
        cuts in cuts(),
        done: bool,
    ) {
        let options = DecoderOptions { done, ..DecoderOptions::default() };
        let want = oracle::text(&body, done);
        prop_assert_eq!(&decode(Format::Text, options, &[&body]), &want);
        prop_assert_eq!(&decode(Format::Text, options, &pieces(&body, &cuts)), &want);
    }

    #[test]
    fn limits_do_not_depend_on_the_cuts(
        format in select(&[Format::Sse, Format::Text][..]),
        body in prop_oneof![soup(&SSE), soup(&TEXT)],
        cuts in cuts(),
        options in limits(),
    ) {
        prop_assert_eq!(decode(format, options, &pieces(&body, &cuts)), decode(format, options, &[&body]));
    }

    #[test]
    fn the_detected_format_does_not_depend_on_the_cuts(
        body in soup(&JSON),
        cuts in cuts(),
        options in limits(),
    ) {
        prop_assert_eq!(decode(Format::Auto, options, &pieces(&body, &cuts)), decode(Format::Auto, options, &[&body]));
    }

    #[test]
    fn what_a_decoder_holds_is_bounded(
        format in select(&Format::NAMES[..]),
        body in prop_oneof![soup(&SSE), soup(&JSON), soup(&TEXT), vec(select(&b"[{\"a :\r\n"[..]), 0..400)],
        times in 1_usize..40,
        cuts in cuts(),
        options in limits(),
    ) {
        // The length of what is written out for debugging stands for the memory: at most five characters a byte.
        const FRAME: usize = 2500;
        let options = DecoderOptions { max_event_bytes: options.max_event_bytes.min(64), ..options };
        let mut decoder = Decoder::new(format.0, options);
        'body: for _ in 0..times {
            for mut piece in pieces(&body, &cuts) {
                let most = FRAME + 5 * (6 * options.max_event_bytes + piece.len() + 4096 * usize::from(format.0 == Format::Auto));
                loop {
                    match decoder.next(&mut piece) {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => break 'body,
                    }
                }
                let held = format!("{decoder:?}").len();
                prop_assert!(held < most, "{} characters of {}", held, format.1);
            }
        }
    }

    #[test]
    fn a_stream_ends_alike_under_all_cuts(
        content_type in select(&["text/event-stream", "application/x-ndjson", "application/json", "application/json-seq",
            "text/plain", "text/html"][..]),
        body in prop_oneof![soup(&SSE), soup(&JSON), soup(&TEXT)].prop_map(|body| body.into_iter().filter(u8::is_ascii).collect::<Vec<u8>>()),
        cuts in cuts(),
        options in limits(),
        end_on in prop::option::of(vec(select(&MARKERS[..]), 0..3)),
        fail_on in prop::option::of(vec(select(&MARKERS[..]), 0..2)),
        heartbeat_on in vec(select(&MARKERS[..]), 0..2),
        follow: bool,
        broken: bool,
    ) {
        let parse = |markers: Vec<&str>| markers.into_iter().map(|marker| marker.parse().unwrap()).collect();
        let setup = StreamOptions {
            policy: Policy { follow, ..Policy::default() },
            decoder: options,
            markers: Markers { end_on: end_on.map(parse), fail_on: fail_on.map(parse), heartbeat_on: parse(heartbeat_on) },
            ..StreamOptions::default()
        };
        let whole = drive(setup.clone(), Some(content_type), &[&body], broken);
        let cut = drive(setup, Some(content_type), &pieces(&body, &cuts), broken);
        prop_assert_eq!(&whole.lines, &cut.lines);
        for key in ["outcome", "cursor", "offset", "limit"] {
            prop_assert_eq!(&whole.end[key], &cut.end[key], "{}", key);
        }
    }

    #[test]
    fn recognised_events_count_as_their_frames_do(
        body in vec(select(&KNOWN[..]), 0..24).prop_map(|parts| parts.concat()),
        cuts in vec(0_usize..40, 1..8),
        (name, max_event_bytes, skip_oversized) in (select(&["message", "e", "error"][..]), select(&[6, 12, 20, 100][..]), any::<bool>()),
        marker in prop::option::of(select(&MARKERS[..])),
        list in 0..3,
        follow: bool,
    ) {
        let markers: Option<Vec<Marker>> = marker.map(|marker| vec![marker.parse().unwrap()]);
        let of = |place| markers.clone().filter(|_| list == place);
        let setup = StreamOptions {
            policy: Policy { follow, ..Policy::default() },
            decoder: DecoderOptions { max_event_bytes, skip_oversized, ..DecoderOptions::default() },
            markers: Markers { end_on: of(0), fail_on: of(1), heartbeat_on: of(2).unwrap_or_default() },
            ..StreamOptions::default()
        };
        let pieces = pieces(&body, &cuts);
        let want = drive(setup.clone(), Some("text/event-stream"), &pieces, false);
        prop_assert_eq!(drive_knowing(setup, Some("text/event-stream"), &pieces, false, name), want);
    }

    #[test]
    fn a_stream_takes_calls_in_any_order(calls in vec((0_u8..14, bytes(), any::<u16>()), 0..60), idempotent: bool, follow: bool) {
        let policy = Policy { idempotent, follow, resume: Resume::Always, idle_timeout: Some(Duration::from_secs(3)), ..Policy::default() };
        let mut stream = Stream::new(StreamOptions { policy, ..StreamOptions::default() });
        let mut now = Duration::ZERO;
        let mut ended = None;
        for (call, body, later) in calls {
            now += Duration::from_millis(later.into());
            let at = At::new(now, u32::from(later) << 16);
            match call {
                0 => stream.start(at),
                1..=3 => stream.head(at, &ResponseHead { status: 200, content_type: Some("text/event-stream"), ..ResponseHead::default() }, now),
                4 => stream.head(at, &ResponseHead { status: 429, retry_after: std::str::from_utf8(&body).ok(), ..ResponseHead::default() }, now),
                5 => stream.body_end(),
                6 => stream.broke(at, Failure::Body, String::new()),
                7 => stream.corrupt(at, String::new()),
                8 => stream.tick(at),
                9 => stream.pause(at),
                10 => stream.resume(at),
                11 => stream.kick(at),
                12 => stream.cancel(at),
                _ => stream.queue_timeout(at),
            }
            stream.received(at, body.len());
            let mut input = &body[..];
            let mut steps = 0;
            loop {
                match stream.next(at, &mut input) {
                    Step::Starved | Step::Closed => break,
                    step => prop_assert!(ended.is_none(), "{:?} after the end", step),
                }
                steps += 1;
                prop_assert!(steps < 1000, "an endless loop");
            }
            prop_assert!(ended.is_none() || stream.outcome() == ended);
            ended = stream.outcome();
        }
    }

    #[test]
    fn any_string_is_a_marker_or_is_refused(text in prop_oneof![".*", "(event:|json:|json:a)?[a-z=.:]{0,6}"]) {
        if let Ok(marker) = text.parse::<Marker>() {
            prop_assert_eq!(marker.to_string(), &text[..]);
            prop_assert_eq!(marker.to_string().parse::<Marker>(), Ok(marker));
        }
    }

    #[test]
    fn any_bytes_may_be_looked_up(body in prop_oneof![soup(&JSON), bytes()], path in "[a-z0-9.]{0,8}") {
        let path = Path::parse(&path);
        if let Some(found) = lookup(&body, &path) {
            prop_assert!(found.len() <= body.len());
        }
        let _text = unescape(&body);
        prop_assert!(values(&body).count() <= body.len());
    }
}

/// Eight times the bytes take about eight times as long, however small the pieces; were it quadratic, it would be 64 times.
#[test]
fn time_is_linear_in_the_bytes() {
    let lines = |line: &'static str| move |size: usize| line.repeat(size / line.len()).into_bytes();
    let done = DecoderOptions { done: true, ..DecoderOptions::default() };
    let none = DecoderOptions::default();
    let small = DecoderOptions { max_event_bytes: 1024, skip_oversized: true, ..none };
    type Body = Box<dyn Fn(usize) -> Vec<u8>>;
    let long = |start: &'static str, byte: u8| -> Body {
        Box::new(move |size| [start.as_bytes(), &vec![byte; size]].concat())
    };
    let bodies: Vec<(&str, Format, DecoderOptions, Body)> = vec![
        ("one line of data", Format::Sse, none, long("data: ", b'a')),
        ("many lines of data", Format::Sse, none, Box::new(lines("data: abc\n"))),
        ("empty lines of data", Format::Sse, none, Box::new(lines("data\n"))),
        ("one comment", Format::Sse, none, long(":", b'a')),
        ("one unknown field", Format::Sse, none, long("foo", b'a')),
        (
            "comments inside an event",
            Format::Sse,
            none,
            Box::new(|size| [b"data: a\n".as_slice(), &b": c\n".repeat(size / 4)].concat()),
        ),
        ("an oversized event", Format::Sse, small, Box::new(lines("data: abc\n"))),
        ("an oversized line", Format::Sse, small, long("data: ", b'a')),
        ("carriage returns", Format::Sse, none, long("", b'\r')),
        ("text", Format::Text, done, long("", b'a')),
        ("text of brackets", Format::Text, done, long("", b'[')),
        ("white space behind [DONE]", Format::Text, done, long("[DONE]", b' ')),
        ("half characters", Format::Text, done, long("", 0xF0)),
        ("white space in front of the deciding byte", Format::Auto, none, long("", b' ')),
    ];
    for (name, format, options, body) in bodies {
        for chunk in [1, 7, 64] {
            let time = |size: usize| {
                let body = body(size);
                let run = || {
                    let start = Instant::now();
                    let mut decoder = Decoder::new(format, options);
                    for mut piece in body.chunks(chunk) {
                        while let Some(frame) = decoder.next(&mut piece).unwrap() {
                            assert!(!matches!(frame, Frame::Done));
                        }
                    }
                    start.elapsed()
                };
                (0..3).map(|_| run()).min().unwrap_or_default()
            };
            // Eight times the bytes: linear is 8, quadratic 64. Others use this machine too, so the best of some tries counts.
            let tries = (0..20).map(|_| (time(64 * 1024), time(512 * 1024)));
            let mut ratios = tries.map(|(small, large)| large.as_secs_f64() / small.as_secs_f64().max(1e-6));
            assert!(ratios.any(|ratio| ratio < 24.0), "{name} in pieces of {chunk}: far from linear");
        }
    }
}
