//! An HTTP/2 server that ends responses in ways that no HTTP library offers: resets with any code, and bodies shorter than their
//! `Content-Length`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::request::Parts;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::script::{Answer, End, Framing, NoHead, Response};
use crate::upstream::{BEAT, BEATS, headers, waits};

type Seen = Arc<Mutex<Vec<(Parts, Vec<u8>)>>>;

/// The server. It answers every request in the same way, and stops when it is dropped.
pub(crate) struct Http2Server {
    address: SocketAddr,
    seen: Seen,
    task: JoinHandle<()>,
}

impl Http2Server {
    /// Starts a server. `read` is notified when the client has read everything before the end.
    pub(crate) async fn start(ip: Ipv4Addr, answer: Answer, read: Arc<Notify>) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Seen::default();
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // Dropping the set aborts the connections with the task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, read, noted) = (answer.clone(), Arc::clone(&read), Arc::clone(&noted));
                connections.spawn(async move { serve(stream, &answer, &read, &noted).await });
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads and bodies of the requests so far.
    pub(crate) fn seen(&self) -> Vec<(Parts, Vec<u8>)> {
        self.seen.lock().expect("a lock").clone()
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What happens to the connection after an answer.
enum After {
    Open,
    Closed,
}

async fn serve(stream: TcpStream, answer: &Answer, read: &Arc<Notify>, seen: &Seen) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let mut answers = JoinSet::new();
    loop {
        // Data of the connection's streams is sent only while the connection is polled.
        tokio::select! {
            request = connection.accept() => {
                let Some(Ok((request, respond))) = request else { return };
                let (answer, read, seen) = (answer.clone(), Arc::clone(read), Arc::clone(seen));
                answers.spawn(async move {
                    let (head, body) = request.into_parts();
                    let body = whole(body).await;
                    seen.lock().expect("a lock").push((head, body));
                    answer_request(respond, &answer, &read).await
                });
            }
            Some(answered) = answers.join_next() => {
                if matches!(answered, Ok(After::Closed)) {
                    return;
                }
            }
        }
    }
}

async fn whole(mut body: RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(Ok(piece)) = body.data().await {
        let _ = body.flow_control().release_capacity(piece.len());
        bytes.extend_from_slice(&piece);
    }
    bytes
}

async fn answer_request(mut respond: SendResponse<Bytes>, answer: &Answer, read: &Notify) -> After {
    match answer {
        Answer::NoHead(NoHead::Silence) => std::future::pending().await,
        Answer::NoHead(NoHead::NotProcessed) => respond.send_reset(Reason::REFUSED_STREAM),
        Answer::NoHead(NoHead::WantsHttp1) => respond.send_reset(Reason::HTTP_1_1_REQUIRED),
        Answer::NoHead(NoHead::Reset) => respond.send_reset(Reason::INTERNAL_ERROR),
        Answer::NoHead(_) => return After::Closed,
        Answer::Status { status, retry_after, retry_after_ms } => {
            let headers: Vec<_> = waits(*retry_after, *retry_after_ms).collect();
            let is_empty = *status == 204;
            if let Ok(mut body) = respond.send_response(head(*status, &headers), is_empty)
                && !is_empty
            {
                let _ = body.send_data("busy".into(), true);
            }
        }
        Answer::Response(response) => return stream(respond, response, read).await,
        Answer::Nobody | Answer::SilentTls | Answer::EndlessRedirects => {}
    }
    After::Open
}

fn head(status: u16, headers: &[[&str; 2]]) -> http::Response<()> {
    let mut head = http::Response::builder().status(status);
    for [name, value] in headers {
        head = head.header(*name, *value);
    }
    head.body(()).expect("a head")
}

async fn stream(mut respond: SendResponse<Bytes>, response: &Response, read: &Notify) -> After {
    tokio::time::sleep(response.head_after).await;
    let mut head = head(200, &headers(response));
    let is_clean = matches!(response.end, End::Clean | End::Garbage(_));
    if response.framing == Framing::Length {
        let missing = if is_clean { 0 } else { 100_000 };
        head.headers_mut().insert(http::header::CONTENT_LENGTH, (response.wire().len() + missing).into());
    }
    let Ok(mut body) = respond.send_response(head, false) else { return After::Open };
    for (index, slice) in response.slices.iter().enumerate() {
        if response.held && index + 1 == response.slices.len() {
            read.notified().await;
        }
        if send(&mut body, slice).await.is_none() {
            return After::Open;
        }
        if response.slow {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    match response.end {
        End::Clean | End::Garbage(_) => drop(body.send_data(Bytes::new(), true)),
        End::Cut if response.framing == Framing::Length => {
            read.notified().await;
            let _ = body.send_data(Bytes::new(), true);
        }
        End::Cut | End::Reset => {
            read.notified().await;
            return After::Closed;
        }
        End::StreamReset(code) => {
            // A reset overtakes data that was not sent yet.
            read.notified().await;
            body.send_reset(Reason::from(code));
        }
        End::Silence => std::future::pending().await,
        End::Comments => {
            for _ in 0..BEATS {
                tokio::time::sleep(BEAT).await;
                if send(&mut body, b": beat\n\n").await.is_none() {
                    return After::Open;
                }
            }
            std::future::pending().await
        }
    }
    After::Open
}

/// Sends bytes as flow control allows; `None` once the stream is closed.
async fn send(body: &mut SendStream<Bytes>, mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        body.reserve_capacity(bytes.len());
        let room = std::future::poll_fn(|cx| body.poll_capacity(cx)).await?.ok()?;
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        body.send_data(Bytes::copy_from_slice(now), false).ok()?;
        bytes = later;
    }
    Some(())
}
