//! The native platform: threads and tokio.

mod time;

use std::future::Future;
use std::ops::{Deref, DerefMut};

pub(crate) use self::time::{Clock, Timer};
use super::future::Boxed;

/// `Send` natively; in a browser, which has one thread, every type is `MaybeSend`.
pub trait MaybeSend: Send {}
impl<T: Send> MaybeSend for T {}

/// `Sync` natively; in a browser, which has one thread, every type is `MaybeSync`.
pub trait MaybeSync: Sync {}
impl<T: Sync> MaybeSync for T {}

/// A request body that can be read only once.
pub(crate) type OnceBody = reqwest::Body;

/// Makes what a caller handed over `Send`; natively it already is.
pub(crate) struct Sendable<T>(T);

impl<T> Sendable<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
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

/// Boxes a future that may move to another thread.
pub(crate) fn boxed<F: Future + Send + 'static>(future: F) -> Boxed<F::Output> {
    Box::pin(future)
}

/// A uniformly drawn number, for the jitter of waits.
pub(crate) fn chance() -> u32 {
    fastrand::u32(..)
}
