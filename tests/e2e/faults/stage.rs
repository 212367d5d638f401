//! Plays a script over real sockets, and records what the caller and the servers saw.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidewire::{Client, CursorTo, Error, Format, Frame, Outcome, Request, Resume, Streaming};
use tidewire_cli::serve::{ServeConfig, Server};
use tidewire_tests::within;

use crate::call::LIMIT;
use crate::item::{Item, RENEWED, RequestFacts, logged, parsed, received};
use crate::script::{
    Answer, Attempt, CallOptions, Declared, EndOn, ItemKind, Payload, Refresh, Script, To, Verb,
};
use crate::upstream::{Gate, Peer, address, peer, scenario, watch};

/// The clients that all streams share.
pub(crate) struct Clients {
    usual: Client,
    /// Speaks HTTP/2 without TLS, by prior knowledge.
    http2: Client,
    /// Has a short connect timeout.
    hasty: Client,
}

/// What happened to a stream.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) items: Vec<Item>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) said: Option<String>,
    pub(crate) cursor: Option<String>,
    pub(crate) attempts: u32,
    /// In the order of the attempts.
    pub(crate) requests: Vec<RequestFacts>,
    /// Attempts, gaps and replays that the hooks reported.
    pub(crate) notices: Vec<Item>,
}

impl Clients {
    pub(crate) fn new() -> Self {
        let http2 = reqwest::Client::builder().http2_prior_knowledge().retry(reqwest::retry::never()).build();
        let http2 = http2.expect("a client");
        Self {
            usual: Client::new(),
            http2: Client::from_reqwest(http2),
            hasty: Client::builder().connect_timeout(LIMIT).build(),
        }
    }

    fn of(&self, script: &Script) -> &Client {
        let mute = script.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::SilentTls));
        match (script.call.http2, mute) {
            (true, _) => &self.http2,
            (false, true) => &self.hasty,
            (false, false) => &self.usual,
        }
    }
}

/// Plays the script to its end.
pub(crate) async fn play(clients: &Clients, number: usize, script: &Script) -> Played {
    let ip = address(number);
    let config =
        ServeConfig { listen: (ip, 0).into(), scenario: Some(scenario(script)), ..ServeConfig::default() };
    let serve = Server::start(config).await.expect("a free port on a loopback address");
    let (mut peers, mut urls, mut gates) = (Vec::new(), Vec::new(), Vec::new());
    for attempt in &script.attempts {
        let gate = Gate::of(attempt);
        let (peer, url) = peer(attempt, ip, &serve, &gate).await;
        peers.push(peer);
        urls.push(url);
        gates.push(gate);
    }
    let notices = Arc::new(Mutex::new(Vec::new()));
    let request = request(clients.of(script), &script.call, urls, &notices).on_wire(watch(gates));
    let close_after = script.call.close_after.unwrap_or(usize::MAX);
    let mut played = match script.call.kind {
        ItemKind::Frames => take(request.frames(), close_after, of_frame).await,
        ItemKind::Events => take(request.events(), close_after, |event| of_frame(Frame::Event(event))).await,
        ItemKind::Records => {
            take(request.records(), close_after, |json: serde_json::Value| {
                Some(Item::Record(json.to_string()))
            })
            .await
        }
        ItemKind::Text => take(request.text(), close_after, |text| Some(Item::Text(text))).await,
    };
    if script.call.format == Format::Text {
        merge_texts(&mut played.items);
    }
    played.notices = std::mem::take(&mut *notices.lock().expect("a lock"));
    // By then the client has dropped every connection.
    let log = within(
        "the end of all requests",
        serve.log_until(|log| log.iter().all(|request| request.response.is_some())),
    )
    .await;
    within("the shutdown", serve.shutdown()).await;
    let mut log = log.iter();
    for (number, peer) in peers.iter().enumerate() {
        match peer {
            Peer::Serve => {
                let hops = match &script.attempts[number] {
                    Attempt { answer: Answer::EndlessRedirects, .. } => 21,
                    Attempt { redirect: Some(_), .. } => 2,
                    _ => 1,
                };
                let here = log.by_ref().take(hops);
                // Requests beyond the script count for the last attempt.
                played.requests.extend(here.map(|request| logged(number, request)));
            }
            Peer::Raw(server) => {
                played.requests.extend(server.seen().iter().map(|seen| parsed(number, &seen.request)));
            }
            Peer::Http2(server) => {
                let here = server.seen().into_iter();
                played.requests.extend(here.map(|(head, body)| received(number, &head, &body)));
            }
            Peer::Nobody(_) => {}
        }
    }
    played.requests.extend(log.map(|request| logged(usize::MAX, request)));
    played
}

