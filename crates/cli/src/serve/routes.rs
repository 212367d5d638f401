//! From a request to the scenario that answers it.

use std::{
    collections::HashMap,
    fmt::Write as _,
    future,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::{
    body::play,
    connection::Link,
    cors::Cors,
    encoding::encoded,
    log::{Log, RequestLog},
    scenario::{self, Head, Reply, Scenario},
    scenarios,
    script::{cut_at, ending_cleanly},
    tuning::{End, Tuning},
};

/// How much of a request's body a scenario can read; the rest is counted and dropped.
const BODY_KEPT: usize = 1 << 20;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) scenario: Option<Scenario>,
    pub(crate) log: Arc<Log>,
    /// The two ports; `redirect` leads from one to the other.
    pub(crate) ports: [u16; 2],
    /// How many requests came, by scenario and `key`.
    pub(crate) counts: Mutex<HashMap<String, u64>>,
}

pub(crate) fn router(app: Arc<App>, cors: Cors) -> Router {
    let cors = cors.layer();
    let with_cors = |router: Router| match &cors {
        Some(layer) => router.layer(layer.clone()),
        None => router,
    };
    let log = Router::new().route("/_log", get(read_log).delete(clear_log)).with_state(Arc::clone(&app));
    let scenarios = Router::new().fallback(answer).with_state(Arc::clone(&app));
    // The log stands outside CORS, so that it shows preflights; `/_log` itself is not logged.
    let scenarios = with_cors(scenarios).layer(middleware::from_fn_with_state(app, logged));
    with_cors(log).fallback_service(scenarios)
}

async fn read_log(State(app): State<Arc<App>>) -> Json<Vec<RequestLog>> {
    Json(app.log.snapshot())
}

async fn clear_log(State(app): State<Arc<App>>) -> StatusCode {
    app.log.clear();
    StatusCode::NO_CONTENT
}

/// Logs a request, its body and how its response ends.
async fn logged(
    State(app): State<Arc<App>>,
    ConnectInfo(link): ConnectInfo<Link>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    let mut ticket = app.log.enter(&head, link);
    let (mut kept, mut len) = (Vec::new(), 0);
    let mut pieces = body.into_data_stream();
    // A body that breaks off comes with a connection that closes, which drops all this.
    while let Some(Ok(piece)) = pieces.next().await {
        len += piece.len() as u64;
        kept.extend_from_slice(&piece[..piece.len().min(BODY_KEPT - kept.len())]);
    }
    ticket.received(&kept, len);

    let bare = head.method == Method::HEAD;
    let (head, body) = next.run(Request::from_parts(head, kept.into())).await.into_parts();
    let bare = bare || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&head.status);
    // hyper would not ask such a body for its end, and it would count as left by the client.
    let body = if bare { Body::empty() } else { body };
    let body = ticket.sending(head.status, body);
    Response::from_parts(head, body)
}

async fn answer(
    State(app): State<Arc<App>>,
    ConnectInfo(link): ConnectInfo<Link>,
    tuning: Result<Query<Tuning>, QueryRejection>,
    (uri, version): (Uri, Version),
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    let scenario = match (Scenario::named(path), &app.scenario) {
        // It has the dialect that the server was given.
        (Some(_), Some(chosen @ Scenario::Spoken(_))) if path == "llm" => chosen.clone(),
        (Some(named), _) => named,
        (None, Some(chosen)) => chosen.clone(),
        (None, None) if path.is_empty() => return index().into_response(),
        (None, None) => {
            let reply = Reply::refusal(StatusCode::NOT_FOUND, "no scenario has this name; GET / lists them");
            return respond(reply, link, version).await;
        }
    };
    let Query(tuning) = match tuning {
        Ok(tuning) => tuning,
        Err(error) => {
            return respond(Reply::refusal(StatusCode::BAD_REQUEST, &error.body_text()), link, version).await;
        }
    };
    let nth = app.count(path, tuning.key.as_deref());
    let reply = scenario.reply(&scenario::Request {
        tuning: &tuning,
        headers: &headers,
        query: uri.query().unwrap_or(""),
        body: &body,
        nth,
        other_origin: &app.other_origin(&uri, &headers, link.port),
    });
    match tuned(reply, &tuning, nth) {
        Ok(reply) => respond(reply, link, version).await,
        Err(error) => {
            let reply = Reply::refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string());
            respond(reply, link, version).await
        }
    }
}

/// The parameters that apply to every scenario.
fn tuned(mut reply: Reply, tuning: &Tuning, nth: u64) -> std::io::Result<Reply> {
    if let (Some(coding), Some(head)) = (tuning.encoding, &mut reply.head) {
        head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        reply.script = encoded(reply.script, coding)?;
    }
    if let Some(limit) = tuning.cut_at.filter(|_| tuning.cuts.is_none_or(|cuts| nth < cuts)) {
        reply.script = cut_at(reply.script, limit);
    }
    if tuning.end == Some(End::Clean) {
        reply.script = ending_cleanly(reply.script);
    }
    Ok(reply)
}

async fn respond(reply: Reply, link: Link, version: Version) -> Response {
    sleep(reply.delay).await;
    let Some(Head { status, headers }) = reply.head else {
        link.hang_up();
        return future::pending().await;
    };
    (status, headers, play(reply.script, link, version)).into_response()
}

fn index() -> String {
    let mut index = "tidewire serve: a scripted upstream. Scenarios:\n\n".to_owned();
    for named in scenarios::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(index, "  /{:16} {}", named.name, named.about);
    }
    index + "\nGET /_log tells what was asked and how it ended, DELETE /_log forgets it.\n"
}

impl App {
    /// How many requests with this path and `key` came before; counts this one.
    fn count(&self, path: &str, key: Option<&str>) -> u64 {
        let counter = format!("{path}?{}", key.unwrap_or(""));
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(counter).or_default();
        let nth = *count;
        *count += 1;
        nth
    }

    /// The server's other port, by the name under which the client knows it.
    fn other_origin(&self, uri: &Uri, headers: &HeaderMap, port: u16) -> String {
        let from_header = || headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok();
        let authority = uri.authority().cloned().or_else(from_header);
        let host = authority.as_ref().map_or("127.0.0.1", |authority| authority.host());
        let [main, other] = self.ports;
        format!("http://{host}:{}", if port == main { other } else { main })
    }
}
