//! The browser's platform, also in workers and Node: one thread, and JavaScript's clock, timers and random numbers.

mod time;

use std::convert::Infallible;
use std::future::Future;
use std::ops::{Deref, DerefMut};

use js_sys::Math;
use send_wrapper::SendWrapper;

pub(crate) use self::time::{Clock, Timer};
use super::future::Boxed;

/// No bound in a browser, which has one thread; natively it is `Send`.
pub trait MaybeSend {}
impl<T> MaybeSend for T {}

/// No bound in a browser, which has one thread; natively it is `Sync`.
pub trait MaybeSync {}
impl<T> MaybeSync for T {}

/// A request body that can be read only once; a page cannot send one.
pub(crate) type OnceBody = Infallible;

/// Makes what a caller handed over `Send`: there is only one thread, which the wrapper checks.
pub(crate) struct Sendable<T>(SendWrapper<T>);

impl<T> Sendable<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(SendWrapper::new(value))
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

/// Boxes a future of the one thread.
pub(crate) fn boxed<F: Future + 'static>(future: F) -> Boxed<F::Output> {
    Box::pin(SendWrapper::new(future))
}

/// A uniformly drawn number, for the jitter of waits.
pub(crate) fn chance() -> u32 {
    (Math::random() * 4_294_967_296.0) as u32
}
