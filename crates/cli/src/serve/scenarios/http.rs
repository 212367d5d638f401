//! What a server can say besides a stream.

use std::iter;

use axum::http::{StatusCode, header};

use super::chat::chat;
use crate::serve::scenario::{Reply, Request};

/// Round and round, so that a second client finds the same.
pub(super) fn busy(request: &Request<'_>) -> Reply {
    let retry_after = request.tuning.retry_after.as_deref().unwrap_or("1");
    let (status, message) = match request.nth % 3 {
        0 => (StatusCode::TOO_MANY_REQUESTS, "rate limit reached"),
        1 => (StatusCode::SERVICE_UNAVAILABLE, "the model is overloaded"),
        _ => return chat(request),
    };
    let status = request.tuning.status.unwrap_or(status);
    Reply::refusal(status, message).with_header(header::RETRY_AFTER, retry_after)
}

pub(super) fn status(request: &Request<'_>) -> Reply {
    let status = request.tuning.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let reply = Reply::refusal(status, status.canonical_reason().unwrap_or("as asked for"));
    match &request.tuning.retry_after {
        Some(retry_after) => reply.with_header(header::RETRY_AFTER, retry_after),
        None => reply,
    }
}

pub(super) fn auth(request: &Request<'_>) -> Reply {
    match request.headers.contains_key(header::AUTHORIZATION) {
        true => chat(request),
        false => Reply::refusal(StatusCode::UNAUTHORIZED, "expected a header Authorization: Bearer …")
            .with_header(header::WWW_AUTHENTICATE, "Bearer"),
    }
}

pub(super) fn gone(_: &Request<'_>) -> Reply {
    Reply::new(StatusCode::NO_CONTENT, "text/event-stream", Box::new(iter::empty()))
}

pub(super) fn html(request: &Request<'_>) -> Reply {
    const PAGE: &str = "<!doctype html>\n<html><head><title>Sign in</title></head>\n\
        <body><h1>Sign in to the network</h1><form method=\"post\"><input name=\"user\"></form></body></html>\n";
    Reply::whole(request.tuning.status.unwrap_or(StatusCode::OK), "text/html; charset=utf-8", PAGE.to_owned())
}

/// To `to` at the other port, the query along with it; `to=redirect` never ends.
pub(super) fn redirect(request: &Request<'_>) -> Reply {
    let to = request.tuning.to.as_deref().unwrap_or("chat");
    let mark = if request.query.is_empty() { "" } else { "?" };
    let location = format!("{}/{to}{mark}{}", request.other_origin, request.query);
    let status = request.tuning.status.unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    Reply::refusal(status, &format!("moved to {location}")).with_header(header::LOCATION, &location)
}

pub(super) fn hangup(_: &Request<'_>) -> Reply {
    Reply::hang_up()
}
