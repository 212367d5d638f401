//! What ends the command before its stream: a signal, or a reader of standard output that has gone.

use std::future::pending;
use std::process;
use std::time::Duration;

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
    tokio::spawn(async move {
        let stop = tokio::select! {
            () = signal() => Stop::Signal,
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

async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
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
