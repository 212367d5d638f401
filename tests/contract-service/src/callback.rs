//! What the tests are told, and the way there.

use reqwest::header::CONTENT_TYPE;
use serde::Serialize;

/// A message, as the contract shapes it.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Callback {
    Event {
        event: Event,
    },
    Comment {
        comment: String,
    },
    /// The contract's text names the field `comment`, its suite reads `error`.
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

/// Where the messages of one stream go; they are counted from 1.
pub(crate) struct Callbacks {
    poster: reqwest::Client,
    url: String,
    /// The test, for people.
    tag: String,
    sent: u64,
}

impl Callbacks {
    pub(crate) const fn new(poster: reqwest::Client, url: String, tag: String) -> Self {
        Self { poster, url, tag, sent: 0 }
    }

    /// Sends one message. What cannot be delivered is said on standard error: the tests will miss it anyway.
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
