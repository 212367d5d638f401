//! What callers and servers see, in one form for what the model expects and what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;
use tidewire::Reason;
use tidewire_cli::serve::RequestLog;

use crate::script::ItemKind;

/// A header with the number of renewals. Servers log it, since its name is not that of a secret.
pub(crate) const RENEWED: &str = "x-renewed";

/// Something that the caller or a server sees, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Event {
        event: String,
        data: String,
        id: String,
    },
    Record(String),
    Text(String),
    Comment(String),
    Retry(Duration),
    BadRecord,
    Attempt {
        number: u32,
        reason: Reason,
        cursor: Option<String>,
        wait: (Duration, Duration),
        /// The wait that `retry:` asked for, if it was longer than what is honoured.
        asked: Option<Duration>,
    },
    Gap(Option<String>),
    /// Records arrived again; the id of the first one.
    Replayed(String),
    /// A request was sent. Only servers see it.
    Sent(RequestFacts),
}

impl Item {
    /// Whether a stream of this kind of item shows it.
    pub(crate) fn is_shown(&self, kind: ItemKind) -> bool {
        match self {
            Self::Sent(_) => false,
            Self::Event { .. } | Self::Record(_) | Self::Text(_) | Self::BadRecord => true,
            Self::Comment(_) | Self::Retry(_) | Self::Attempt { .. } | Self::Gap(_) | Self::Replayed(_) => {
                kind == ItemKind::Frames
            }
        }
    }
}

/// The facts of a request that are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestFacts {
    /// Which attempt it belongs to, from 0.
    pub(crate) attempt: usize,
    pub(crate) method: &'static str,
    /// The header `Last-Event-ID`.
    pub(crate) last_event_id: Option<String>,
    pub(crate) x_after: Option<String>,
    /// The query parameter `after` (a JSON cursor) or `resumed` (a request made by a resume function).
    pub(crate) query: Option<String>,
    pub(crate) body: String,
    pub(crate) key: bool,
    pub(crate) authorized: bool,
    /// How often the credentials were renewed.
    pub(crate) renewals: u32,
    /// It went to the `Location` where a relay keeps the response.
    pub(crate) at_relay: bool,
}

/// The facts of a request in the log of `serve`.
pub(crate) fn logged(attempt: usize, request: &RequestLog) -> RequestFacts {
    let header = |name: &str| request.headers.get(name).cloned();
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    facts(attempt, &request.method, header, query, request.body.clone())
}

/// The facts of a request from its bytes.
pub(crate) fn parsed(attempt: usize, request: &str) -> RequestFacts {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let headers: Vec<(String, &str)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v)).collect();
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| (*v).to_owned());
    facts(attempt, method, header, query, body.to_owned())
}

/// The facts of a request that arrived over HTTP/2.
pub(crate) fn received(attempt: usize, request: &http::request::Parts, body: &[u8]) -> RequestFacts {
    let header = |name: &str| Some(request.headers.get(name)?.to_str().ok()?.to_owned());
    let query = request.uri.query().unwrap_or_default();
    let body = String::from_utf8_lossy(body).into_owned();
    facts(attempt, request.method.as_str(), header, query, body)
}

fn facts(
    attempt: usize,
    method: &str,
    header: impl Fn(&str) -> Option<String>,
    query: &str,
    body: String,
) -> RequestFacts {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(n, _)| *n == name).map(|(_, v)| v.to_owned()).next_back()
    };
    RequestFacts {
        attempt,
        method: ["GET", "POST", "PUT"].into_iter().find(|known| *known == method).unwrap_or("another"),
        last_event_id: header("last-event-id"),
        x_after: header("x-after"),
        query: parameter("resumed").or_else(|| parameter("after")),
        // The order of the fields does not matter.
        body: serde_json::from_str::<BTreeMap<&str, &RawValue>>(&body)
            .ok()
            .and_then(|fields| serde_json::to_string(&fields).ok())
            .unwrap_or(body),
        key: header("idempotency-key").is_some_and(|key| key == "k-1"),
        authorized: header("authorization").is_some(),
        renewals: header(RENEWED).and_then(|value| value.parse().ok()).unwrap_or(0),
        at_relay: parameter("kept").is_some(),
    }
}
