//! The HTTP endpoints of the contract.

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Json};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tidewire::Client;
use tokio::sync::Notify;

use crate::callback::Callbacks;
use crate::streams::Streams;
use crate::subscription::Subscription;

/// All capabilities of the suite except `event-type-listeners`: a stream delivers events of every type.
const CAPABILITIES: [&str; 9] = [
    "bom",
    "comments",
    "headers",
    "last-event-id",
    "post",
    "read-timeout",
    "report",
    "restart",
    "server-directed-shutdown-request",
];

/// The endpoints, and a future that is ready once a client has asked the service to stop.
pub(crate) fn router() -> (Router, impl Future<Output = ()> + Send + 'static) {
    let service = Arc::new(Service::default());
    let stop = Arc::clone(&service.stop);
    let router = Router::new()
        .route("/", get(status).post(open).delete(quit))
        .route("/streams/{id}", post(command).delete(close))
        .with_state(service);
    (router, async move { stop.notified().await })
}

#[derive(Default)]
struct Service {
    client: Client,
    poster: reqwest::Client,
    streams: Streams,
    stop: Arc<Notify>,
}

/// A command to a stream.
#[derive(Deserialize)]
#[serde(tag = "command", rename_all = "lowercase")]
enum Command {
    /// Listen for events of a type. A stream always does.
    Listen {
        #[serde(rename = "listen")]
        _listen: Listen,
    },
    /// Disconnect and connect again.
    Restart,
}

#[derive(Deserialize)]
struct Listen {
    #[serde(rename = "type")]
    _event: String,
}

/// Invalid parameters, with the reason.
struct Invalid(String);

impl IntoResponse for Invalid {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::BAD_REQUEST, self.0).into_response()
    }
}

async fn status() -> Json<Value> {
    Json(json!({ "name": "tidewire", "capabilities": CAPABILITIES }))
}

async fn quit(State(service): State<Arc<Service>>) -> StatusCode {
    service.stop.notify_one();
    StatusCode::NO_CONTENT
}

async fn open(State(service): State<Arc<Service>>, body: Bytes) -> Result<impl IntoResponse, Invalid> {
    let subscription: Subscription = read(&body)?;
    let request = subscription.request(&service.client).map_err(Invalid)?;
    let callbacks = Callbacks::new(service.poster.clone(), subscription.callback_url, subscription.tag);
    let id = service.streams.open(request, callbacks);
    Ok((StatusCode::CREATED, [(LOCATION, format!("/streams/{id}"))]))
}

async fn command(
    State(service): State<Arc<Service>>,
    Path(id): Path<u64>,
    body: Bytes,
) -> Result<StatusCode, Invalid> {
    let known = match read(&body)? {
        Command::Listen { .. } => service.streams.is_known(id),
        Command::Restart => service.streams.restart(id),
    };
    Ok(found(known))
}

async fn close(State(service): State<Arc<Service>>, Path(id): Path<u64>) -> StatusCode {
    found(service.streams.close(id).await)
}

fn found(known: bool) -> StatusCode {
    if known { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Invalid> {
    serde_json::from_slice(body).map_err(|error| Invalid(error.to_string()))
}
