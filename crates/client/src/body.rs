//! Bodies of requests.

use bytes::Bytes;

/// What a request carries.
#[derive(Default)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// Bytes, which can be sent again.
    Bytes(Bytes),
    /// A stream, which can be read once.
    Once(reqwest::Body),
}

impl Body {
    /// Whether it can be sent again.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Once(_))
    }

    /// A copy; `None` of a stream.
    pub(crate) fn copy(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Once(_) => None,
        }
    }

    /// The body of the next request: a copy, or the stream itself, which leaves nothing behind.
    pub(crate) fn take(&mut self) -> Self {
        self.copy().unwrap_or_else(|| std::mem::take(self))
    }
}
