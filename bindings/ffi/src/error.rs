//! Errors of calls. How a stream ended is no error here, but a [`StreamEnd`](crate::StreamEnd).

/// A call that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum NativeError {
    /// The caller's mistake: an option, a URL, a header, or a call at the wrong time. Nothing was sent.
    #[error("{reason}")]
    Usage {
        /// What is wrong, for people.
        reason: String,
    },
    /// A defect of this library.
    #[error("{reason}")]
    Internal {
        /// What happened.
        reason: String,
    },
}

impl NativeError {
    pub(crate) fn usage(reason: impl ToString) -> Self {
        Self::Usage { reason: reason.to_string() }
    }

    pub(crate) fn internal(reason: impl ToString) -> Self {
        Self::Internal { reason: reason.to_string() }
    }
}

impl From<tidewire::UsageError> for NativeError {
    fn from(error: tidewire::UsageError) -> Self {
        Self::usage(error)
    }
}
