//! A server of HTTP/2 that ends its streams in ways that no HTTP library offers: resets with any code, and bodies short of their
//! length.

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

use crate::script::{End, Framing, Meets, NoHead, Reply};
use crate::upstream::{BEAT, BEATS, headers, waits};

type Seen = Arc<Mutex<Vec<(Parts, Vec<u8>)>>>;

/// It answers every request in the same way, and stops when it is dropped.
pub(crate) struct Http2Server {
    address: SocketAddr,
    seen: Seen,
    task: JoinHandle<()>,
}

impl Http2Server {
    /// `read` is notified when the client has read all that comes before the end.
    pub(crate) async fn start(ip: Ipv4Addr, meets: Meets, read: Arc<Notify>) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Seen::default();
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            // Dropped with the task, and all of them with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (meets, read, noted) = (meets.clone(), Arc::clone(&read), Arc::clone(&noted));
                connections.spawn(async move { serve(stream, &meets, &read, &noted).await });
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

/// What becomes of the connection after an answer.
enum After {
    Open,
    Closed,
}

async fn serve(stream: TcpStream, meets: &Meets, read: &Arc<Notify>, seen: &Seen) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let mut answers = JoinSet::new();
    loop {
        // What is written to the connection's streams is sent while it is polled.
        tokio::select! {
            request = connection.accept() => {
                let Some(Ok((request, respond))) = request else { return };
                let (meets, read, seen) = (meets.clone(), Arc::clone(read), Arc::clone(seen));
                answers.spawn(async move {
                    let (head, body) = request.into_parts();
                    let body = whole(body).await;
                    seen.lock().expect("a lock").push((head, body));
                    answer(respond, &meets, &read).await
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

async fn answer(mut respond: SendResponse<Bytes>, meets: &Meets, read: &Notify) -> After {
    match meets {
        Meets::NoHead(NoHead::Silence) => std::future::pending().await,
        Meets::NoHead(NoHead::NotProcessed) => respond.send_reset(Reason::REFUSED_STREAM),
        Meets::NoHead(NoHead::WantsHttp1) => respond.send_reset(Reason::HTTP_1_1_REQUIRED),
        Meets::NoHead(NoHead::Reset) => respond.send_reset(Reason::INTERNAL_ERROR),
        Meets::NoHead(_) => return After::Closed,
        Meets::Status { status, retry_after, retry_after_ms } => {
            let headers: Vec<_> = waits(*retry_after, *retry_after_ms).collect();
            let is_empty = *status == 204;
            if let Ok(mut body) = respond.send_response(head(*status, &headers), is_empty)
                && !is_empty
            {
                let _ = body.send_data("busy".into(), true);
            }
        }
        Meets::Reply(reply) => return stream(respond, reply, read).await,
        Meets::Nobody | Meets::MuteTls | Meets::RoundAndRound => {}
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

async fn stream(mut respond: SendResponse<Bytes>, reply: &Reply, read: &Notify) -> After {
    tokio::time::sleep(reply.head_after).await;
    let mut head = head(200, &headers(reply));
    let is_clean = matches!(reply.end, End::Clean | End::Garbage(_));
    if reply.framing == Framing::Length {
        let missing = if is_clean { 0 } else { 100_000 };
        head.headers_mut().insert(http::header::CONTENT_LENGTH, (reply.wire().len() + missing).into());
    }
    let Ok(mut body) = respond.send_response(head, false) else { return After::Open };
    for (index, slice) in reply.slices.iter().enumerate() {
        if reply.held && index + 1 == reply.slices.len() {
            read.notified().await;
        }
        if send(&mut body, slice).await.is_none() {
            return After::Open;
        }
        if reply.slow {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    match reply.end {
        End::Clean | End::Garbage(_) => drop(body.send_data(Bytes::new(), true)),
        End::Cut if reply.framing == Framing::Length => {
            read.notified().await;
            let _ = body.send_data(Bytes::new(), true);
        }
        End::Cut | End::Reset => {
            read.notified().await;
            return After::Closed;
        }
        End::StreamReset(code) => {
            // A reset overtakes what was not sent yet.
            read.notified().await;
            body.send_reset(Reason::from(code));
        }
        End::Silence => std::future::pending().await,
        End::Beats => {
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

/// Sends bytes as fast as the client takes them; `None` once it takes no more.
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
