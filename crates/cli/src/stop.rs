//! What ends the command before its stream: a signal, or a reader of standard output that has gone.

use std::future::pending;
#[cfg(unix)]
use std::io;
use std::process;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;

use crate::exit;

/// How long the last line may take after a signal; then nobody reads standard output, and it is not waited for.
const LAST_LINE: Duration = Duration::from_millis(500);

/// Why to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Ctrl-C, or a request to terminate.
    Signal,
    /// Nobody reads standard output any more.
    ReaderGone,
}

/// Watches from now on, also while the caller's own thread waits for standard output to take a line.
pub(crate) fn watch() -> oneshot::Receiver<Stop> {
    let (tell, told) = oneshot::channel();
    let signal = signal();
    tokio::spawn(async move {
        let stop = tokio::select! {
            () = signal => Stop::Signal,
            () = reader_gone() => Stop::ReaderGone,
        };
        // Nobody is told any more when the command has come to its end by itself.
        let _ = tell.send(stop);
        if stop == Stop::Signal {
            tokio::time::sleep(LAST_LINE).await;
            process::exit(exit::BY_SIGNAL.into());
        }
    });
    told
}

/// Handles signals from the call on, not only once the future is polled.
#[cfg(unix)]
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        let [mut interrupt, mut terminate] = signals;
        let came = async |signal: &mut io::Result<Signal>| match signal {
            Ok(signal) => drop(signal.recv().await),
            Err(_) => pending().await,
        };
        tokio::select! {
            () = came(&mut interrupt) => {}
            () = came(&mut terminate) => {}
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// Ends when a pipe loses its last reader, which a stream that is silent would otherwise never notice.
#[cfg(unix)]
async fn reader_gone() {
    use std::os::fd::AsFd;
    use tokio::io::Interest;
    use tokio::net::unix::pipe::Sender;

    // Unchecked, since the check would make standard output non-blocking. Files cannot be watched and need not be.
    let watched = std::io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    let Ok(output) = watched else { return pending().await };
    if output.ready(Interest::ERROR).await.is_err() {
        pending().await
    }
}

/// Here the next write notices it.
#[cfg(not(unix))]
async fn reader_gone() {
    pending().await
}
