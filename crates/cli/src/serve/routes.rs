//! Routes a request to the scenario that answers it.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write as _,
    future,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::{
    access::{Cors, foreign_host},
    body::play,
    connection::ConnectionHandle,
    encoding::encoded,
    log::{RequestLog, ServerLog},
    params::{BodyEnd, ScenarioParams},
    response::{ResponseHead, ScenarioRequest, ScriptedResponse},
    scenario::Scenario,
    scenarios,
    script::{cut_at, ending_cleanly},
};

/// How much of a request's body a scenario can read. The rest is counted and dropped.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The most counters of requests. The oldest are dropped.
const MAX_COUNTERS: usize = 10_000;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) scenario: Option<Scenario>,
    pub(crate) log: Arc<ServerLog>,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The two ports; `redirect` leads from one to the other.
    pub(crate) ports: [u16; 2],
    pub(crate) cors: Cors,
    /// Names of the server besides those of this machine.
    pub(crate) names: Vec<String>,
    pub(crate) counters: Mutex<Counters>,
}

/// The routes, from the outside in: the log, the check of the host, CORS, the scenario. `/_log` itself is not logged.
pub(crate) fn router(state: Arc<ServerState>) -> Router {
    let cors = state.cors.layer();
    let with_cors = |router: Router| match &cors {
        Some(layer) => router.layer(layer.clone()),
        None => router,
    };
    let with_host = |router: Router| {
        router.layer(middleware::from_fn_with_state(Arc::clone(&state), refuse_foreign_hosts))
    };
    let log = Router::new().route("/_log", get(read_log).delete(clear_log)).with_state(Arc::clone(&state));
    let log = log.layer(middleware::from_fn_with_state(Arc::clone(&state), refuse_foreign_pages));
    let log = with_host(with_cors(log));
    let scenarios = Router::new().fallback(answer).with_state(Arc::clone(&state));
    let scenarios = with_host(with_cors(scenarios));
    let scenarios = scenarios.layer(middleware::from_fn_with_state(Arc::clone(&state), logged));
    log.fallback_service(scenarios)
}

async fn read_log(State(state): State<Arc<ServerState>>) -> Json<Vec<RequestLog>> {
    Json(state.log.snapshot())
}

async fn clear_log(State(state): State<Arc<ServerState>>) -> StatusCode {
    state.log.clear();
    StatusCode::NO_CONTENT
}

/// Refuses a request to a name that is not the server's, such as one that DNS rebinding leads here.
async fn refuse_foreign_hosts(
    State(state): State<Arc<ServerState>>,
    request: Request,
    next: Next,
) -> Response {
    match foreign_host(request.uri(), request.headers(), &state.names) {
        None => next.run(request).await,
        Some(host) => {
            let problem = format!(
                "{host} is not a name of this server; if it should be one, start it with --allow-host NAME"
            );
            refusal(StatusCode::FORBIDDEN, &problem)
        }
    }
}

/// Keeps the log from pages that may not read it. CORS alone would let a page embed it as a script.
async fn refuse_foreign_pages(
    State(state): State<Arc<ServerState>>,
    request: Request,
    next: Next,
) -> Response {
    if !state.cors.shows_log(request.headers()) {
        return refusal(StatusCode::FORBIDDEN, "the log is not shown to pages of this origin");
    }
    let mut response = next.run(request).await;
    let same_origin = HeaderValue::from_static("same-origin");
    response.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), same_origin);
    response
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    (status, Json(serde_json::json!({ "error": { "code": status.as_u16(), "message": problem } })))
        .into_response()
}

/// Logs a request, its body, and how its response ends.
async fn logged(
    State(state): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    // A scenario's `key` names a counter. On other paths it may be a provider's API key.
    let own_params: &[&str] = if Scenario::named(name(&head.uri)).is_some() { &["key"] } else { &[] };
    let mut logged = state.log.enter(&head, connection, own_params);
    let (mut kept, mut len) = (Vec::new(), 0);
    let mut pieces = body.into_data_stream();
    // If the body breaks off, the connection closes and drops all this.
    while let Some(Ok(piece)) = pieces.next().await {
        len += piece.len() as u64;
        kept.extend_from_slice(&piece[..piece.len().min(MAX_BODY_BYTES - kept.len())]);
    }
    logged.received(&kept, len);

    let is_head = head.method == Method::HEAD;
    let (head, body) = next.run(Request::from_parts(head, kept.into())).await.into_parts();
    let has_no_body = is_head || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&head.status);
    // hyper would not ask such a body for its end, so it would be logged as left by the client.
    let body = if has_no_body { Body::empty() } else { body };
    let body = logged.sending(head.status, body);
    Response::from_parts(head, body)
}

