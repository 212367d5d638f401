//! A background response of OpenAI's Responses goes on behind the last of its numbered events.

use http::Method;
use tidewire_core::session::Resume;
use tidewire_llm::{Counting, continuation};

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::request::Request;

/// Sets the stream up for its dialect, where it has one. Where the numbers of events are a cursor, they go nowhere but into
/// `starting_after`: a server that is asked in another way answers from the beginning.
pub(crate) fn set_up(mut request: Request) -> Request {
    let Some(dialect) = &request.dialect else { return request };
    dialect.set_up(&mut request.options);
    let reads = request.template.method == Method::GET;
    if request.says_where_the_cursor_goes() {
        return request;
    }
    let resume = request.options.policy.resume;
    match dialect.counts_events(&mut request.options, reads) {
        Counting::No => return request,
        Counting::Yes => {}
        Counting::Misplaced => request.note(UsageError::StoredCursor),
    }
    if reads {
        // A response that exists already.
        request.options.policy.resume = resume;
        request.put_cursor_with(start_after);
        return request;
    }
    match request.options.policy.resume {
        Resume::Elsewhere => request.resume_by_id(go_on),
        _ => request,
    }
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
    if !reads {
        // It is the key of the response that was made, not of reading it.
        request.remove_header("idempotency-key");
    }
    Ok(())
}

/// Asks for the events behind this number of the response that the URL names.
fn start_after(cursor: &str, request: &mut AttemptRequest) {
    request.set_query("stream", "true");
    request.set_query("starting_after", cursor);
}
