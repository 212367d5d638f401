//! Functions of the caller that answer later, for languages whose functions cannot wait: JavaScript's return a promise at once.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use crate::hooks::{HookError, RequestChanges, RequestHook, RequestView};

/// A function of the caller that returns at once, and gives its answer when it has one.
#[uniffi::export(with_foreign)]
pub trait LaterHook: Send + Sync {
    /// Says what to change of the request, by a call of `answer`.
    fn ask(&self, request: RequestView, answer: Arc<HookAnswer>);
}

/// Where the answer goes. The first one counts; if it is dropped without one, the function has failed.
#[derive(uniffi::Object)]
pub struct HookAnswer(Sender<Result<RequestChanges, HookError>>);

#[uniffi::export]
impl HookAnswer {
    /// The request changes like this.
    pub fn change(&self, changes: RequestChanges) {
        // Nobody listens any more after a first answer.
        let _ = self.0.send(Ok(changes));
    }

    /// The function failed.
    pub fn fail(&self, reason: String) {
        let _ = self.0.send(Err(HookError::Failed { reason }));
    }
}

struct Waits(Arc<dyn LaterHook>);

impl RequestHook for Waits {
    fn change(&self, request: RequestView) -> Result<RequestChanges, HookError> {
        let (answer, answered) = channel();
        self.0.ask(request, Arc::new(HookAnswer(answer)));
        // This is a thread that may block, see `hooks.rs`.
        answered
            .recv()
            .unwrap_or_else(|_| Err(HookError::Failed { reason: "the function gave no answer".to_owned() }))
    }
}

/// The same function, as one that waits for its answer.
#[uniffi::export]
pub fn wait_for(hook: Arc<dyn LaterHook>) -> Arc<dyn RequestHook> {
    Arc::new(Waits(hook))
}