async fn answer(
    State(state): State<Arc<ServerState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    params: Result<Query<ScenarioParams>, QueryRejection>,
    (uri, version): (Uri, Version),
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let name = name(&uri);
    let scenario = match (Scenario::named(name), &state.scenario) {
        // `llm` speaks the dialect that the server was given.
        (Some(_), Some(chosen @ Scenario::Reply(_))) if name == "llm" => chosen.clone(),
        (Some(named), _) => named,
        (None, Some(chosen)) => chosen.clone(),
        (None, None) if name.is_empty() => return index().into_response(),
        (None, None) => {
            let problem = "no scenario has this name; GET / lists them";
            let response = ScriptedResponse::refusal(StatusCode::NOT_FOUND, problem);
            return send(response, connection, version).await;
        }
    };
    let Query(params) = match params {
        Ok(params) => params,
        Err(error) => {
            let response = ScriptedResponse::refusal(StatusCode::BAD_REQUEST, &error.body_text());
            return send(response, connection, version).await;
        }
    };
    let nth = state.count(name, params.key.as_deref());
    let response = scenario.respond(&ScenarioRequest {
        params: &params,
        headers: &headers,
        query: uri.query().unwrap_or(""),
        body: &body,
        nth,
        other_origin: &state.other_origin(&uri, &headers, connection.port),
    });
    let response = with_params(response, &params, nth).unwrap_or_else(|error| {
        ScriptedResponse::refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    });
    send(response, connection, version).await
}

/// The name of a scenario that a path may be.
fn name(uri: &Uri) -> &str {
    uri.path().trim_start_matches('/')
}

/// Applies the parameters that all scenarios have.
fn with_params(
    mut response: ScriptedResponse,
    params: &ScenarioParams,
    nth: u64,
) -> io::Result<ScriptedResponse> {
    if let (Some(coding), Some(head)) = (params.encoding, &mut response.head) {
        head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        response.script = encoded(response.script, coding)?;
    }
    if let Some(limit) = params.cut_at.filter(|_| params.cuts.is_none_or(|cuts| nth < cuts)) {
        response.script = cut_at(response.script, limit);
    }
    if params.end == Some(BodyEnd::Clean) {
        response.script = ending_cleanly(response.script);
    }
    Ok(response)
}

async fn send(response: ScriptedResponse, connection: ConnectionHandle, version: Version) -> Response {
    sleep(response.delay).await;
    let Some(ResponseHead { status, headers }) = response.head else {
        connection.hang_up();
        return future::pending().await;
    };
    (status, headers, play(response.script, connection, version)).into_response()
}

fn index() -> String {
    let mut index = "tidewire serve: scripted responses. Scenarios:\n\n".to_owned();
    for named in scenarios::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(index, "  /{:16} {}", named.name, named.about);
    }
    index + "\nGET /_log shows the requests and how they ended, DELETE /_log forgets them.\n"
}

impl ServerState {
    /// Counts a request, and returns how many with this path and `key` arrived before it.
    fn count(&self, path: &str, key: Option<&str>) -> u64 {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).next(&(path, key.unwrap_or("")))
    }

    /// The origin of the server's other port, under the host name that the client used.
    fn other_origin(&self, uri: &Uri, headers: &HeaderMap, port: u16) -> String {
        let from_header = || headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok();
        let authority = uri.authority().cloned().or_else(from_header);
        let host = authority.as_ref().map_or("127.0.0.1", |authority| authority.host());
        let [main, other] = self.ports;
        format!("{}://{host}:{}", self.scheme, if port == main { other } else { main })
    }
}

/// Counts requests by scenario and `key`.
///
/// Counters are found by their hash, so that long paths take no memory. With so few counters, two with the same hash are unlikely.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    counts: HashMap<u64, u64>,
    /// The hashes, the oldest first.
    order: VecDeque<u64>,
}

impl Counters {
    /// Returns the count so far, then adds one to it.
    fn next(&mut self, counter: &impl Hash) -> u64 {
        let mut hasher = DefaultHasher::new();
        counter.hash(&mut hasher);
        let hash = hasher.finish();
        let count = self.counts.entry(hash).or_insert_with(|| {
            self.order.push_back(hash);
            0
        });
        let before = *count;
        *count += 1;
        if self.order.len() > MAX_COUNTERS
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_counters_give_way() {
        let mut counters = Counters::default();
        assert_eq!([counters.next(&"a"), counters.next(&"a"), counters.next(&"b")], [0, 1, 0]);
        for number in 0..MAX_COUNTERS {
            counters.next(&number);
        }
        assert_eq!(counters.counts.len(), MAX_COUNTERS);
        assert_eq!(counters.next(&(MAX_COUNTERS - 1)), 1);
        assert_eq!(counters.next(&"a"), 0, "it was forgotten");
    }
}
