//! Responses other than a stream.

use std::iter;

use axum::http::{HeaderValue, StatusCode, header};

use super::chat::chat;
use crate::serve::response::{ScenarioRequest, ScriptedResponse};

/// Refuses two requests, answers the third, and begins again, so that a second client finds the same.
pub(super) fn busy(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let retry_after = request.params.retry_after.clone().unwrap_or(HeaderValue::from_static("1"));
    let (status, message) = match request.nth % 3 {
        0 => (StatusCode::TOO_MANY_REQUESTS, "rate limit reached"),
        1 => (StatusCode::SERVICE_UNAVAILABLE, "the model is overloaded"),
        _ => return chat(request),
    };
    let status = request.params.status.unwrap_or(status);
    ScriptedResponse::refusal(status, message).with_header(header::RETRY_AFTER, retry_after)
}

pub(super) fn status(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let status = request.params.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = ScriptedResponse::refusal(status, status.canonical_reason().unwrap_or("as asked for"));
    match request.params.retry_after.clone() {
        Some(retry_after) => response.with_header(header::RETRY_AFTER, retry_after),
        None => response,
    }
}

pub(super) fn auth(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    match request.headers.contains_key(header::AUTHORIZATION) {
        true => chat(request),
        false => {
            ScriptedResponse::refusal(StatusCode::UNAUTHORIZED, "expected a header Authorization: Bearer …")
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
        }
    }
}

pub(super) fn gone(_: &ScenarioRequest<'_>) -> ScriptedResponse {
    ScriptedResponse::new(StatusCode::NO_CONTENT, "text/event-stream", Box::new(iter::empty()))
}

pub(super) fn html(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    const PAGE: &str = "<!doctype html>\n<html><head><title>Sign in</title></head>\n\
        <body><h1>Sign in to the network</h1><form method=\"post\"><input name=\"user\"></form></body></html>\n";
    ScriptedResponse::whole(
        request.params.status.unwrap_or(StatusCode::OK),
        "text/html; charset=utf-8",
        PAGE.to_owned(),
    )
}

/// Redirects to `to` at the other port, with the same query; `to=redirect` never ends.
pub(super) fn redirect(request: &ScenarioRequest<'_>) -> ScriptedResponse {
    let to = request.params.to.as_deref().unwrap_or("chat");
    let mark = if request.query.is_empty() { "" } else { "?" };
    let location = format!("{}/{to}{mark}{}", request.other_origin, request.query);
    let status = request.params.status.unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    match HeaderValue::from_str(&location) {
        Ok(value) => ScriptedResponse::refusal(status, &format!("moved to {location}"))
            .with_header(header::LOCATION, value),
        Err(_) => ScriptedResponse::refusal(
            StatusCode::BAD_REQUEST,
            &format!("expected a scenario's name, not to={to:?}"),
        ),
    }
}

pub(super) fn hangup(_: &ScenarioRequest<'_>) -> ScriptedResponse {
    ScriptedResponse::hang_up()
}
