//! Options that only a browser's client has.

use crate::client::ClientBuilder;
use crate::transport::Transport;

impl ClientBuilder {
    /// Sends cookies and other credentials to other origins too (`credentials: "include"`); to the page's own origin they always go. Only
    /// in browsers.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        self.transport = Some(Transport::with_credentials());
        self
    }
}
