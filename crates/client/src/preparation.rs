//! Makes each attempt's request from the template, the cursor and the caller's functions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use url::Url;

use crate::attempt::{AttemptRequest, ResumeFunction};
use crate::cursor::CursorTo;
use crate::error::UsageError;
use crate::event::Attempt;
use crate::template::RequestTemplate;

pub(crate) type Prepare = Arc<dyn Fn(&mut AttemptRequest) -> Result<(), UsageError> + Send + Sync>;
pub(crate) type Prepared = Pin<Box<dyn Future<Output = Result<AttemptRequest, String>> + Send>>;
pub(crate) type PrepareAsync = Arc<dyn Fn(AttemptRequest) -> Prepared + Send + Sync>;

/// The steps that make an attempt's request from the template, in the order of the fields up to `prepare_async`. A function that signs
/// the request sees the changes of all steps before it.
#[derive(Default)]
pub(crate) struct Preparation {
    /// Functions that make the URL or the body.
    pub(crate) make: Vec<Prepare>,
    pub(crate) cursor: CursorPlacement,
    /// Functions that make a header or change the request in another way.
    pub(crate) prepare: Vec<Prepare>,
    pub(crate) prepare_async: Vec<PrepareAsync>,
    /// Renews the credentials after a 401.
    pub(crate) refresh: Option<PrepareAsync>,
    /// The URL at which a relay keeps the response, so that it can be continued there.
    pub(crate) relay: Option<Url>,
}

/// What an attempt's request depends on besides its cursor.
#[derive(Clone, Copy)]
pub(crate) struct Situation<'a> {
    /// The id of the LLM's reply, or "" if it is unknown; `None` before the first record.
    pub(crate) reply_id: Option<&'a str>,
    /// The cursor was a JSON string in its record.
    pub(crate) cursor_is_string: bool,
    /// The request continues at a relay: its URL and cursor are the relay's, and it has no body.
    pub(crate) at_relay: bool,
}

/// How the cursor gets into the request.
#[derive(Default)]
pub(crate) struct CursorPlacement {
    /// `None` for `Last-Event-ID`.
    pub(crate) to: Option<CursorTo>,
    /// The dialect's own way, used instead of `to`.
    pub(crate) put_with: Option<fn(&str, &mut AttemptRequest)>,
    /// Makes the request that continues once records have arrived.
    pub(crate) resume_with: Option<Arc<ResumeFunction>>,
    /// `resume_with` needs the id of the reply.
    pub(crate) needs_reply_id: bool,
}

impl Preparation {
    /// Makes the request of this attempt, up to the functions of [`prepare_async`](Self::prepare_async).
    pub(crate) fn request(
        this: Option<&Self>,
        attempt: Attempt,
        template: &Arc<RequestTemplate>,
        situation: Situation<'_>,
    ) -> Result<AttemptRequest, UsageError> {
        let Situation { reply_id, cursor_is_string, at_relay } = situation;
        let cursor = attempt.cursor.clone();
        let mut request = AttemptRequest::new(attempt, template, reply_id.unwrap_or_default())?;
        let make = this.filter(|_| !at_relay).map_or(&[][..], |this| &this.make);
        let placement = this.filter(|_| !at_relay).map(|this| &this.cursor);
        let resume_with = placement.and_then(|placement| placement.resume_with.as_deref());
        let resume_with = resume_with.filter(|_| reply_id.is_some());
        if resume_with.is_some() {
            request.drop_once_body();
        }
        for make in make {
            make(&mut request)?;
        }
        if let Some(cursor) = cursor {
            match (resume_with, placement.and_then(|placement| placement.put_with)) {
                (Some(resume), _) => request.put_cursor_by(&cursor, resume)?,
                (None, Some(put)) => put(&cursor, &mut request),
                (None, None) => {
                    let to = placement.and_then(|placement| placement.to.as_ref());
                    request.put_cursor(&cursor, cursor_is_string, to)?;
                }
            }
        }
        for prepare in this.map_or(&[][..], |this| &this.prepare) {
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
    Box::pin(async move {
        for prepare in functions {
            request = prepare(request).await?;
        }
        Ok(request)
    })
}
