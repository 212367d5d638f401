//! Request options: the caller's functions that make or change the request of each attempt.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tidewire_core::session::Resume;

use crate::attempt::AttemptRequest;
use crate::error::UsageError;
use crate::platform::{MaybeSend, MaybeSync, Sendable, boxed};
use crate::preparation::{Prepare, PrepareAsync};
use crate::request::Request;

/// # Functions for each attempt
///
/// A header, the URL or the body may be made for each attempt, and the finished request may be changed or signed. The functions
/// are called in this order, each kind in the order in which it was declared:
///
/// 1. [`url_with`](Self::url_with) and [`body_with`](Self::body_with);
/// 2. then the cursor is added (as `Last-Event-ID`, or as [`cursor`](Self::cursor) says), or [`resume_with`](Self::resume_with) makes
///    the request that continues;
/// 3. [`header_with`](Self::header_with) and [`prepare_with`](Self::prepare_with);
/// 4. [`prepare_async`](Self::prepare_async).
///
/// Each function sees the result of those before it: method, URL, headers and the body's bytes. So declare a function that signs the
/// request last: nothing is changed after it, and a redirect is followed with the headers as they were signed. A function of step 3 or 4
/// that replaces the URL or the body replaces the cursor in it too.
impl Request {
    /// Makes a header's value for each attempt, from the request as prepared so far.
    pub fn header_with<F>(self, name: &str, value: F) -> Self
    where
        F: Fn(&AttemptRequest) -> String + MaybeSend + MaybeSync + 'static,
    {
        let name = name.to_owned();
        self.prepare_with(move |request| {
            let value = value(request);
            request.set_header(&name, &value)
        })
    }

    /// Makes the URL for each attempt. A relative URL is resolved against the current one.
    pub fn url_with<F>(self, url: F) -> Self
    where
        F: Fn(&AttemptRequest) -> String + MaybeSend + MaybeSync + 'static,
    {
        self.make_with(move |request| {
            let url = url(request);
            request.set_url(&url)
        })
    }

    /// Makes the body for each attempt.
    pub fn body_with<F, B>(self, body: F) -> Self
    where
        F: Fn(&AttemptRequest) -> B + MaybeSend + MaybeSync + 'static,
        B: Into<Bytes>,
    {
        self.make_with(move |request| {
            let body = body(request);
            request.set_body(body);
            Ok(())
        })
    }

    /// Changes the request of each attempt before it is sent, for example to sign it. An `Err` ends the stream;
    /// [`UsageError::Prepare`] is meant for errors of the function itself.
    pub fn prepare_with<F>(mut self, prepare: F) -> Self
    where
        F: Fn(&mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
    {
        self.parts.preparation().prepare.push(shared(prepare));
        self
    }

    /// Changes the request of each attempt with an asynchronous function, which can wait for a fresh token or for credentials to sign
    /// with. If it fails, the attempt counts as one that did not connect.
    pub fn prepare_async<F, Fut, E>(mut self, prepare: F) -> Self
    where
        F: Fn(AttemptRequest) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<AttemptRequest, E>> + MaybeSend + 'static,
        E: fmt::Display,
    {
        self.parts.preparation().prepare_async.push(shared_async(prepare));
        self
    }

    /// Renews credentials after a 401, for example an expired token. The function gets the request as it was described, and its changes
    /// apply to every later attempt. A function that stores the token elsewhere, for [`header_with`](Self::header_with) to read, returns
    /// the request unchanged.
    ///
    /// It is not called again until a response was accepted: a second 401 before that refuses the stream, and so does a function that
    /// fails. It is never called for a request whose body can be read only once.
    pub fn refresh<F, Fut, E>(mut self, refresh: F) -> Self
    where
        F: Fn(AttemptRequest) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<AttemptRequest, E>> + MaybeSend + 'static,
        E: fmt::Display,
    {
        self.parts.preparation().refresh = Some(shared_async(refresh));
        self
    }

    /// Resumes with a different request: the function gets the cursor and the request without a cursor, and turns it into the request
    /// that continues. Sets [`Resume::Elsewhere`].
    pub fn resume_with<F>(mut self, resume: F) -> Self
    where
        F: Fn(&str, &mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
    {
        self.parts.options.policy.resume = Resume::Elsewhere;
        let resume = Sendable::new(resume);
        self.parts.preparation().cursor.resume_with =
            Some(Arc::new(move |cursor, request| (*resume)(cursor, request)));
        self
    }

    fn make_with<F>(mut self, make: F) -> Self
    where
        F: Fn(&mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
    {
        self.parts.preparation().make.push(shared(make));
        self
    }
}

fn shared<F>(function: F) -> Prepare
where
    F: Fn(&mut AttemptRequest) -> Result<(), UsageError> + MaybeSend + MaybeSync + 'static,
{
    let function = Sendable::new(function);
    Arc::new(move |request| (*function)(request))
}

fn shared_async<F, Fut, E>(function: F) -> PrepareAsync
where
    F: Fn(AttemptRequest) -> Fut + MaybeSend + MaybeSync + 'static,
    Fut: Future<Output = Result<AttemptRequest, E>> + MaybeSend + 'static,
    E: fmt::Display,
{
    let function = Sendable::new(function);
    Arc::new(move |request| {
        let changed = (*function)(request);
        boxed(async move { changed.await.map_err(|error| error.to_string()) })
    })
}
