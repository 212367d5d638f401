//! Bodies of requests.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// What a request carries.
#[derive(Clone, Default)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes, which can be sent again.
    Bytes(Bytes),
    /// A stream, which can be read once.
    Once(Once),
}

/// A stream that goes to whoever takes it first.
#[derive(Clone)]
pub(crate) struct Once(Arc<Mutex<Option<reqwest::Body>>>);

impl Body {
    /// A body that can be read once.
    pub(crate) fn once(body: reqwest::Body) -> Self {
        Self::Once(Once(Arc::new(Mutex::new(Some(body)))))
    }

    /// Whether it can be sent again.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// The body to be sent; of a stream there is nothing left then.
    pub(crate) fn take(&self) -> Option<reqwest::Body> {
        match self {
            Self::Empty => None,
            Self::Bytes(bytes) => Some(bytes.clone().into()),
            Self::Once(Once(body)) => body.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}
