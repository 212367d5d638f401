//! Bodies of requests.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::transport::OnceBody;

/// What a request carries.
#[derive(Clone, Default)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes, which can be sent again. Boxed, since most requests that are many at a time have none.
    Bytes(Box<Bytes>),
    /// A stream, which can be read once.
    Once(Once),
}

/// A stream that goes to whoever takes it first.
#[derive(Clone)]
pub(crate) struct Once(Arc<Mutex<Option<OnceBody>>>);

/// A body that is about to be sent.
pub(crate) enum Taken {
    Nothing,
    Bytes(Bytes),
    Once(OnceBody),
}

impl Body {
    /// A body of bytes.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(Box::new(bytes.into()))
    }

    /// A body that can be read once.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a page has none to give"))]
    pub(crate) fn once(body: OnceBody) -> Self {
        Self::Once(Once(Arc::new(Mutex::new(Some(body)))))
    }

    /// Whether it can be sent again.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// The body to be sent; of a stream there is nothing left then.
    pub(crate) fn take(&self) -> Taken {
        match self {
            Self::Empty => Taken::Nothing,
            Self::Bytes(bytes) => Taken::Bytes(Bytes::clone(bytes)),
            Self::Once(Once(body)) => {
                body.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Taken::Nothing, Taken::Once)
            }
        }
    }
}
