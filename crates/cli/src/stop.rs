//! What stops the command before its stream ends: a signal, or a reader of standard output that has gone.

use std::future::pending;
#[cfg(unix)]
use std::io;
use std::process;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::Signal;
use tokio::sync::oneshot;

use crate::exit;
#[cfg(unix)]
use crate::terminal;

/// How long the last line may take after a signal. After that, standard output is assumed to have no reader.
const LAST_LINE: Duration = Duration::from_millis(500);

/// Why the command stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// Ctrl-C, or a request to terminate.
    Signal,
    /// Nobody reads standard output any more.
    ReaderGone,
}

/// Watches for an interrupt from now on, even while the caller's thread waits for standard output to take a line.
pub(crate) fn watch() -> oneshot::Receiver<Interrupt> {
    let (sender, receiver) = oneshot::channel();
    let signal = signal();
    tokio::spawn(async move {
        let interrupt = tokio::select! {
            () = signal => Interrupt::Signal,
            () = reader_gone() => Interrupt::ReaderGone,
        };
        // Fails if the command has already ended and dropped the receiver.
        let _ = sender.send(interrupt);
        if interrupt == Interrupt::Signal {
            tokio::time::sleep(LAST_LINE).await;
            process::exit(exit::BY_SIGNAL.into());
        }
    });
    receiver
}

/// Handles signals from the call on, not only once the future is polled.
#[cfg(unix)]
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        let [mut interrupt, mut terminate] = signals;
        let received = async |signal: &mut io::Result<Signal>| match signal {
            Ok(signal) => drop(signal.recv().await),
            Err(_) => pending().await,
        };
        tokio::select! {
            () = received(&mut interrupt) => {}
            () = received(&mut terminate) => {}
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

/// Ends when a pipe loses its last reader. A silent stream writes nothing, so it would never notice otherwise.
#[cfg(unix)]
async fn reader_gone() {
    use tokio::io::Interest;
    use tokio::net::unix::pipe::Sender;

    // Unchecked, because the check would make standard output non-blocking. Files cannot be watched and need not be.
    let watched = terminal::stdout_handle().and_then(Sender::from_owned_fd_unchecked);
    let Ok(output) = watched else { return pending().await };
    if output.ready(Interest::ERROR).await.is_err() {
        pending().await
    }
}

/// On other platforms the next write notices it.
#[cfg(not(unix))]
async fn reader_gone() {
    pending().await
}
