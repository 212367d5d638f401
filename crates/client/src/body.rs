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

    /// The body of the next request: a copy, or the stream itself, which leaves nothing behind.
    pub(crate) fn take(&mut self) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Self::Once(_) => std::mem::take(self),
        }
    }
}
