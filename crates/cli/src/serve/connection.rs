//! The connection under a response: it counts its flushes, and can be closed at any moment.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::{Accept, TlsAcceptor, server::TlsStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::tls::TlsIdentity;

/// Accepts connections until `closing`, which also closes those that it accepted.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsIdentity>,
    port: u16,
    closing: CancellationToken,
}

impl Listener {
    pub(crate) fn new(
        tcp: TcpListener,
        tls: Option<TlsIdentity>,
        closing: CancellationToken,
    ) -> io::Result<Self> {
        let port = tcp.local_addr()?.port();
        Ok(Self { tcp, tls, port, closing })
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = axum::serve::Listener::accept(&mut self.tcp).await;
        // Nagle's algorithm would join the small writes that scenarios are about. An error means that the connection is gone
        // already, as its first read will show.
        let _ = stream.set_nodelay(true);
        let wire = Wire::new(stream, self.tls.as_ref().map(TlsIdentity::acceptor));
        (Connection::new(wire, self.port, self.closing.child_token()), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A response's handle to its connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionHandle {
    /// The server's port.
    pub(crate) port: u16,
    flushes: watch::Receiver<u64>,
    hang_up: CancellationToken,
}

impl ConnectionHandle {
    /// How many times everything written has reached the kernel.
    pub(crate) fn flushes(&self) -> u64 {
        *self.flushes.borrow()
    }

    /// Waits until everything written has reached the kernel more than `mark` times.
    pub(crate) async fn flushed_since(&mut self, mark: u64) {
        // An error means that the connection is gone, and the response with it.
        let _ = self.flushes.wait_for(|flushes| *flushes > mark).await;
    }

    /// Closes the connection at once.
    pub(crate) fn hang_up(&self) {
        self.hang_up.cancel();
    }

    /// Whether the server closed the connection.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.hang_up.is_cancelled()
    }
}

impl Connected<IncomingStream<'_, Listener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.io().handle.clone()
    }
}

/// The bytes of a connection, with TLS or without.
enum Wire {
    Plain(TcpStream),
    /// The handshake is a part of the first read, so that a slow one holds up no other connection.
    Handshake(Box<Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake failed.
    Broken,
}

/// The stream through which bytes go.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl Wire {
    fn new(stream: TcpStream, tls: Option<&TlsAcceptor>) -> Self {
        match tls {
            None => Self::Plain(stream),
            Some(tls) => Self::Handshake(Box::new(tls.accept(stream))),
        }
    }

    /// The stream, once the handshake is done.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
        if let Self::Handshake(accept) = self {
            let accepted = ready!(Pin::new(accept).poll(cx));
            *self = Self::Broken;
            *self = Self::Tls(Box::new(accepted?));
        }
        Poll::Ready(match self {
            Self::Plain(stream) => Ok(Pin::new(stream)),
            Self::Tls(stream) => Ok(Pin::new(&mut **stream)),
            Self::Handshake(_) | Self::Broken => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

/// A connection that counts its flushes and fails once it is hung up.
pub(crate) struct Connection {
    wire: Wire,
    flushes: watch::Sender<u64>,
    hung_up: Pin<Box<WaitForCancellationFutureOwned>>,
    handle: ConnectionHandle,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl Connection {
    fn new(wire: Wire, port: u16, hang_up: CancellationToken) -> Self {
        let (flushes, flushed) = watch::channel(0);
        let hung_up = Box::pin(hang_up.clone().cancelled_owned());
        Self { wire, flushes, hung_up, handle: ConnectionHandle { port, flushes: flushed, hang_up } }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper always has a read pending, so this alone wakes it, even while a response is silent.
        if self.hung_up.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        ready!(self.wire.poll_ready(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.wire.poll_ready(cx))?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.wire.poll_ready(cx))?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            // TLS joins the pieces into records.
            Wire::Handshake(_) | Wire::Tls(_) | Wire::Broken => true,
        }
    }

    /// hyper flushes when its own buffer is empty, so everything it had is now in the kernel.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(self.wire.poll_ready(cx))?.poll_flush(cx);
        if flushed.is_ready() {
            self.flushes.send_modify(|flushes| *flushes += 1);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Handshake(_) | Wire::Broken => Poll::Ready(Ok(())),
        }
    }
}
