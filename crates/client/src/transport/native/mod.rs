//! Natively: reqwest and tokio.

mod body;
mod coding;
mod failure;
mod redirect;
mod send;
mod time;
mod tls;

use std::future::Future;
use std::ops::{Deref, DerefMut};

pub(crate) use self::body::BodyReader;
pub(crate) use self::send::{OnceBody, Transport};
pub(crate) use self::time::{Clock, Timer};
pub(crate) use self::tls::certificates as ca_certificates;
use super::Boxed;

/// Which thread something is used on may differ here: it is `Send`.
///
/// In a browser, where there is one thread, everything is `MaybeSend`.
pub trait MaybeSend: Send {}
impl<T: Send> MaybeSend for T {}

/// The same for what several threads use: it is `Sync`.
pub trait MaybeSync: Sync {}
impl<T: Sync> MaybeSync for T {}

/// What may go to another thread.
pub(crate) struct Sendable<T>(T);

impl<T> Sendable<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
}

/// The same of a future.
pub(crate) fn boxed<F: Future + Send + 'static>(future: F) -> Boxed<F::Output> {
    Box::pin(future)
}

impl<T> Deref for Sendable<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Sendable<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// An even draw, for the jitter of waits.
pub(crate) fn chance() -> u32 {
    fastrand::u32(..)
}
