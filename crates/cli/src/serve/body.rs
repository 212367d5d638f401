//! Plays a script as the body of an HTTP response.

use std::{fmt, future, time::Duration};

use axum::{body::Body, http::Version};
use futures_util::stream;
use tokio::time::sleep;

use super::{
    connection::ConnectionHandle,
    script::{Script, ScriptStep},
};

/// How long an HTTP/2 connection gets to send what it has queued before a reset discards it.
const H2_LINGER: Duration = Duration::from_millis(20);

/// The error that makes hyper break the connection (or the HTTP/2 stream) instead of ending the body.
#[derive(Debug)]
pub(crate) struct CutError;

impl fmt::Display for CutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut by the scenario")
    }
}

impl std::error::Error for CutError {}

/// Plays `script` as a body without a length, so that a client can see a cut.
///
/// A step begins only after everything before it has reached the kernel. Thus each chunk is a write of its own, a slow reader slows
/// the script, and a cut loses nothing that was sent before it.
pub(crate) fn play(script: Script, connection: ConnectionHandle, version: Version) -> Body {
    // The head is written after this, so the first step waits for it too.
    let mark = connection.flushes();
    let player = Player { script, connection, version, mark };
    Body::from_stream(stream::try_unfold(player, |mut player| async move {
        Ok::<_, CutError>(player.next().await?.map(|bytes| (bytes, player)))
    }))
}

/// A script that is being played.
struct Player {
    script: Script,
    connection: ConnectionHandle,
    version: Version,
    /// The number of flushes when something was last handed to hyper.
    mark: u64,
}

impl Player {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, CutError> {
        self.connection.flushed_since(self.mark).await;
        loop {
            match self.script.next() {
                // In HTTP/1.1 an empty chunk would end the body.
                Some(ScriptStep::Bytes(bytes)) if bytes.is_empty() => {}
                Some(ScriptStep::Bytes(bytes)) => {
                    self.mark = self.connection.flushes();
                    return Ok(Some(bytes));
                }
                Some(ScriptStep::Pause(wait)) => sleep(wait).await,
                Some(ScriptStep::Stall) => future::pending().await,
                Some(ScriptStep::Cut) => {
                    // The flush of a shared connection may have been another stream's.
                    if self.version == Version::HTTP_2 {
                        sleep(H2_LINGER).await;
                    }
                    return Err(CutError);
                }
                Some(ScriptStep::End) | None => return Ok(None),
            }
        }
    }
}
