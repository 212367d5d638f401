//! A server that sends raw bytes, for what no HTTP library sends: resets, wrong lengths, corrupt codings, silence before a
//! response head. Each connection plays the next script.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// One step of what the server does on a connection.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Waits until it is notified or the client disconnects, because a reset may overtake bytes that were sent before it.
    Until(Arc<Notify>),
    /// Closes the connection with a reset.
    Reset,
    /// Sends nothing more and waits until the client disconnects.
    Hang,
    /// Waits for the next request on the same connection.
    NextRequest,
}

/// A request as the server saw it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The request's head and body, as text.
    pub request: String,
    /// How long after the last byte was sent the server noticed that the client had disconnected.
    pub gone_after: Option<Duration>,
}

/// The server; it stops when it is dropped.
#[derive(Debug)]
pub struct RawServer {
    addr: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Starts the server. Each connection plays the next script; after the last script, that one is repeated.
    ///
    /// # Panics
    /// If there is no free port or no script.
    pub async fn start(scripts: Vec<Vec<Act>>) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST, scripts).await
    }

    /// As [`start`](Self::start), on another address of this machine.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_on(ip: Ipv4Addr, scripts: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut scripts: VecDeque<Vec<Act>> = scripts.into();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let script = match scripts.len() {
                    1 => scripts[0].clone(),
                    _ => scripts.pop_front().expect("at least one script"),
                };
                let noted = Arc::clone(&noted);
                tokio::spawn(async move { play(stream, script, noted).await });
            }
        });
        Self { addr, seen, connections, task }
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends a response head of status 200 with these headers, then the bytes of a body.
#[must_use]
pub fn reply(headers: &str, body: &[u8]) -> Act {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Act::Send(bytes)
}

/// The bytes as one HTTP/1.1 chunk, without the final chunk of a body.
#[must_use]
pub fn chunk(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

async fn play(mut stream: TcpStream, script: Vec<Act>, noted: Arc<Mutex<Vec<Seen>>>) {
    let note = |request| {
        let mut seen = noted.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(Seen { request, gone_after: None });
        seen.len() - 1
    };
    let Some(request) = read_request(&mut stream).await else { return };
    let mut index = note(request);
    for act in script {
        match act {
            Act::NextRequest => {
                let Some(request) = read_request(&mut stream).await else { return };
                index = note(request);
            }
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Wait(time) => tokio::time::sleep(time).await,
            Act::Until(notified) => {
                let mut rest = [0; 256];
                tokio::select! {
                    () = notified.notified() => {}
                    _ = stream.read(&mut rest) => return,
                }
            }
            Act::Reset => {
                // With a linger time of zero, closing the socket sends a reset.
                let _ = stream.set_zero_linger();
                return;
            }
            Act::Hang => {
                let since = Instant::now();
                let mut rest = [0; 256];
                while matches!(stream.read(&mut rest).await, Ok(1..)) {}
                noted.lock().unwrap_or_else(PoisonError::into_inner)[index].gone_after =
                    Some(since.elapsed());
                return;
            }
        }
    }
    let _ = stream.shutdown().await;
}

/// A request's head and body, as text; `None` if the client disconnects before they are whole. A server must read them first: a
/// response before its request breaks the connection of any correct client.
pub async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .next()
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut buffer).await {
            Ok(read @ 1..) => bytes.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
}
