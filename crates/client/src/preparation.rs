//! How each attempt's request is made of the template, the cursor and the caller's functions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::attempt::AttemptRequest;
use crate::cursor::CursorTo;
use crate::error::UsageError;
use crate::event::Attempt;
use crate::template::RequestTemplate;

pub(crate) type Prepare = Arc<dyn Fn(&mut AttemptRequest) -> Result<(), UsageError> + Send + Sync>;
pub(crate) type Prepared = Pin<Box<dyn Future<Output = Result<AttemptRequest, String>> + Send>>;
pub(crate) type PrepareAsync = Arc<dyn Fn(AttemptRequest) -> Prepared + Send + Sync>;
pub(crate) type ResumeWith = Arc<dyn Fn(&str, &mut AttemptRequest) -> Result<(), UsageError> + Send + Sync>;

/// What is done to the template to make an attempt's request, in the order of the fields. A function that signs the request sees
/// everything that the ones before it have done.
#[derive(Default)]
pub(crate) struct Preparation {
    /// Functions that make the URL or the body.
    pub(crate) make: Vec<Prepare>,
    pub(crate) cursor: CursorPlacement,
    /// Functions that make a header or change the request in another way.
    pub(crate) prepare: Vec<Prepare>,
    pub(crate) prepare_async: Vec<PrepareAsync>,
}

/// How the cursor gets into the request.
#[derive(Default)]
pub(crate) struct CursorPlacement {
    /// `None` for `Last-Event-ID`.
    pub(crate) to: Option<CursorTo>,
    /// How the dialect does it, instead.
    pub(crate) put_with: Option<fn(&str, &mut AttemptRequest)>,
    /// Makes the request that continues once records have arrived.
    pub(crate) resume_with: Option<ResumeWith>,
    /// `resume_with` needs the id of the reply.
    pub(crate) needs_reply_id: bool,
}

impl Preparation {
    /// Makes the request of this attempt, except for what [`prepare_async`](Self::prepare_async) does. `continues` has the id of the LLM's
    /// reply (or "") if records have arrived; `cursor_is_string` says that the cursor was a JSON string in its record.
    pub(crate) fn request(
        this: Option<&Self>,
        attempt: Attempt,
        template: &Arc<RequestTemplate>,
        continues: Option<&str>,
        cursor_is_string: bool,
    ) -> Result<AttemptRequest, UsageError> {
        let cursor = attempt.cursor.clone();
        let mut request = AttemptRequest::new(attempt, template, continues.unwrap_or_default())?;
        let Some(Self { make, cursor: placement, prepare, prepare_async: _ }) = this else {
            if let Some(cursor) = cursor {
                request.put_cursor(&cursor, cursor_is_string, None)?;
            }
            return Ok(request);
        };
        let resume_with = placement.resume_with.as_ref().filter(|_| continues.is_some());
        if resume_with.is_some() {
            request.drop_once_body();
        }
        for make in make {
            make(&mut request)?;
        }
        if let Some(cursor) = cursor {
            match (resume_with, placement.put_with) {
                (Some(resume), _) => {
                    resume(&cursor, &mut request)?;
                    request.find_cursor_header(&cursor);
                }
                (None, Some(put)) => put(&cursor, &mut request),
                (None, None) => request.put_cursor(&cursor, cursor_is_string, placement.to.as_ref())?,
            }
        }
        for prepare in prepare {
            prepare(&mut request)?;
        }
        Ok(request)
    }

    /// The asynchronous functions, which change the request after everything else.
    pub(crate) fn asynchronous(this: Option<&Self>) -> Option<&[PrepareAsync]> {
        this.map(|this| &*this.prepare_async).filter(|functions| !functions.is_empty())
    }
}

/// Has asynchronous functions change the request, one after the other.
pub(crate) fn prepare_async(functions: &[PrepareAsync], mut request: AttemptRequest) -> Prepared {
    let functions = functions.to_vec();
    // Both are `Send`: what the caller handed over was wrapped when it came.
    Box::pin(async move {
        for prepare in functions {
            request = prepare(request).await?;
        }
        Ok(request)
    })
}
