//! How bodies are read: content codings as they stream, cancelled calls, `next()` and `Stream`, and any bytes at all.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use tidewire::{Client, Error, Format, Outcome};
use tidewire_tests::raw::{RawServer, chunk, reply};
use tidewire_tests::{ids, take, upstream, within};

const GZIP: &str = "content-type: text/event-stream\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked";

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).expect("a Vec takes all");
    encoder.finish().expect("a Vec takes all")
}

#[tokio::test]
async fn compressed_events_arrive_as_they_are_sent() {
    let server = upstream().await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let mut events = Client::new()
            .get(server.url(&format!("/notify?interval_ms=150&events=8&encoding={coding}")))
            .events();
        let begun = Instant::now();
        let first = within("the first event", events.next()).await;
        assert!(first.is_some_and(|item| item.is_ok()), "{coding}");
        let first_at = begun.elapsed();
        let taken = take(&mut events).await;
        assert_eq!((taken.outcome, taken.items.len()), (Some(Outcome::Ended), 7), "{coding}");
        assert!(
            first_at < begun.elapsed() / 2,
            "{coding}: the first event came after {first_at:?} of {:?}",
            begun.elapsed()
        );
    }
}

/// If a server labels its lines as text, records are read only if the caller chooses a format; otherwise the response is refused.
#[tokio::test]
async fn records_labelled_as_text_are_refused_unless_a_format_is_chosen() {
    let head = "content-type: text/plain; charset=utf-8\r\nconnection: close";
    let server = RawServer::start(vec![vec![reply(head, b"1\n2\n")]]).await;
    let request = || Client::new().get(server.url("/"));
    let taken = take(&mut request().records::<u8>()).await;
    assert_eq!(taken.error.as_ref().map(Error::code), Some("refused"));
    assert!(!server.seen()[0].request.contains("text/plain"), "{:?}", server.seen());
    let taken = take(&mut request().format(Format::Ndjson).records::<u8>()).await;
    assert_eq!((taken.outcome, &*taken.items), (Some(Outcome::Ended), &[1, 2][..]));
    let text = take(&mut request().text()).await;
    assert_eq!((text.outcome, text.items.concat()), (Some(Outcome::Ended), "1\n2\n".to_owned()));
}

#[tokio::test]
async fn a_coding_that_stops_short_is_a_break_and_a_corrupt_one_is_unreadable() {
    let server = upstream().await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let url = |more: &str| server.url(&format!("/chat?interval_ms=0&encoding={coding}&{more}"));
        let whole = take(&mut Client::new().post(url("")).events()).await;
        assert_eq!(whole.outcome, Some(Outcome::Complete), "{coding}");
        for cut in (20..700).step_by(97) {
            for end in ["", "&end=clean"] {
                let taken = take(&mut Client::new().post(url(&format!("cut_at={cut}{end}"))).events()).await;
                assert_eq!(
                    taken.outcome,
                    Some(Outcome::Truncated),
                    "{coding} cut at {cut}{end}: {:?}",
                    taken.error
                );
                assert!(whole.items.starts_with(&taken.items), "{coding} cut at {cut}{end}");
            }
        }
    }
    let mut body = gzip("data: one\n\ndata: two\n\n".repeat(500).as_bytes());
    let middle = body.len() / 2;
    for byte in &mut body[middle..middle + 8] {
        *byte ^= 0x55;
    }
    let mut framed = chunk(&body);
    framed.extend_from_slice(b"0\r\n\r\n");
    let server = RawServer::start(vec![vec![reply(GZIP, &framed)]]).await;
    let taken = take(&mut Client::new().get(server.url("/")).events()).await;
    assert!(matches!(taken.outcome, Some(Outcome::Unreadable { limit: None, .. })), "{:?}", taken.error);
    assert_eq!(server.seen().len(), 1, "a corrupt body is not requested again");
}

#[tokio::test]
async fn a_decompression_bomb_is_bounded_by_the_limit_of_an_event() {
    const LIMIT: usize = 1 << 20;
    let server = upstream().await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let url = server.url(&format!("/bigfinal?interval_ms=0&bytes=32000000&encoding={coding}"));
        let mut events = Client::new().get(url).max_event_bytes(LIMIT).events();
        let taken = take(&mut events).await;
        let unreadable = matches!(taken.outcome, Some(Outcome::Unreadable { limit: Some(LIMIT), .. }));
        assert!(unreadable, "{coding}: {:?}", taken.outcome);
        // Only about the limit was decoded, not the whole bomb.
        assert!(events.stats().bytes < 4 * LIMIT as u64, "{coding}: {} bytes", events.stats().bytes);
    }
}

#[tokio::test]
async fn a_cancelled_next_loses_nothing() {
    let server = upstream().await;
    let mut events = Client::new().get(server.url("/notify?interval_ms=3&events=60")).events();
    let mut seen = Vec::new();
    let mut cancelled = 0;
    loop {
        // A deadline that often passes while a chunk is on its way.
        match tokio::time::timeout(Duration::from_micros(500), events.next()).await {
            Ok(Some(item)) => seen.push(item.expect("an event")),
            Ok(None) => break,
            Err(_) => cancelled += 1,
        }
    }
    let expected: Vec<String> = (1..=60).map(|id| id.to_string()).collect();
    assert_eq!(ids(&seen), expected);
    assert!(cancelled > 20, "only {cancelled} calls were cancelled");
}

#[tokio::test]
async fn streams_are_streams_and_can_be_sent_to_other_tasks() {
    let server = upstream().await;
    let events = Client::new().get(server.url("/chat?interval_ms=0&events=5")).events();
    let task = tokio::spawn(events.filter_map(|item| std::future::ready(item.ok())).collect::<Vec<_>>());
    assert_eq!(within("the task", task).await.expect("no panic").len(), 7);
}

#[tokio::test]
async fn anything_at_all_on_the_wire_ends_in_an_outcome() {
    // A small random generator that gives the same bytes in every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let types = [
        "text/event-stream",
        "application/x-ndjson",
        "application/json-seq",
        "application/json",
        "text/plain",
    ];
    for round in 0..60 {
        let length = (random() % 3000) as usize;
        let body: Vec<u8> = (0..length)
            .map(|_| match random() % 3 {
                0 => b"data: \n\r{}[]\",:\x1e0"[(random() % 17) as usize],
                _ => (random() & 0xFF) as u8,
            })
            .collect();
        let head = format!("content-type: {}\r\ntransfer-encoding: chunked", types[round % types.len()]);
        let mut framed = chunk(&body);
        framed.extend_from_slice(b"0\r\n\r\n");
        let server = RawServer::start(vec![vec![reply(&head, &framed)]]).await;
        let mut frames = Client::new().post(server.url("/")).frames();
        let taken = take(&mut frames).await;
        assert!(taken.outcome.is_some(), "round {round}");
    }
    // And instead of a response head.
    for junk in [
        &b"\0\0\0\0\0\0"[..],
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"SSH-2.0-x\r\n",
    ] {
        let server = RawServer::start(vec![vec![tidewire_tests::raw::Act::Send(junk.to_vec())]]).await;
        let taken = take(&mut Client::new().post(server.url("/")).events()).await;
        assert_eq!(taken.outcome, Some(Outcome::Unreachable), "{junk:?}");
    }
}
