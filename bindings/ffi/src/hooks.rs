//! The caller's functions that look at and change the request of each attempt.
//!
//! They run on threads for blocking work, so that one that sleeps or waits for a lock delays only its own stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tidewire::{AttemptRequest, Request};
use tokio::task::spawn_blocking;

use crate::item::ms;
use crate::settings::Header;

/// The request of one attempt, as it would be sent.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RequestView {
    /// Which attempt of the stream it is, from 1.
    pub attempt: u32,
    /// How long the stream waited before it, in milliseconds.
    pub delay_ms: u64,
    /// Why it is made; `None` for the first.
    pub reason: Option<String>,
    /// The cursor from which the stream continues.
    pub cursor: Option<String>,
    /// The wait that the server asked for, if it is longer than what is honoured.
    pub asked_ms: Option<u64>,
    /// What is known about the failure of the last attempt, for people.
    pub error: Option<String>,
    /// The method.
    pub method: String,
    /// The URL with its query.
    pub url: String,
    /// The headers, those included that the client adds.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// Changes of a request; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct RequestChanges {
    /// The method.
    #[uniffi(default = None)]
    pub method: Option<String>,
    /// The URL. A relative one is resolved against the present one.
    #[uniffi(default = None)]
    pub url: Option<String>,
    /// Headers that replace those of the same name.
    #[uniffi(default = [])]
    pub headers: Vec<Header>,
    /// The body.
    #[uniffi(default = None)]
    pub body: Option<Vec<u8>>,
    /// Take the body away.
    #[uniffi(default = false)]
    pub clear_body: bool,
}

/// A function of the caller failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HookError {
    /// It threw.
    #[error("{reason}")]
    Failed {
        /// What it said.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for HookError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: error.reason }
    }
}

/// A function of the caller.
#[uniffi::export(with_foreign)]
pub trait RequestHook: Send + Sync {
    /// Says what to change of the request.
    ///
    /// # Errors
    /// The attempt counts as one that did not connect.
    fn change(&self, request: RequestView) -> Result<RequestChanges, HookError>;
}

/// The functions of a request.
#[derive(Clone, Default, uniffi::Record)]
pub struct RequestHooks {
    /// Called for each attempt, last: headers, URL and body are as they would be sent, so that they can be signed.
    #[uniffi(default = None)]
    pub prepare: Option<Arc<dyn RequestHook>>,
    /// Renews what the request carries after a 401, once in a row. Its changes apply to all later attempts.
    #[uniffi(default = None)]
    pub refresh: Option<Arc<dyn RequestHook>>,
    /// Makes the request that continues after a cursor, of the request without a cursor.
    #[uniffi(default = None)]
    pub resume: Option<Arc<dyn RequestHook>>,
}

impl std::fmt::Debug for RequestHooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestHooks")
            .field("prepare", &self.prepare.is_some())
            .field("refresh", &self.refresh.is_some())
            .field("resume", &self.resume.is_some())
            .finish()
    }
}

impl RequestHooks {
    /// The request with these functions.
    pub(crate) fn set(self, mut request: Request) -> Request {
        if let Some(resume) = self.resume {
            // The client's own function for this runs on the runtime's thread, so it only notes that the request continues a stream.
            let continues = Arc::new(AtomicBool::new(false));
            let note = Arc::clone(&continues);
            request = request.resume_with(move |_, _| {
                note.store(true, Relaxed);
                Ok(())
            });
            request = request.prepare_async(move |request| {
                let resume = continues.swap(false, Relaxed).then(|| Arc::clone(&resume));
                async move {
                    match resume {
                        Some(resume) => changed(request, resume).await,
                        None => Ok(request),
                    }
                }
            });
        }
        if let Some(prepare) = self.prepare {
            request = request.prepare_async(move |request| changed(request, Arc::clone(&prepare)));
        }
        if let Some(refresh) = self.refresh {
            request = request.refresh(move |request| changed(request, Arc::clone(&refresh)));
        }
        request
    }
}

async fn changed(mut request: AttemptRequest, hook: Arc<dyn RequestHook>) -> Result<AttemptRequest, String> {
    let view = view(&request);
    let changes = spawn_blocking(move || hook.change(view)).await;
    let changes = match changes {
        Ok(changes) => changes.map_err(|error| error.to_string())?,
        Err(_) => return Err("the function panicked".to_owned()),
    };
    apply(changes, &mut request).map_err(|error| error.to_string())?;
    Ok(request)
}

fn view(request: &AttemptRequest) -> RequestView {
    let attempt = request.attempt();
    RequestView {
        attempt: attempt.number,
        delay_ms: ms(attempt.delay),
        reason: attempt.reason.map(|reason| reason.name().to_owned()),
        cursor: attempt.cursor.clone(),
        asked_ms: attempt.asked.map(ms),
        error: attempt.error.clone(),
        method: request.method().to_string(),
        url: request.url().to_string(),
        headers: Header::all(request.headers()),
        body: request.body().map(|body| body.to_vec()),
    }
}

fn apply(changes: RequestChanges, request: &mut AttemptRequest) -> Result<(), tidewire::UsageError> {
    if let Some(method) = changes.method {
        let method = method.parse().map_err(|_| tidewire::UsageError::Prepare {
            problem: format!("{method:?} is not an HTTP method"),
        })?;
        request.set_method(method);
    }
    if let Some(url) = changes.url {
        request.set_url(&url)?;
    }
    for Header { name, value } in &changes.headers {
        request.set_header(name, value)?;
    }
    if changes.clear_body {
        request.clear_body();
    }
    if let Some(body) = changes.body {
        request.set_body(body);
    }
    Ok(())
}
