//! The messages to the contract tests, and their delivery.

use reqwest::header::CONTENT_TYPE;
use serde::Serialize;

/// A message in the format of the contract.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Callback {
    Event {
        event: Event,
    },
    Comment {
        comment: String,
    },
    /// The contract's text names the field `comment`, but its suite reads `error`.
    Error {
        error: String,
    },
}

#[derive(Serialize)]
pub(crate) struct Event {
    r#type: String,
    data: String,
    id: String,
}

impl From<tidewire::Event> for Event {
    fn from(event: tidewire::Event) -> Self {
        Self { r#type: event.event.into_owned(), data: event.data, id: event.id }
    }
}

/// Delivers the messages of one stream; they are numbered from 1.
pub(crate) struct Callbacks {
    poster: reqwest::Client,
    url: String,
    /// The name of the test, for error messages.
    tag: String,
    sent: u64,
}

impl Callbacks {
    pub(crate) const fn new(poster: reqwest::Client, url: String, tag: String) -> Self {
        Self { poster, url, tag, sent: 0 }
    }

    /// Sends one message. A failed delivery is only reported on standard error, since the tests will miss the message anyway.
    pub(crate) async fn post(&mut self, callback: &Callback) {
        self.sent += 1;
        if let Err(problem) = self.deliver(callback).await {
            eprintln!("tidewire-contract-service: {}: callback {}: {problem}", self.tag, self.sent);
        }
    }

    async fn deliver(&self, callback: &Callback) -> Result<(), String> {
        let body = serde_json::to_vec(callback).map_err(|error| error.to_string())?;
        let url = format!("{}/{}", self.url, self.sent);
        let posted = self.poster.post(url).header(CONTENT_TYPE, "application/json").body(body).send().await;
        posted.and_then(reqwest::Response::error_for_status).map(drop).map_err(|error| error.to_string())
    }
}