fn request(
    client: &Client,
    call: &CallOptions,
    urls: Vec<String>,
    notices: &Arc<Mutex<Vec<Item>>>,
) -> Request {
    let mut request = match call.method {
        Verb::Get => client.get(&urls[0]),
        Verb::Post => client.post(&urls[0]),
        Verb::Put => client.request(reqwest::Method::PUT, &urls[0]),
    };
    if urls.iter().any(|url| *url != urls[0]) {
        request = request.url_with(move |request| {
            let index = request.attempt().number as usize - 1;
            urls.get(index).unwrap_or(&urls[urls.len() - 1]).clone()
        });
    }
    request = match call.payload {
        Payload::None => request,
        Payload::Bytes => request.body(r#"{"q":1}"#),
        Payload::Once => request.body_once(r#"{"once":1}"#),
    };
    request = match call.declared {
        Declared::Nothing => request,
        Declared::Idempotent => request.idempotent(),
        Declared::Key => request.idempotency_key("k-1"),
    };
    request = match call.resume {
        Resume::Elsewhere => request.resume_with(|cursor, request| {
            request.set_method(reqwest::Method::PUT);
            request.set_query("resumed", cursor);
            Ok(())
        }),
        resume => request.resume(resume),
    };
    if call.follow {
        request = request.follow();
    }
    if call.dedupe {
        request = request.dedupe();
    }
    request = match call.refresh {
        None => request,
        Some(refresh) => {
            let calls = AtomicU32::new(0);
            request.refresh(move |mut request| {
                let renewals = calls.fetch_add(1, Ordering::Relaxed) + 1;
                async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    match refresh {
                        Refresh::Works => request
                            .set_header(RENEWED, &renewals.to_string())
                            .map(|()| request)
                            .map_err(|error| error.to_string()),
                        Refresh::Fails => Err("nobody renews it".to_owned()),
                    }
                }
            })
        }
    };
    if let Some(begin) = &call.begin {
        request = request.last_event_id(begin);
    }
    request = match call.cursor_to {
        None => request,
        Some(To::Header) => request.cursor("seq", CursorTo::Header("x-after".into())),
        Some(To::Query) => request.cursor("seq", CursorTo::Query("after".into())),
        Some(To::Body) => request.cursor("seq", CursorTo::Body("after".into())),
    };
    request = match call.end_on {
        EndOn::Default => request,
        EndOn::Event => request.end_on("event:close".parse().expect("a marker")),
        EndOn::Json => request.end_on("json:done=true".parse().expect("a marker")),
        EndOn::None => request.end_on_none(),
    };
    if call.fail_on_none {
        request = request.fail_on_none();
    }
    if call.heartbeat {
        request = request.heartbeat_on("json:type=heartbeat".parse().expect("a marker"));
    }
    if call.deliver_unterminated {
        request = request.deliver_unterminated();
    }
    if let Some(bytes) = call.max_event_bytes {
        request = request.max_event_bytes(bytes);
    }
    if call.by_hand {
        request = request.format(call.format);
    }
    let limits = call.limits;
    if let Some(idle) = limits.idle {
        request = request.idle_timeout(idle);
    }
    let (attempts, gaps, replays) = (Arc::clone(notices), Arc::clone(notices), Arc::clone(notices));
    request
        .bearer_auth("secret")
        .retry_attempts(call.retry_attempts)
        .retry_delay(call.retry_delay)
        .first_event_timeout(limits.first_event.unwrap_or_default())
        .progress_timeout(limits.progress.unwrap_or_default())
        .timeout(limits.total.unwrap_or_default())
        .on_attempt(move |attempt| {
            attempts.lock().expect("a lock").extend(of_frame(Frame::Attempt(attempt.clone())));
        })
        .on_gap(move |after| gaps.lock().expect("a lock").push(Item::Gap(after.map(str::to_owned))))
        .on_replayed(move |id| replays.lock().expect("a lock").push(Item::Replayed(id.to_owned())))
}

/// Reads a stream to its end.
async fn take<I: std::fmt::Debug>(
    mut stream: Streaming<I>,
    close_after: usize,
    item_of: impl Fn(I) -> Option<Item>,
) -> Played {
    let mut items = Vec::new();
    let mut last = None;
    while let Some(item) = within("an item", stream.next()).await {
        assert!(last.is_none(), "an item after the last error: {item:?}");
        match item {
            Ok(item) => items.extend(item_of(item)),
            Err(error) if error.is_last() => last = Some(error),
            Err(Error::BadRecord(_)) => items.push(Item::BadRecord),
            Err(error) => panic!("no such error is scripted: {error}"),
        }
        if items.len() == close_after && last.is_none() {
            stream.close();
        }
    }
    assert!(within("the end", stream.next()).await.is_none(), "an item after the end");
    let outcome = stream.outcome();
    let success = outcome.is_some_and(|outcome| outcome.is_success());
    assert_eq!(success, last.is_none(), "{outcome:?} with {last:?}");
    if let (Some(outcome), Some(last)) = (outcome, &last) {
        assert_eq!(outcome.code(), last.code());
    }
    Played {
        items,
        outcome,
        said: last.map(|error| error.to_string()),
        cursor: stream.last_event_id().map(str::to_owned),
        attempts: stream.stats().attempts,
        requests: Vec::new(),
        notices: Vec::new(),
    }
}

fn of_frame(frame: Frame) -> Option<Item> {
    Some(match frame {
        Frame::Event(event) => {
            Item::Event { event: event.event.into_owned(), data: event.data, id: event.id }
        }
        Frame::Record { json, .. } => Item::Record(json),
        Frame::Text(text) => Item::Text(text),
        Frame::Comment(comment) if comment == "beat" => return None,
        Frame::Comment(comment) => Item::Comment(comment),
        Frame::Retry(time) => Item::Retry(time),
        Frame::BadRecord(_) => Item::BadRecord,
        Frame::Gap { after } => Item::Gap(after),
        Frame::Attempt(attempt) => Item::Attempt {
            number: attempt.number,
            reason: attempt.reason?,
            cursor: attempt.cursor,
            wait: (attempt.delay, attempt.delay),
            asked: attempt.asked,
        },
        Frame::Replayed { id } => Item::Replayed(id),
        other => panic!("no such frame is scripted: {other:?}"),
    })
}

/// Joins adjacent texts, since text arrives in pieces of any size.
pub(crate) fn merge_texts(items: &mut Vec<Item>) {
    let mut merged: Vec<Item> = Vec::new();
    for item in items.drain(..) {
        match (merged.last_mut(), item) {
            (Some(Item::Text(before)), Item::Text(more)) => before.push_str(&more),
            (_, item) => merged.push(item),
        }
    }
    *items = merged;
}
