//! Failures before a head: which of them are retried, and what the error says.

use std::time::Duration;

use tidewire::{Client, Outcome};
use tidewire_tests::raw::{Act, RawServer, chunk, reply};

use super::{SOON, SSE, get, read};

#[tokio::test]
async fn an_answer_that_is_not_http_is_not_retried() {
    let many_headers = (0..1000).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    let large_header = format!("x: {}\r\n", "1".repeat(1 << 20));
    let rows: [(&str, String); 14] = [
        ("another protocol", "SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned()),
        ("HTTP/0.9", "data: one\n\n".to_owned()),
        ("another version", "HTTP/3.7 200 OK\r\n\r\n".to_owned()),
        ("TLS", "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}".to_owned()),
        ("no status", "HTTP/1.1 OK\r\n\r\n".to_owned()),
        ("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n".to_owned()),
        ("a header without a colon", "HTTP/1.1 200 OK\r\ncontent-type\r\n\r\n".to_owned()),
        ("a space in a header's name", "HTTP/1.1 200 OK\r\ncontent type: x\r\n\r\n".to_owned()),
        ("a control character in a header", "HTTP/1.1 200 OK\r\nx: a\u{1}b\r\n\r\n".to_owned()),
        ("a length below zero", "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n".to_owned()),
        ("a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n".to_owned()),
        ("two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n".to_owned()),
        ("too many headers", format!("HTTP/1.1 200 OK\r\n{many_headers}\r\n")),
        ("too large a head", format!("HTTP/1.1 200 OK\r\n{large_header}\r\n")),
    ];
    for (name, answer) in rows {
        let server = RawServer::start(vec![vec![Act::Send(answer.into_bytes()), Act::Hang]]).await;
        let (_, outcome, text) = read(get(&server.url("/"))).await;
        assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 1), "{name}: {text}");
        assert!(text.contains("the server answered, but not with valid HTTP"), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_head_that_is_odd_but_valid_is_read() {
    let body = "data: one\n\n";
    let rows = [
        (
            "the same length twice",
            "HTTP/1.1 200 OK\r\ncontent-length: 11\r\ncontent-length: 11\r\n".to_owned(),
        ),
        ("no reason", "HTTP/1.1 200\r\ncontent-length: 11\r\n".to_owned()),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\n".to_owned()),
        ("lines that end in LF", "HTTP/1.1 200 OK\ncontent-length: 11\n".to_owned()),
        ("bytes beyond ASCII", "HTTP/1.1 200 Schön\r\nx: é\r\ncontent-length: 11\r\n".to_owned()),
        (
            "an interim response",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 11\r\n".to_owned(),
        ),
    ];
    for (name, head) in rows {
        let answer = format!("{head}content-type: text/event-stream\r\nconnection: close\r\n\r\n{body}");
        let server = RawServer::start(vec![vec![Act::Send(answer.into_bytes())]]).await;
        let (events, outcome, text) = read(get(&server.url("/"))).await;
        assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Ended)), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_head_that_breaks_off_is_retried() {
    let half = Act::Send(b"HTTP/1.1 200 OK\r\ncontent-type: text/ev".to_vec());
    for script in [vec![], vec![half.clone()], vec![Act::Reset], vec![half, Act::Reset]] {
        let server = RawServer::start(vec![script.clone()]).await;
        let (_, outcome, text) = read(get(&server.url("/")).retry_attempts(2)).await;
        assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 3), "{script:?}: {text}");
    }
}

#[tokio::test]
async fn invalid_input_is_not_sent() {
    let urls =
        ["", "nonsense", "/path", "http://", "http:///", "ftp://host/", "http://{{host}}/", "http://a b/"];
    for url in urls {
        let (_, outcome, text) = read(get(url)).await;
        assert_eq!(outcome, None, "{url:?}: {text}");
    }
    for (name, value) in [("", "x"), ("na me", "x"), ("näme", "x"), ("name", "a\nb"), ("name", "a\0b")] {
        let server = RawServer::start(vec![vec![Act::Hang]]).await;
        let (_, outcome, text) = read(get(&server.url("/")).header(name, value)).await;
        assert_eq!((outcome, server.connections()), (None, 0), "{name:?}: {value:?}: {text}");
    }
}

