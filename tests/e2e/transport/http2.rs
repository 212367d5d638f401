//! HTTP/2: a stream that was reset, or whose connection was closed, is broken unless its end had arrived.

use std::time::Duration;

use h2::Reason;
use h2::server::SendResponse;
use tidewire::{Client, Outcome, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{SOON, read};

/// Stops when it is dropped.
struct Peer {
    port: u16,
    task: JoinHandle<()>,
}

/// How the peer ends a stream.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// With END_STREAM on its last frame of data.
    Clean,
    /// With END_STREAM on a frame without data, later.
    LateEnd,
    /// With END_STREAM on its trailers.
    Trailers,
    /// With END_STREAM, and then a reset.
    CleanThenReset(Reason),
    Reset(Reason),
    /// The whole connection says goodbye and closes.
    GoAway,
    /// The whole connection closes without a word.
    Close,
}

impl Peer {
    /// Answers each request with one event, which is announced as `length` bytes, and this end.
    async fn start(length: Option<u64>, ending: Ending) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
                    while let Some(Ok((_, respond))) = connection.accept().await {
                        match ending {
                            Ending::GoAway | Ending::Close => {
                                let body = answer(respond, length, ending).await;
                                // The connection has to run for the answer to be sent.
                                let _ = tokio::time::timeout(Duration::from_millis(100), connection.accept())
                                    .await;
                                if matches!(ending, Ending::GoAway) {
                                    connection.abrupt_shutdown(Reason::NO_ERROR);
                                    let _ =
                                        tokio::time::timeout(Duration::from_millis(100), connection.accept())
                                            .await;
                                }
                                drop((body, connection));
                                return;
                            }
                            _ => {
                                tokio::spawn(answer(respond, length, ending));
                            }
                        }
                    }
                });
            }
        });
        Self { port, task }
    }

    /// Answers whatever comes with these bytes.
    async fn raw(bytes: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut rest = [0; 4096];
                    let _ = stream.read(&mut rest).await;
                    let _ = stream.write_all(bytes).await;
                    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
                });
            }
        });
        Self { port, task }
    }

    fn get(&self) -> Request {
        let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().expect("a client");
        let url = format!("http://127.0.0.1:{}/", self.port);
        Client::from_reqwest(client).get(url).retry_attempts(0).retry_delay(SOON)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    mut respond: SendResponse<bytes::Bytes>,
    length: Option<u64>,
    ending: Ending,
) -> Option<h2::SendStream<bytes::Bytes>> {
    let mut head = http::Response::builder().header("content-type", "text/event-stream");
    if let Some(length) = length {
        head = head.header("content-length", length);
    }
    let mut body = respond.send_response(head.body(()).expect("a head"), false).ok()?;
    let is_last = matches!(ending, Ending::Clean | Ending::CleanThenReset(_));
    body.send_data("data: one\n\n".into(), is_last).ok()?;
    match ending {
        Ending::Clean | Ending::GoAway | Ending::Close => {}
        Ending::LateEnd => {
            tokio::time::sleep(Duration::from_millis(50)).await;
            body.send_data("".into(), true).ok()?;
        }
        Ending::Trailers => {
            let mut trailers = http::HeaderMap::new();
            trailers.insert("x-done", http::HeaderValue::from_static("1"));
            body.send_trailers(trailers).ok()?;
        }
        Ending::Reset(reason) | Ending::CleanThenReset(reason) => {
            // A reset overtakes what was not written yet.
            tokio::time::sleep(Duration::from_millis(100)).await;
            body.send_reset(reason);
        }
    }
    Some(body)
}

#[tokio::test]
async fn a_stream_is_whole_only_if_its_end_arrived() {
    let (whole, broken) = (Outcome::Ended, Outcome::Truncated);
    let rows = [
        (None, Ending::Clean, whole),
        (Some(11), Ending::Clean, whole),
        (None, Ending::LateEnd, whole),
        (None, Ending::Trailers, whole),
        (Some(11), Ending::Trailers, whole),
        (None, Ending::CleanThenReset(Reason::NO_ERROR), whole),
        (None, Ending::Reset(Reason::NO_ERROR), broken),
        (None, Ending::Reset(Reason::INTERNAL_ERROR), broken),
        (None, Ending::Reset(Reason::CANCEL), broken),
        (None, Ending::Reset(Reason::PROTOCOL_ERROR), broken),
        (None, Ending::GoAway, broken),
        (None, Ending::Close, broken),
        // As many bytes as were announced, but not their end.
        (Some(11), Ending::Reset(Reason::NO_ERROR), broken),
        (Some(3000), Ending::Reset(Reason::NO_ERROR), broken),
        (Some(3000), Ending::LateEnd, broken),
        (Some(3000), Ending::Trailers, broken),
        (Some(3000), Ending::GoAway, broken),
    ];
    for (length, ending, want) in rows {
        let peer = Peer::start(length, ending).await;
        let (events, outcome, text) = read(peer.get()).await;
        assert_eq!((events, outcome), (vec!["one".to_owned()], Some(want)), "{length:?} {ending:?}: {text}");
    }
}

#[tokio::test]
async fn a_response_without_a_body_is_whole_whatever_its_length_says() {
    let peer = Peer::start(Some(3000), Ending::Reset(Reason::NO_ERROR)).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().expect("a client");
    let url = format!("http://127.0.0.1:{}/", peer.port);
    let request = Client::from_reqwest(client).request(http::Method::HEAD, url);
    let (events, outcome, text) = read(request).await;
    assert_eq!((events.len(), outcome), (0, Some(Outcome::Ended)), "{text}");
}

#[tokio::test]
async fn an_answer_that_is_not_http2_is_not_retried() {
    let rows: [&[u8]; 3] = [
        b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\nwhat is this?",
        // Valid settings, then a frame for a stream that was never opened.
        b"\0\0\0\x04\0\0\0\0\0\0\0\x04\0\0\0\0\0\x63abcd",
        // A head that no table decodes.
        b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x01\x04\0\0\0\x01\xFF\xFF\xFF\xFF",
    ];
    for bytes in rows {
        let peer = Peer::raw(bytes).await;
        let attempts = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&attempts);
        let request = peer.get().retry_attempts(2).on_attempt(move |_| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        let (_, outcome, text) = read(request).await;
        assert_eq!(outcome, Some(Outcome::Unreachable), "{bytes:?}: {text}");
        assert!(text.contains("not with valid HTTP/2"), "{bytes:?}: {text}");
        assert_eq!(attempts.load(std::sync::atomic::Ordering::Relaxed), 1, "{bytes:?}: {text}");
    }
}
