//! Bodies with a content coding, over sockets.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tidewire::{Client, Frame, Outcome, RequestBuilderExt as _, Wire};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};
use tidewire_tests::{take, within};

use super::{SOON, SSE, get, head, read};

/// The events in gzip, each flushed by itself, and the end.
fn gzip(events: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for event in events {
        encoder.write_all(event.as_bytes()).expect("a Vec takes all");
        encoder.flush().expect("a Vec takes all");
    }
    let flushed = encoder.get_ref().len();
    let mut wire = encoder.finish().expect("a Vec takes all");
    let end = wire.split_off(flushed);
    (wire, end)
}

fn whole(events: &[&str]) -> Vec<u8> {
    let (body, end) = gzip(events);
    [body, end].concat()
}

#[tokio::test]
async fn all_members_of_a_gzip_body_are_read() {
    let body = [whole(&["data: one\n\n"]), whole(&["data: two\n\n", "data: three\n\n"])].concat();
    let server =
        RawServer::start(vec![vec![Act::Send([head("content-encoding: gzip\r\n"), body].concat())]]).await;
    let (events, outcome, text) = read(get(&server.url("/"))).await;
    assert_eq!((events.join(" "), outcome), ("one two three".to_owned(), Some(Outcome::Ended)), "{text}");
}

#[tokio::test]
async fn bytes_before_a_break_are_delivered_and_the_stream_resumes_after_them() {
    let (body, _) = gzip(&["id: 1\ndata: one\n\n", "id: 2\ndata: two\n\n", "id: 3\nda"]);
    let rest = whole(&["id: 3\ndata: three\n\n", "data: [DONE]\n\n"]);
    let coded = format!("{SSE}\r\ncontent-encoding: gzip\r\n");
    let chunked = format!("{coded}transfer-encoding: chunked");
    let sized = |length: usize| format!("{coded}content-length: {length}");
    let second = vec![reply(&sized(rest.len()), &rest)];
    // Each of these breaks right after the last byte, so that bytes and break may well be read together.
    let breaks = [
        ("a chunked body without its end", vec![reply(&chunked, &chunk(&body))]),
        ("a chunk size that is none", vec![reply(&chunked, &[&chunk(&body)[..], b"what?\r\n"].concat())]),
        ("a length that is not reached", vec![reply(&sized(body.len() + 10), &body)]),
        ("a coded body without its end", vec![reply(&sized(body.len()), &body)]),
        (
            "a coded body cut by its connection",
            vec![Act::Send([head("content-encoding: gzip\r\n"), body].concat())],
        ),
    ];
    for (name, first) in breaks {
        let server = RawServer::start(vec![first, second.clone()]).await;
        let (events, outcome, text) = read(get(&server.url("/"))).await;
        assert_eq!(
            (events.join(" "), outcome),
            ("one two three".to_owned(), Some(Outcome::Complete)),
            "{name}: {text}"
        );
        let seen = server.seen();
        assert_eq!(seen.len(), 2, "{name}");
        assert!(seen[1].request.contains("last-event-id: 2\r\n"), "{name}: {}", seen[1].request);
    }
}

#[tokio::test]
async fn an_event_is_delivered_with_its_last_byte() {
    let (body, _) = gzip(&["data: one\n\n"]);
    let server = RawServer::start(vec![vec![
        Act::Send([head("content-encoding: gzip\r\n"), body].concat()),
        Act::Hang,
    ]])
    .await;
    let mut stream = get(&server.url("/")).events();
    let event = within("the event", stream.next()).await.expect("an item").expect("an event");
    assert_eq!(event.data, "one");
}

/// A block of deflate begins with its tables, which decode to nothing.
#[tokio::test]
async fn bytes_that_decode_to_nothing_yet_break_the_silence() {
    let (first, _) = gzip(&["data: one\n\n"]);
    let many: String = (0..500).map(|number| format!("data: {number}\n\n")).collect();
    let rest = whole(&["data: one\n\n", &many]).split_off(first.len());
    let (slow, rest) = rest.split_at(16);
    let mut script = vec![Act::Send([head("content-encoding: gzip\r\n"), first].concat())];
    for byte in slow {
        script.extend([Act::Wait(Duration::from_millis(50)), Act::Send(vec![*byte])]);
    }
    script.push(Act::Send(rest.to_vec()));
    let server = RawServer::start(vec![script]).await;
    let pieces = Arc::new(AtomicUsize::new(0));
    let empty = Arc::clone(&pieces);
    let request = get(&server.url("/")).retry_attempts(0).idle_timeout(Duration::from_millis(500));
    let request = request.on_wire(move |wire| {
        if matches!(wire, Wire::Bytes(bytes) if bytes.is_empty()) {
            empty.fetch_add(1, Ordering::Relaxed);
        }
    });
    let (events, outcome, text) = read(request).await;
    assert_eq!((events.len(), outcome), (501, Some(Outcome::Ended)), "{text}");
    assert_eq!(pieces.load(Ordering::Relaxed), 0, "no hook gets a piece without bytes");
}

