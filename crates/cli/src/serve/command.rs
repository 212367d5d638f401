//! `tidewire serve` as a command.

use std::{
    future,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use clap::Args;

use super::{
    access::Cors,
    log::{LogLine, LogSink},
    scenario::Scenario,
    server::{ServeConfig, Server},
    tls::TlsIdentity,
};
use crate::terminal;

/// The most lines that wait for a slow reader of standard output. Further lines are dropped and counted.
const MAX_WAITING_LINES: usize = 1_000;

/// Arguments of `tidewire serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    pub port: u16,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// What every path serves that is not a scenario's name: a scenario or a scenario file
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<Scenario>,
    /// What every path serves that is not a scenario's name: an LLM's reply in this dialect
    #[arg(long, value_name = "D", conflicts_with = "scenario", value_parser = Scenario::dialect)]
    pub dialect: Option<Scenario>,
    /// The pages that may read responses: those of an origin, loopback, any, or none
    #[arg(long, value_name = "ORIGIN", default_value = "loopback")]
    pub cors: Cors,
    /// A name of the server besides localhost and IP addresses; requests to other names are refused
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Serves HTTPS with this certificate: a PEM file, the server's own certificate first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// Serves until Ctrl-C, and prints the log to standard output as JSON lines, each a [`LogLine`].
///
/// # Errors
/// If it cannot listen on the address, or cannot use the certificate. The message says what to do.
pub async fn run(args: ServeArgs) -> io::Result<()> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsIdentity::load(certificate, key)?),
        _ => None,
    };
    let (sender, lines) = mpsc::sync_channel(MAX_WAITING_LINES);
    let dropped = Arc::new(AtomicU64::new(0));
    let log = LogSink::new({
        let dropped = Arc::clone(&dropped);
        move |line| {
            // A slow reader of standard output must not hold up a scenario, so lines that find no room are dropped.
            if sender.try_send(line).is_err() {
                dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    let server = Server::start(ServeConfig {
        listen: SocketAddr::new(args.host, args.port),
        scenario: args.scenario.or(args.dialect),
        cors: args.cors,
        names: args.allow_host,
        tls,
        log,
    })
    .await?;
    let (done, printed) = mpsc::sync_channel::<()>(0);
    let url = server.url("");
    let print = move || {
        let _done = done;
        print_log(url, &lines, &dropped)
    };
    tokio::select! {
        // The signal is watched before the first line is printed, since a reader of that line may send Ctrl-C at once.
        biased;
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        // Printing has a thread of its own, since it may block.
        () = async { thread::spawn(print); future::pending().await } => {}
    }
    server.shutdown().await;
    // Ends when the last line is printed, but does not wait long for a reader that has stopped reading.
    let _ = printed.recv_timeout(Duration::from_millis(500));
    Ok(())
}

/// Prints lines until there are no more, or standard output has no reader.
fn print_log(url: String, lines: &Receiver<LogLine>, dropped: &AtomicU64) -> io::Result<()> {
    let mut out = terminal::stdout();
    let mut print = |line: &LogLine| {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        out.write_all(&text)?;
        out.flush()
    };
    print(&LogLine::Listening { url })?;
    for line in lines {
        print(&line)?;
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            count => print(&LogLine::Dropped { lines: count })?,
        }
    }
    Ok(())
}
