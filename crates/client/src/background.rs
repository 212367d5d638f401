//! A background response of OpenAI's Responses goes on behind the last of its numbered events.

use http::Method;
use tidewire_core::session::Resume;
use tidewire_llm::continuation;

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::request::{CursorTo, Request};

/// Sets the stream up for its dialect, where it has one.
pub(crate) fn set_up(mut request: Request) -> Request {
    let Some(dialect) = &request.dialect else { return request };
    dialect.set_up(&mut request.setup);
    let reads = request.plan.method == Method::GET;
    if request.says_where_to_resume() || !dialect.counts_events(&mut request.setup, reads) {
        return request;
    }
    match request.setup.policy.resume {
        Resume::Elsewhere => request.resume_with(go_on),
        _ => request,
    }
    // Where an earlier stream stopped.
    .cursor_to(CursorTo::Query("starting_after".to_owned()))
}

fn go_on(cursor: &str, request: &mut AttemptRequest) -> Result<(), UsageError> {
    let reads = *request.method() == Method::GET;
    let url = continuation(request.url().as_str(), reads, request.reply_id(), cursor);
    let url = url.ok_or_else(|| UsageError::Url {
        problem: "the response that it would go on with has no id".to_owned(),
    })?;
    request.set_url(&url)?;
    request.set_method(Method::GET);
    request.clear_body();
    Ok(())
}
