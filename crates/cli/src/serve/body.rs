//! From a script to the body of an HTTP response.

use std::{fmt, future, time::Duration};

use axum::{body::Body, http::Version};
use futures_util::stream;
use tokio::time::sleep;

use super::{
    connection::Link,
    script::{Script, Step},
};

/// How long an HTTP/2 connection gets to send what it queued before a reset throws it away.
const H2_LINGER: Duration = Duration::from_millis(20);

/// The error that makes hyper break the connection (or the HTTP/2 stream) instead of ending the body.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut by the scenario")
    }
}

impl std::error::Error for Cut {}

/// Plays `script` as a body without a length, so that a cut shows.
///
/// A step begins only once what came before it have reached the kernel. Thus each chunk is a write of its own, a
/// slow reader slows the script, and nothing that came before a cut is lost by it.
pub(crate) fn play(script: Script, link: Link, version: Version) -> Body {
    // The head is written after this, so that it too is waited for.
    let mark = link.flushes();
    let player = Player { script, link, version, mark };
    Body::from_stream(stream::try_unfold(player, |mut player| async move {
        Ok::<_, Cut>(player.next().await?.map(|bytes| (bytes, player)))
    }))
}

struct Player {
    script: Script,
    link: Link,
    version: Version,
    /// The count of flushes when something was last handed to hyper.
    mark: u64,
}

impl Player {
    async fn next(&mut self) -> Result<Option<bytes::Bytes>, Cut> {
        self.link.flushed_since(self.mark).await;
        loop {
            match self.script.next() {
                // HTTP/1.1 has no empty chunk but the terminating one.
                Some(Step::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Step::Bytes(bytes)) => {
                    self.mark = self.link.flushes();
                    return Ok(Some(bytes));
                }
                Some(Step::Pause(wait)) => sleep(wait).await,
                Some(Step::Stall) => future::pending().await,
                Some(Step::Cut) => {
                    // A flush of the shared connection may have been another stream's.
                    if self.version == Version::HTTP_2 {
                        sleep(H2_LINGER).await;
                    }
                    return Err(Cut);
                }
                Some(Step::End) | None => return Ok(None),
            }
        }
    }
}
