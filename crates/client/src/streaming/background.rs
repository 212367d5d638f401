//! Resumes a background response of OpenAI's Responses API after the last numbered event that arrived.

use std::sync::Arc;

use http::Method;
use tidewire_core::session::Resume;
use tidewire_llm::{Counting, continuation};

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::streaming::parts::StreamParts;

/// Sets a stream up for its dialect, if it has one. If the dialect numbers its events, the number is sent only as
/// `starting_after`: the server answers any other request from the beginning.
pub(crate) fn set_up(parts: &mut StreamParts) {
    let Some(dialect) = &parts.dialect else { return };
    dialect.set_up(&mut parts.options);
    let is_get = parts.template.method == Method::GET;
    if parts.preparation.as_ref().is_some_and(|preparation| preparation.cursor.to.is_some()) {
        return;
    }
    let resume = parts.options.policy.resume;
    match dialect.counts_events(&mut parts.options, is_get) {
        Counting::No => return,
        Counting::Yes => {}
        Counting::Misplaced => parts.note(UsageError::StoredCursor),
    }
    if is_get {
        // The response exists already, and its URL names it.
        parts.options.policy.resume = resume;
        parts.preparation().cursor.put_with = Some(start_after);
    } else if parts.options.policy.resume == Resume::Elsewhere {
        let cursor = &mut parts.preparation().cursor;
        cursor.resume_with = Some(Arc::new(get_response));
        cursor.needs_reply_id = true;
    }
}

/// Turns the request into one that reads the rest of the response.
fn get_response(cursor: &str, request: &mut AttemptRequest) -> Result<(), UsageError> {
    let is_get = *request.method() == Method::GET;
    let url = continuation(request.url().as_str(), is_get, request.reply_id(), cursor);
    let url =
        url.ok_or_else(|| UsageError::Url { problem: "the response to continue has no id".to_owned() })?;
    request.set_url(&url)?;
    request.set_method(Method::GET);
    request.clear_body();
    if !is_get {
        // The key belongs to the request that made the response.
        request.remove_header("idempotency-key");
    }
    Ok(())
}

/// Requests the events of the response at this URL that follow the number in `cursor`.
fn start_after(cursor: &str, request: &mut AttemptRequest) {
    request.set_query("stream", "true");
    request.set_query("starting_after", cursor);
}
