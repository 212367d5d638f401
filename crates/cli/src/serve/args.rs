//! `tidewire serve` as a command.

use std::{
    future,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::mpsc,
    thread,
    time::Duration,
};

use clap::Args;

use super::{Cors, LogSink, Scenario, ServeConfig, Server};

/// Arguments of `tidewire serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    pub port: u16,
    /// Address to listen on.
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// What every path serves that is not a scenario's name: a scenario or a scenario file.
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<Scenario>,
    /// What every path serves that is not a scenario's name: a model's reply in this dialect.
    #[arg(long, value_name = "D", conflicts_with = "scenario", value_parser = Scenario::dialect)]
    pub dialect: Option<Scenario>,
    /// Pages that may use the server: an origin, any, or none.
    #[arg(long, value_name = "ORIGIN", default_value = "any")]
    pub cors: Cors,
}

/// Serves until Ctrl-C, with the log on standard output.
///
/// The first line says where it listens, each further one is a [`LogLine`](super::LogLine) in JSON.
///
/// # Errors
/// When the address cannot be listened on; the message says what to do.
pub async fn run(args: ServeArgs) -> io::Result<()> {
    let (lines, printer) = mpsc::channel();
    let server = Server::start(ServeConfig {
        listen: SocketAddr::new(args.host, args.port),
        scenario: args.scenario.or(args.dialect),
        cors: args.cors,
        log: LogSink::new(move |line| {
            // Printing ends with the command, or when nobody reads standard output any more.
            let _ = lines.send(line);
        }),
    })
    .await?;
    // A thread of its own: a reader that is slow to take the log must not hold up the scenarios.
    let (done, printed) = mpsc::sync_channel::<()>(0);
    let url = server.url("");
    let print = move || {
        let _done = done;
        let mut out = io::stdout();
        let mut print = |line: &str| writeln!(out, "{line}").and_then(|()| out.flush());
        print(&format!("tidewire serve: listening on {url}"))?;
        for line in printer {
            print(&serde_json::to_string(&line)?)?;
        }
        io::Result::Ok(())
    };
    tokio::select! {
        // In this order: whoever sees the first line may send Ctrl-C at once.
        biased;
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = async { thread::spawn(print); future::pending().await } => {}
    }
    server.shutdown().await;
    // Ends at once when the last line is out; a reader that has stopped reading is not waited for.
    let _ = printed.recv_timeout(Duration::from_millis(500));
    Ok(())
}
