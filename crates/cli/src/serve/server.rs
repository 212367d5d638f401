//! The server: where it listens, what it serves, and how it is stopped.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    access::Cors,
    connection::{ConnectionHandle, Listener},
    log::{LogSink, RequestLog, ServerLog},
    routes::{ServerState, router},
    scenario::Scenario,
    tls::TlsIdentity,
};

/// What to serve, on which address, and which pages and host names are allowed.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What every path serves that is not a scenario's name. `None` refuses such paths with 404.
    pub scenario: Option<Scenario>,
    /// The pages that may read responses.
    pub cors: Cors,
    /// Names of the server besides `localhost` and IP addresses. Requests to other names are refused.
    pub names: Vec<String>,
    /// With what both ports speak HTTPS. `None` is plain HTTP.
    pub tls: Option<TlsIdentity>,
    /// Receives the lines of the log.
    pub log: LogSink,
}

impl Default for ServeConfig {
    /// All scenarios by their names, for pages of this machine, on a free port of 127.0.0.1.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: None,
            cors: Cors::default(),
            names: Vec::new(),
            tls: None,
            log: LogSink::default(),
        }
    }
}

/// A server that runs until it is shut down or dropped.
///
/// ```
/// # use tidewire_cli::serve::{Ended, ServeConfig, Server};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let server = Server::start(ServeConfig::default()).await?;
/// let address = server.url("/chat?interval_ms=5");
/// // … stream from it, and then see how that went:
/// assert_eq!(server.log().len(), 0);
/// server.shutdown().await;
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Server {
    scheme: &'static str,
    addr: SocketAddr,
    other_addr: SocketAddr,
    log: Arc<ServerLog>,
    closing: CancellationToken,
    tasks: [JoinHandle<io::Result<()>>; 2],
}

impl Server {
    /// Listens on the configured address, and on another free port, to which `redirect` leads.
    ///
    /// # Errors
    /// If it cannot listen on the address. The message says what to do.
    pub async fn start(config: ServeConfig) -> io::Result<Self> {
        let tcp = listen(config.listen).await?;
        let addr = tcp.local_addr()?;
        let other = listen(SocketAddr::new(addr.ip(), 0)).await?;
        let other_addr = other.local_addr()?;

        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let closing = CancellationToken::new();
        let log = Arc::new(ServerLog::new(config.log, closing.clone()));
        let router = router(Arc::new(ServerState {
            scenario: config.scenario,
            log: Arc::clone(&log),
            scheme,
            ports: [addr.port(), other_addr.port()],
            cors: config.cors,
            names: config.names,
            counters: Default::default(),
        }));
        let start = |tcp| {
            let service = router.clone().into_make_service_with_connect_info::<ConnectionHandle>();
            let serve = axum::serve(Listener::new(tcp, config.tls.clone(), closing.clone())?, service);
            io::Result::Ok(tokio::spawn(
                serve.with_graceful_shutdown(closing.clone().cancelled_owned()).into_future(),
            ))
        };
        let tasks = [start(tcp)?, start(other)?];
        Ok(Self { scheme, addr, other_addr, log, closing, tasks })
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of the other port, to which `redirect` leads.
    pub fn other_addr(&self) -> SocketAddr {
        self.other_addr
    }

    /// The URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.addr)
    }

    /// The requests so far (the last 10,000), in the order in which they arrived.
    pub fn log(&self) -> Vec<RequestLog> {
        self.log.snapshot()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.log.clear();
    }

    /// Waits until `done` holds for the requests so far, and returns them.
    pub async fn log_until(&self, done: impl FnMut(&[RequestLog]) -> bool) -> Vec<RequestLog> {
        self.log.until(done).await
    }

    /// Closes every connection, and waits until the end of every request is logged.
    pub async fn shutdown(mut self) {
        self.closing.cancel();
        for task in &mut self.tasks {
            // An accept loop neither fails nor panics. If it did, it would have ended as well.
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

async fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => io::Error::new(
            error.kind(),
            format!("{addr} is in use; stop what listens there, or choose another port with --port (0 takes a free one)"),
        ),
        io::ErrorKind::AddrNotAvailable => io::Error::new(
            error.kind(),
            format!("{} is not an address of this machine; choose another with --host", addr.ip()),
        ),
        io::ErrorKind::PermissionDenied => io::Error::new(
            error.kind(),
            format!("not permitted to listen on {addr}; choose a port above 1023 with --port"),
        ),
        kind => io::Error::new(kind, format!("cannot listen on {addr}: {error}")),
    })
}
