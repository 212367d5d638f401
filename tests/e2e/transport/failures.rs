//! Failures before a head: which are tried again, and what is said of them.

use tidewire::Outcome;
use tidewire_tests::raw::{Act, RawServer};

use super::{get, read};

#[tokio::test]
async fn an_answer_that_is_not_http_is_told_at_once() {
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
async fn a_head_that_is_odd_but_clear_is_read() {
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
async fn a_head_that_breaks_off_is_tried_again() {
    let half = Act::Send(b"HTTP/1.1 200 OK\r\ncontent-type: text/ev".to_vec());
    for script in [vec![], vec![half.clone()], vec![Act::Reset], vec![half, Act::Reset]] {
        let server = RawServer::start(vec![script.clone()]).await;
        let (_, outcome, text) = read(get(&server.url("/")).retry_attempts(2)).await;
        assert_eq!((outcome, server.connections()), (Some(Outcome::Unreachable), 3), "{script:?}: {text}");
    }
}

#[tokio::test]
async fn what_the_caller_got_wrong_is_not_sent() {
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
