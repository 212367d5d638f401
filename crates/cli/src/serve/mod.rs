//! A scripted upstream: demo replies, every fault, or what `get --record` wrote.
//!
//! ```text
//! request ─▶ routes ─▶ scenario (named, or a file) ─▶ Script of Steps ─▶ body ─▶ connection
//!    └──────────────────────────── log ◀──────────────────────────────────┘
//! ```
//!
//! Every scenario, named or read from a file, is a script: a lazy timeline of bytes, pauses and cuts. Query
//! parameters act on scripts (`script`, `encoding`), and one player turns them into bodies (`body`).

mod args;
mod body;
mod connection;
mod cors;
mod encoding;
mod log;
mod reply;
mod routes;
mod scenario;
pub mod scenario_file;
mod scenarios;
mod script;
#[cfg(test)]
mod tests;
mod tuning;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use self::{
    args::{ServeArgs, run},
    cors::Cors,
    log::{Ended, LogLine, LogSink, RequestLog, ResponseLog},
    reply::{flaky_text, prompt_text, reply_text, text_of},
    scenario::{Named, Scenario},
    scenario_file::{ScenarioFile, ScenarioFileError},
    scenarios::{ALL as SCENARIOS, SPOKEN, Spoken, big_final},
};
use self::{
    connection::{Link, Listener},
    log::Log,
    routes::{App, router},
};

/// What to serve, and where.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What every path serves that is not a scenario's name; `None` refuses such paths with 404.
    pub scenario: Option<Scenario>,
    /// Which pages may use the server.
    pub cors: Cors,
    /// Who is told of requests as they come and end.
    pub log: LogSink,
}

impl Default for ServeConfig {
    /// All scenarios by their names, for any page, on a free port of 127.0.0.1.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            scenario: None,
            cors: Cors::default(),
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
/// // … stream from it, then see how it went:
/// assert_eq!(server.log().len(), 0);
/// server.shutdown().await;
/// # std::io::Result::Ok(())
/// # })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    other_addr: SocketAddr,
    log: Arc<Log>,
    closing: CancellationToken,
    tasks: [JoinHandle<io::Result<()>>; 2],
}

impl Server {
    /// Listens on the configured address, and for `redirect` on a free port beside it.
    ///
    /// # Errors
    /// When the address cannot be listened on; the message says what to do.
    pub async fn start(config: ServeConfig) -> io::Result<Self> {
        let tcp = listen(config.listen).await?;
        let addr = tcp.local_addr()?;
        let other = listen(SocketAddr::new(addr.ip(), 0)).await?;
        let other_addr = other.local_addr()?;

        let closing = CancellationToken::new();
        let log = Arc::new(Log::new(config.log, closing.clone()));
        let app = Arc::new(App {
            scenario: config.scenario,
            log: Arc::clone(&log),
            ports: [addr.port(), other_addr.port()],
            counts: Default::default(),
        });
        let router = router(app, config.cors);
        let start = |tcp| {
            let service = router.clone().into_make_service_with_connect_info::<Link>();
            let serve = axum::serve(Listener::new(tcp, closing.clone())?, service);
            io::Result::Ok(tokio::spawn(
                serve.with_graceful_shutdown(closing.clone().cancelled_owned()).into_future(),
            ))
        };
        let tasks = [start(tcp)?, start(other)?];
        Ok(Self { addr, other_addr, log, closing, tasks })
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The other origin, where `redirect` leads.
    pub fn other_addr(&self) -> SocketAddr {
        self.other_addr
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The requests so far (the last 10,000), in the order of their coming.
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

    /// Closes every connection and waits until all is logged.
    pub async fn shutdown(mut self) {
        self.closing.cancel();
        for task in &mut self.tasks {
            // An accept loop neither fails nor panics; were it to, it would be gone as well.
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
            format!("{} is no address of this machine; choose another with --host", addr.ip()),
        ),
        io::ErrorKind::PermissionDenied => io::Error::new(
            error.kind(),
            format!("not permitted to listen on {addr}; choose a port above 1023 with --port"),
        ),
        kind => io::Error::new(kind, format!("cannot listen on {addr}: {error}")),
    })
}