#[tokio::test]
async fn a_corrupt_body_is_unreadable_after_the_events_before_it() {
    let (mut body, _) = gzip(&["data: one\n\n"]);
    // A kind of block that deflate does not have (RFC 1951, 3.2.3).
    body.push(0x07);
    let rows = [
        ("a block of no kind", body, 11),
        ("bytes after the end", [&whole(&["data: one\n\n"])[..], b"<html>"].concat(), 11),
        ("no gzip at all", b"data: one\n\n".to_vec(), 0),
    ];
    for (name, body, offset) in rows {
        let answer = [head("content-encoding: gzip\r\n"), body].concat();
        let server = RawServer::start(vec![vec![Act::Send(answer)]]).await;
        let (events, outcome, text) = read(get(&server.url("/"))).await;
        assert_eq!(events.len() as u64, offset / 11, "{name}");
        assert_eq!(outcome, Some(Outcome::Unreadable { offset, limit: None }), "{name}: {text}");
        assert!(text.contains("gzip"), "{name}: {text}");
        assert_eq!(server.connections(), 1, "{name}");
    }
}

#[tokio::test]
async fn an_unknown_coding_is_named_at_once() {
    for coding in ["foo", "compress", "gzip, foo", "foo, gzip"] {
        let answer = [head(&format!("content-encoding: {coding}\r\n")), b"\x01\x02\x03".to_vec()].concat();
        // The body does not end, and the client does not wait for it.
        let server = RawServer::start(vec![vec![Act::Send(answer), Act::Hang]]).await;
        let (_, outcome, text) = read(get(&server.url("/"))).await;
        assert_eq!(outcome, Some(Outcome::Unreadable { offset: 0, limit: None }), "{coding}: {text}");
        let name = if coding.contains("foo") { "\"foo\"" } else { "\"compress\"" };
        assert!(text.contains(name), "{coding}: {text}");
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_refused_status_counts_more_than_an_unknown_coding() {
    let answer = b"HTTP/1.1 404 Not Found\r\ncontent-encoding: foo\r\ncontent-length: 3\r\n\r\nabc".to_vec();
    let server = RawServer::start(vec![vec![Act::Send(answer)]]).await;
    let (_, outcome, text) = read(get(&server.url("/"))).await;
    assert!(matches!(outcome, Some(Outcome::Refused { status: 404, .. })), "{outcome:?} {text}");
}

#[tokio::test]
async fn the_head_on_the_hook_fits_the_decoded_body() {
    let body = whole(&["data: one\n\n"]);
    let headers = format!("{SSE}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nx-own: 1", body.len());
    let server = RawServer::start(vec![vec![reply(&headers, &body)]]).await;
    let (sender, receiver) = std::sync::mpsc::channel();
    let request = get(&server.url("/")).on_wire(move |wire| {
        if let Wire::Head { headers, .. } = wire {
            let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
            names.sort_unstable();
            let _ = sender.send(names);
        }
    });
    read(request).await;
    assert_eq!(receiver.try_recv().expect("a head"), ["content-type", "x-own"]);
}

#[tokio::test]
async fn a_coding_that_the_callers_own_client_leaves_alone_is_undone() {
    let body = whole(&["data: one\n\n"]);
    let server =
        RawServer::start(vec![vec![Act::Send([head("content-encoding: gzip\r\n"), body].concat())]]).await;
    let request = reqwest::Client::new().get(server.url("/")).streaming().retry_delay(SOON);
    let taken = take(&mut request.frames()).await;
    assert!(matches!(&taken.items[..], [Frame::Event(event)] if event.data == "one"), "{taken:?}");
    assert!(!server.seen()[0].request.contains("accept-encoding"));
}

#[tokio::test]
async fn the_callers_accept_encoding_is_kept() {
    let server =
        RawServer::start(vec![vec![Act::Send([head(""), b"data: one\n\n".to_vec()].concat())]]).await;
    read(get(&server.url("/")).header("accept-encoding", "identity")).await;
    read(Client::new().get(server.url("/"))).await;
    let seen = server.seen();
    assert!(seen[0].request.contains("accept-encoding: identity\r\n"), "{}", seen[0].request);
    assert!(seen[1].request.contains("accept-encoding: gzip, br, zstd, deflate\r\n"), "{}", seen[1].request);
}
