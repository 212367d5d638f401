//! What callers and servers see, in one form for what is expected and what came.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;
use tidewire::Reason;
use tidewire_cli::serve::RequestLog;

use crate::script::Shape;

/// Says how often a request was renewed; it is no secret, so that servers log it.
pub(crate) const RENEWED: &str = "x-renewed";

/// Something that the caller sees, or that the servers see, in order.
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
        /// What `retry:` asked for, if that is more than is waited for.
        asked: Option<Duration>,
    },
    Gap(Option<String>),
    /// Records arrive again, the first of them with this id.
    Replayed(String),
    /// A request was sent; the caller does not see it as an item.
    Sent(Want),
}

impl Item {
    /// Whether a stream of this shape has it among its items.
    pub(crate) fn is_shown(&self, shape: Shape) -> bool {
        match self {
            Self::Sent(_) => false,
            Self::Event { .. } | Self::Record(_) | Self::Text(_) | Self::BadRecord => true,
            Self::Comment(_) | Self::Retry(_) | Self::Attempt { .. } | Self::Gap(_) | Self::Replayed(_) => {
                shape == Shape::Frames
            }
        }
    }
}

/// A request as a server must see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Want {
    /// Which attempt it belongs to, from 0.
    pub(crate) attempt: usize,
    pub(crate) method: &'static str,
    /// The header, or for the other places what stands there.
    pub(crate) last_event_id: Option<String>,
    pub(crate) x_after: Option<String>,
    /// The parameters `after` (a JSON cursor) or `resumed` (another request).
    pub(crate) query: Option<String>,
    pub(crate) body: String,
    pub(crate) key: bool,
    pub(crate) authorized: bool,
    /// How often what it carries was renewed.
    pub(crate) renewals: u32,
    /// It went to where a relay keeps the response.
    pub(crate) at_relay: bool,
}

/// A request in the log of `serve`.
pub(crate) fn logged(attempt: usize, request: &RequestLog) -> Want {
    let header = |name: &str| request.headers.get(name).cloned();
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    want(attempt, &request.method, header, query, request.body.clone())
}

/// A request as its bytes were.
pub(crate) fn parsed(attempt: usize, request: &str) -> Want {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let headers: Vec<(String, &str)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v)).collect();
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| (*v).to_owned());
    want(attempt, method, header, query, body.to_owned())
}

/// A request that arrived over HTTP/2.
pub(crate) fn received(attempt: usize, request: &http::request::Parts, body: &[u8]) -> Want {
    let header = |name: &str| Some(request.headers.get(name)?.to_str().ok()?.to_owned());
    let query = request.uri.query().unwrap_or_default();
    let body = String::from_utf8_lossy(body).into_owned();
    want(attempt, request.method.as_str(), header, query, body)
}

fn want(
    attempt: usize,
    method: &str,
    header: impl Fn(&str) -> Option<String>,
    query: &str,
    body: String,
) -> Want {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(n, _)| *n == name).map(|(_, v)| v.to_owned()).next_back()
    };
    Want {
        attempt,
        method: ["GET", "POST", "PUT"].into_iter().find(|known| *known == method).unwrap_or("another"),
        last_event_id: header("last-event-id"),
        x_after: header("x-after"),
        query: parameter("resumed").or_else(|| parameter("after")),
        // The order of its fields says nothing.
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
