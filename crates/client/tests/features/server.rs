//! A server of one answer, over TCP or TLS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Answers each connection in the same way; stops when it is dropped.
pub(crate) struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// What a connection gets.
#[derive(Clone)]
pub(crate) enum Answer {
    /// These bytes, once a request has come.
    Bytes(Vec<u8>),
    /// A response over HTTP/2 that has one event and is then reset with this code; `None` ends it properly.
    #[cfg(feature = "http2")]
    Http2(Option<h2::Reason>),
    /// An HTTP/2 connection that resets each request with REFUSED_STREAM.
    #[cfg(feature = "http2")]
    Http2Refused,
    /// An HTTP/2 connection that says after a request that it takes none (GOAWAY, last stream 0), and closes.
    #[cfg(feature = "http2")]
    Http2GoAway,
    /// These bytes, once anything has come.
    AtOnce(&'static [u8]),
    /// Its connection is closed as soon as the first byte came.
    Close,
}

impl Server {
    pub(crate) async fn plain(answer: Answer) -> Self {
        Self::start(None, answer).await
    }

    pub(crate) async fn tls(config: ServerConfig, answer: Answer) -> Self {
        Self::start(Some(config), answer).await
    }

    async fn start(tls: Option<ServerConfig>, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, noted) = (Arc::clone(&connections), Arc::clone(&requests));
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, acceptor.clone(), answer.clone(), Arc::clone(&noted)));
            }
        });
        Self { port, connections, requests, task }
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// The requests so far; those over HTTP/2 only with [`Answer::Http2Refused`] and [`Answer::Http2GoAway`], and without their text.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    answer: Answer,
    noted: Arc<Mutex<Vec<String>>>,
) {
    match (acceptor, answer) {
        (_, Answer::Close) => {
            let mut first = [0];
            let _ = stream.read(&mut first).await;
        }
        (_, Answer::AtOnce(bytes)) => {
            let mut first = [0; 4096];
            let _ = stream.read(&mut first).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            // A socket that is closed with unread bytes is reset.
            while matches!(stream.read(&mut first).await, Ok(1..)) {}
        }
        (None, answer) => respond(stream, answer, noted).await,
        // A client that does not accept the certificate closes the connection.
        (Some(acceptor), answer) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                respond(stream, answer, noted).await;
            }
        }
    }
}

async fn respond<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    mut stream: S,
    answer: Answer,
    noted: Arc<Mutex<Vec<String>>>,
) {
    match answer {
        Answer::Bytes(bytes) => {
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut buffer).await {
                    Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
                    _ => return,
                }
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        #[cfg(feature = "http2")]
        Answer::Http2(reset) => http2(stream, reset).await,
        #[cfg(feature = "http2")]
        Answer::Http2Refused => {
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(String::new());
                respond.send_reset(h2::Reason::REFUSED_STREAM);
            }
        }
        #[cfg(feature = "http2")]
        Answer::Http2GoAway => {
            // Empty settings.
            let _ = stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await;
            let mut preface = [0; 24];
            let mut frame = stream.read_exact(&mut preface).await;
            let mut kind = 0;
            while frame.is_ok() && kind != 1 {
                let mut head = [0; 9];
                frame = stream.read_exact(&mut head).await;
                kind = head[3];
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; usize::try_from(length).unwrap_or_default()];
                let _ = stream.read_exact(&mut payload).await;
            }
            if frame.is_ok() {
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(String::new());
                let _ = stream.write_all(b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0").await;
                let _ = stream.shutdown().await;
            }
        }
        Answer::AtOnce(_) | Answer::Close => {}
    }
}

#[cfg(feature = "http2")]
async fn http2<S: AsyncRead + AsyncWrite + Unpin>(stream: S, reset: Option<h2::Reason>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let head = http::Response::builder().header("content-type", "text/event-stream");
            let Ok(mut body) = respond.send_response(head.body(()).expect("a head"), false) else { return };
            let _ = body.send_data("data: one\n\n".into(), reset.is_none());
            if let Some(reason) = reset {
                // Sent together, the reset would overtake the data.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                body.send_reset(reason);
            }
        });
    }
}
