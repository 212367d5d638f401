//! The body of a request.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};

use crate::platform::OnceBody;

/// Headers that describe a request's body (WHATWG Fetch, "request-body-header name"), and its length.
const BODY_HEADERS: [HeaderName; 5] =
    [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION];

/// Removes the headers that describe a body, for a request without a body.
pub(crate) fn forget_body(headers: &mut HeaderMap) {
    for name in BODY_HEADERS {
        headers.remove(name);
    }
}

/// A request's body.
#[derive(Clone, Default)]
pub(crate) enum Body {
    #[default]
    Empty,
    /// Bytes, which can be sent again. Boxed, since a service's many requests mostly have no body.
    Bytes(Box<Bytes>),
    /// A stream, which can be read only once.
    Once(SharedOnce),
}

/// A stream that is handed out once.
#[derive(Clone)]
pub(crate) struct SharedOnce(Arc<Mutex<Option<OnceBody>>>);

/// A body that is about to be sent.
pub(crate) enum Taken {
    Nothing,
    Bytes(Bytes),
    Once(OnceBody),
}

impl Body {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Bytes(Box::new(bytes.into()))
    }

    /// A body that can be read only once.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a page cannot send one"))]
    pub(crate) fn once(body: OnceBody) -> Self {
        Self::Once(SharedOnce(Arc::new(Mutex::new(Some(body)))))
    }

    /// The bytes, if the body has any and can be sent again.
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Empty | Self::Once(_) => None,
        }
    }

    /// Whether the body can be sent again.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// The body to send. A stream is handed out once; after that there is nothing.
    pub(crate) fn take(&self) -> Taken {
        match self {
            Self::Empty => Taken::Nothing,
            Self::Bytes(bytes) => Taken::Bytes(Bytes::clone(bytes)),
            Self::Once(SharedOnce(body)) => {
                body.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Taken::Nothing, Taken::Once)
            }
        }
    }
}