#[tokio::test]
async fn a_wrong_content_length_of_the_callers_is_replaced() {
    let answer = [super::head(""), b"data: one\n\n".to_vec()].concat();
    let server = RawServer::start(vec![vec![Act::Send(answer)]]).await;
    let requests = [
        (Client::new().post(server.url("/")).body("four"), Some("content-length: 4\r\n")),
        (Client::new().get(server.url("/")), None),
    ];
    for (index, (request, want)) in requests.into_iter().enumerate() {
        let (events, _, text) = read(request.header("content-length", "999")).await;
        assert_eq!(events, ["one"], "{text}");
        let seen = &server.seen()[index].request;
        assert!(!seen.contains("999") && want.is_none_or(|want| seen.contains(want)), "{seen}");
    }
}

#[tokio::test]
async fn a_later_answer_that_is_not_http_truncates_the_stream() {
    let events = chunk(b"id: 1\ndata: one\n\n");
    let broken = vec![reply(&format!("{SSE}\r\ntransfer-encoding: chunked"), &events)];
    let garbage = vec![Act::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec())];
    for follows in [false, true] {
        let server = RawServer::start(vec![broken.clone(), garbage.clone()]).await;
        let request = get(&server.url("/"));
        let request = if follows { request.follow() } else { request };
        let (events, outcome, text) = read(request).await;
        assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Truncated)), "{text}");
        assert!(server.connections() == 2 && text.contains("not with valid HTTP"), "{text}");
    }
}

#[tokio::test]
async fn a_proxy_that_fails_is_named() {
    let silent = RawServer::start(vec![vec![Act::Reset]]).await;
    let bad = RawServer::start(vec![vec![Act::Send(b"HTTP/1.1 502 Bad Gateway\r\n\r\n".to_vec())]]).await;
    let rows = [
        ("http://127.0.0.1:1".to_owned(), "the proxy cannot be reached: "),
        (silent.url(""), "the proxy did not connect to the host: "),
        (bad.url(""), "the proxy did not connect to the host: "),
    ];
    for (proxy, words) in rows {
        let settings = reqwest::Client::builder().proxy(reqwest::Proxy::all(&proxy).expect("a proxy"));
        let client = Client::from_reqwest(settings.build().expect("a client"));
        let (_, outcome, text) = read(client.get("https://localhost:1/").retry_delay(SOON)).await;
        assert_eq!(outcome, Some(Outcome::Unreachable), "{text}");
        assert!(text.contains(words), "{proxy}: {text}");
    }
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_password_is_not_retried() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let proxy = RawServer::start(vec![vec![Act::Send(answer.into()), Act::Hang]]).await;
    let settings = reqwest::Client::builder().proxy(reqwest::Proxy::all(proxy.url("")).expect("a proxy"));
    let client = Client::from_reqwest(settings.build().expect("a client"));
    let (_, outcome, text) = read(client.get("https://localhost:1/").retry_delay(SOON)).await;
    assert_eq!((outcome, proxy.connections()), (Some(Outcome::Unreachable), 1), "{text}");
    assert!(text.contains("the proxy asks for a user and a password"), "{text}");
}

#[tokio::test]
async fn the_callers_own_client_and_its_limits() {
    // Its limit of time inside a body is a break.
    let server = RawServer::start(vec![vec![
        reply(&format!("{SSE}\r\ntransfer-encoding: chunked"), &chunk(b"data: one\n\n")),
        Act::Hang,
    ]])
    .await;
    let impatient =
        reqwest::Client::builder().read_timeout(Duration::from_millis(100)).build().expect("a client");
    let request = Client::from_reqwest(impatient).get(server.url("/")).retry_attempts(0);
    let (events, outcome, text) = read(request).await;
    assert_eq!((events, outcome), (vec!["one".to_owned()], Some(Outcome::Truncated)), "{text}");

    // Its limit of redirects is not retried.
    let round = "HTTP/1.1 302 There\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let server = RawServer::start(vec![vec![Act::Send(round.into())]]).await;
    let policy = reqwest::redirect::Policy::limited(2);
    let client = reqwest::Client::builder().redirect(policy).build().expect("a client");
    let (_, outcome, text) = read(Client::from_reqwest(client).get(server.url("/")).retry_delay(SOON)).await;
    assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 3), "{text}");
    assert!(text.contains("redirects"), "{text}");
}
