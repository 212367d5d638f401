//! A background response of OpenAI's Responses goes on behind the last of its numbered events.

use http::Method;
use tidewire_core::session::Resume;
use tidewire_llm::Dialect;

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::request::Request;

/// Where the numbers of events are a cursor, they go nowhere but into `starting_after`: a server that is asked in another way
/// answers from the beginning.
pub(crate) fn set_up(mut request: Request) -> Request {
    if request.dialect != Some(Dialect::OpenAiResponses) || request.says_where_the_cursor_goes() {
        return request;
    }
    if request.plan.method == Method::GET {
        // A response that exists already.
        request.put_cursor_with(start_after);
        return request;
    }
    if request.setup.last_event_id.is_some() {
        request.note(UsageError::StoredCursor);
    }
    match request.setup.policy.resume {
        _ if request.has_resume_function() => request,
        Resume::Always => request.resume_by_id(go_on),
        // Whether a new one runs in the background is the caller's to say.
        Resume::Auto => request.resume(Resume::Never),
        _ => request,
    }
}

/// `GET /v1/responses/{id}?stream=true&starting_after={cursor}` (OpenAI API reference, "Background mode").
fn go_on(cursor: &str, request: &mut AttemptRequest) -> Result<(), UsageError> {
    if *request.method() != Method::GET {
        let mut url = request.url().clone();
        let id = request.reply_id().to_owned();
        match url.path_segments_mut() {
            Ok(mut path) if !id.is_empty() => path.pop_if_empty().push(&id),
            _ => {
                return Err(UsageError::Url {
                    problem: "the response that it would go on with has no id".to_owned(),
                });
            }
        };
        request.set_url(url.as_str())?;
        request.set_method(Method::GET);
        request.clear_body();
        // It is the key of the response that was made, not of reading it.
        request.remove_header("idempotency-key");
    }
    start_after(cursor, request);
    Ok(())
}

/// Asks for the events behind this number of the response that the URL names.
fn start_after(cursor: &str, request: &mut AttemptRequest) {
    request.set_query("stream", "true");
    request.set_query("starting_after", cursor);
}
